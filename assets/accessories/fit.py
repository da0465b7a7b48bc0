"""The head as worn things need it: in the upright skull frame, with distances to the skin."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from assets.geometry import F32Array
from assets.head.model import Head

__all__ = ["F64Array", "HeadFit", "IntArray", "Skin", "smoothstep"]

F64Array = NDArray[np.float64]
IntArray = NDArray[np.int64]

FACE_LOW_M, FACE_HIGH_M = 0.655, 0.800
"""Rest heights between which glasses may touch the head."""
SCALP_LOW_M = 0.690
"""Rest height above which headwear may touch the head."""
EAR_NEAR_M = 0.004
NOSE_BRIDGE = 27


def smoothstep(x: F64Array, low: float, high: float) -> F64Array:
    """0 below ``low``, 1 above ``high``, smooth between."""
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3 - 2 * t))


@dataclass(frozen=True)
class _Parts:
    """Indices of rendered vertices by what they are; equal for all heads of a topology."""

    face: IntArray
    """Outer skin from below the nose to the forehead, no ears."""
    face_ears: IntArray
    """The same with the ears."""
    scalp: IntArray
    """Outer skin above the ears' middle, no ears."""
    scalp_ears: IntArray
    ear_root: tuple[int, int]
    """Highest skin at the attachment of the right and the left ear."""


class Skin:
    """Points of skin with normals, and signed distances to it."""

    def __init__(self, points_m: F64Array, normals: F64Array) -> None:
        self.points_m, self.normals = points_m, normals
        self._tree = cKDTree(points_m, balanced_tree=False, compact_nodes=False)

    def distance(self, points_m: F64Array) -> F64Array:
        """(n,) metres to the tangent plane of the nearest skin; negative inside."""
        return self.nearest(points_m)[0]

    def nearest(self, points_m: F64Array) -> tuple[F64Array, F64Array, F64Array]:
        """(n,) signed distance, (n, 3) nearest skin, (n, 3) its normal."""
        _, index = self._tree.query(points_m)
        here, normal = self.points_m[index], self.normals[index]
        return np.einsum("...i,...i", points_m - here, normal), here, normal

    def pushed_out(self, points_m: F64Array, clearance_m: float, rounds: int = 3) -> F64Array:
        """Points moved along the skin's normal until each is ``clearance_m`` outside."""
        out = points_m.copy()
        for _ in range(rounds):
            distance, _, normal = self.nearest(out)
            out += normal * np.maximum(clearance_m - distance, 0.0)[:, None]
        return out


