"""What covers a point, and which part of a face is seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from renderer.pixel_labels import COVERING, covered_by, visible_face_box
from spec_schema.classes import SegmentationClass as C

DEPTH_M = 0.9


def _covered(
    at_px: tuple[float, float], mask: Any, cover_m: float, depth_m: float = DEPTH_M
) -> int:
    mask = np.asarray(mask, np.uint8)
    cover = np.full(mask.shape, cover_m, np.float32)
    return int(covered_by(np.array([at_px]), np.array([depth_m]), mask, cover)[0])


@pytest.mark.parametrize("class_id", list(C))
def test_only_what_can_cover_does(class_id: C) -> None:
    mask = np.full((4, 4), class_id)
    expected = class_id if class_id in COVERING else 0
    assert _covered((2.5, 1.5), mask, DEPTH_M - 0.05) == expected


def test_the_pixel_is_the_one_that_the_point_falls_in() -> None:
    mask = np.zeros((4, 6), np.uint8)
    mask[1, 3] = C.HAIR
    for at, covered in [
        ((3.0, 1.0), True), ((3.999, 1.999), True), ((4.0, 1.5), False), ((2.999, 1.5), False),
        ((3.5, 0.999), False), ((3.5, 2.0), False), ((1.5, 3.5), False),
    ]:  # fmt: skip
        assert bool(_covered(at, mask, 0.5)) == covered, at


def test_a_point_out_of_the_frame_or_behind_the_camera_is_not_covered() -> None:
    mask = np.full((4, 6), C.HAIR)
    for at in [(-0.001, 1), (6.0, 1), (1, 4.0), (1, -5), (np.nan, 1)]:
        assert _covered(at, mask, 0.5) == 0
    assert _covered((1, 1), mask, 0.5, depth_m=-0.3) == 0


def test_what_is_behind_a_point_does_not_cover_it() -> None:
    mask = np.full((4, 4), C.HAIR)
    assert _covered((1, 1), mask, DEPTH_M - 0.001) == C.HAIR
    assert _covered((1, 1), mask, DEPTH_M + 0.001) == C.HAIR  # a strand that grows at the point
    assert _covered((1, 1), mask, DEPTH_M + 0.01) == 0
    assert _covered((1, 1), mask, np.inf) == 0


def _face() -> NDArray[np.uint8]:
    mask = np.zeros((20, 20), np.uint8)
    mask[2:18, 4:16] = C.SKIN
    mask[8:10, 6:8] = C.RIGHT_EYE
    return mask


def test_the_visible_box_is_that_of_the_pixels_inside_the_face_box() -> None:
    box = visible_face_box(_face(), np.array([5.2, 6.4, 14.9, 30.0]))
    # Centres from 5.5 to 14.5, and from 6.5 to the last row of skin.
    np.testing.assert_array_equal(box, [5, 6, 15, 18])


@pytest.mark.parametrize("class_id", [C.HAIR, C.GLASSES, C.HEADWEAR, C.CLOTHING, C.BEARD])
def test_what_is_covered_is_not_in_the_visible_box(class_id: C) -> None:
    mask = _face()
    mask[:, :9] = class_id
    np.testing.assert_array_equal(
        visible_face_box(mask, np.array([0.0, 0, 20, 20])), [9, 2, 16, 18]
    )


def test_there_is_no_visible_box_of_an_unseen_face() -> None:
    assert visible_face_box(_face(), np.array([25.0, 3, 40, 10])) is None
    assert visible_face_box(np.full((8, 8), C.HAIR, np.uint8), np.array([0.0, 0, 8, 8])) is None
