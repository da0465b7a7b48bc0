"""Implausible faces are drawn in, plausible ones left alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from sampler import load_config
from sampler.face_measures import FaceMeasure, Plausible, PlausibleConfig
from tests.sampler.conftest import SHAPE_KEYS, FakeLandmarks

HEIGHT = FaceMeasure(start=[8], end=[27], axis="y", deviation_mm=1.0)
LIMIT = PlausibleConfig(deviations=2.0, measures={"face_height": HEIGHT})
KEY = SHAPE_KEYS.index("chin-height")


def _macro(n: int) -> Mapping[str, NDArray[np.float64]]:
    return {"sex": np.linspace(0, 1, n)}


def _moved_mm(shape: NDArray[np.float32]) -> NDArray[np.float64]:
    macro, face = _macro(len(shape)), FakeLandmarks()
    moved = HEIGHT.of(face.neutral_head_m(macro, shape))
    return 1000 * (moved - HEIGHT.of(face.neutral_head_m(macro, np.zeros_like(shape))))


def test_far_shapes_come_to_the_limit_and_near_ones_stay() -> None:
    shape = np.zeros((101, len(SHAPE_KEYS)), np.float32)
    shape[:, KEY] = np.linspace(-1, 1, 101)
    shape[:, 0] = 0.5
    far = np.abs(_moved_mm(shape)) > 2.0
    assert 20 < far.sum() < 80
    kept = Plausible.of(LIMIT, FakeLandmarks()).drawn_in(shape)
    assert np.array_equal(kept[~far], shape[~far])
    assert np.allclose(np.abs(_moved_mm(kept))[far], 2.0, atol=1e-3)
    # The whole shape comes in, so that the face keeps its character.
    ratio = kept[far][:, KEY] / shape[far][:, KEY]
    assert np.allclose(kept[far][:, 0], 0.5 * ratio, atol=1e-5)


def test_without_measures_nothing_is_drawn_in() -> None:
    shape = np.ones((3, len(SHAPE_KEYS)), np.float32)
    free = PlausibleConfig(deviations=2.0, measures={})
    assert Plausible.of(free, FakeLandmarks()).drawn_in(shape) is shape


def test_the_default_keeps_the_fake_face_within_its_measures() -> None:
    plausible = load_config().identity.shape.plausible
    assert len(plausible.measures) > 10
    shape = np.zeros((51, len(SHAPE_KEYS)), np.float32)
    shape[:, KEY] = np.linspace(-4, 4, 51)
    face, macro = FakeLandmarks(), _macro(51)
    rest = face.neutral_head_m(macro, np.zeros_like(shape))
    kept = face.neutral_head_m(macro, Plausible.of(plausible, face).drawn_in(shape))
    for measure in plausible.measures.values():
        away_mm = 1000 * np.abs(measure.of(kept) - measure.of(rest))
        assert away_mm.max() <= plausible.deviations * measure.deviation_mm + 1e-3


def test_a_measure_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 item"):
        FaceMeasure(start=[], end=[1], axis="x", deviation_mm=1.0)