class HeadFit:
    """A head moved back to the upright rest pose of its skull (metres, x subject's left)."""

    def __init__(self, head: Head) -> None:
        self._motion = np.asarray(head.world_from_skull, np.float64)
        self._parts = _parts(_Keyed(head))
        self._head = head
        self.points_m = self.skull(np.asarray(head.vertices_m, np.float64))
        self.landmarks_m = self.skull(np.asarray(head.landmarks_m, np.float64))
        self.eyes_m = {side: self.skull(eye.centre_m) for side, eye in head.eyes.items()}
        self.eye_radius_m = head.eyes["left"].radius_m

    def skull(self, world_m: F64Array) -> F64Array:
        """World points into the skull frame."""
        return np.asarray((world_m - self._motion[:3, 3]) @ self._motion[:3, :3])

    def world(self, skull_m: F64Array) -> F32Array:
        """Skull points back to the world."""
        return np.asarray(skull_m @ self._motion[:3, :3].T + self._motion[:3, 3], np.float32)

    def face(self, ears: bool) -> Skin:
        """Skin where glasses may touch."""
        return self._skin(self._parts.face_ears if ears else self._parts.face)

    def scalp(self, ears: bool) -> Skin:
        """Skin where headwear may touch."""
        return self._skin(self._parts.scalp_ears if ears else self._parts.scalp)

    @property
    def scalp_index(self) -> IntArray:
        """Rendered vertices of the skull's outer skin, without ears."""
        return self._parts.scalp

    @property
    def rest_m(self) -> F32Array:
        """(V, 3) rest points of the rendered vertices; one array for all heads."""
        return self._head.rest_m

    def outside(self, ears: bool) -> F64Array:
        """(n, 3) all outer skin, with the ears or without."""
        return self.points_m[self.outside_index(ears)]

    def outside_index(self, ears: bool) -> IntArray:
        """(n,) rendered vertices of the outer skin."""
        masks = self._head.masks
        outer = masks["inside-mouth"] < 0.1
        return np.flatnonzero(outer if ears else outer & (masks["ears"] < 0.1))

    def whole(self, ears: bool) -> Skin:
        """All outer skin of head, neck and shoulders."""
        return self._skin(self.outside_index(ears))

    def at_rest(
        self, low_m: tuple[float, float, float], high_m: tuple[float, float, float]
    ) -> F64Array:
        """(n, 3) skin whose rest coordinates are within a box."""
        return self.points_m[_within(self._head.rest_m, low_m, high_m)]

    def at_rest_sided(
        self, low_m: tuple[float, float, float], high_m: tuple[float, float, float], side: float
    ) -> F64Array:
        """(n, 3) the same for a box on the left, or for its mirror image."""
        rest = self._head.rest_m * np.array([side, 1.0, 1.0], np.float32)
        return self.points_m[_within(rest, low_m, high_m)]

    def neck_axis(self) -> tuple[F64Array, F64Array]:
        """Middles of the neck, below the jaw and at its root."""
        upper = self.at_rest((-0.07, 0.6, -0.05), (0.07, 0.62, 0.09))
        lower = self.at_rest((-0.07, 0.55, -0.08), (0.07, 0.575, 0.1))
        return (upper.min(0) + upper.max(0)) / 2, (lower.min(0) + lower.max(0)) / 2

    def ear(self, side: float) -> F64Array:
        """(n, 3) skin of one ear."""
        return self.points_m[
            (self._head.masks["ears"] > 0.5) & (self._head.rest_m[:, 0] * side > 0)
        ]

    def ear_root(self, side: float) -> F64Array:
        """(3,) the highest skin at the attachment of an ear; side -1 right, 1 left."""
        return np.asarray(self.points_m[self._parts.ear_root[int(side > 0)]])

    def _skin(self, index: IntArray) -> Skin:
        normals = np.asarray(self._head.normals[index], np.float64) @ self._motion[:3, :3]
        return Skin(self.points_m[index], normals)


def _within(
    points_m: F32Array, low_m: tuple[float, float, float], high_m: tuple[float, float, float]
) -> IntArray:
    """Points (n, 3) in a box; a column at a time, for numpy is slow along so short an axis."""
    inside = np.ones(len(points_m), bool)
    for k in range(3):
        inside &= (points_m[:, k] > low_m[k]) & (points_m[:, k] < high_m[k])
    return np.flatnonzero(inside)


class _Keyed:
    """A head as a key: the topology is told by its shared rest array."""

    def __init__(self, head: Head) -> None:
        self.rest_m, self.masks = head.rest_m, head.masks

    def __hash__(self) -> int:
        return id(self.rest_m)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Keyed) and other.rest_m is self.rest_m


@lru_cache(maxsize=2)
def _parts(keyed: _Keyed) -> _Parts:
    rest, masks = keyed.rest_m, keyed.masks
    ears = masks["ears"] > 0.1
    outer = masks["inside-mouth"] < 0.1
    face = outer & (rest[:, 1] > FACE_LOW_M) & (rest[:, 1] < FACE_HIGH_M)
    scalp = outer & (rest[:, 1] > SCALP_LOW_M)
    core = cKDTree(rest[masks["ears"] > 0.5])
    candidates = np.flatnonzero(face & ~ears)
    near = candidates[core.query(rest[candidates])[0] < EAR_NEAR_M]
    roots = []
    for side in (-1, 1):
        own = near[rest[near, 0] * side > 0]
        roots.append(int(own[np.argmax(rest[own, 1])]))
    return _Parts(
        face=np.flatnonzero(face & ~ears),
        face_ears=np.flatnonzero(face),
        scalp=np.flatnonzero(scalp & ~ears),
        scalp_ears=np.flatnonzero(scalp),
        ear_root=(roots[0], roots[1]),
    )
