"""The head frame's zero, and a linear model of the 68 landmarks for sampling without meshes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array
from assets.head.facts import load_facts
from assets.head.landmark_rows import landmark_rows
from assets.head.lids import openings_mm
from assets.head.morph import MACRO_FIELDS, LinearModel, MorphTargets, macro_weights
from assets.store import Store
from spec_schema.frames import rotation_x

__all__ = ["LandmarkModel", "frame_rotation", "load_landmark_model"]

F64Array = NDArray[np.float64]

_STILL_M: Final = 1e-9

_EYE_CORNERS = [36, 39, 42, 45]
_MOUTH_CORNERS = [48, 54]


@dataclass(frozen=True)
class _HeadFrame:
    """Linear in the weights; rows are the coordinates of the landmarks in the head frame, m."""

    base: F32Array
    """``(68 * 3, 1)``"""
    identity: F32Array
    """``(68 * 3, T)`` of the targets that move a landmark."""
    parts: tuple[NDArray[np.int64], ...]
    """Which macros, positive and negative shape keys these are, one after the other."""
    expression: F32Array
    """``(68 * 3, 56)``"""


class LandmarkModel:
    """Landmarks as a linear function of the spec, the same as the full model gives.

    The facial landmarks are rigid with the skull, so turning the head does not change them.
    """

    def __init__(self, store: Store) -> None:
        self._facts = load_facts()
        self._targets = MorphTargets(store, self._facts)
        rows = landmark_rows()
        self._linear: LinearModel = self._targets.rows(rows.vertices, rows.weights)
        self.shape_keys: tuple[str, ...] = self._targets.shape_keys
        self.one_sided: frozenset[str] = self._targets.one_sided
        self.groups: dict[str, str] = self._targets.groups
        self.rest_from_head = self._zero()
        self._head = self._in_head_frame()

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
        neutral = self.neutral_head_m(macro, shape)
        return neutral + self.moved_head_m(expression, neutral)

    def neutral_head_m(self, macro: Mapping[str, F64Array], shape: F32Array) -> F32Array:
        """Landmarks ``(N, 68, 3)`` in the head frame, metres, without expression."""
        head, n = self._head, len(shape)
        by_macro = macro_weights(self._targets.macro_names, macro, self._facts)
        first, second, third = (len(part) for part in head.parts)
        weights = np.empty((first + second + third, n), np.float32)
        weights[:first] = by_macro.T[head.parts[0]]
        positive, negative = weights[first : first + second], weights[first + second :]
        np.maximum(shape.T[head.parts[1]], 0, out=positive)
        np.negative(np.minimum(shape.T[head.parts[2]], 0, out=negative), out=negative)
        out = head.identity @ weights
        out += head.base
        return _rows_first(out, n)

    def moved_head_m(self, expression: F32Array, neutral: F32Array) -> F32Array:
        """What expressions ``(N, 52)`` add to neutral landmarks ``(N, 68, 3)`` in the head frame:
        ``(N, 68, 3)``, m."""
        heights = neutral @ self.rest_from_head[1].astype(np.float32)
        weights = self._targets.moving_units(expression, openings_mm(heights))
        moving = np.flatnonzero(weights.any(axis=0))
        moved = self._head.expression[:, moving] @ weights[:, moving].T
        return _rows_first(moved, len(expression))

    def _in_head_frame(self) -> _HeadFrame:
        """The linear model with its origin between the eye corners of the neutral face, turned
        to the head's axes."""
        m, turn = self._linear, self.rest_from_head

        def turned(points: F32Array, origin: bool = True) -> F32Array:
            at = points.astype(np.float64).reshape(-1, 68, 3)
            if origin:
                at = at - at[:, _EYE_CORNERS].mean(1, keepdims=True)
            return np.ascontiguousarray((at @ turn).reshape(len(at), -1).T, np.float32)

        parts = [turned(p) for p in (m.macro, m.shape_positive, m.shape_negative)]
        moving = tuple(np.flatnonzero((np.abs(p) > _STILL_M).any(axis=0)) for p in parts)
        chosen = [p[:, columns] for p, columns in zip(parts, moving, strict=True)]
        return _HeadFrame(
            base=turned(m.base),
            identity=np.concatenate(chosen, axis=1),
            parts=moving,
            expression=turned(m.expression, origin=False),
        )

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


def _rows_first(points: F32Array, n: int) -> F32Array:
    """``(68 * 3, n)`` as ``(n, 68, 3)``; in memory a coordinate's rows stay side by side."""
    return points.reshape(68, 3, n).transpose(2, 0, 1)


@lru_cache(maxsize=2)
def load_landmark_model(store: Store) -> LandmarkModel:
    """The landmark model of a store, kept for the life of the process."""
    return LandmarkModel(store)


def frame_rotation(store: Store) -> F64Array:
    """``rest_from_head`` (3, 3): the head frame's axes in the upright rest pose."""
    return load_landmark_model(store).rest_from_head
