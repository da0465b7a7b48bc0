"""What the sampler draws, on the head model that it is drawn for: measures, lips, lids."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from assets.head import load_landmark_model
from assets.head.landmarks import LandmarkModel
from assets.head.measures import HeadMeasures, published_measures
from assets.head.morph import MACRO_FIELDS
from assets.store import open_store
from sampler import Inputs, Sampler, load_config
from spec_schema.spec import ARKIT_UNITS
from tests.sampler.conftest import make_inputs
from tests.sampler.tables import stack, values

F64 = NDArray[np.float64]

N = 4000
INNER_LIPS = ((61, 67), (62, 66), (63, 65))


@pytest.fixture(scope="module")
def landmarks() -> LandmarkModel:
    return load_landmark_model(open_store())


@pytest.fixture(scope="module")
def people(landmarks: LandmarkModel) -> pa.Table:
    known = make_inputs()
    inputs = Inputs(known.catalog, landmarks, known.asset_lock)
    return Sampler(load_config(), inputs, seed=3, split="train").draw(0, N)


def _macro(people: pa.Table) -> dict[str, F64]:
    return {name: values(people, f"identity.{name}") for name in MACRO_FIELDS}


def _shape(people: pa.Table, landmarks: LandmarkModel) -> NDArray[np.float32]:
    return stack(people, "identity.shape", landmarks.shape_keys).astype(np.float32)


@pytest.fixture(scope="module")
def measured(people: pa.Table, landmarks: LandmarkModel) -> dict[str, F64]:
    return HeadMeasures(open_store()).take(_macro(people), _shape(people, landmarks))


@pytest.mark.parametrize("name", sorted(published_measures()))
def test_heads_measure_what_people_do(
    people: pa.Table, measured: dict[str, F64], name: str
) -> None:
    men = values(people, "identity.sex") >= 0.5
    published = published_measures()[name]
    for rows, (mean, deviation) in ((men, published.men), (~men, published.women)):
        of = measured[name][rows]
        # A third of ours each are of European, Asian and African ancestry; the survey's are not.
        most = 0.33 if name == "nose_protrusion" else 0.09
        assert of.mean() == pytest.approx(mean, rel=most)
        assert 0.5 < of.std() / deviation < 1.4, "as different as people, and not more"
        away = np.abs(of - of.mean()) / deviation
        assert away.max() < 5.5
        assert (away > 3).mean() < 0.03, "nobody is monstrous"


def test_men_are_larger(people: pa.Table, measured: dict[str, F64]) -> None:
    men = values(people, "identity.sex") >= 0.5
    for name in set(published_measures()) - {"nose_protrusion"}:
        assert measured[name][men].mean() > measured[name][~men].mean()


def test_faces_at_rest_close_their_lips(people: pa.Table, landmarks: LandmarkModel) -> None:
    face = landmarks.neutral_rest_m(_macro(people), _shape(people, landmarks))
    height = face[:, :, 1].astype(np.float64)
    gaps = np.mean([height[:, a] - height[:, b] for a, b in INNER_LIPS], axis=0)
    assert gaps.max() < -1e-4
    assert gaps.min() > -7e-4


def test_lips_and_lids_hardly_pass_through_each_other(
    people: pa.Table, landmarks: LandmarkModel
) -> None:
    weights = stack(people, "expression", ARKIT_UNITS).astype(np.float32)
    face = landmarks.landmarks_head_m(_macro(people), _shape(people, landmarks), weights)
    height = 1000 * face[:, :, 1].astype(np.float64)
    lips = height[:, 62] - height[:, 66]
    lids = height[:, [37, 38, 43, 44]] - height[:, [41, 40, 47, 46]]
    assert np.quantile(lips, 0.01) > -4.5
    assert np.quantile(lids.min(axis=1), 0.005) > -2.0
    assert (lips > 3).mean() > 0.1, "mouths open"


def test_the_weighty_have_fuller_faces(people: pa.Table, landmarks: LandmarkModel) -> None:
    face = landmarks.neutral_rest_m(_macro(people), _shape(people, landmarks))
    jaw = face[:, 12, 0] - face[:, 4, 0]
    men = values(people, "identity.sex") >= 0.5
    for of_one_sex in (men, ~men):
        weight = values(people, "identity.weight")[of_one_sex]
        assert np.corrcoef(jaw[of_one_sex], weight)[0, 1] > 0.25
