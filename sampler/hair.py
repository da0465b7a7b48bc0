"""Hair of the scalp: styles and hair loss; its colour stands in sampler.hair_colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from assets.catalog import BALD, ItemEntry
from sampler.columns import Columns
from sampler.config_model import ConfigModel, Within, quantity_paths
from sampler.copula import ComponentConfig
from sampler.distributions import Distribution
from sampler.hair_colour import (
    DyeConfig,
    GreyConfig,
    HairColour,
    HighlightConfig,
    Shade,
    draw_colour,
)
from sampler.identity import ANCESTRIES, Identity
from sampler.pool import Pool, choose, merged
from sampler.quantities import Chance, Fraction, Positive, Share, Weight
from sampler.streams import F64, Draws
from spec_schema.errors import SpecError, nearest

__all__ = ["Hair", "HairConfig", "draw_hair", "pool"]

GROWN = ("medium", "long", "tied")
"""Length classes that need hair on top."""

Years = Annotated[Distribution, Within("years", 0, 200)]


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


class LengthShares(ConfigModel):
    """Factors on the styles of one length class: women and men, at 20 and at 80 years."""

    young_female: Annotated[float, Field(ge=0)]
    old_female: Annotated[float, Field(ge=0)]
    young_male: Annotated[float, Field(ge=0)]
    old_male: Annotated[float, Field(ge=0)]


class Loss(ConfigModel):
    """Hair loss: begins at an age that is drawn, and takes its course over some years."""

    onset: Years
    course_years: Positive
    female_factor: Share
    limit: Share


class HairConfig(ComponentConfig):
    named_freely: ClassVar[tuple[str, ...]] = tuple(quantity_paths(Shade))

    shares: dict[str, Weight]
    """Replace the catalogue's shares, by style id."""
    bald_female: ByAge
    bald_male: ByAge
    """How many have no hair at all."""
    textures: dict[str, Affinity]
    """By the ``texture`` of a style; a texture not named here suits all alike."""
    lengths: dict[str, LengthShares]
    """By the ``length_class`` of a style; a class not named here suits all alike."""
    loss_crops: Share
    """How many of the men who have lost half of their hair or more wear none long."""
    under_hat: dict[str, Share]
    """Factor on the share of a style with a hat on, by style id."""
    length_scale: Annotated[Distribution, Within("", 0.3, 2)]
    """Kept within the range that the style allows (``min_length``, ``max_length``)."""
    right_part: Chance
    """How many part their hair on the right."""
    part: Annotated[Distribution, Within("", 0, 1.5)]
    """How far from the middle, by the style's own distance."""
    volume: Annotated[Distribution, Within("", 0.4, 2)]
    curl: Annotated[Distribution, Within("", 0, 2)]
    frizz: Annotated[Distribution, Within("", 0.01, 3)]
    shades: Annotated[dict[str, Shade], Field(min_length=1)]
    """Natural colours."""
    melanin_tone_pull: Share
    """How far very dark skin draws the melanin of hair to full."""
    grey: GreyConfig
    dyes: DyeConfig
    highlights: HighlightConfig
    weathering: Fraction
    recession: Loss
    thinning: Loss


SHAVED: Final = "shaved"
"""The length class of what no clip holds in."""
HOLDING: Final = 0.5
"""Recession from which on the temples are bare."""


@dataclass(frozen=True)
class Hair:
    """What beards and brows take from it, and its columns."""

    colour: HairColour
    columns: Columns
    holds: NDArray[np.bool_]
    """``(n,)`` whose hair is long enough at the temples to hold a clip."""


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


def _by_length(config: HairConfig, styles: Pool, identity: Identity, lost: F64) -> F64:
    """Factors (n, K): long hair is rare on old heads, and rarer where little is left of it."""
    even = LengthShares(young_female=1, old_female=1, young_male=1, old_male=1)
    classes = styles.attribute("length_class", "")
    way = np.clip((identity.age_years - 20) / 60, 0, 1)[:, None]
    female, male = (
        young + (old - young) * way
        for young, old in (
            (
                np.array([getattr(config.lengths.get(c, even), f"{age}_{sex}") for c in classes])
                for age in ("young", "old")
            )
            for sex in ("female", "male")
        )
    )
    grown = np.array([c in GROWN for c in classes])
    cropped = config.loss_crops * np.clip(2 * lost, 0, 1) * identity.man
    kept = np.where(grown, 1 - cropped[:, None], 1)
    return np.asarray((female + (male - female) * identity.man[:, None]) * kept)


def _style_weights(
    config: HairConfig,
    styles: Pool,
    identity: Identity,
    hat: NDArray[np.bool_],
    lost: F64,
) -> F64:
    even = Affinity(european=1, asian=1, african=1)
    affinity = np.array(
        [
            [getattr(config.textures.get(t, even), a) for a in ANCESTRIES]
            for t in styles.attribute("texture", "")
        ]
    ).reshape(-1, len(ANCESTRIES))
    under_hat = np.array([config.under_hat.get(i, 1.0) for i in styles.ids])
    young, old = (np.array(styles.attribute(f"{age}_factor", 1.0)) for age in ("young", "old"))
    way = np.clip((identity.age_years - 20) / 60, 0, 1)[:, None]
    weights = styles.by_sex(identity.sex) * (identity.ancestry @ affinity.T)
    weights = weights * (young + (old - young) * way)
    weights = weights * _by_length(config, styles, identity, lost)
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
    recession = _loss(config.recession, draws, "recession", identity)
    thinning = _loss(config.thinning, draws, "thinning", identity)
    weights = _style_weights(config, styles, identity, hat, np.maximum(recession, thinning))
    style = choose(weights, draws.uniform("style"))

    colour = draw_colour(
        config.shades,
        config.grey,
        config.dyes,
        config.highlights,
        config.weathering,
        config.melanin_tone_pull,
        draws,
        identity,
        monk_tone,
    )
    shortest, longest = (
        np.array([*styles.attribute(f"{end}_length", limit), limit])[style]
        for end, limit in (("min", 0.3), ("max", 2.0))
    )
    length = config.length_scale.ppf(draws.uniform("length_scale"))
    columns = {
        "style": merged(styles, style, BALD, bald | (len(styles.ids) == 0)),
        "length_scale": np.clip(length, shortest, longest),
        "part_side": config.part.ppf(draws.uniform("part"))
        * np.where(draws.uniform("right_part") < config.right_part, -1.0, 1.0),
        "volume": config.volume.ppf(draws.uniform("volume")),
        "curl": config.curl.ppf(draws.uniform("curl")),
        "frizz": config.frizz.ppf(draws.uniform("frizz")),
        **colour.columns,
        "recession": recession,
        "thinning": thinning,
        "seed": draws.seeds("seed"),
    }
    shaved = np.array([*(k == SHAVED for k in styles.attribute("length_class", "")), True])[style]
    return Hair(colour, columns, ~bald & ~shaved & (recession < HOLDING))
