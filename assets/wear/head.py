"""What worn things need to know of a head."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array, I32Array
from assets.wear.surface import Surface

if TYPE_CHECKING:
    from assets.head import Head
    from assets.store import Store

__all__ = ["WearHead"]

F64Array = NDArray[np.float64]


@dataclass(frozen=True)
class WearHead:
    """One head in its final pose. World frame, metres, unless a name says otherwise."""

    vertices_m: F32Array
    """(V, 3) the rendered skin: head, neck, shoulders, upper torso."""
    normals: F32Array
    """(V, 3)"""
    faces: I32Array
    """(F, 4)"""
    uv: F32Array
    """(F, 4, 2) of the base mesh."""
    surface_rest_m: F32Array
    """(V, 3) hm08 base coordinates of the same vertices."""
    ear_share: F32Array
    """(V,) 1 on the ears, 0 off them."""
    cage_m: F32Array
    """(19158, 3) posed base vertices with helpers."""
    rest_m: F32Array
    """(19158, 3) hm08 base coordinates of the cage."""
    world_from_skull: F64Array
    """(4, 4) rigid motion of the skull from the upright rest pose."""
    eye_centres_m: F64Array
    """(2, 3) the subject's left eye, then the right."""
    eye_radius_m: float

    @staticmethod
    def of(head: Head, store: Store) -> WearHead:
        """The head model's head."""
        return WearHead(
            vertices_m=head.vertices_m,
            normals=head.normals,
            faces=head.faces,
            uv=head.uv,
            surface_rest_m=head.rest_m,
            ear_share=head.masks["ears"],
            cage_m=head.cage_m,
            rest_m=np.asarray(store.array("head/vertices"), np.float32),
            world_from_skull=head.world_from_skull,
            eye_centres_m=np.stack([head.eyes[side].centre_m for side in ("left", "right")]),
            eye_radius_m=head.eyes["left"].radius_m,
        )

    def to_skull(self, points_m: NDArray[np.floating]) -> F64Array:
        """World points (*, 3) in the skull's upright rest frame."""
        m = self.world_from_skull
        return np.asarray((np.asarray(points_m, np.float64) - m[:3, 3]) @ m[:3, :3])

    def to_world(self, points_m: NDArray[np.floating]) -> F32Array:
        """Points (*, 3) of the skull's rest frame in the world."""
        m = self.world_from_skull
        return np.asarray(np.asarray(points_m, np.float64) @ m[:3, :3].T + m[:3, 3], np.float32)

    @cached_property
    def skull(self) -> Surface:
        """The skin above the collar in the skull's rest frame."""
        kept = self.surface_rest_m[:, 1] > 0.56
        normals = self.normals[kept].astype(np.float64) @ self.world_from_skull[:3, :3]
        return Surface(
            points_m=self.to_skull(self.vertices_m[kept]),
            normals=normals,
            rest_m=self.surface_rest_m[kept].astype(np.float64),
            ear_share=self.ear_share[kept].astype(np.float64),
        )

    @cached_property
    def skull_cage_m(self) -> F64Array:
        """(19158, 3) the cage in the skull's rest frame; true to shape from the jaw up."""
        return self.to_skull(self.cage_m)

    @cached_property
    def skull_eyes_m(self) -> F64Array:
        """(2, 3) eye centres, left then right, in the skull's rest frame."""
        return self.to_skull(self.eye_centres_m)

    @cached_property
    def body(self) -> Surface:
        """All of the skin, in the world frame."""
        return Surface(
            points_m=self.vertices_m.astype(np.float64),
            normals=self.normals.astype(np.float64),
            rest_m=self.surface_rest_m.astype(np.float64),
            ear_share=self.ear_share.astype(np.float64),
        )
