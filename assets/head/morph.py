"""Morph targets of the head model: macro parameters, detail shape keys, expression units.

Source of the macro scheme: MakeHuman's macro targets (sex, age, ancestry, muscle, weight),
each of them multilinear between named extremes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from assets.geometry import F32Array
from assets.head.calibration import Targets, amplified, with_closed_corners, with_closed_lips
from assets.head.facts import HeadFacts
from assets.head.landmark_rows import LandmarkRows, landmark_rows
from assets.head.lids import OPENINGS, closing_units, fitted_blinks, lid_units, openings_mm
from assets.head.lips import LipSeal, added
from assets.head.neck import NeckShapes, neck_shapes
from assets.store import Store
from spec_schema.errors import AssetError, nearest
from spec_schema.spec import ARKIT_UNITS, IdentitySpec

__all__ = ["MACRO_FIELDS", "MorphTargets", "macro_weights"]

F64Array = NDArray[np.float64]

MACRO_FIELDS = ("sex", "age_years", "african", "asian", "european", "weight", "muscle")
_UNIT = {name: i for i, name in enumerate(ARKIT_UNITS)}
_ANCESTRY = {"african": "african", "asian": "asian", "caucasian": "european"}


def macro_weights(
    names: Sequence[str], macro: Mapping[str, F64Array], facts: HeadFacts
) -> F64Array:
    """Weight of each macro target, ``(N, len(names))``.

    Args:
        names: macro target names such as ``african-female-old`` and
            ``universal-male-young-minmuscle-maxweight``.
        macro: :data:`MACRO_FIELDS` as arrays ``(N,)``; sex 0 female to 1 male, shares 0-1.
        facts: gives the ages that "young" and "old" stand for.
    """
    sex = np.asarray(macro["sex"], np.float64)
    span = facts.old_years - facts.young_years
    age = np.asarray(macro["age_years"], np.float64)
    old = np.asarray(np.clip((age - facts.young_years) / span, 0.0, 1.0))
    part: dict[str, Any] = {"female": 1 - sex, "male": sex, "young": 1 - old, "old": old}
    for name, field in _ANCESTRY.items():
        part[name] = np.asarray(macro[field], np.float64)
    for name in ("muscle", "weight"):
        value = np.asarray(macro[name], np.float64)
        part["min" + name] = np.maximum(0.0, 1 - 2 * value)
        part["average" + name] = 1 - np.abs(2 * value - 1)
        part["max" + name] = np.maximum(0.0, 2 * value - 1)
    part["universal"] = np.ones_like(sex)
    order = {word: i for i, word in enumerate(part)}
    factors = _factors(tuple(names), tuple(order))
    table = np.stack(list(part.values()))
    weight = table[factors[:, 0]]
    for column in factors.T[1:]:
        weight = weight * table[column]
    return np.ascontiguousarray(np.moveaxis(weight, 0, -1))


@lru_cache(maxsize=4)
def _factors(names: tuple[str, ...], words: tuple[str, ...]) -> NDArray[np.int64]:
    """(names, most words of a name) each word's place; ``universal`` (1) where none is left."""
    parts = [name.split("-") for name in names]
    most = max(map(len, parts))
    one = words.index("universal")
    rows = [[words.index(w) for w in p] + [one] * (most - len(p)) for p in parts]
    return np.array(rows, np.int64)


@dataclass(frozen=True)
class _Key:
    positive: int
    negative: int | None


