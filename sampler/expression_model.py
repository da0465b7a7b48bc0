"""What a config says of faces: kinds of expression, gestures of regions, what can't go together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from sampler.config_model import ConfigModel
from sampler.copula import ComponentConfig
from sampler.distributions import Categorical
from sampler.quantities import Chance, Fraction, Positive, Share, Signed
from sampler.streams import F64
from spec_schema.errors import nearest
from spec_schema.spec import ARKIT_UNITS

__all__ = [
    "COLUMN",
    "ExpressionConfig",
    "ExpressionKind",
    "ExpressionPart",
    "LookLimits",
    "Repertoire",
    "SumLimit",
    "YieldRule",
    "columns",
]

Weight = Annotated[float, Field(ge=0, le=1.5)]

COLUMN: Final = {unit: i for i, unit in enumerate(ARKIT_UNITS)}
"""Place of each unit in :data:`~spec_schema.spec.ARKIT_UNITS`."""
_LOOK: Final = frozenset(u for u in ARKIT_UNITS if u.startswith("eyeLook"))


def _units(name: str) -> tuple[str, ...]:
    """The units that a name stands for: itself, or both sides (``mouthSmile``)."""
    if name in _LOOK or f"{name}Left" in _LOOK:
        raise ValueError(f"{name!r} follows from the gaze, and can't be set here")
    if name in COLUMN:
        return (name,)
    sides = (f"{name}Left", f"{name}Right")
    if sides[0] in COLUMN and sides[1] in COLUMN:
        return sides
    known = {u.removesuffix("Left") for u in ARKIT_UNITS if not u.endswith("Right")}
    raise ValueError(f"no expression unit {name!r}; {nearest(name, known | set(ARKIT_UNITS))}")


def columns(names: list[str]) -> list[int]:
    """Columns of these units; a name without a side stands for both."""
    return [COLUMN[u] for name in names for u in _units(name)]


def _vector(weights: dict[str, float]) -> F64:
    """``(52,)``"""
    out = np.zeros(len(ARKIT_UNITS))
    for name, weight in weights.items():
        out[columns([name])] = weight
    return out


class ExpressionPart(ConfigModel):
    """What some of the faces that make an expression add to it."""

    chance: Share
    """How many of them do."""
    amount: Fraction
    """How far, by the intensity of the whole."""
    weights: dict[str, Weight]

    @model_validator(mode="after")
    def _check(self) -> ExpressionPart:
        columns(list(self.weights))
        return self


class ExpressionKind(ConfigModel):
    """One thing that faces do: weights at full intensity, for both sides where not named."""

    share: Positive
    intensity: Fraction
    one_sided: bool = False
    """Played on one side, which is drawn (wink, smirk)."""
    weights: dict[str, Weight]
    parts: list[ExpressionPart] = Field(default_factory=list)

    @model_validator(mode="after")
    def _check(self) -> ExpressionKind:
        columns(list(self.weights))
        return self


@dataclass(frozen=True)
class Repertoire:
    """Kinds of expression as arrays, in the order of their names."""

    shares: Categorical
    kinds: tuple[ExpressionKind, ...]
    weights: F64
    """``(kinds, 52)`` at full intensity."""
    parts: tuple[tuple[F64, ...], ...]
    """Of each kind, the weights ``(52,)`` of its parts."""
    one_sided: NDArray[np.bool_]

    @staticmethod
    def of(kinds: dict[str, ExpressionKind]) -> Repertoire:
        return Repertoire(
            shares=Categorical(weights={name: kind.share for name, kind in kinds.items()}),
            kinds=tuple(kinds.values()),
            weights=np.stack([_vector(kind.weights) for kind in kinds.values()]),
            parts=tuple(tuple(_vector(p.weights) for p in kind.parts) for kind in kinds.values()),
            one_sided=np.array([kind.one_sided for kind in kinds.values()]),
        )


class SumLimit(ConfigModel):
    """Units that together may not exceed a limit; all are scaled down where they would."""

    units: list[str]
    limit: Positive

    @model_validator(mode="after")
    def _check(self) -> SumLimit:
        columns(self.units)
        return self


class YieldRule(ConfigModel):
    """Units that give way: none is more than ``limit - slope * x``, where x is the strongest of
    those that they yield ``to``."""

    units: list[str]
    to: list[str]
    limit: Positive
    slope: Positive

    @model_validator(mode="after")
    def _check(self) -> YieldRule:
        columns([*self.units, *self.to])
        return self


class LookLimits(ConfigModel):
    """Gaze angle at which an eyeLook unit is 1."""

    out_deg: Positive
    in_deg: Positive
    up_deg: Positive
    down_deg: Positive


class ExpressionConfig(ComponentConfig):
    drawn_apart: ClassVar[frozenset[str]] = frozenset({"stray"})

    kinds: dict[str, ExpressionKind]
    mixed_share: Chance
    """How many faces are on the way from one kind to another."""
    mixed_intensity: Fraction
    """How far they have come."""
    random_share: Chance
    """How many faces are no kind, but a gesture of each region, drawn independently."""
    gestures: dict[str, dict[str, ExpressionKind]]
    """By region of the face, what it can do whatever the others do."""
    unit_jitter: Share
    """Standard deviation of a factor that each unit has by itself, the same on both sides."""
    side_jitter: Share
    """The same for each side by itself."""
    asymmetry: Signed
    """Left units times 1 + a, right units times 1 - a."""
    stray_share: Chance
    """How many of the ``stray_units`` move a little by themselves, on both sides."""
    stray: Fraction
    stray_units: dict[str, Weight]
    """By how much ``stray`` is multiplied for each."""
    blink: Fraction
    """Closure of the lids by itself, on top of the expression."""
    most: dict[str, Weight]
    """What a unit may reach, where less than 1."""
    exclusive: list[Annotated[tuple[str, str], Field(strict=False)]]
    """Pairs that pull against each other: only the difference remains."""
    yields: list[YieldRule]
    sum_limits: list[SumLimit]
    look: LookLimits

    @model_validator(mode="after")
    def _check(self) -> ExpressionConfig:
        if not self.kinds:
            raise ValueError("at least one kind of expression is needed")
        for region, gestures in self.gestures.items():
            if not gestures:
                raise ValueError(f"gestures.{region}: at least one gesture is needed")
        columns([*self.stray_units, *self.most])
        for a, b in self.exclusive:
            if len(_units(a)) != len(_units(b)):
                raise ValueError(f"exclusive pair {a!r}, {b!r}: one has sides, the other not")
        return self

    @cached_property
    def repertoire(self) -> Repertoire:
        return Repertoire.of(self.kinds)

    @cached_property
    def regions(self) -> dict[str, Repertoire]:
        return {name: Repertoire.of(kinds) for name, kinds in self.gestures.items()}

    @cached_property
    def stray_scale(self) -> F64:
        """``(52,)``: 0 for what does not stir by itself."""
        return _vector(self.stray_units)

    @cached_property
    def highest(self) -> F64:
        """``(52,)`` what each unit may reach."""
        out = np.ones(len(ARKIT_UNITS))
        for name, most in self.most.items():
            out[columns([name])] = min(most, 1.0)
        return out
