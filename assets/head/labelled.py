"""The rows of a head that are labelled, without building the rest.

A rendered vertex is a row of the subdivision operator times the cage, and a cage vertex is a sum
of its own morph targets, turned by itself. So a few rows cost a few rows, and equal those of the
whole head bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from assets.geometry import F32Array
from assets.head.placing import Eye, place_head

if TYPE_CHECKING:
    from assets.head.model import HeadModel
    from spec_schema.spec import SceneSpec

__all__ = ["LabelledHead", "LabelledRows"]

F64Array = NDArray[np.float64]


@dataclass(frozen=True)
class LabelledHead:
    """What the geometric labels of a head are made of, world frame, metres."""

    dense_m: F32Array
    """(D, 3) the dense vertices: rows of the rendered ones."""
    landmarks_m: F64Array
    """(68, 3)"""
    rest_landmarks_m: F64Array
    """(68, 3) of this identity without expression, in the upright rest pose."""
    world_from_head: F64Array
    """(4, 4)"""
    camera_from_world: F64Array
    """(4, 4)"""
    eyes: dict[str, Eye]


class LabelledRows:
    """A head model cut down to the labelled rows."""

    def __init__(self, model: HeadModel) -> None:
        surface = model.surface
        self._n_dense = len(surface.dense)
        rows = surface.operator[np.concatenate([surface.dense, surface.landmarks])]
        eye_ranges = [np.arange(a, b + 1) for a, b in model.facts.eye_ranges.values()]
        pivots = [model.rig.pivot_vertices, *(arm.pivot_vertices for arm in model.arms)]
        used = surface.cage_index[np.unique(rows.indices)]
        self._vertices = np.unique(np.concatenate([used, *pivots, *eye_ranges]))
        self._rows = self._renumbered(rows, surface.cage_index)
        self._landmark_rows = self._renumbered(
            surface.operator[surface.landmarks], surface.cage_index
        )
        self._rest_from_head = model.rest_from_head
        self._targets = model.targets.at(self._vertices)
        self._rig = model.rig.at(self._vertices)
        self._arms = tuple(arm.at(self._vertices) for arm in model.arms)
        self._eyes = {
            side: np.searchsorted(self._vertices, np.arange(a, b + 1))
            for side, (a, b) in model.facts.eye_ranges.items()
        }

    def _renumbered(
        self, rows: sparse.csr_matrix, cage_index: NDArray[np.int64]
    ) -> sparse.csr_matrix:
        """Rows of the operator over the used vertices; the order of each row's terms is kept."""
        columns = np.searchsorted(self._vertices, cage_index[rows.indices])
        shape = (rows.shape[0], len(self._vertices))
        return sparse.csr_matrix((rows.data, columns, rows.indptr), shape=shape)

    def build(self, spec: SceneSpec) -> LabelledHead:
        """As :meth:`HeadModel.build`, for the labelled rows.

        Raises:
            AssetError: the spec names a shape key or unit that this head lacks.
        """
        neutral = self._targets.neutral(spec.identity)
        rest_landmarks = np.asarray(self._landmark_rows @ neutral, np.float64)
        pivot = self._rig.pivot(neutral)
        balls = {side: neutral[rows] for side, rows in self._eyes.items()}
        placed = place_head(spec, self._rest_from_head, rest_landmarks, pivot, balls)
        expressed = self._targets.express(neutral, spec.expression)
        for arm in self._arms:
            expressed = arm.lower(expressed)
        cage = self._rig.turn(expressed, placed.world_from_skull[:3, :3], pivot)
        points = np.asarray(self._rows @ cage, np.float32)
        return LabelledHead(
            dense_m=points[: self._n_dense],
            landmarks_m=points[self._n_dense :].astype(np.float64),
            rest_landmarks_m=rest_landmarks,
            world_from_head=placed.world_from_head,
            camera_from_world=placed.camera_from_world,
            eyes=placed.eyes,
        )