class MorphTargets:
    """All targets of a store, and which identity keys and expression units they make."""

    def __init__(self, store: Store, facts: HeadFacts) -> None:
        self._facts = facts
        names: list[str] = store.json("head/targets/names")
        index = {name: i for i, name in enumerate(names)}
        self.macro_names = [n.removeprefix("macro/") for n in names if n.startswith("macro/")]
        self._macro = [index["macro/" + n] for n in self.macro_names]
        self._arkit = {u: index["arkit/" + u] for u in ARKIT_UNITS}
        # Those that close what is open of the eyes are added behind the pack's.
        self._moving = [self._arkit[u] for u in ARKIT_UNITS]
        self._moving += range(len(names), len(names) + len(OPENINGS))
        self._keys = _signed_keys(names, index, facts)
        self.base, targets = self._calibrated(store)
        self._offsets, self._vertex, self._delta = targets.offsets, targets.vertex, targets.delta
        self._landmarks = landmark_rows()
        self.opening_by_unit = self._opening_by_unit()
        self.neck_shapes: NeckShapes = neck_shapes(self.base, facts.neck_shape)
        self.shape_keys: tuple[str, ...] = tuple(sorted(self._keys))
        self.one_sided = frozenset(k for k, v in self._keys.items() if v.negative is None)
        self.groups: dict[str, str] = {}
        for key, value in self._keys.items():
            self.groups[key] = names[value.positive].split("/")[0]

    def _calibrated(self, store: Store) -> tuple[F32Array, Targets]:
        """The base mesh and all targets, as ``[expression]`` of the head's facts wants them."""
        targets = Targets(
            store.array("head/targets/offsets"),
            store.array("head/targets/vertex"),
            store.array("head/targets/delta"),
        )
        base = np.asarray(store.array("head/vertices"), np.float32)
        gains = {self._arkit[unit]: gain for unit, gain in self._facts.unit_gains.items()}
        identity = [*self._macro]
        for key in self._keys.values():
            identity += [t for t in (key.positive, key.negative) if t is not None]
        blinks = [self._arkit[f"eyeBlink{side}"] for side in ("Left", "Right")]
        sized = fitted_blinks(base, amplified(targets, gains), blinks, self._facts.lids)
        closing, facts = self._arkit["mouthClose"], self._facts
        gap_m, mirror = facts.neutral_lip_gap_m, np.asarray(store.array("head/mirror"))
        base, sized = with_closed_lips(base, sized, identity, closing, gap_m)
        base, sized = with_closed_corners(base, sized, identity, facts.lip_corners, mirror)
        # The corners took the middle a tenth of a millimetre along.
        base, sized = with_closed_lips(base, sized, identity, closing, gap_m)
        sums = {
            self._arkit[f"mouthSmile{side}"]: self._arkit[f"mouthLowerDown{side}"]
            for side in ("Left", "Right")
        }
        sized = added(sized, sums, facts.lower_by_smile)
        seal = LipSeal(base, store.array("head/faces"), mirror, facts.lip_seal)
        shares = dict.fromkeys(identity, facts.lip_seal.identity)
        shares |= {self._arkit[unit]: share for unit, share in facts.lip_seal.units.items()}
        at_corners = {
            self._arkit[unit]: share for unit, share in facts.lip_seal.corner_units.items()
        }
        closed = seal.sealed(sized, shares, at_corners)
        return seal.loosened(base, facts.lip_seal.overlap_m), closed

    @cached_property
    def _matrix(self) -> sparse.csr_matrix:
        """(3 V, targets) float32: displacements, x, y, z of each vertex in turn."""
        rows = self._vertex[:, None] * 3 + np.arange(3, dtype=np.int32)
        parts = (self._delta.ravel(), rows.ravel(), self._offsets * 3)
        return sparse.csc_matrix(parts, shape=(self.base.size, len(self._offsets) - 1)).tocsr()

    @cached_property
    def _identity_matrix(self) -> sparse.csr_matrix:
        """The columns of :attr:`_matrix` that make an identity."""
        return self._matrix[:, self._identity_columns]

    @cached_property
    def _identity_columns(self) -> NDArray[np.int64]:
        return np.setdiff1d(np.arange(len(self._offsets) - 1), self._moving)

    @cached_property
    def _expression_matrix(self) -> sparse.csr_matrix:
        """The columns of :attr:`_matrix` that are expression units, in the order of ARKit's, and
        those that close the eyes."""
        return self._matrix[:, self._moving]

    def neutral(self, identity: IdentitySpec) -> F32Array:
        """Cage ``(19158, 3)`` in metres of an identity without expression, rest pose.

        Raises:
            AssetError: a shape key that this head lacks.
        """
        fields = {f: np.array([getattr(identity, f)], np.float64) for f in MACRO_FIELDS}
        weights = np.zeros(len(self._offsets) - 1, np.float32)
        weights[self._macro] = macro_weights(self.macro_names, fields, self._facts)[0]
        for name, value in identity.shape.items():
            key = self._keys.get(name)
            if key is None:
                if not value:  # the column of a user's head that is gone
                    continue
                hint = nearest(name, self._keys)
                raise AssetError(f"identity.shape.{name}: no such shape key; {hint}")
            if value > 0:
                weights[key.positive] = value
            elif value < 0 and key.negative is not None:
                weights[key.negative] = -value
        moved = self._identity_matrix @ weights[self._identity_columns]
        return np.asarray(
            self.base + moved.reshape(-1, 3) + self.neck_shapes.of(identity), np.float32
        )

    def express(self, neutral: F32Array, expression: Mapping[str, float]) -> F32Array:
        """Add expression units to a cage.

        Raises:
            AssetError: a unit that this head lacks.
        """
        weights = np.zeros(len(ARKIT_UNITS), np.float32)
        for name, value in expression.items():
            unit = _UNIT.get(name)
            if unit is None:
                hint = nearest(name, _UNIT)
                raise AssetError(f"expression.{name}: no such expression unit; {hint}")
            weights[unit] = value
        moving = self.moving_units(weights[None], self._openings_mm(neutral)[None])
        moved = self._expression_matrix @ moving[0]
        return np.asarray(neutral + moved.reshape(-1, 3), np.float32)

    def moving_units(self, weights: F32Array, openings: F64Array) -> F32Array:
        """Weights ``(n, 56)`` of the moving targets, those of the units first.

        Args:
            weights: ``(n, 52)`` in the order of ``ARKIT_UNITS``.
            openings: ``(n, 4)`` of the neutral faces' eyes, mm, as in :data:`OPENINGS`.
        """
        units = lid_units(weights, self._facts.lids)
        closing = closing_units(units, openings, self.opening_by_unit)
        return np.concatenate([units, closing], axis=1)

    def _openings_mm(self, cage: F32Array) -> F64Array:
        heights = cage[:, 1].astype(np.float64)[self._landmarks.vertices]
        return openings_mm((heights * self._landmarks.weights).sum(axis=1))

    def _opening_by_unit(self) -> F64Array:
        """``(52, 4)`` mm that each unit but the blinks adds to the openings of the eyes."""
        out = np.zeros((len(ARKIT_UNITS), len(OPENINGS)))
        for i, unit in enumerate(ARKIT_UNITS):
            if not unit.startswith("eyeBlink"):
                target = self._arkit[unit]
                span = slice(int(self._offsets[target]), int(self._offsets[target + 1]))
                moved = np.zeros_like(self.base)
                moved[self._vertex[span]] = self._delta[span]
                out[i] = self._openings_mm(moved)
        return out

    def at(self, vertices: NDArray[np.int64]) -> MorphTargets:
        """The same targets for some cage vertices only, sorted; equal to those bit for bit.

        Every coordinate is a sum of its own, over the targets in their order.
        """
        out = copy(self)
        place = np.full(len(self.base), -1, np.int32)
        place[vertices] = np.arange(len(vertices), dtype=np.int32)
        where = place[self._vertex]
        kept = where >= 0
        before = np.concatenate([[0], np.cumsum(kept)])
        out.base = self.base[vertices]
        # Landmarks whose vertices are left out are never asked for.
        rows = place[self._landmarks.vertices].astype(np.int64)
        out._landmarks = LandmarkRows(rows, self._landmarks.weights)
        out.neck_shapes = self.neck_shapes.at(vertices)
        out._offsets = before[self._offsets]
        out._vertex = where[kept]
        out._delta = self._delta[kept]
        for name in ("_matrix", "_identity_matrix", "_expression_matrix"):
            out.__dict__.pop(name, None)  # made anew from the fewer rows
        return out

    def rows(self, rows: NDArray[np.int64], weights: NDArray[np.float64]) -> LinearModel:
        """The targets restricted to weighted sums of cage vertices.

        Args:
            rows: ``(R, C)`` cage vertices. weights: ``(R, C)``.
        """
        lookup = np.full(len(self.base), -1)
        used = np.unique(rows)
        lookup[used] = np.arange(len(used))

        def restrict(target: int) -> F32Array:
            a, b = int(self._offsets[target]), int(self._offsets[target + 1])
            where = lookup[self._vertex[a:b]]
            dense = np.zeros((len(used), 3), np.float32)
            dense[where[where >= 0]] = self._delta[a:b][where >= 0]
            return combine(dense)

        def combine(dense: F32Array) -> F32Array:
            picked = dense[lookup[rows]] * weights[..., None]
            return np.asarray(picked.sum(axis=1), np.float32)

        shape_positive = np.stack([restrict(self._keys[k].positive) for k in self.shape_keys])
        shape_negative = np.stack(
            [
                np.zeros_like(shape_positive[0]) if neg is None else restrict(neg)
                for neg in (self._keys[k].negative for k in self.shape_keys)
            ]
        )
        return LinearModel(
            base=combine(self.base[used]),
            macro=np.stack([restrict(t) for t in self._macro]),
            shape_positive=shape_positive,
            shape_negative=shape_negative,
            expression=np.stack([restrict(t) for t in self._moving]),
        )


