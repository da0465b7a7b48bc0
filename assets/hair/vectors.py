"""Small operations on arrays of vectors, in float32."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assets.geometry import F32Array

__all__ = ["blend", "in_box", "rotate_about", "smoothstep", "tangent", "transformed", "unit"]

PIECE = 1 << 13
"""Points worked on at a time, so that they stay in a core's cache."""


def unit(vectors: NDArray[Any]) -> F32Array:
    """Vectors ``(*, 3)`` scaled to length 1; a null vector stays null."""
    square = np.einsum("...i,...i->...", vectors, vectors)
    length = np.sqrt(np.maximum(square, 1e-18))
    # Thrice each: numpy is slow where the innermost axis is short.
    return np.asarray(vectors / np.repeat(length, 3).reshape(vectors.shape), np.float32)


def transformed(points: F32Array, turn: ArrayLike, shift: ArrayLike) -> F32Array:
    """Points ``(*, 3)`` times ``turn`` (3, 3) from the right, plus ``shift`` (3,).

    A point's bits depend on no other point, as those of a matrix product would. A column at a
    time: numpy is slow where the innermost axis is short.
    """
    m, move = np.asarray(turn, np.float32), np.asarray(shift, np.float32)
    flat = points.reshape(-1, 3)
    out = np.empty(flat.shape, np.float32)
    for first in range(0, len(flat), PIECE):
        x, y, z = flat[first : first + PIECE].T
        for k in range(3):
            sums = x * m[0, k]
            sums += y * m[1, k]
            sums += z * m[2, k]
            sums += move[k]
            out[first : first + PIECE, k] = sums
    return out.reshape(points.shape)


def smoothstep(value: ArrayLike, low: float, high: float) -> F32Array:
    """0 below ``low``, 1 above ``high``, with a level start and end between."""
    t = np.clip((np.asarray(value, np.float32) - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), np.float32)


def in_box(points: F32Array, low: F32Array, high: F32Array) -> NDArray[np.intp]:
    """Which of points (n, 3) lie between two corners (3,): by z first, as most hair is behind
    the face."""
    at = np.flatnonzero(points[:, 2] > low[2])
    for axis in (1, 0):
        here = points[at, axis]
        at = at[(here > low[axis]) & (here < high[axis])]
    return np.asarray(at[points[at, 2] < high[2]])


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
