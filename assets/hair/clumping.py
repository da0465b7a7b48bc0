"""Strands gathered into clumps, whose centres wander."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from assets.geometry import F32Array, I32Array
from assets.hair.cells import by_cell
from assets.hair.curves import PIECE, wander
from assets.noise import Stream

__all__ = ["choose", "gather", "nearest_keys", "nested", "varying"]

LEAF = 8


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
    order = by_cell(keys)
    near = cKDTree(keys[centres], leafsize=LEAF).query(keys[order], k=[*range(1, k + 1)])
    distance, index = np.empty((len(keys), k)), np.empty((len(keys), k), np.int32)
    distance[order], index[order] = near
    return distance, index


def varying(keys: F32Array) -> F32Array:
    """Keys (n, k) without the columns that hold apart nothing: they cost in every search."""
    return keys[:, [bool((column != column[:1]).any()) for column in keys.T]]


def nested(keys: F32Array, counts: Sequence[int]) -> list[I32Array]:
    """For each level of so many clumps, the clump of each key (n, k).

    Clumps of a level with fewer are made of whole ones of the level with most, so that the
    whole of the keys is searched but once.
    """
    if not counts:
        return []
    finest = choose(len(keys), max(counts))
    own = nearest_of(keys, finest)
    at = keys[finest]
    return [
        own if count == max(counts) else nearest_of(at, choose(len(at), count)).take(own)
        for count in counts
    ]


def gather(
    strands: F32Array,
    clump: I32Array,
    stream: Stream,
    *,
    count: int,
    amount: tuple[float, float],
    power: tuple[float, float],
    wander_m: float,
    waves: Sequence[float],
    unevenness: float,
    apart: F32Array | None = None,
) -> F32Array:
    """Strands (n, m, 3) pulled toward the middle strand of their clump (n,), tips most.

    The middle of clump k, of ``count``, is strand k, as :func:`nested` has it. The pull at the
    share s of the length is ``amount · s^power``, both drawn for each clump and made uneven
    along it. ``apart`` (n,) 0-1 keeps strands out of it.
    """
    n, m = strands.shape[:2]
    count = min(count, n)
    s = np.linspace(0.0, 1.0, m, dtype=np.float32)[None]
    pull = stream.uniform(count, *amount)[:, None] * s ** stream.uniform(count, *power)[:, None]
    if unevenness:
        pull = pull * (1.0 + unevenness * wander(count, m, stream, (2.0, 4.0))[..., 0])
    pull = np.clip(pull, 0.0, 0.985)
    middle = strands[:count]
    if wander_m:
        middle = middle + wander_m * wander(count, m, stream, waves)
    # Drawn last: what comes before must not depend on the number of strands.
    own = 1.0 - 0.35 * stream.uniform(n) ** 2
    if apart is not None:
        own = own * (1.0 - apart)
    # Thrice each: numpy is slow where the innermost axis is short.
    pull, own = np.repeat(pull.astype(np.float32), 3, axis=1), own.astype(np.float32)
    out = np.empty_like(strands)
    for first in range(0, n, PIECE):
        piece = slice(first, first + PIECE)
        which = clump[piece]
        part = middle[which]
        part -= strands[piece]
        weight = pull[which]
        weight *= own[piece, None]
        part *= weight.reshape(part.shape)
        part += strands[piece]
        out[piece] = part
    return out