@dataclass(frozen=True)
class LinearModel:
    """Morph targets at a few points: arrays ``(targets, points, 3)`` in metres."""

    base: F32Array
    macro: F32Array
    shape_positive: F32Array
    shape_negative: F32Array
    expression: F32Array
    """Those of the units, and those that close the eyes."""


def _signed_keys(
    names: Sequence[str], index: Mapping[str, int], facts: HeadFacts
) -> dict[str, _Key]:
    """Keys by the name of their positive target, "-incr" left out.

    ``nose-hump`` is nose-hump-incr (positive) and nose-hump-decr; ``nose-trans-up`` is
    nose-trans-up and nose-trans-down; ``head-round`` has no opposite.
    """
    positive = dict(facts.opposites)
    negative = {n for p, n in facts.opposites}
    keys: dict[str, _Key] = {}
    for name in names:
        group, _, stem = name.partition("/")
        if group not in facts.target_groups:
            continue
        head, _, tail = stem.rpartition("-")
        ends = {p for p, n in facts.opposites if n == tail}
        if tail in negative and any(f"{group}/{head}-{p}" in index for p in ends):
            continue
        other = index.get(f"{group}/{head}-{positive[tail]}") if tail in positive else None
        keys[stem.removesuffix("-incr")] = _Key(index[name], other)
    return keys
