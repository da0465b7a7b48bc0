"""Declared distributions, each drawn by its inverse CDF.

A distribution is a frozen model told apart by ``kind``. ``ppf`` maps uniforms of any shape to
values; ``support`` bounds the values, so that a config which could break a rule of the scene
spec is refused before anything is drawn.
"""

from __future__ import annotations

import itertools
import math
from functools import cached_property, lru_cache
from typing import Annotated, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.special import betaincinv, ndtr, ndtri

from sampler.config_model import ConfigModel
from sampler.lookup import Lookup
from sampler.streams import F64
from spec_schema.errors import SpecError

__all__ = [
    "Beta",
    "Categorical",
    "Constant",
    "Cosine",
    "Distribution",
    "Histogram",
    "LogUniform",
    "Mixture",
    "Normal",
    "TruncatedNormal",
    "Uniform",
    "VonMises",
]

Finite = Annotated[float, Field(ge=-1e12, le=1e12)]
Positive = Annotated[float, Field(gt=0, le=1e12)]
Weight = Annotated[float, Field(ge=0, le=1e12)]

_NEGLIGIBLE: Final = 1e-6
"""A normal without limits may lose this share of its draws to the bounds of its quantity."""


_TAIL: Final = 1 / 64
"""Where a table would be too coarse, at either end of the uniforms."""


def _ordered(low: float, high: float) -> None:
    if not low < high:
        raise ValueError(f"low ({low:g}) must be less than high ({high:g})")


def _check_weights(weights: list[float]) -> None:
    if not weights or sum(weights) <= 0:
        raise ValueError("at least one weight must be greater than 0")


class _Declared(ConfigModel):
    """What all distributions have in common."""

    def within(self, low: float, high: float) -> Distribution:
        """The same distribution as a quantity with these bounds holds it."""
        return self  # type: ignore[return-value]


class Constant(_Declared):
    """Always the same value."""

    kind: Literal["constant"] = "constant"
    value: Finite

    def support(self) -> tuple[float, float]:
        return self.value, self.value

    def ppf(self, u: F64) -> F64:
        return np.full(u.shape, self.value)


class Uniform(_Declared):
    """Even between two limits."""

    kind: Literal["uniform"] = "uniform"
    low: Finite
    high: Finite

    @model_validator(mode="after")
    def _check(self) -> Uniform:
        _ordered(self.low, self.high)
        return self

    def support(self) -> tuple[float, float]:
        return self.low, self.high

    def ppf(self, u: F64) -> F64:
        return self.low + (self.high - self.low) * u


class LogUniform(_Declared):
    """Even in the logarithm between two limits above zero."""

    kind: Literal["log_uniform"] = "log_uniform"
    low: Positive
    high: Positive

    @model_validator(mode="after")
    def _check(self) -> LogUniform:
        _ordered(self.low, self.high)
        return self

    def support(self) -> tuple[float, float]:
        return self.low, self.high

    def ppf(self, u: F64) -> F64:
        value = self.low * np.exp((math.log(self.high) - math.log(self.low)) * u)
        return np.asarray(np.clip(value, self.low, self.high))


class Normal(_Declared):
    """Gaussian, without limits. A quantity with bounds holds it as a truncated one."""

    kind: Literal["normal"] = "normal"
    loc: Finite
    scale: Positive

    def support(self) -> tuple[float, float]:
        return -math.inf, math.inf

    def ppf(self, u: F64) -> F64:
        return self.loc + self.scale * np.asarray(ndtri(u))

    def within(self, low: float, high: float) -> Distribution:
        """Cut off at the bounds, where that changes next to nothing.

        Raises:
            SpecError: more draws than that would be beyond the bounds.
        """
        beyond = float(ndtr((low - self.loc) / self.scale) + ndtr((self.loc - high) / self.scale))
        if not beyond <= _NEGLIGIBLE:
            raise SpecError(
                f"a normal about {self.loc:g} with scale {self.scale:g} leaves {low:g} to {high:g} "
                f"in {beyond:.2g} of its draws; truncated_normal has limits"
            )
        return TruncatedNormal(loc=self.loc, scale=self.scale, low=low, high=high)


