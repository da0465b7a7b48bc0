"""Trilinear interpolation against SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from assets.lattice import trilinear
from assets.noise import Stream, ValueNoise


def _points(n: int, low: float, high: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return Stream(3, "points").uniform((n, 3), low, high)


@pytest.mark.parametrize("shape", [(2, 2, 2), (5, 9, 3), (48, 48, 48)])
def test_equals_scipys_interpolation_inside_and_outside(shape: tuple[int, int, int]) -> None:
    lattice = Stream(1, "lattice").uniform(shape)
    at = _points(4000, -2.0, max(shape) + 2.0)
    wanted = map_coordinates(lattice, at.T, order=1, mode="nearest", output=np.float64)
    np.testing.assert_allclose(trilinear(lattice, at), wanted, atol=2e-5)


def test_gives_the_lattice_at_its_nodes_up_to_the_last() -> None:
    lattice = Stream(1, "lattice").uniform((3, 4, 5))
    at = np.stack(np.meshgrid(*map(np.arange, lattice.shape), indexing="ij"), -1)
    np.testing.assert_array_equal(
        trilinear(lattice, at.reshape(-1, 3).astype(np.float32)), lattice.ravel()
    )


def test_pieces_do_not_show() -> None:
    lattice = Stream(1, "lattice").uniform((9, 9, 9))
    at = _points(100_000, 0.0, 8.0)
    whole = trilinear(lattice, at)
    np.testing.assert_array_equal(whole[70_000:], trilinear(lattice, at[70_000:]))


def test_noise_is_periodic_and_continuous_over_the_edge() -> None:
    noise = ValueNoise(5, "n")
    p = _points(2000, 0.0, 1.0)
    np.testing.assert_allclose(noise(p + 48.0, 1.0, 1), noise(p, 1.0, 1), atol=1e-3)
    edge = p.copy()
    edge[:, 0] = 0.0
    before = edge - np.array([1e-4, 0, 0], np.float32)
    np.testing.assert_allclose(noise(before, 1.0, 1), noise(edge, 1.0, 1), atol=2e-3)


@pytest.mark.parametrize("octaves", [1, 3])
def test_noise_on_a_grid_is_that_at_its_points(octaves: int) -> None:
    noise = ValueNoise(5, "n")
    middles = (np.arange(40, dtype=np.float32) + 0.5) / 40
    x, y = np.meshgrid(middles, middles)
    flat = np.stack([x, y, np.zeros_like(x)], -1)
    square = noise.on_square(40, 14.0, octaves)
    np.testing.assert_allclose(square, noise(flat, 14.0, octaves), atol=1e-5)
    across = np.stack([np.cos(7 * middles), np.sin(7 * middles)], -1)
    heights = np.linspace(-0.5, 2.0, 9, dtype=np.float32)
    points = np.concatenate(
        [np.tile(across, (9, 1, 1)), np.tile(heights[:, None, None], (1, 40, 1))], -1
    )
    prism = noise.on_prism(across, heights, 17.0, octaves, 0.7)
    np.testing.assert_allclose(prism, noise(points, 17.0, octaves, 0.7), atol=2e-5)
