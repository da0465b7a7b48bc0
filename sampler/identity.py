"""Who it is: the head model's macro parameters and detail shape keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from typing import Annotated, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.special import ndtr, ndtri

from sampler.config_model import ConfigModel
from sampler.copula import ComponentConfig
from sampler.distributions import Categorical, TruncatedNormal
from sampler.face_measures import PlausibleConfig
from sampler.lookup import Lookup
from sampler.quantities import Age, Fraction, Positive, Share
from sampler.streams import F64, Draws

__all__ = [
    "ANCESTRIES",
    "Identity",
    "IdentityConfig",
    "ShapeConfig",
    "ShapeTrend",
    "draw",
    "draw_shape",
    "trend",
    "within_limits",
]

ANCESTRIES = ("european", "asian", "african")
"""In the order of their mean skin tone, light to dark (see sampler.skin)."""


_CELLS: Final = 16384


Slope = Annotated[float, Field(ge=-2, le=2)]


class ShapeTrend(ConfigModel):
    """What a detail key (both sides of a pair) is about, where that is not 0."""

    always: Slope = 0.0
    man: Slope = 0.0
    """More than ``always`` in men, less in women."""
    age: Slope = 0.0
    """More at 80 years than at 25, evenly."""
    weight: Slope = 0.0
    """More in the heaviest, less in the lightest."""
    european: Slope = 0.0
    """More in those of this ancestry, by its share; so the next two."""
    asian: Slope = 0.0
    african: Slope = 0.0


class ShapeConfig(ConfigModel):
    """Detail shape keys: a standard deviation for each family of keys."""

    strength: Positive
    """Multiplies all scales."""
    cut: Annotated[float, Field(ge=0.1, le=10)]
    """Normals are cut off at this many standard deviations."""
    side_correlation: Share
    """Of the normals before they are cut, between the left and the right key of a pair
    (``l-…``, ``r-…``)."""
    scales: dict[str, Share]
    """Standard deviation by key pattern (``nose-*``), side prefixes left out; the longest
    pattern that matches decides."""
    trends: dict[str, ShapeTrend]
    """By key, side prefixes left out: what sex, age, weight and ancestry do to a face beyond what
    the macro parameters do."""
    plausible: PlausibleConfig

    @cached_property
    def _found(self) -> dict[str, float]:
        return {}

    def scale(self, key: str) -> float:
        """Standard deviation of a key; 0 where no pattern names it."""
        known = self._found.get(key)
        if known is None:
            name = _bare(key)
            hits = [p for p in self.scales if fnmatchcase(name, p)]
            known = self.strength * self.scales[max(hits, key=len)] if hits else 0.0
            self._found[key] = known
        return known


class IdentityConfig(ComponentConfig):
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

    @cached_property
    def man(self) -> F64:
        """How far what women and men do differently is done as men do: 0 to 1, close to either
        end but for faces between the two."""
        male, female = self.sex**3, (1 - self.sex) ** 3
        return np.asarray(male / (male + female))

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


def _bare(key: str) -> str:
    """A key without the prefix of its side."""
    return key[2:] if key[:2] in ("l-", "r-") else key


@lru_cache(maxsize=8)
def _cut_normals(cut: float) -> tuple[Lookup, Lookup, Lookup]:
    """From uniforms to normals cut off at ``cut``, from uniforms to whole normals, and from
    whole normals to cut ones. Nothing comes from beyond 4 deviations, however late the cut."""
    normal = TruncatedNormal(loc=0, scale=1, low=-cut, high=cut)
    last = 0.5 / _CELLS

    def kept(u: F64) -> F64:
        return np.clip(u, last, 1 - last)

    return (
        Lookup.of(lambda u: normal.ppf(kept(u)), 0, 1, _CELLS),
        Lookup.of(lambda u: np.asarray(ndtri(kept(u))), 0, 1, _CELLS),
        Lookup.of(lambda z: normal.ppf(np.asarray(ndtr(z))), -8, 8, _CELLS),
    )


def draw_shape(
    config: ShapeConfig, draws: Draws, keys: Sequence[str], one_sided: frozenset[str]
) -> NDArray[np.float32]:
    """Weights ``(n, K)`` of the shape keys: in -1 to 1, one-sided ones in 0 to 1.

    Each is a normal that is cut off. Left and right of a pair share a Gaussian copula. A
    one-sided key is a normal about plus half its deviation, cut at zero, so that two in three
    faces do without it.
    """
    cut_normal, whole_normal, cut_off = _cut_normals(config.cut)
    together = config.side_correlation**0.5
    apart = (1 - config.side_correlation) ** 0.5
    pairs: dict[str, F64] = {}
    # In memory a key's rows lie side by side, as columns and matrix products want them.
    out = np.zeros((len(keys), draws.n), np.float32)
    for row, key in zip(out, keys, strict=True):
        scale = config.scale(key)
        if scale == 0:
            continue
        u, name = draws.uniform(key), key[2:]
        if key[:2] in ("l-", "r-"):
            if name not in pairs:
                pairs[name] = together * whole_normal(draws.uniform(f"both-{name}"))
            z = cut_off(pairs[name] + apart * whole_normal(u))
        else:
            z = cut_normal(u)
        if key in one_sided:
            np.maximum(z - 0.5, 0, out=z)
        np.multiply(z, scale, out=row, casting="same_kind")
        if scale * config.cut > 1:
            np.clip(row, -1, 1, out=row)
    return out.T


def trend(
    config: ShapeConfig, person: Identity, keys: Sequence[str], one_sided: frozenset[str]
) -> NDArray[np.float32]:
    """Weights ``(n, K)`` that sex, age, weight and ancestry give the shape keys, before chance
    does."""
    man = 2 * person.man - 1
    age = np.clip((person.age_years - 25) / 55, 0, 1)
    weight = 2 * person.weight - 1
    out = np.zeros((len(keys), len(man)), np.float32)
    for row, key in zip(out, keys, strict=True):
        t = config.trends.get(_bare(key))
        if t is not None:
            row[:] = t.always + t.man * man + t.age * age + t.weight * weight
            by_ancestry = (t.european, t.asian, t.african)
            for share, slope in zip(person.ancestry.T, by_ancestry, strict=True):
                if slope:
                    row += slope * share
            np.clip(row, 0 if key in one_sided else -1, 1, out=row)
    return out.T


def within_limits(
    shape: NDArray[np.float32], keys: Sequence[str], one_sided: frozenset[str]
) -> NDArray[np.float32]:
    """Weights ``(n, K)`` cut to what their keys may be. Changes ``shape`` and returns it."""
    np.clip(shape, -1, 1, out=shape)
    for column, key in enumerate(keys):
        if key in one_sided:
            np.maximum(shape[:, column], 0, out=shape[:, column])
    return shape