class TruncatedNormal(_Declared):
    """Gaussian cut off at two limits; ``loc`` and ``scale`` are those before the cut."""

    kind: Literal["truncated_normal"] = "truncated_normal"
    loc: Finite
    scale: Positive
    low: Finite
    high: Finite

    @model_validator(mode="after")
    def _check(self) -> TruncatedNormal:
        _ordered(self.low, self.high)
        below, above = self._cut
        if above - below < 1e-6:
            raise ValueError(
                f"almost nothing of a normal about {self.loc:g} with scale {self.scale:g} "
                f"lies between {self.low:g} and {self.high:g}"
            )
        return self

    @cached_property
    def _cut(self) -> tuple[float, float]:
        below = float(ndtr((self.low - self.loc) / self.scale))
        return below, float(ndtr((self.high - self.loc) / self.scale))

    def support(self) -> tuple[float, float]:
        return self.low, self.high

    def ppf(self, u: F64) -> F64:
        below, above = self._cut
        value = np.asarray(ndtri(below + (above - below) * u))
        value *= self.scale
        value += self.loc
        return np.asarray(np.clip(value, self.low, self.high, out=value))


@lru_cache(maxsize=64)
def _beta_table(concentration: float) -> Lookup:
    return Lookup.of(lambda u: np.asarray(betaincinv(concentration, concentration, u)), 0, 1, 4096)


class Beta(_Declared):
    """Symmetric beta between two limits; concentration 1 is even, more gathers in the middle."""

    kind: Literal["beta"] = "beta"
    concentration: Annotated[float, Field(ge=0.05, le=1e4)]
    low: Finite
    high: Finite

    @model_validator(mode="after")
    def _check(self) -> Beta:
        _ordered(self.low, self.high)
        return self

    def support(self) -> tuple[float, float]:
        return self.low, self.high

    def ppf(self, u: F64) -> F64:
        unit = _beta_table(self.concentration)(u)
        tails = np.abs(u - 0.5) > 0.5 - _TAIL
        unit[tails] = betaincinv(self.concentration, self.concentration, u[tails])
        return self.low + (self.high - self.low) * unit


@lru_cache(maxsize=64)
def _von_mises_table(concentration: float) -> tuple[F64, F64]:
    """(CDF, angle in degrees) on a grid fine enough to interpolate linearly."""
    angle = np.linspace(-math.pi, math.pi, 32769)
    density = np.exp(concentration * (np.cos(angle) - 1.0))
    cdf = np.concatenate([[0.0], np.cumsum(density[1:] + density[:-1])])
    return cdf / cdf[-1], np.degrees(angle)


class VonMises(_Declared):
    """The normal distribution of the circle, in degrees; concentration 0 is even all round."""

    kind: Literal["von_mises"] = "von_mises"
    loc: Finite
    concentration: Annotated[float, Field(ge=0, le=1e4)]

    def support(self) -> tuple[float, float]:
        return -180.0, 180.0

    def ppf(self, u: F64) -> F64:
        cdf, angle = _von_mises_table(self.concentration)
        return np.asarray((np.interp(u, cdf, angle) + self.loc + 180.0) % 360.0 - 180.0)


def _sine_run(angle_rad: F64) -> F64:
    """Integral of |cos| from 0, for angles from -pi to pi."""
    turned = np.sign(angle_rad) * 2.0 - np.sin(angle_rad)
    return np.where(np.abs(angle_rad) <= math.pi / 2, np.sin(angle_rad), turned)


