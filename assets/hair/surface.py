"""The head as hair needs it: what a caller hands over, and the same in the skull's frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from assets.geometry import F32Array, I32Array
from assets.hair.distance import DistanceField
from assets.hair.vectors import transformed, unit

__all__ = ["HeadSurface", "SkullHead"]

HEAD_BELOW_EYES_M = 0.155
"""Faces with hair or beard lie above this depth under the eyes; a chin is 0.11 below."""
NEAR_BOX_M = ((-0.162, -0.258, -0.284), (0.162, 0.18, 0.10))
"""About the eyes: head and neck with the field's band round them, as deep as beards hang. Beyond
it short hair meets nothing."""
FAR_BOX_M = ((-0.27, -0.46, -0.44), (0.27, 0.25, 0.28))
"""With shoulders and breast."""
COLLAR_M = 0.04
"""So far below the upper neck a garment's hems are looked for."""
BENT_COS = 0.9
"""Planes miss by an eighth of a face's size times the angle: 0.2 mm."""
SHOULDER_M = (0.11, 0.13)
"""From the middle of the body to where hair would lie on the shoulder."""
RIDGE_POINTS = 8
HEM_OFF_M = 0.004
"""A hem nearer to the skin than this may be nearest to what lies under the skin."""
HEM_COS = 0.3
"""Cosine between the normals of hem and skin; cloth proper faces as the skin under it does."""


@dataclass(frozen=True, eq=False)
class HeadSurface:
    """A head in its final pose and expression, world frame, as rendered."""

    vertices_m: F32Array
    """(V, 3) subdivided skin: head, neck, shoulders, upper torso."""
    normals: F32Array
    """(V, 3) unit normals of the vertices."""
    faces: I32Array
    """(F, 4)"""
    rest_m: F32Array
    """(V, 3) hm08 base coordinates of the same vertices: where on the face they are."""
    masks: Mapping[str, F32Array]
    """(V,) each, 0-1: ``lips``, ``inside-mouth``, ``ears``, ``eyelids``."""
    world_from_skull: NDArray[np.float64]
    """(4, 4) rigid motion of the skull from the upright rest pose."""
    cage_m: F32Array
    """(19158, 3) posed base vertices with helpers; the lash helpers of it are read."""
    right_eye_m: F32Array
    """(3,) centre of the subject's right eyeball."""
    left_eye_m: F32Array
    """(3,)"""
    eye_radius_m: float
    obstacle_m: F32Array | None = None
    """(n, 3) points of a garment that hair lies on, with their normals."""
    obstacle_normals: F32Array | None = None
    long_hair: bool = False
    """Whether scalp hair reaches the torso (:func:`assets.hair.reaches_torso`): then all hair is
    kept off by one field, since a second one costs more than its smaller size saves."""

    @cached_property
    def skull(self) -> SkullHead:
        """The head in the skull's frame, with its distance field; made once."""
        return SkullHead.of(self)

    def to_world(self, points_m: F32Array) -> F32Array:
        """Points ``(*, 3)`` of the skull's frame in the world frame."""
        m = self.world_from_skull
        return transformed(points_m, m[:3, :3].T, m[:3, 3])


