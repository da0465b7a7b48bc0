"""Backgrounds are pictures of their own spec alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from assets.background import KINDS, SURROUNDINGS, background, surroundings
from assets.catalog import Catalog
from spec_schema.spec import BackgroundSpec

PLAIN: dict[str, Any] = {
    "red": 0.5, "green": 0.4, "blue": 0.3, "second_red": 0.1, "second_green": 0.2,
    "second_blue": 0.3, "light_ev": 0.0, "blur": 0.04, "clutter": 0.7, "seed": 11,
}  # fmt: skip


def make(kind: str, **changes: Any) -> BackgroundSpec:
    return BackgroundSpec.model_validate({**PLAIN, "kind": kind, **changes})


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_spec_is_a_picture(kind: str) -> None:
    first = background(make(kind))
    assert first.dtype == np.float32
    assert first.shape[0] == first.shape[1] >= 256
    assert np.isfinite(first).all()
    assert first.min() >= 0
    assert 0.02 < first.mean() < 3
    other = background(make(kind, seed=12))
    np.testing.assert_array_equal(background(make(kind)), first)
    assert not np.array_equal(other, first)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_nothing_is_sharp(kind: str) -> None:
    """Neighbouring pixels differ little beside what a picture holds: no stairs, no ringing."""
    for seed in range(3):
        picture = background(make(kind, blur=0.025, clutter=1.0, seed=seed))
        steps = abs(np.diff(np.log(picture + 0.05), axis=1))
        assert np.quantile(steps, 0.99) < 0.35
        assert steps.max() < 0.8


@pytest.mark.parametrize("kind", ["crowd", "outdoors", "room"])
def test_clutter_fills_the_picture(kind: str) -> None:
    def detail(clutter: float) -> float:
        pictures = [background(make(kind, clutter=clutter, seed=k)) for k in range(5)]
        return float(np.mean([abs(np.diff(np.log(p + 0.05), axis=1)).mean() for p in pictures]))

    assert detail(1.0) > 1.2 * detail(0.0)


def test_the_catalogue_lists_what_there_is() -> None:
    assert set(Catalog.load().backgrounds) == {*KINDS, SURROUNDINGS}


def _middle_of_light(picture: np.ndarray) -> tuple[float, float]:
    """Right and down of the middle, in picture widths."""
    light = picture[..., 1] - picture[..., 1].min()
    down, right = np.indices(light.shape)
    side = len(light)
    return float((light * right).sum() / light.sum() / side - 0.5), float(
        (light * down).sum() / light.sum() / side - 0.5
    )


@pytest.mark.parametrize(("azimuth", "elevation"), [(0.0, 0.0), (12.0, 0.0), (0.0, 14.0)])
@pytest.mark.parametrize("facing", [0.0, 90.0, -150.0])
def test_surroundings_lie_where_the_camera_looks(
    azimuth: float, elevation: float, facing: float
) -> None:
    """A lamp right of the line of sight is seen on the right, one above it above."""
    radiance = np.full((256, 512, 3), 0.2, np.float32)
    column = int(((azimuth + facing) / 360 + 0.5) * 512) % 512
    row = int((0.5 - elevation / 180) * 256)
    radiance[row - 2 : row + 2, (column + np.arange(-2, 2)) % 512] = 2.0
    turn = np.radians(facing)
    # Axes of the camera (right, down, forward) in the frame of the picture, middle at -z.
    axes = np.array([[np.cos(turn), 0, np.sin(turn)], [0, -1, 0], [np.sin(turn), 0, -np.cos(turn)]])
    picture = surroundings(make(SURROUNDINGS, clutter=0.0, blur=0.03), radiance, axes.T)
    right, down = _middle_of_light(picture)
    half = np.tan(np.radians(24))
    np.testing.assert_allclose(right, np.tan(np.radians(azimuth)) / half / 2, atol=0.02)
    np.testing.assert_allclose(down, -np.tan(np.radians(elevation)) / half / 2, atol=0.02)


def test_surroundings_of_an_even_environment_are_even_and_smooth() -> None:
    even = np.full((64, 128, 3), 0.7, np.float32)
    looking = np.diag([1.0, -1.0, -1.0])
    np.testing.assert_allclose(surroundings(make(SURROUNDINGS), even, looking), 0.7, rtol=1e-4)
    checks = np.indices((64, 128)).sum(0)[..., None] % 2 * np.ones(3, np.float32)
    picture = surroundings(make(SURROUNDINGS, blur=0.0), checks.astype(np.float32), looking)
    assert abs(np.diff(picture, axis=1)).max() < 0.05
