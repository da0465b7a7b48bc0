"""Small repeating maps: weaves, knits, prints. Row 0 at the bottom, as materials want them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array
from assets.noise import ValueNoise

__all__ = ["tortoise"]

F64Array = NDArray[np.float64]

_PERIOD = 48.0
"""ValueNoise repeats after this many cells, so a torus of whole cells tiles."""


def _tile_noise(seed: int, name: str, size: int, cells: int, octaves: int = 3) -> F32Array:
    """(size, size) noise about 0 that repeats in both directions."""
    noise = ValueNoise(seed, name)
    angle = 2 * np.pi * np.arange(size) / size
    radius = cells / (2 * np.pi)
    u, v = np.meshgrid(angle, angle)
    # Two independent circles: one in x-z, the other added as a shift in y and z.
    points = np.stack(
        [radius * np.cos(u), radius * np.sin(u) + radius * np.cos(v), radius * np.sin(v)], -1
    )
    return noise(points.astype(np.float32), 1.0, octaves)


def tortoise(seed: int, strength: float, size: int = 192) -> F32Array:
    """(size, size, 3) factors: dark blots in amber, as in acetate sheets."""
    blots = _tile_noise(seed, "tortoise", size, 14)
    dark = 1 / (1 + np.exp(-9 * (blots - 0.05)))
    factor = 1 - 0.85 * strength * dark
    glow = 1 + strength * 0.9 * (1 - dark)
    return np.asarray(np.stack([factor * glow, factor * (0.6 * glow + 0.4), factor], -1), np.float32)
