"""Hair of the scalp, beards, brows and lashes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import expit

from assets.catalog import BALD, SHAVED, ItemEntry
from sampler.columns import Columns
from sampler.config_model import ConfigModel, Within
from sampler.copula import ComponentConfig
from sampler.distributions import Distribution, LogUniform
from sampler.identity import ANCESTRIES, Identity
from sampler.pool import Pool, choose, merged
from sampler.quantities import Chance, Fraction, Positive, Share, Signed
from sampler.streams import F64, Draws
from spec_schema.errors import SpecError, nearest

__all__ = [
    "BrowConfig",
    "FacialHairConfig",
    "Hair",
    "HairConfig",
    "draw_brows",
    "draw_facial_hair",
    "draw_hair",
    "pool",
]

Years = Annotated[Distribution, Within("years", 0, 200)]
Length = Annotated[Distribution, Within("m", 0, 0.3)]


class ByAncestry(ConfigModel):
    """A distribution for each dominant ancestry."""

    one_draw: ClassVar[bool] = True

    european: Fraction
    asian: Fraction
    african: Fraction

    def ppf(self, u: F64, identity: Identity) -> F64:
        values = np.stack([getattr(self, a).ppf(u) for a in ANCESTRIES], axis=-1)
        return np.asarray(values[np.arange(len(u)), identity.dominant])


class ByAge(ConfigModel):
    """A share at 20 years and one at 80; between them it changes evenly."""

    young: Chance
    old: Chance

    def at(self, age_years: F64) -> F64:
        """``(n,)``"""
        way = np.clip((age_years - 20) / 60, 0, 1)
        return np.asarray(self.young + (self.old - self.young) * way)


class Affinity(ConfigModel):
    """Weight of a hair texture for each ancestry."""

    european: Annotated[float, Field(ge=0)]
    asian: Annotated[float, Field(ge=0)]
    african: Annotated[float, Field(ge=0)]


class Loss(ConfigModel):
    """Hair loss: begins at an age that is drawn, and takes its course over some years."""

    onset: Years
    course_years: Positive
    female_factor: Share
    limit: Share


class HairConfig(ComponentConfig):
    shares: dict[str, Share]
    """Replace the catalogue's shares, by style id."""
    bald_female: ByAge
    bald_male: ByAge
    """How many have no hair at all."""
    textures: dict[str, Affinity]
    """By the ``texture`` of a style; a texture not named here suits all alike."""
    under_hat: dict[str, Share]
    """Factor on the share of a style with a hat on, by style id."""
    length_scale: Annotated[Distribution, Within("", 0.3, 2)]
    """Kept within the range that the style allows (``min_length``, ``max_length``)."""
    melanin: ByAncestry
    melanin_tone_pull: Share
    """How far very dark skin draws the melanin of hair to full."""
    redness: Fraction
    grey_onset: Years
    """Age at which half of the strands are grey."""
    grey_course_years: Positive
    dyed_female: Chance
    dyed_male: Chance
    """How many hide what is grey."""
    recession: Loss
    thinning: Loss


class FacialHairConfig(ComponentConfig):
    shares: dict[str, Share]
    bearded: ByAge
    """How many of the men; nobody below sex 0.5."""
    length: Length
    """Where the style does not state its own range (``min_length_m``, ``max_length_m``)."""
    density: ByAncestry
    melanin_shift: Signed
    redness_shift: Signed


class BrowConfig(ComponentConfig):
    thickness: Annotated[Distribution, Within("", 0.2, 1.7)]
    thickness_male: Annotated[float, Field(ge=0, le=0.3)]
    """Added for men."""
    density: Annotated[Distribution, Within("", 0, 2)]
    melanin_shift: Signed
    lash_length: Annotated[Distribution, Within("", 0.3, 1.7)]
    lash_length_female: Annotated[float, Field(ge=0, le=0.3)]
    """Added for women."""


@dataclass(frozen=True)
class Hair:
    """What beards and brows take from it, ``(n,)`` each."""

    melanin: F64
    redness: F64
    grey: F64
    natural_grey: F64
    columns: Columns


def pool(entries: dict[str, ItemEntry], config: HairConfig) -> Pool:
    """The styles to choose from.

    Raises:
        SpecError: the config names a style that the catalogue lacks.
    """
    for id_ in config.under_hat:
        if id_ not in entries:
            raise SpecError(f"hair.under_hat: no such style {id_!r}; {nearest(id_, entries)}")
    return Pool.of(entries, "hair", config.shares)


def _by_sex(female: F64 | float, male: F64 | float, identity: Identity) -> F64:
    return np.asarray(female + (male - female) * identity.man)


def _loss(config: Loss, draws: Draws, field: str, identity: Identity) -> F64:
    years = identity.age_years - config.onset.ppf(draws.uniform(f"{field}.onset"))
    by_sex = config.female_factor + (1 - config.female_factor) * identity.man
    return np.asarray(np.clip(years / config.course_years, 0, 1) * by_sex * config.limit)


