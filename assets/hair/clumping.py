"""Strands gathered into clumps, whose centres wander."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from assets.geometry import F32Array, I32Array
from assets.hair.curves import PIECE, wander
from assets.noise import Stream

__all__ = ["choose", "gather", "nearest_keys", "nearest_of", "varying"]

LEAF = 8
SPREAD = np.array([sum((v >> b & 1) << 3 * b for b in range(4)) for v in range(16)], np.uint16)
"""The bits of a cell's number, each at every third place."""


def choose(n: int, count: int) -> NDArray[np.intp]:
    """The first ``count`` indices below ``n``: roots come evenly spread, however few are taken."""
    return np.arange(min(count, n))


def nearest_of(keys: F32Array, centres: NDArray[np.intp]) -> I32Array:
    """For each key (n, k) the nearest of the centres, as an index into ``centres``."""
    _, index = nearest_keys(varying(keys), centres, 1)
    return index[:, 0]


def nearest_keys(
    keys: F32Array, centres: NDArray[np.intp], k: int
) -> tuple[NDArray[np.float64], I32Array]:
    """Distances (n, k) to the nearest ``k`` of the centres, and their indices (n, k)."""
    # Neighbours one after another find what they need of the tree in the cache.
    order = _by_cell(keys)
    near = cKDTree(keys[centres], leafsize=LEAF).query(keys[order], k=[*range(1, k + 1)])
    distance, index = np.empty((len(keys), k)), np.empty((len(keys), k), np.int32)
    distance[order], index[order] = near
    return distance, index


def _by_cell(keys: F32Array) -> NDArray[np.intp]:
    """Order (n,) of keys (n, *) along a Morton curve through the first three columns."""
    code = np.zeros(len(keys), np.uint16)
    for axis in range(min(3, keys.shape[1])):
        from_low = keys[:, axis] - keys[:, axis].min(initial=np.inf)
        scale = (len(SPREAD) - 0.01) / max(float(from_low.max(initial=0.0)), 1e-6)
        cell = (from_low * np.float32(scale)).astype(np.uint8)
        code |= SPREAD.take(cell) << np.uint16(axis)
    return np.argsort(code, kind="stable")


def varying(keys: F32Array) -> F32Array:
    """Keys (n, k) without the columns that hold apart nothing: they cost in every search."""
    return keys[:, (keys != keys[:1]).any(axis=0)]


def gather(
    strands: F32Array,
    keys: F32Array,
    stream: Stream,
    *,
    count: int,
    amount: tuple[float, float],
    power: tuple[float, float],
    wander_m: float,
    waves: Sequence[float],
    unevenness: float,
    apart: F32Array | None = None,
) -> tuple[F32Array, I32Array]:
    """Pull strands (n, m, 3) toward the middle strand of their clump, tips most.

    The pull at the share s of the length is ``amount · s^power``, both drawn for each clump
    and made uneven along it. ``apart`` (n,) 0-1 keeps strands out of it. Returns the strands
    and the clump of each.
    """
    n, m = strands.shape[:2]
    centre = choose(n, count)
    clump = nearest_of(keys, centre)
    count = len(centre)
    s = np.linspace(0.0, 1.0, m, dtype=np.float32)[None]
    pull = stream.uniform(count, *amount)[:, None] * s ** stream.uniform(count, *power)[:, None]
    if unevenness:
        pull = pull * (1.0 + unevenness * wander(count, m, stream, (2.0, 4.0))[..., 0])
    pull = np.clip(pull, 0.0, 0.985)
    middle = strands[centre]
    if wander_m:
        middle = middle + wander_m * wander(count, m, stream, waves)
    # Drawn last: what comes before must not depend on the number of strands.
    own = 1.0 - 0.35 * stream.uniform(n) ** 2
    if apart is not None:
        own = own * (1.0 - apart)
    pull, own = pull.astype(np.float32), own.astype(np.float32)
    out = np.empty_like(strands)
    for first in range(0, n, PIECE):
        piece = slice(first, first + PIECE)
        which = clump[piece]
        part = middle[which]
        part -= strands[piece]
        part.reshape(len(part), -1)[:] *= np.repeat(pull[which] * own[piece, None], 3, axis=1)
        part += strands[piece]
        out[piece] = part
    return out, clump