@dataclass(frozen=True, eq=False)
class SkullHead:
    """The posed head seen from its skull (metres, x subject's left, y up, z forward).

    Grooms are made here, so that a comb's directions are those of the upright head; only
    gravity leans.
    """

    vertices_m: F32Array
    normals: F32Array
    faces: I32Array
    """(f, 4) faces of head and upper neck, which may carry roots."""
    rest_dm: F32Array
    """(V, 3) rest coordinates in decimetres, hm08's own unit."""
    masks: Mapping[str, F32Array]
    gravity: F32Array
    """(3,) unit vector of the world's downward direction."""
    chest: F32Array
    """(3,) unit vector of the direction in which the chest faces."""
    eyes_m: F32Array
    """(2, 3) right, left."""
    eye_radius_m: float
    cage_m: F32Array
    obstacle_m: F32Array | None
    obstacle_normals: F32Array | None
    long_hair: bool
    face_area_m2: F32Array
    """(f,)"""

    @staticmethod
    def of(head: HeadSurface) -> SkullHead:
        """Take a head from the world frame into its skull's."""
        turn = head.world_from_skull[:3, :3]
        shift = head.world_from_skull[:3, 3]

        def point(p: F32Array) -> F32Array:
            return transformed(p, turn, -shift @ turn)

        def direction(d: F32Array) -> F32Array:
            return transformed(d, turn, np.zeros(3))

        vertices = point(head.vertices_m)
        eyes = point(np.stack([head.right_eye_m, head.left_eye_m]).astype(np.float32))
        low = eyes[:, 1].mean() - HEAD_BELOW_EYES_M
        above = vertices[:, 1] > low
        faces = head.faces[np.logical_and.reduce([above.take(head.faces[:, k]) for k in range(4)])]
        q = vertices.take(faces, axis=0)
        area = 0.5 * np.linalg.norm(np.cross(q[:, 2] - q[:, 0], q[:, 3] - q[:, 1]), axis=1)
        normals = head.obstacle_normals
        return SkullHead(
            vertices_m=vertices,
            normals=direction(head.normals),
            faces=faces,
            rest_dm=np.asarray(head.rest_m * 10.0, np.float32),
            masks=head.masks,
            gravity=np.asarray(turn.T @ np.array([0.0, -1.0, 0.0]), np.float32),
            chest=np.asarray(turn.T @ np.array([0.0, 0.0, 1.0]), np.float32),
            eyes_m=eyes,
            eye_radius_m=head.eye_radius_m,
            cage_m=point(head.cage_m),
            obstacle_m=None if head.obstacle_m is None else point(head.obstacle_m),
            obstacle_normals=None if normals is None else direction(normals),
            long_hair=head.long_hair,
            face_area_m2=np.asarray(area, np.float32),
        )

    @cached_property
    def eye_m(self) -> F32Array:
        """(3,) midpoint of the eyeballs."""
        return np.asarray(self.eyes_m.mean(0), np.float32)

    @cached_property
    def shoulder_m(self) -> float:
        """How far before the middle of the skull the ridge of the shoulders lies, as the chest
        faces; negative behind it."""
        up = -self.gravity
        chest = unit(self.chest - up * float(self.chest @ up))
        away = self.vertices_m - self.centre_m
        wide, high = np.abs(away @ np.cross(up, chest)), away @ up
        shoulder = np.flatnonzero((wide > SHOULDER_M[0]) & (wide < SHOULDER_M[1]) & (high < 0))
        top = shoulder[np.argsort(-high[shoulder], kind="stable")[:RIDGE_POINTS]]
        return float((away[top] @ chest).mean()) if len(top) else 0.0

    @cached_property
    def centre_m(self) -> F32Array:
        """(3,) a point deep in the skull, above and behind the eyes."""
        return np.asarray(self.eye_m + np.array([0.0, 0.03, -0.085]), np.float32)

    @cached_property
    def bare(self) -> F32Array:
        """(V,) how much of ears, lips or mouth a vertex is: they carry no roots."""
        return self.masks["ears"] + self.masks["lips"] + self.masks["inside-mouth"]

    @cached_property
    def may_grow(self) -> F32Array:
        """(f,) 1 for faces that may carry roots, else 0."""
        most = np.maximum.reduce([self.bare.take(self.faces[:, k]) for k in range(4)])
        return np.asarray(most < 0.5, np.float32)

    @cached_property
    def bent(self) -> NDArray[np.bool_]:
        """(V,) bool, where the skin turns so sharply that a vertex's plane says little."""
        normal = [self.normals.take(self.faces[:, k], axis=0) for k in range(4)]
        sharp = np.zeros(len(self.faces), bool)
        for a, b in ((0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (1, 3)):
            sharp |= np.einsum("ij,ij->i", normal[a], normal[b]) < BENT_COS
        out = np.zeros(len(self.vertices_m), bool)
        out[self.faces[sharp]] = True
        return out

    @cached_property
    def mouth_wall(self) -> NDArray[np.bool_]:
        """(f,) bool, faces within the mouth, with those by which the lips turn into it."""
        inside = self.masks["inside-mouth"] > 0.5
        return np.asarray(inside[self.faces].any(axis=1))

    @cached_property
    def used(self) -> NDArray[np.intp]:
        """Vertices of the faces that may carry roots."""
        marked = np.zeros(len(self.vertices_m), bool)
        marked[self.faces] = True
        return np.flatnonzero(marked)

    @cached_property
    def field(self) -> DistanceField:
        """Distance to head, neck and eyeballs, at least."""
        return self.field_with_torso if self.long_hair else self._field(NEAR_BOX_M)

    @cached_property
    def field_with_torso(self) -> DistanceField:
        """Distance to all that long hair meets; costs more."""
        return self._field(FAR_BOX_M)

    def _field(self, box_m: tuple[tuple[float, ...], tuple[float, ...]]) -> DistanceField:
        """The mouth's inside is left out: a grid would close the lips over it."""
        low, high = (self.eye_m + np.array(corner, np.float32) for corner in box_m)

        def within(points_m: F32Array) -> NDArray[np.bool_]:
            inside = np.ones(len(points_m), bool)
            for axis in range(3):
                at = points_m[:, axis]
                inside &= (at > low[axis]) & (at < high[axis])
            return inside

        skin = np.flatnonzero(within(self.vertices_m) & (self.masks["inside-mouth"] < 0.5))
        points, normals = self.vertices_m.take(skin, axis=0), self.normals.take(skin, axis=0)
        bent = self.bent.take(skin)
        if self.obstacle_m is not None and self.obstacle_normals is not None:
            # The lining faces the body: it would turn the distance's sign outside the garment.
            chest = self.eye_m + np.float32(0.35) * self.gravity - np.float32(0.08) * self.chest
            near = np.flatnonzero(within(self.obstacle_m))
            cloth, facing = self.obstacle_m[near], self.obstacle_normals[near]
            outer = np.einsum("ij,ij->i", cloth - chest, facing) > 0
            outer &= ~self._is_hem(cloth, facing)
            bent = np.concatenate([bent, np.zeros(int(outer.sum()), bool)])
            points = np.concatenate([points, cloth[outer]])
            normals = np.concatenate([normals, facing[outer]])
        return DistanceField(
            points,
            normals,
            bent,
            self.eyes_m,
            self.eye_radius_m,
            low,
            high,
            -np.inf if self.obstacle_m is None else float(self.eye_m[1]) - HEAD_BELOW_EYES_M,
        )

    def _is_hem(self, cloth_m: F32Array, facing: F32Array) -> NDArray[np.bool_]:
        """Which points (n, 3) of a garment are the edge of a collar that lies on the neck.

        They face along the skin, so their planes would call outside what is within the neck.
        """
        low = self.eye_m[1] - HEAD_BELOW_EYES_M - COLLAR_M
        hem = np.zeros(len(cloth_m), bool)
        high = np.flatnonzero(cloth_m[:, 1] > low)
        if len(high) == 0:
            return hem
        height = self.vertices_m[:, 1]
        top = cloth_m[high, 1].max() + HEM_OFF_M
        skin = np.flatnonzero((height > low - HEM_OFF_M) & (height < top))
        if len(skin) == 0:
            return hem
        tree = cKDTree(self.vertices_m[skin], balanced_tree=False, compact_nodes=False)
        away, index = tree.query(cloth_m[high], distance_upper_bound=HEM_OFF_M)
        on = np.isfinite(away)
        normals = self.normals[skin[index[on]]]
        hem[high[on]] = np.einsum("ij,ij->i", facing[high[on]], normals) < HEM_COS
        return hem
