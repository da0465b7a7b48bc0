"""Soft regions of the face, as functions of the rest position."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assets.geometry import F32Array
from assets.skin.constants import Base, Blob

__all__ = ["blobs", "hairline_side", "smoothstep"]


def smoothstep(x: F32Array, low: float, high: float) -> F32Array:
    """0 below ``low``, 1 above ``high``, smooth between (also where ``high`` < ``low``)."""
    t = np.clip((np.asarray(x, np.float32) - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def blobs(rest_m: F32Array, regions: Sequence[Blob]) -> F32Array:
    """Sum of soft ellipsoids, at most 1, at rest positions ``(*, 3)``; mirrored in x."""
    total = np.zeros(rest_m.shape[:-1], np.float32)
    for region in regions:
        exponent = np.zeros_like(total)
        for axis in range(3):
            x = np.abs(rest_m[..., 0]) if axis == 0 else rest_m[..., axis]
            exponent += ((x - region.centre_m[axis]) / region.radius_m[axis]) ** 2
        total += np.float32(region.weight) * np.exp(-exponent)
    return np.asarray(np.minimum(total, 1), np.float32)


def hairline_side(rest_m: F32Array, base: Base) -> F32Array:
    """Height above the painted hairline in metres, at rest positions ``(*, 3)``."""
    line = np.interp(rest_m[..., 2], base.hairline_z_m, base.hairline_y_m)
    return np.asarray(rest_m[..., 1] - line, np.float32)
