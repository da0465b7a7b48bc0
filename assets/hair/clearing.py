"""Strands kept out of skin, eyes and garment."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array
from assets.hair.curves import shortened
from assets.hair.distance import CELL_M, DistanceField

__all__ = ["STUMP", "cleared"]

ROOT_SHARE = 0.15
"""Over this first part of a strand its distance grows from nothing: the root is in the skin."""
TOLERATED_M = 0.0001
IN_CLOTH_M = 0.004
"""On shoulders hair sinks into cloth by as much."""
STUMP = 1e-3
FAR_M = 0.001
FOLDED_COS = 0.3
"""A strand that moving out bends back on itself ran through the head: it ends before that."""


def cleared(field: DistanceField, strands: F32Array, least_m: F32Array | float) -> F32Array:
    """Strands (n, m, 3) no nearer than ``least_m``: a number, (n, 1) or (n, m).

    What can't be moved out, such as a strand that runs through a shoulder, ends before it.
    """
    n, m = strands.shape[:2]
    ramp = np.clip(np.arange(m, dtype=np.float32) / max(ROOT_SHARE * m, 1.0), 0.0, 1.0)
    least = np.broadcast_to(np.asarray(least_m, np.float32), (n, m)) * ramp
    depth = field.distance(strands)
    near = depth < least + 0.5 * CELL_M
    near[:, 0] = False
    at = np.flatnonzero(near)
    points = strands.reshape(-1, 3)
    moved, distance, free = field.moved_out(
        points.take(at, axis=0), least.reshape(-1).take(at), depth.reshape(-1).take(at)
    )
    out = strands.copy()
    out.reshape(-1, 3)[at] = moved
    caught = np.zeros((n, m), bool)
    caught.reshape(-1)[at] = _inside(field, moved, distance, ~free)
    shift = np.abs(moved - points.take(at, axis=0))
    shifted = np.maximum(np.maximum(shift[:, 0], shift[:, 1]), shift[:, 2]) > FAR_M
    far = np.unique(at[shifted & field.is_careful(moved)] // m)
    # On the shoulders hair may lie as it comes.
    high = field.is_careful(out[far, 1:-1].reshape(-1, 3)).reshape(len(far), m - 2)
    caught[far, 1:-1] |= high & _folded(out[far]) & ~_folded(strands[far])
    row = np.unique(np.flatnonzero(caught) // m)
    if len(row):
        last = np.maximum(caught[row].argmax(1) - 1, 0.2)
        cut = shortened(out[row], (last / (m - 1)).astype(np.float32))
        # The curve between points that are free may dip into the skin.
        inner = cut[:, 1:].reshape(-1, 3)
        low = np.nonzero(field.distance(inner) < 0.0)[0]
        inner[low] = field.freed(inner[low], np.zeros(len(low), np.float32))
        cut[:, 1:] = inner.reshape(len(row), m - 1, 3)
        # In the fold behind an ear even the rest may cross skin: nothing is left of it then.
        gone = _inside(field, inner, field.distance(inner)).reshape(len(row), m - 1).any(1)
        stump = cut[gone, :1] + STUMP * (cut[gone, 1:] - cut[gone, :1])
        # A root may itself be too deep: under a collar, or in the middle of a plait.
        flat = stump.reshape(-1, 3)
        cut[gone, 1:] = field.freed(flat, np.zeros(len(flat), np.float32)).reshape(stump.shape)
        out[row] = cut
    return out


def _folded(strands: F32Array) -> NDArray[np.bool_]:
    """(n, m - 2) inner points at which strands (n, m, 3) turn sharply."""
    step = np.diff(strands, axis=1)
    along = np.einsum("nmk,nmk->nm", step[:, 1:], step[:, :-1])
    square = np.einsum("nmk,nmk->nm", step, step)
    return np.asarray(along < FOLDED_COS * np.sqrt(square[:, 1:] * square[:, :-1]))


def _inside(
    field: DistanceField,
    points_m: F32Array,
    distance_m: F32Array,
    among: NDArray[np.bool_] | None = None,
) -> NDArray[np.bool_]:
    """(n,) points, of those ``among`` which it is asked, that are too deep in skin, or deeper
    still in a garment."""
    depth = field.refined(points_m, distance_m, among)
    deep = depth < np.where(field.is_careful(points_m), -TOLERATED_M, -IN_CLOTH_M)
    return np.asarray(deep if among is None else deep & among)
