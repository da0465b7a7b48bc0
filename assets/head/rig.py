"""Turning the head on the neck, and letting the arms hang."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from assets.geometry import F32Array
from assets.head.facts import load_facts
from assets.store import Store

__all__ = ["Arm", "NeckRig", "load_arms", "load_neck_rig"]

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

    def at(self, vertices: NDArray[np.int64]) -> NeckRig:
        """The same for some cage vertices only, sorted, the pivot's among them."""
        return NeckRig(self.share[vertices], np.searchsorted(vertices, self.pivot_vertices))

    def pivot(self, cage_m: F32Array) -> F64Array:
        """The pivot (3,) of an identity, metres."""
        return np.asarray(cage_m[self.pivot_vertices].astype(np.float64).mean(0))

    def turn(self, cage_m: F32Array, world_from_rest: F64Array, pivot_m: F64Array) -> F32Array:
        """Cage (19158, 3) with the head turned by the rotation (3, 3) about the pivot."""
        vector = Rotation.from_matrix(world_from_rest).as_rotvec()
        out = cage_m.copy()
        whole, partly = self._moving
        out[whole] = _turned(cage_m[whole], world_from_rest, pivot_m)
        share = self.share[partly, None].astype(np.float64)
        out[partly] = _turned(
            cage_m[partly], Rotation.from_rotvec(share * vector).as_matrix(), pivot_m
        )
        return out

    @cached_property
    def _moving(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Vertices that follow wholly, and those that follow in part."""
        return np.flatnonzero(self.share == 1), np.flatnonzero((self.share > 0) & (self.share < 1))


def _turned(points_m: F32Array, rotation: F64Array, pivot_m: F64Array) -> F32Array:
    """Points (N, 3) turned about the pivot by one rotation (3, 3), or by one each (N, 3, 3).

    Written out, so that a point's last bits don't depend on how many there are.
    """
    x, y, z = (points_m.astype(np.float64) - pivot_m).T
    rows = [
        x * rotation[..., i, 0] + y * rotation[..., i, 1] + z * rotation[..., i, 2] + pivot_m[i]
        for i in range(3)
    ]
    return np.asarray(np.stack(rows, axis=-1), np.float32)


@dataclass(frozen=True)
class Arm:
    """One arm, lowered from the base mesh's spread pose to a hanging one."""

    share: F32Array
    """(19158,)"""
    pivot_vertices: NDArray[np.int64]
    rotation_vector: F64Array
    """(3,) radians"""

    def at(self, vertices: NDArray[np.int64]) -> Arm:
        """The same for some cage vertices only, sorted, the pivot's among them."""
        pivot = np.searchsorted(vertices, self.pivot_vertices)
        return Arm(self.share[vertices], pivot, self.rotation_vector)

    def lower(self, cage_m: F32Array) -> F32Array:
        """Cage (19158, 3) with this arm lowered about the shoulder of this identity."""
        pivot = cage_m[self.pivot_vertices].astype(np.float64).mean(0)
        out = cage_m.copy()
        moving, rotations = self._moving
        out[moving] = _turned(cage_m[moving], rotations, pivot)
        return out

    @cached_property
    def _moving(self) -> tuple[NDArray[np.int64], F64Array]:
        """Vertices that follow, and the rotation (N, 3, 3) of each."""
        moving = np.flatnonzero(self.share > 0)
        share = self.share[moving, None].astype(np.float64)
        return moving, Rotation.from_rotvec(share * self.rotation_vector).as_matrix()


@lru_cache(maxsize=2)
def load_neck_rig(store: Store) -> NeckRig:
    """From the pack's default rig: every bone follows its nearest ancestor in ``head.toml``."""
    facts = load_facts()
    share, total = _shares(store, facts.neck_fractions)
    share = np.minimum(share / facts.neck_whole_at, 1.0)
    share = _with_helpers(share, total, store)
    return NeckRig(share.astype(np.float32), _joint(store, facts.pivot_bone))


@lru_cache(maxsize=2)
def load_arms(store: Store) -> tuple[Arm, ...]:
    """Both arms, lowered by the angle in ``head.toml``."""
    facts = load_facts()
    arms = []
    for side, sign in (("L", -1.0), ("R", 1.0)):
        fractions = {f"{bone}.{side}": f for bone, f in facts.arm_fractions.items()}
        share, total = _shares(store, fractions)
        share = _with_helpers(share, total, store)
        vector = np.array([0.0, 0.0, sign * np.radians(facts.arm_lowering_deg)])
        pivot = _joint(store, f"{facts.arm_pivot_bone}.{side}")
        arms.append(Arm(share.astype(np.float32), pivot, vector))
    return tuple(arms)


def _joint(store: Store, bone: str) -> NDArray[np.int64]:
    """Cage vertices whose mean is the head of a bone."""
    bones: list[dict[str, Any]] = store.json("head/rig/bones")
    return np.asarray(next(b for b in bones if b["name"] == bone)["head"]["vertices"], np.int64)


def _shares(store: Store, fractions: Mapping[str, float]) -> tuple[F64Array, F64Array]:
    """Per vertex the weighted fraction of its bones, and its total weight, (19158,) each."""
    bones: list[dict[str, Any]] = store.json("head/rig/bones")
    parent = {b["name"]: b["parent"] for b in bones}
    offsets = np.asarray(store.array("head/rig/offsets"))
    vertex = np.asarray(store.array("head/rig/vertex"))
    weight = np.asarray(store.array("head/rig/weight"))
    n = len(store.array("head/vertices"))
    total, moved = np.zeros(n), np.zeros(n)
    for i, bone in enumerate(bones):
        name: str | None = bone["name"]
        while name and name not in fractions:
            name = parent.get(name)
        fraction = fractions[name] if name else 0.0
        a, b = offsets[i], offsets[i + 1]
        np.add.at(moved, vertex[a:b], weight[a:b] * fraction)
        np.add.at(total, vertex[a:b], weight[a:b])
    return np.where(total > 1e-6, moved / np.maximum(total, 1e-6), 0.0), total


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
