"""Marks of a head: which are a face's, and what is told of those that aren't."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assets.accessories.fit import F64Array
from assets.head.landmarks import load_landmark_model
from assets.store import open_store
from assets.user.head_adding import add_head, suggest_marks
from assets.user.head_mesh import read_marks
from assets.user.head_plausible import check_marks, repeated
from sampler import load_config
from sampler.inputs import load_inputs
from sampler.scene import Sampler
from spec_schema.errors import AssetError

MACRO = ("sex", "age_years", "african", "asian", "european", "weight", "muscle")


def landmarks(**macro: float) -> F64Array:
    """(68, 3) metres, of a mean face."""
    model = load_landmark_model(open_store())
    whole = {"sex": 0.5, "age_years": 30.0, "european": 1.0, "weight": 0.5, "muscle": 0.5, **macro}
    values = {k: np.array([whole.get(k, 0.0)]) for k in MACRO}
    shape = np.zeros((1, len(model.shape_keys)), np.float32)
    return np.asarray(model.neutral_rest_m(values, shape)[0], np.float64)


def swapped(a: int, b: int) -> list[int]:
    out = list(range(68))
    out[a], out[b] = b, a
    return out


def test_drawn_people_pass_whichever_way_they_look() -> None:
    inputs = load_inputs()
    rows = Sampler(load_config(), inputs, 11, "train").draw(0, 200)["identity"].combine_chunks()
    macro = {k: np.asarray(rows.field(k), np.float64) for k in MACRO}
    model = load_landmark_model(open_store())
    keys = model.shape_keys
    shape = np.stack([np.asarray(rows.field("shape").field(k), np.float32) for k in keys], 1)
    mean = landmarks()
    turn = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
    for own in model.neutral_rest_m(macro, shape).astype(np.float64):
        marked = check_marks(1.3 * own @ turn.T + 0.4, mean, "x.toml")
        assert 0 < marked.overall_mm < 8
        assert str(marked.worst) in str(marked)


@pytest.mark.parametrize(
    ("order", "rule"),
    [
        (swapped(4, 5), r"x.toml: landmark 5 follows landmark 4, .*swapped\?"),
        (swapped(50, 51), r"landmark 5[12] follows landmark 5[01]"),
        (swapped(2, 9), r"landmark [29] by \d+ mm, landmark [29] by \d+ mm"),
        (list(range(67, -1, -1)), r"landmark \d+ by \d+ mm"),
        ([*range(16, -1, -1), *range(17, 68)], r"landmark 0 by|landmark 16 by"),
    ],
)
def test_marks_in_a_wrong_order(order: list[int], rule: str) -> None:
    with pytest.raises(AssetError, match=rule):
        check_marks(landmarks()[order], landmarks(), "x.toml")


def test_one_mark_that_is_far_off() -> None:
    own = landmarks(sex=1.0)
    own[30, 1] += 0.03
    with pytest.raises(AssetError, match=r"landmark 30 by 2\d mm off .*nose 20"):
        check_marks(own, landmarks(sex=1.0), "x.toml")


def test_a_side_that_is_not_the_other_ones_image() -> None:
    own = landmarks()
    own[17:22, 1] += 0.014
    with pytest.raises(AssetError, match=r"landmark 17 by 1\d mm.* off from the mirror image"):
        check_marks(own, landmarks(), "x.toml")


def test_marks_scattered_over_a_head() -> None:
    noise = np.random.default_rng(1).normal(0, 0.0065, (68, 3))
    with pytest.raises(AssetError, match=r"mm overall|landmark \d+ by|follows"):
        check_marks(landmarks() + noise, landmarks(), "x.toml")


def test_one_vertex_for_several_landmarks(tmp_path: Path) -> None:
    marks = [*range(100, 127), 7, 7, 7, *range(130, 168)]
    assert repeated(range(68)) == ""
    assert repeated(marks).startswith("landmarks 27, 28, 29 are all vertex 7")
    path = tmp_path / "x.toml"
    path.write_text(
        'licence = "CC0-1.0"\nsex = 0\nage_years = 30\nancestry = "asian"\n'
        f"landmarks = {marks}\nancestri = 1\n"
    )
    with pytest.raises(AssetError, match=r"landmarks 27, 28, 29 are all vertex 7") as told:
        read_marks(path)
    assert "did you mean 'ancestry'?" in str(told.value)


def test_the_head_is_named_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"anna\.blend: there is no such file"):
        add_head(tmp_path / "anna.blend", open_store(), replace=False)
    (tmp_path / "anna.glb").write_bytes(b"glTF")
    for call in (
        lambda: add_head(tmp_path / "anna.glb", open_store(), replace=False),
        lambda: suggest_marks(tmp_path / "anna.glb", "", open_store()),
    ):
        with pytest.raises(AssetError, match=r"\.blend files only"):
            call()
