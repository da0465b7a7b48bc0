"""The head frame's zero, and a linear model of the 68 landmarks for sampling without meshes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array
from assets.head.facts import load_facts
from assets.head.morph import MACRO_FIELDS, LinearModel, MorphTargets, macro_weights
from assets.head.surface import load_surface
from assets.store import Store
from spec_schema.frames import rotation_x

__all__ = ["LandmarkModel", "frame_rotation", "load_landmark_model"]

F64Array = NDArray[np.float64]

_EYE_CORNERS = [36, 39, 42, 45]
_MOUTH_CORNERS = [48, 54]


class LandmarkModel:
    """Landmarks as a linear function of the spec, the same as the full model gives.

    The facial landmarks are rigid with the skull, so turning the head does not change them.
    """

    def __init__(self, store: Store) -> None:
        surface = load_surface(store)
        self._facts = load_facts()
        self._targets = MorphTargets(store, self._facts)
        rows = surface.operator[surface.landmarks]
        width = int(np.diff(rows.indptr).max())
        columns = np.zeros((68, width), np.int64)
        weights = np.zeros((68, width), np.float64)
        for i in range(68):
            a, b = rows.indptr[i], rows.indptr[i + 1]
            columns[i, : b - a] = surface.cage_index[rows.indices[a:b]]
            weights[i, : b - a] = rows.data[a:b]
        columns[weights == 0] = surface.cage_index[0]
        self._linear: LinearModel = self._targets.rows(columns, weights)
        self.shape_keys: tuple[str, ...] = self._targets.shape_keys
        self.one_sided: frozenset[str] = self._targets.one_sided
        self.groups: dict[str, str] = self._targets.groups
        self.rest_from_head = self._zero()

    def neutral_rest_m(self, macro: Mapping[str, F64Array], shape: F32Array) -> F32Array:
        """Landmarks ``(N, 68, 3)`` in the upright rest pose, metres, without expression.

        Args:
            macro: :data:`~assets.head.morph.MACRO_FIELDS` as arrays ``(N,)``.
            shape: weights ``(N, len(shape_keys))`` in the order of :attr:`shape_keys`.
        """
        m = self._linear
        weights = macro_weights(self._targets.macro_names, macro, self._facts).astype(np.float32)
        n = len(weights)

        def flat(a: F32Array) -> F32Array:
            return a.reshape(len(a), -1)

        out = np.broadcast_to(m.base.reshape(1, -1), (n, 68 * 3)) + weights @ flat(m.macro)
        out = out + np.maximum(shape, 0) @ flat(m.shape_positive)
        out = out + np.maximum(-shape, 0) @ flat(m.shape_negative)
        return np.asarray(out.reshape(n, 68, 3), np.float32)

    def landmarks_head_m(
        self, macro: Mapping[str, F64Array], shape: F32Array, expression: F32Array
    ) -> F32Array:
        """Landmarks ``(N, 68, 3)`` in the head frame, metres, with expression.

        Args:
            expression: weights ``(N, 52)`` in the order of ``ARKIT_UNITS``.
        """
        neutral = self.neutral_rest_m(macro, shape)
        origin = neutral[:, _EYE_CORNERS].mean(1, keepdims=True)
        moved = expression @ self._linear.expression.reshape(len(self._linear.expression), -1)
        rest = neutral - origin + moved.reshape(neutral.shape)
        return np.asarray(rest @ self.rest_from_head.astype(np.float32), np.float32)

    def _zero(self) -> F64Array:
        third = np.full(6, 1 / 3)
        macro = {name: np.full(6, 0.5) for name in MACRO_FIELDS}
        macro |= {"african": third, "asian": third, "european": third}
        macro["sex"] = np.array([0.0, 1.0] * 3)
        macro["age_years"] = np.full(6, self._facts.mean_age_years)
        shape = np.zeros((6, len(self.shape_keys)), np.float32)
        mean = self.neutral_rest_m(macro, shape).astype(np.float64).mean(0)
        up = mean[_EYE_CORNERS].mean(0) - mean[_MOUTH_CORNERS].mean(0)
        lean_back = np.arctan2(-up[2], up[1])
        excess = lean_back - np.radians(self._facts.mouth_to_eye_lean_deg)
        # A turn by +excess about x would bring the line to the wanted lean; the head frame's
        # axes in the rest pose are the inverse of that turn.
        return np.asarray(rotation_x(-excess))


@lru_cache(maxsize=2)
def load_landmark_model(store: Store) -> LandmarkModel:
    """The landmark model of a store, kept for the life of the process."""
    return LandmarkModel(store)


def frame_rotation(store: Store) -> F64Array:
    """``rest_from_head`` (3, 3): the head frame's axes in the upright rest pose."""
    return load_landmark_model(store).rest_from_head
