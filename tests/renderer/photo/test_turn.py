"""A head that turned while the shutter was open: smeared, about where its labels are."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from renderer.photo import developed
from renderer.photo.turn import HeadInView, turned, ways_px
from renderer.scene import build_labels
from renderer.settings import RenderSettings
from spec_schema import SegmentationClass
from spec_schema.frames import project
from spec_schema.spec import PhotoSpec
from tests.renderer.photo.test_photo import CLEAN
from tests.renderer.specs import row_spec

SIDE = 128
TURNS = [(0.0, 4.0, 0.0), (3.0, 0.0, 0.0), (0.0, 0.0, 5.0), (1.5, -3.0, 1.0)]
_PIVOT_M = np.array([0.0, -0.135, -0.122, 1.0])


@lru_cache(maxsize=1)
def _labels() -> dict[str, NDArray[np.float64]]:
    record = build_labels(row_spec(117), RenderSettings(size_px=SIDE, samples=1))
    points = record["landmarks"]
    seen = np.asarray(points["in_frame"]) & ~np.asarray(points["self_occluded"])
    return {
        "points": np.asarray(points["camera_m"])[seen],
        "vertices": np.asarray(record["vertices"]["camera_m"]),
        "camera_from_head": np.asarray(record["pose"]["camera_from_head"]),
        "intrinsics": np.asarray(record["camera"]["intrinsics"]),
    }


def _head() -> HeadInView:
    labels = _labels()
    return HeadInView(labels["vertices"], labels["camera_from_head"], labels["intrinsics"])


def _mask() -> NDArray[np.uint8]:
    """Skin about the head's vertices, clothes in the lowest rows, background else."""
    left, top = project(_labels()["vertices"], _labels()["intrinsics"]).min(0)
    right, bottom = project(_labels()["vertices"], _labels()["intrinsics"]).max(0)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    y, x = np.mgrid[0:SIDE, 0:SIDE] + 0.5
    mask[(x > left) & (x < right) & (y > top) & (y < bottom)] = SegmentationClass.SKIN
    mask[-10:] = SegmentationClass.CLOTHING
    return mask


def _noise() -> NDArray[np.float32]:
    words = np.random.Philox(key=7).random_raw(SIDE * SIDE * 3)
    return (words % 1024).reshape(SIDE, SIDE, 3).astype(np.float32) / 1024


@pytest.mark.parametrize("turn", TURNS)
def test_visible_points_have_the_way_of_the_turned_head(turn: tuple[float, float, float]) -> None:
    labels = _labels()
    pivot = (labels["camera_from_head"] @ _PIVOT_M)[:3]
    axis = labels["camera_from_head"][:3, :3] @ np.radians(turn)
    ends = []
    for share in (-0.5, 0.5):
        about = Rotation.from_rotvec(share * axis)
        ends.append(project(pivot + about.apply(labels["points"] - pivot), labels["intrinsics"]))
    wanted = ends[1] - ends[0]
    column, row = project(labels["points"], labels["intrinsics"]).astype(int).T
    ways, _ = ways_px(_head(), np.array(turn), SIDE)
    off = np.hypot(*(ways[:, row, column].T - wanted).T)
    # Depth is that of a coarse picture, so that the tip of the nose moves a little too little.
    assert off.mean() < 0.12 * np.hypot(*wanted.T).mean()


def test_a_light_is_smeared_along_its_way_about_its_place() -> None:
    point = _labels()["points"][30]
    column, row = project(point, _labels()["intrinsics"]).astype(int)
    light = np.zeros((SIDE, SIDE, 3), np.float32)
    light[row, column] = 1
    turn = (0.0, 12.0, 0.0)
    seen = turned(light, _mask(), _head(), turn)[..., 1].astype(float)
    way = ways_px(_head(), np.array(turn), SIDE)[0][:, row, column]
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    middle = np.array([(seen * x).sum(), (seen * y).sum()]) / seen.sum()
    np.testing.assert_allclose(middle, [column, row], atol=0.35)
    along = ((x - middle[0]) * way[0] + (y - middle[1]) * way[1]) / np.hypot(*way)
    spread = np.sqrt((seen * along**2).sum() / seen.sum())
    # Even along the way, and a pixel's own width that bilinear reading spreads.
    assert spread == pytest.approx(np.sqrt((way**2).sum() / 12 + 1 / 6), rel=0.15)
    assert np.hypot(*way) > 4


def test_to_and_fro_are_one() -> None:
    there = turned(_noise(), _mask(), _head(), (1.0, 3.0, 0.5))
    back = turned(_noise(), _mask(), _head(), (-1.0, -3.0, -0.5))
    np.testing.assert_allclose(there, back, atol=1e-4)


def test_what_does_not_turn_stays_as_it_is() -> None:
    mask, light = _mask(), _noise()
    seen = turned(light, mask, _head(), (0.0, 4.0, 0.0))
    moving = (mask != 0) & (mask != SegmentationClass.CLOTHING)
    assert np.abs(seen - light)[moving].mean() > 0.05
    away = np.ones_like(moving)
    rows, columns = np.nonzero(moving)
    away[
        max(0, rows.min() - 20) : rows.max() + 20, max(0, columns.min() - 20) : columns.max() + 20
    ] = False
    assert away.any()
    np.testing.assert_array_equal(seen[away], light[away])


def test_an_even_picture_stays_even() -> None:
    light = np.full((SIDE, SIDE, 3), 0.4, np.float32)
    np.testing.assert_allclose(turned(light, _mask(), _head(), (2.0, 5.0, 1.0)), 0.4, atol=1e-5)


def test_a_head_at_rest_needs_no_place_and_a_turning_one_does() -> None:
    pixels, mask = np.full((SIDE, SIDE, 3), 90, np.uint8), _mask()
    developed(pixels, PhotoSpec(**CLEAN), 3, mask)
    turning = PhotoSpec(**{**CLEAN, "turn_y_deg": 3.0})
    with pytest.raises(ValueError, match="labels are needed"):
        developed(pixels, turning, 3, mask)
    record = build_labels(row_spec(117), RenderSettings(size_px=SIDE, samples=1))
    once = developed(pixels, turning, 3, mask, record)
    np.testing.assert_array_equal(once, developed(pixels, turning, 3, mask, record))
