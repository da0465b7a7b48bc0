"""The head model: from a scene spec to the posed, subdivided head."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array, I32Array, U8Array
from assets.head.facts import load_facts
from assets.head.landmarks import frame_rotation
from assets.head.morph import MorphTargets
from assets.head.rig import NeckRig, load_arms, load_neck_rig
from assets.head.surface import HeadSurface, load_surface, vertex_normals
from assets.store import Store
from spec_schema.frames import (
    camera_from_head_rotation,
    camera_from_world_rotation,
    direction_from_angles,
    rotation_x,
    rotation_y,
    world_from_head_rotation,
)
from spec_schema.spec import SceneSpec

__all__ = ["Eye", "Head", "HeadModel", "load_head_model"]

F64Array = NDArray[np.float64]

EYE_CORNERS = (36, 39, 42, 45)


@dataclass(frozen=True)
class Eye:
    """An eyeball in the world frame; it looks along its local +z, y up, x subject's left."""

    centre_m: F64Array
    radius_m: float
    world_from_eye: F64Array
    """(3, 3)"""


@dataclass(frozen=True)
class Head:
    """One head in its final pose, world frame, metres. See HeadSurface for the topology."""

    vertices_m: F32Array
    normals: F32Array
    faces: I32Array
    uv: F32Array
    face_class: U8Array
    rest_m: F32Array
    masks: dict[str, F32Array]
    cage_m: F32Array
    """(19158, 3) every vertex of the base mesh, helpers too, before subdivision."""
    world_from_skull: F64Array
    """(4, 4) rigid motion of the skull from the upright rest pose."""
    world_from_head: F64Array
    """(4, 4)"""
    camera_from_world: F64Array
    """(4, 4)"""
    eyes: dict[str, Eye]
    """By the subject's ``left`` and ``right``."""
    landmarks_m: F64Array
    """(68, 3) iBUG landmarks, world frame: vertices of ``vertices_m``."""


def _rigid(rotation: F64Array, translation: F64Array) -> F64Array:
    out = np.eye(4)
    out[:3, :3], out[:3, 3] = rotation, translation
    return out


class HeadModel:
    """Builds heads; loading costs about a second, building some tens of milliseconds."""

    def __init__(self, store: Store) -> None:
        self.facts = load_facts()
        self.targets = MorphTargets(store, self.facts)
        self.surface: HeadSurface = load_surface(store)
        self.rig: NeckRig = load_neck_rig(store)
        self.arms = load_arms(store)
        self.rest_from_head = frame_rotation(store)
        """(3, 3): axes of the head frame in the upright rest pose."""

    @property
    def shape_keys(self) -> tuple[str, ...]:
        """Identity shape keys, sorted; in [-1, 1], or [0, 1] if in :attr:`one_sided`."""
        return self.targets.shape_keys

    @property
    def one_sided(self) -> frozenset[str]:
        """Shape keys without an opposite."""
        return self.targets.one_sided

    def refine(self, cage_m: F32Array) -> F32Array:
        """Rendered vertices (V, 3) from a whole cage (19158, 3)."""
        return np.asarray(self.surface.operator @ cage_m[self.surface.cage_index], np.float32)

    def landmark_positions(self, cage_m: F32Array) -> F64Array:
        """(68, 3) without refining the rest; equal to the rendered vertices bit for bit."""
        rows = self.surface.operator[self.surface.landmarks]
        return np.asarray(rows @ cage_m[self.surface.cage_index], np.float64)

    def build(self, spec: SceneSpec) -> Head:
        """Morph, turn and subdivide.

        Raises:
            AssetError: the spec names a shape key or unit that this head lacks.
        """
        surface = self.surface
        neutral = self.targets.neutral(spec.identity)
        origin = self.landmark_positions(neutral)[list(EYE_CORNERS)].mean(0)
        rest_from_head = _rigid(self.rest_from_head, origin)

        camera = camera_from_world_rotation(
            spec.camera.azimuth_deg, spec.camera.elevation_deg, spec.camera.roll_deg
        )
        label = camera_from_head_rotation(
            spec.pose.yaw_deg, spec.pose.pitch_deg, spec.pose.roll_deg
        )
        world_from_rest = world_from_head_rotation(camera, label) @ self.rest_from_head.T
        pivot = self.rig.pivot(neutral)
        world_from_skull = _rigid(world_from_rest, pivot - world_from_rest @ pivot)
        world_from_head = world_from_skull @ rest_from_head

        expressed = self.targets.express(neutral, spec.expression)
        for arm in self.arms:
            expressed = arm.lower(expressed)
        cage = self.rig.turn(expressed, world_from_rest, pivot)
        vertices = self.refine(cage)
        camera_from_head = _rigid(label, np.array([spec.pose.x_m, spec.pose.y_m, spec.pose.z_m]))
        # Exact inverse of a rigid motion, without the rounding of a general inverse.
        head_from_world = _rigid(
            world_from_head[:3, :3].T, -world_from_head[:3, :3].T @ world_from_head[:3, 3]
        )
        return Head(
            vertices_m=vertices,
            normals=vertex_normals(vertices, surface.faces),
            faces=surface.faces,
            uv=surface.uv,
            face_class=surface.face_class,
            rest_m=surface.rest_m,
            masks=surface.masks,
            cage_m=cage,
            world_from_skull=world_from_skull,
            world_from_head=world_from_head,
            camera_from_world=camera_from_head @ head_from_world,
            eyes=self._eyes(spec, neutral, world_from_skull, world_from_head),
            landmarks_m=vertices[surface.landmarks].astype(np.float64),
        )

    def _eyes(
        self,
        spec: SceneSpec,
        neutral: F32Array,
        world_from_skull: F64Array,
        world_from_head: F64Array,
    ) -> dict[str, Eye]:
        head_from_world = np.linalg.inv(world_from_head)
        gaze = direction_from_angles(spec.gaze.yaw_deg, spec.gaze.pitch_deg)
        target = gaze * spec.gaze.distance_m
        eyes = {}
        for side, (first, last) in self.facts.eye_ranges.items():
            ball = neutral[first : last + 1].astype(np.float64)
            low, high = ball.min(0), ball.max(0)
            # The helper is a sphere with a bulge in front: its width and height give the ball.
            radius = float((high[:2] - low[:2]).mean() / 2)
            centre = (low + high) / 2
            centre[2] = low[2] + radius
            world = world_from_skull[:3, :3] @ centre + world_from_skull[:3, 3]
            to_target = target - (head_from_world[:3, :3] @ world + head_from_world[:3, 3])
            x, y, z = to_target / np.linalg.norm(to_target)
            head_from_eye = rotation_y(np.arctan2(x, z)) @ rotation_x(-np.arcsin(y))
            eyes[side] = Eye(world, radius, world_from_head[:3, :3] @ head_from_eye)
        return eyes


@lru_cache(maxsize=2)
def load_head_model(store: Store) -> HeadModel:
    """The head model of a store, kept for the life of the process."""
    return HeadModel(store)
