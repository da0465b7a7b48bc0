"""Teeth kept behind the lips: skin gives way to teeth, but the head's is not simulated.

Smiles draw the corners of the mouth back by 6 to 9 mm, and an open jaw more; the arch of the
teeth stands still, so that beside the canines it came through the lips.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assets.head.facts import load_facts
from assets.mouth.constants import mouth_constants
from assets.skin.regions import smoothstep

if TYPE_CHECKING:
    from assets.store import Store

__all__ = ["held_back"]

F64Array = NDArray[np.float64]


def held_back(
    upper: F64Array, cage: F64Array, size: F64Array, store: Store
) -> tuple[float, F64Array]:
    """How far teeth must go back to stay behind the film that the edges of the lips would span.

    Args:
        upper: (n, 3) the upper row, upright head, metres.
        cage: (19158, 3) posed base vertices, upright head, metres.
        size: (3,) scale of the head.
        store: has the head.

    Returns:
        Metres for the whole set, and (n,) metres for the upper row's sides beyond that. Both are
        0 where the teeth are behind the lips already.
    """
    c = mouth_constants().lips
    x, y, z = upper.T
    top, bottom = (_edge(cage[rim]) for rim in _rims(store))
    high, low = (np.interp(x, edge[:, 0], edge[:, 1]) for edge in (top, bottom))
    over, under = (np.interp(x, edge[:, 0], edge[:, 2]) for edge in (top, bottom))
    along = np.clip((y - low) / np.maximum(high - low, 1e-5), 0, 1)
    outside = np.maximum(y - high, 0) + np.maximum(low - c.below_m * size[1] - y, 0)
    outside += np.maximum(np.maximum(x - top[-1, 0] * c.reach, top[0, 0] * c.reach - x), 0)
    before = z - (under + along * (over - under)) - c.fade * outside
    whole = _most(before + c.clear_m * size[2])
    share = smoothstep((np.abs(x) / size[0]).astype(np.float32), *c.side_from_m)
    beside = share > c.side_share
    sides = np.zeros(len(upper))
    still = before - whole + c.side_clear_m * size[2]
    for side in (x > 0, x < 0):
        at = beside & side
        sides[side] = _most(still[at] / share[at]) * share[side]
    return whole, sides


def _most(excess: F64Array) -> float:
    return float(excess.max(initial=0.0))


def _edge(points: F64Array) -> F64Array:
    return np.asarray(points[np.argsort(points[:, 0], kind="stable")])


@lru_cache(maxsize=2)
def _rims(store: Store) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cage vertices of the inner edges of the upper and of the lower lip."""
    mirror, seal = np.asarray(store.array("head/mirror")), load_facts().lip_seal
    upper, lower = (np.array(row, np.int64) for row in (seal.upper, seal.lower))
    return np.union1d(upper, mirror[upper]), np.union1d(lower, mirror[lower])
