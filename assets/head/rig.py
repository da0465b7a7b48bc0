"""Turning the head on the neck, and the eyes in the head."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from assets.geometry import F32Array
from assets.head.facts import load_facts
from assets.store import Store

__all__ = ["NeckRig", "load_neck_rig"]

F64Array = NDArray[np.float64]


@dataclass(frozen=True)
class NeckRig:
    """Shares of the head's turn, and the point about which it turns.

    The turn is blended as a rotation vector scaled by the share of each vertex, which keeps
    volumes where linear blending of matrices would pinch the neck.
    """

    share: F32Array
    """(19158,) 0 on the torso to 1 on the head."""
    pivot_vertices: NDArray[np.int64]
    """Cage vertices whose mean is the pivot."""

    def pivot(self, cage_m: F32Array) -> F64Array:
        """The pivot (3,) of an identity, metres."""
        return np.asarray(cage_m[self.pivot_vertices].astype(np.float64).mean(0))

    def turn(self, cage_m: F32Array, world_from_rest: F64Array, pivot_m: F64Array) -> F32Array:
        """Cage (19158, 3) with the head turned by the rotation (3, 3) about the pivot."""
        vector = Rotation.from_matrix(world_from_rest).as_rotvec()
        out = cage_m.astype(np.float64)
        share = self.share.astype(np.float64)
        moving = share > 0
        turned = Rotation.from_rotvec(share[moving, None] * vector)
        out[moving] = turned.apply(out[moving] - pivot_m) + pivot_m
        return out.astype(np.float32)


@lru_cache(maxsize=2)
def load_neck_rig(store: Store) -> NeckRig:
    """From the pack's default rig: every bone follows its nearest ancestor in ``head.toml``."""
    facts = load_facts()
    bones: list[dict[str, Any]] = store.json("head/rig/bones")
    parent = {b["name"]: b["parent"] for b in bones}
    offsets = np.asarray(store.array("head/rig/offsets"))
    vertex = np.asarray(store.array("head/rig/vertex"))
    weight = np.asarray(store.array("head/rig/weight"))
    n = len(store.array("head/vertices"))
    total, moved = np.zeros(n), np.zeros(n)
    for i, bone in enumerate(bones):
        name: str | None = bone["name"]
        while name and name not in facts.neck_fractions:
            name = parent.get(name)
        fraction = facts.neck_fractions[name] if name else 0.0
        a, b = offsets[i], offsets[i + 1]
        np.add.at(moved, vertex[a:b], weight[a:b] * fraction)
        np.add.at(total, vertex[a:b], weight[a:b])
    share = np.where(total > 1e-6, moved / np.maximum(total, 1e-6), 0.0)
    share = np.minimum(share / facts.neck_whole_at, 1.0)
    share = _with_helpers(share, total, store)
    pivot = next(b for b in bones if b["name"] == facts.pivot_bone)["head"]
    vertices = np.asarray(pivot["vertices"], np.int64)
    return NeckRig(share.astype(np.float32), vertices)


def _with_helpers(share: F64Array, total: F64Array, store: Store) -> F64Array:
    """Helper vertices without weights (eyes, lashes, teeth, tongue) go with the nearest body."""
    from scipy.spatial import cKDTree

    bare = np.flatnonzero(total <= 1e-6)
    if len(bare) == 0:
        return share
    base = np.asarray(store.array("head/vertices"), np.float64)
    weighted = np.flatnonzero(total > 1e-6)
    _, nearest = cKDTree(base[weighted]).query(base[bare])
    out = share.copy()
    out[bare] = share[weighted[nearest]]
    return out
