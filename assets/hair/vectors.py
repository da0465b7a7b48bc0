"""Small operations on arrays of vectors, in float32."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assets.geometry import F32Array

__all__ = ["blend", "rotate_about", "smoothstep", "tangent", "unit"]


def unit(vectors: NDArray[Any]) -> F32Array:
    """Vectors ``(*, 3)`` scaled to length 1; a null vector stays null."""
    square = np.einsum("...i,...i->...", vectors, vectors)
    length = np.sqrt(np.maximum(square, 1e-18))
    return np.asarray(vectors / length[..., None], np.float32)


def smoothstep(value: ArrayLike, low: float, high: float) -> F32Array:
    """0 below ``low``, 1 above ``high``, with a level start and end between."""
    t = np.clip((np.asarray(value, np.float32) - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), np.float32)


def blend(share: F32Array, here: ArrayLike, there: ArrayLike) -> F32Array:
    """``here`` where the share is 0, ``there`` where it is 1."""
    here, there = np.asarray(here, np.float32), np.asarray(there, np.float32)
    return np.asarray(here + (there - here) * share, np.float32)


def tangent(directions: NDArray[Any], normals: F32Array) -> F32Array:
    """Unit directions in the planes across the normals, ``(*, 3)``."""
    along = np.einsum("...i,...i->...", directions, normals)[..., None]
    return unit(directions - along * normals)


def rotate_about(directions: F32Array, normals: F32Array, angle_rad: ArrayLike) -> F32Array:
    """Directions ``(n, 3)`` turned about the normals across which they lie."""
    angle = np.asarray(angle_rad, np.float32)[..., None]
    turned = directions * np.cos(angle) + np.cross(normals, directions) * np.sin(angle)
    return np.asarray(turned, np.float32)
