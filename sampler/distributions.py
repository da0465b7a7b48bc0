"""Declared distributions, each drawn by its inverse CDF.

A distribution is a frozen model told apart by ``kind``. ``ppf`` maps uniforms of any shape to
values; ``support`` bounds the values, so that a config which could break a rule of the scene
spec is refused before anything is drawn.
"""

from __future__ import annotations

import itertools
import math
from functools import lru_cache
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.special import betaincinv, ndtr, ndtri

from sampler.config_model import ConfigModel
from sampler.streams import F64

__all__ = [
    "Beta",
    "Categorical",
    "Constant",
    "Distribution",
    "Histogram",
    "LogUniform",
    "Mixture",
    "Normal",
    "TruncatedNormal",
    "Uniform",
    "VonMises",
]

Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def _ordered(low: float, high: float) -> None:
    if not low < high:
        raise ValueError(f"low ({low:g}) must be less than high ({high:g})")


def _check_weights(weights: list[float]) -> None:
    if not weights or sum(weights) <= 0:
        raise ValueError("at least one weight must be greater than 0")


class Constant(ConfigModel):
    """Always the same value."""

    kind: Literal["constant"] = "constant"
    value: Finite

    def support(self) -> tuple[float, float]:
        return self.value, self.value

    def ppf(self, u: F64) -> F64:
        return np.full(u.shape, self.value)


class Uniform(ConfigModel):
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


class LogUniform(ConfigModel):
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
        value = self.low * np.exp(math.log(self.high / self.low) * u)
        return np.asarray(np.clip(value, self.low, self.high))


class Normal(ConfigModel):
    """Gaussian, without limits."""

    kind: Literal["normal"] = "normal"
    loc: Finite
    scale: Positive

    def support(self) -> tuple[float, float]:
        return -math.inf, math.inf

    def ppf(self, u: F64) -> F64:
        return self.loc + self.scale * np.asarray(ndtri(u))


class TruncatedNormal(ConfigModel):
    """Gaussian cut off at two limits; ``loc`` and ``scale`` are those before the cut."""

    kind: Literal["truncated_normal"] = "truncated_normal"
    loc: Finite
    scale: Positive
    low: Finite
    high: Finite

    @model_validator(mode="after")
    def _check(self) -> TruncatedNormal:
        _ordered(self.low, self.high)
        below, above = self._cut()
        if above - below < 1e-6:
            raise ValueError(
                f"almost nothing of a normal about {self.loc:g} with scale {self.scale:g} "
                f"lies between {self.low:g} and {self.high:g}"
            )
        return self

    def _cut(self) -> tuple[float, float]:
        below = float(ndtr((self.low - self.loc) / self.scale))
        return below, float(ndtr((self.high - self.loc) / self.scale))

    def support(self) -> tuple[float, float]:
        return self.low, self.high

    def ppf(self, u: F64) -> F64:
        below, above = self._cut()
        value = self.loc + self.scale * np.asarray(ndtri(below + (above - below) * u))
        return np.asarray(np.clip(value, self.low, self.high))


class Beta(ConfigModel):
    """Symmetric beta between two limits; concentration 1 is even, more gathers in the middle."""

    kind: Literal["beta"] = "beta"
    concentration: Positive
    low: Finite
    high: Finite

    @model_validator(mode="after")
    def _check(self) -> Beta:
        _ordered(self.low, self.high)
        return self

    def support(self) -> tuple[float, float]:
        return self.low, self.high

    def ppf(self, u: F64) -> F64:
        unit = np.asarray(betaincinv(self.concentration, self.concentration, u))
        return self.low + (self.high - self.low) * unit


@lru_cache(maxsize=64)
def _von_mises_table(concentration: float) -> tuple[F64, F64]:
    """(CDF, angle in degrees) on a grid fine enough to interpolate linearly."""
    angle = np.linspace(-math.pi, math.pi, 32769)
    density = np.exp(concentration * (np.cos(angle) - 1.0))
    cdf = np.concatenate([[0.0], np.cumsum(density[1:] + density[:-1])])
    return cdf / cdf[-1], np.degrees(angle)


class VonMises(ConfigModel):
    """The normal distribution of the circle, in degrees; concentration 0 is even all round."""

    kind: Literal["von_mises"] = "von_mises"
    loc: Finite
    concentration: Annotated[float, Field(ge=0, le=1e4)]

    def support(self) -> tuple[float, float]:
        return -180.0, 180.0

    def ppf(self, u: F64) -> F64:
        cdf, angle = _von_mises_table(self.concentration)
        return np.asarray((np.interp(u, cdf, angle) + self.loc + 180.0) % 360.0 - 180.0)


class Histogram(ConfigModel):
    """Even within each bin: ``edges`` ascending, one weight a bin."""

    kind: Literal["histogram"] = "histogram"
    edges: list[Finite]
    weights: list[NotNegative]

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


class Mixture(ConfigModel):
    """One of several distributions, by weight."""

    kind: Literal["mixture"] = "mixture"
    weights: list[NotNegative]
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


Distribution = Annotated[
    Constant
    | Uniform
    | LogUniform
    | Normal
    | TruncatedNormal
    | Beta
    | VonMises
    | Histogram
    | Mixture,
    Field(discriminator="kind"),
]
Mixture.model_rebuild()


class Categorical(ConfigModel):
    """One of several names, by weight; weights need not sum to 1."""

    weights: dict[str, NotNegative]

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