def _style_weights(
    config: HairConfig, styles: Pool, identity: Identity, hat: NDArray[np.bool_]
) -> F64:
    even = Affinity(european=1, asian=1, african=1)
    affinity = np.array(
        [
            [getattr(config.textures.get(t, even), a) for a in ANCESTRIES]
            for t in styles.attribute("texture", "")
        ]
    ).reshape(-1, len(ANCESTRIES))
    under_hat = np.array([config.under_hat.get(i, 1.0) for i in styles.ids])
    weights = styles.by_sex(identity.sex) * (identity.ancestry @ affinity.T)
    return np.asarray(weights * np.where(hat[:, None], under_hat, 1) + 1e-12)


def draw_hair(
    config: HairConfig,
    draws: Draws,
    styles: Pool,
    identity: Identity,
    monk_tone: F64,
    hat: NDArray[np.bool_],
) -> Hair:
    """Draw the hair of an identity.

    Args:
        hat: ``(n,)`` who wears something on the head that some styles don't fit under.
    """
    years = identity.age_years
    bald = draws.uniform("bald") < _by_sex(
        config.bald_female.at(years), config.bald_male.at(years), identity
    )
    style = choose(_style_weights(config, styles, identity, hat), draws.uniform("style"))

    dark = np.clip((monk_tone - 4) / 4, 0, 1) * config.melanin_tone_pull
    melanin = config.melanin.ppf(draws.uniform("melanin"), identity)
    melanin = melanin + (1 - melanin) * dark
    onset = config.grey_onset.ppf(draws.uniform("grey_onset"))
    natural_grey = expit(4 * (identity.age_years - onset) / config.grey_course_years)
    natural_grey = np.where(natural_grey < 0.02, 0, natural_grey)
    dyed = draws.uniform("dyed") < _by_sex(config.dyed_female, config.dyed_male, identity)
    grey = np.where(dyed, 0, natural_grey)
    redness = config.redness.ppf(draws.uniform("redness"))
    shortest, longest = (
        np.array([*styles.attribute(f"{end}_length", limit), limit])[style]
        for end, limit in (("min", 0.3), ("max", 2.0))
    )
    length = config.length_scale.ppf(draws.uniform("length_scale"))
    columns = {
        "style": merged(styles, style, BALD, bald | (len(styles.ids) == 0)),
        "length_scale": np.clip(length, shortest, longest),
        "melanin": melanin,
        "redness": redness,
        "grey": grey,
        "recession": _loss(config.recession, draws, "recession", identity),
        "thinning": _loss(config.thinning, draws, "thinning", identity),
        "seed": draws.seeds("seed"),
    }
    return Hair(melanin, redness, grey, natural_grey, columns)


def draw_facial_hair(
    config: FacialHairConfig, draws: Draws, styles: Pool, identity: Identity, hair: Hair
) -> Columns:
    """Draw the beard that goes with a head of hair."""
    style = choose(styles.by_sex(identity.sex), draws.uniform("style"))
    bearded = draws.uniform("bearded") < config.bearded.at(identity.age_years)
    shaved = (identity.sex < 0.5) | ~bearded
    u = draws.uniform("length")
    length = config.length.ppf(u)
    for k, stated in enumerate(styles.attributes):
        if "min_length_m" in stated and "max_length_m" in stated:
            own = LogUniform(low=stated["min_length_m"], high=stated["max_length_m"])
            length = np.where(style == k, own.ppf(u), length)
    melanin = hair.melanin + config.melanin_shift.ppf(draws.uniform("melanin_shift"))
    redness = hair.redness + config.redness_shift.ppf(draws.uniform("redness_shift"))
    return {
        "style": merged(styles, style, SHAVED, shaved),
        "length_m": np.where(shaved, 0, length),
        "density": config.density.ppf(draws.uniform("density"), identity),
        "melanin": np.clip(melanin, 0, 1),
        "redness": np.clip(redness, 0, 1),
        "grey": hair.natural_grey,
        "seed": draws.seeds("seed"),
    }


def draw_brows(config: BrowConfig, draws: Draws, identity: Identity, hair: Hair) -> Columns:
    """Draw brows and lashes; brows stay darker than the hair, and grey late."""
    thickness = config.thickness.ppf(draws.uniform("thickness"))
    melanin = hair.melanin + config.melanin_shift.ppf(draws.uniform("melanin_shift"))
    melanin = melanin * (1 - 0.6 * hair.natural_grey**3)
    lashes = config.lash_length.ppf(draws.uniform("lash_length"))
    return {
        "thickness": thickness + config.thickness_male * identity.sex,
        "density": config.density.ppf(draws.uniform("density")),
        "melanin": np.clip(melanin, 0, 1),
        "lash_length": lashes + config.lash_length_female * (1 - identity.sex),
        "seed": draws.seeds("seed"),
    }
