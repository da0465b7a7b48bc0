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
