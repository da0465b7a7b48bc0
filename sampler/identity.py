"""Who it is: the head model's macro parameters and detail shape keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from sampler.config_model import ConfigModel
from sampler.distributions import Categorical, TruncatedNormal
from sampler.quantities import Age, Fraction, Positive, Share
from sampler.streams import F64, Draws

__all__ = ["ANCESTRIES", "Identity", "IdentityConfig", "ShapeConfig", "draw", "draw_shape"]

ANCESTRIES = ("european", "asian", "african")
"""In the order of their mean skin tone, light to dark (see sampler.skin)."""


class ShapeConfig(ConfigModel):
    """Detail shape keys: a standard deviation for each family of keys."""

    strength: Positive
    """Multiplies all scales."""
    cut: Positive
    """Normals are cut off at this many standard deviations."""
    side_correlation: Share
    """Between the left and right key of a pair (``l-…``, ``r-…``)."""
    scales: dict[str, Share]
    """Standard deviation by key pattern (``nose-*``), side prefixes left out; the longest
    pattern that matches decides."""

    def scale(self, key: str) -> float:
        """Standard deviation of a key; 0 where no pattern names it."""
        name = key[2:] if key[:2] in ("l-", "r-") else key
        hits = [p for p in self.scales if fnmatchcase(name, p)]
        return self.strength * self.scales[max(hits, key=len)] if hits else 0.0


class IdentityConfig(ConfigModel):
    sex: Fraction
    """0 female to 1 male."""
    age: Age
    ancestry: Categorical
    """Which ancestry is dominant."""
    dominant_share: Fraction
    second_share: Fraction
    """How the remainder is divided between the other two."""
    weight: Fraction
    muscle: Fraction
    shape: ShapeConfig

    @model_validator(mode="after")
    def _ancestries(self) -> IdentityConfig:
        unknown = set(self.ancestry.weights) - set(ANCESTRIES)
        if unknown:
            raise ValueError(f"ancestry {sorted(unknown)[0]!r}; valid: {', '.join(ANCESTRIES)}")
        return self


@dataclass(frozen=True)
class Identity:
    """``(n,)`` each; ``ancestry`` ``(n, 3)`` in the order of :data:`ANCESTRIES`, rows sum to 1."""

    sex: F64
    age_years: F64
    ancestry: F64
    dominant: NDArray[np.int64]
    """Index into :data:`ANCESTRIES`."""
    weight: F64
    muscle: F64

    def macros(self) -> Mapping[str, F64]:
        """The spec's columns but for ``shape``."""
        shares = {name: self.ancestry[:, i] for i, name in enumerate(ANCESTRIES)}
        return {
            "sex": self.sex,
            "age_years": self.age_years,
            "weight": self.weight,
            "muscle": self.muscle,
            **shares,
        }


def draw(config: IdentityConfig, draws: Draws) -> Identity:
    """Draw the macro parameters."""
    code, _ = config.ancestry.codes(draws.uniform("ancestry"))
    dominant = np.array([ANCESTRIES.index(a) for a in config.ancestry.names])[code]
    share = config.dominant_share.ppf(draws.uniform("dominant_share"))
    second = config.second_share.ppf(draws.uniform("second_share"))
    rows = np.arange(draws.n)
    mix = np.empty((draws.n, 3))
    mix[rows, dominant] = share
    mix[rows, (dominant + 1) % 3] = (1 - share) * second
    mix[rows, (dominant + 2) % 3] = (1 - share) * (1 - second)
    return Identity(
        sex=config.sex.ppf(draws.uniform("sex")),
        age_years=config.age.ppf(draws.uniform("age")),
        ancestry=mix,
        dominant=dominant,
        weight=config.weight.ppf(draws.uniform("weight")),
        muscle=config.muscle.ppf(draws.uniform("muscle")),
    )


def draw_shape(
    config: ShapeConfig, draws: Draws, keys: Sequence[str], one_sided: frozenset[str]
) -> NDArray[np.float32]:
    """Weights ``(n, K)`` of the shape keys: in -1 to 1, one-sided ones in 0 to 1.

    A one-sided key is a normal about minus half its deviation, cut at zero, so that two in
    three faces do without it.
    """
    normal = TruncatedNormal(loc=0, scale=1, low=-config.cut, high=config.cut)
    together = config.side_correlation
    apart = (1 - together**2) ** 0.5
    pairs: dict[str, F64] = {}
    out = np.zeros((draws.n, len(keys)), np.float32)
    for column, key in enumerate(keys):
        scale = config.scale(key)
        if scale == 0:
            continue
        z = normal.ppf(draws.uniform(key))
        name = key[2:]
        if key[:2] in ("l-", "r-"):
            if name not in pairs:
                pairs[name] = normal.ppf(draws.uniform(f"both-{name}"))
            z = together * pairs[name] + apart * z
        if key in one_sided:
            out[:, column] = np.clip(scale * (z - 0.5), 0, 1)
        else:
            out[:, column] = np.clip(scale * z, -1, 1)
    return out