class Cosine(_Declared):
    """Density in proportion to ``|cos|``, in degrees, between two limits.

    The middle one of three Euler angles has it where rotations are even (Haar measure on SO(3)).
    """

    kind: Literal["cosine"] = "cosine"
    low: Annotated[float, Field(ge=-180, le=180)]
    high: Annotated[float, Field(ge=-180, le=180)]

    @model_validator(mode="after")
    def _check(self) -> Cosine:
        _ordered(self.low, self.high)
        return self

    def support(self) -> tuple[float, float]:
        return self.low, self.high

    def ppf(self, u: F64) -> F64:
        first, last = _sine_run(np.radians([self.low, self.high]))
        run = first + (last - first) * u
        beyond = np.sign(run) * (math.pi - np.arcsin(np.clip(2.0 - np.abs(run), -1.0, 1.0)))
        angle = np.where(np.abs(run) <= 1.0, np.arcsin(np.clip(run, -1.0, 1.0)), beyond)
        return np.asarray(np.clip(np.degrees(angle), self.low, self.high))


class Histogram(_Declared):
    """Even within each bin: ``edges`` ascending, one weight a bin."""

    kind: Literal["histogram"] = "histogram"
    edges: list[Finite]
    weights: list[Weight]

    @model_validator(mode="after")
    def _check(self) -> Histogram:
        if len(self.edges) != len(self.weights) + 1:
            raise ValueError(
                f"{len(self.weights)} weights need {len(self.weights) + 1} edges, "
                f"and there are {len(self.edges)}"
            )
        if any(a >= b for a, b in itertools.pairwise(self.edges)):
            raise ValueError("edges must ascend")
        _check_weights(self.weights)
        return self

    def support(self) -> tuple[float, float]:
        return self.edges[0], self.edges[-1]

    def ppf(self, u: F64) -> F64:
        bin_, within = _pick(self.weights, u)
        edges = np.asarray(self.edges)
        return np.asarray(edges[bin_] + (edges[bin_ + 1] - edges[bin_]) * within)


class Mixture(_Declared):
    """One of several distributions, by weight."""

    kind: Literal["mixture"] = "mixture"
    weights: list[Weight]
    of: list[Distribution]

    @model_validator(mode="after")
    def _check(self) -> Mixture:
        if len(self.of) != len(self.weights):
            raise ValueError(f"{len(self.weights)} weights for {len(self.of)} distributions")
        _check_weights(self.weights)
        return self

    def support(self) -> tuple[float, float]:
        lows, highs = zip(*(d.support() for d in self.of), strict=True)
        return min(lows), max(highs)

    def ppf(self, u: F64) -> F64:
        part, within = _pick(self.weights, u)
        out = np.empty(u.shape)
        for k, distribution in enumerate(self.of):
            here = part == k
            out[here] = distribution.ppf(within[here])
        return out

    def within(self, low: float, high: float) -> Distribution:
        """With every part held within the bounds."""
        parts = [part.within(low, high) for part in self.of]
        return Mixture(weights=self.weights, of=parts)


Distribution = Annotated[
    Constant
    | Uniform
    | LogUniform
    | Normal
    | TruncatedNormal
    | Beta
    | VonMises
    | Cosine
    | Histogram
    | Mixture,
    Field(discriminator="kind"),
]
Mixture.model_rebuild()


class Categorical(ConfigModel):
    """One of several names, by weight; weights need not sum to 1."""

    weights: dict[str, Weight]

    @model_validator(mode="after")
    def _check(self) -> Categorical:
        _check_weights(list(self.weights.values()))
        return self

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.weights)

    def codes(self, u: F64) -> tuple[NDArray[np.int64], F64]:
        """Index into ``names`` for each uniform, and a fresh uniform that remains of it."""
        return _pick(list(self.weights.values()), u)


def _pick(weights: list[float], u: F64) -> tuple[NDArray[np.int64], F64]:
    """Choose by weight; the position inside the chosen interval is again uniform."""
    share = np.asarray(weights, np.float64) / sum(weights)
    top = np.cumsum(share)
    top[-1] = 1.0
    last = int(np.flatnonzero(share)[-1])
    index = np.minimum(np.searchsorted(top, u, side="right"), last)
    within = (u - (top - share)[index]) / share[index]
    return index, np.clip(within, 2.0**-53, 1.0 - 2.0**-53)
