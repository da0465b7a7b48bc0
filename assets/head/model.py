"""The head model: from a scene spec to the posed, subdivided head."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array, I32Array, U8Array
from assets.head.dense_landmarks import DenseLandmarks, load_dense_landmarks
from assets.head.facts import load_facts
from assets.head.labelled import LabelledHead, LabelledRows
from assets.head.landmarks import frame_rotation
from assets.head.morph import MorphTargets
from assets.head.placing import Eye, place_head
from assets.head.rig import NeckRig, load_arms, load_neck_rig
from assets.head.surface import HeadSurface, landmark_cage, load_surface, vertex_normals
from assets.store import Store
from spec_schema.spec import SceneSpec

__all__ = ["Eye", "Head", "HeadModel", "load_head_model"]

F64Array = NDArray[np.float64]


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
    neutral_m: F32Array
    """(19158, 3) the cage of this identity without expression, in the upright rest pose."""
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
    rest_landmarks_m: F64Array
    """(68, 3) the landmarks of this identity without expression, in the upright rest pose."""


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
        self.dense_landmarks: DenseLandmarks = load_dense_landmarks(store)
        self._mirror = np.asarray(store.array("head/mirror"))

    @property
    def shape_keys(self) -> tuple[str, ...]:
        """Identity shape keys, sorted; in [-1, 1], or [0, 1] if in :attr:`one_sided`."""
        return self.targets.shape_keys

    @property
    def one_sided(self) -> frozenset[str]:
        """Shape keys without an opposite."""
        return self.targets.one_sided

    @property
    def mirror_of_dense(self) -> NDArray[np.int64]:
        """(D,) the rendered vertex on the other side of each dense one."""
        opposite = self._mirror[self.surface.cage_index[self.surface.dense]]
        return np.asarray(np.searchsorted(self.surface.cage_index, opposite), np.int64)

    @property
    def landmark_vertices(self) -> list[list[int]]:
        """Dense vertices that each of the 68 landmarks is made of: itself, or an edge's ends."""
        dense_cage = self.surface.cage_index[self.surface.dense]
        cage = landmark_cage(self.facts, self._mirror)
        return [np.searchsorted(dense_cage, vertices).tolist() for vertices in cage]

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
        rest_landmarks = self.landmark_positions(neutral)
        pivot = self.rig.pivot(neutral)
        balls = {side: neutral[a : b + 1] for side, (a, b) in self.facts.eye_ranges.items()}
        placed = place_head(spec, self.rest_from_head, rest_landmarks, pivot, balls)
        expressed = self.targets.express(neutral, spec.expression)
        for arm in self.arms:
            expressed = arm.lower(expressed)
        cage = self.rig.turn(expressed, placed.world_from_skull[:3, :3], pivot)
        vertices = self.refine(cage)
        return Head(
            vertices_m=vertices,
            normals=vertex_normals(vertices, surface.faces),
            faces=surface.faces,
            uv=surface.uv,
            face_class=surface.face_class,
            rest_m=surface.rest_m,
            masks=surface.masks,
            cage_m=cage,
            neutral_m=neutral,
            world_from_skull=placed.world_from_skull,
            world_from_head=placed.world_from_head,
            camera_from_world=placed.camera_from_world,
            eyes=placed.eyes,
            landmarks_m=vertices[surface.landmarks].astype(np.float64),
            rest_landmarks_m=rest_landmarks,
        )

    def labelled(self, head: Head) -> LabelledHead:
        """The labelled rows of a head that is built."""
        return LabelledHead(
            dense_m=head.vertices_m[self.surface.dense],
            landmarks_m=head.landmarks_m,
            rest_landmarks_m=head.rest_landmarks_m,
            world_from_head=head.world_from_head,
            camera_from_world=head.camera_from_world,
            eyes=head.eyes,
        )

    @cached_property
    def _labelled_rows(self) -> LabelledRows:
        return LabelledRows(self)

    def build_labelled(self, spec: SceneSpec) -> LabelledHead:
        """``labelled(build(spec))``, bit for bit, at a fraction of the cost.

        Raises:
            AssetError: the spec names a shape key or unit that this head lacks.
        """
        return self._labelled_rows.build(spec)


@lru_cache(maxsize=2)
def load_head_model(store: Store) -> HeadModel:
    """The head model of a store, kept for the life of the process."""
    return HeadModel(store)
