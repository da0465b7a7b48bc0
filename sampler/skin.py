"""Skin: whose texture, which tone, and what age, sun and make-up did to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtr, ndtri

from assets.catalog import SkinEntry
from sampler.columns import Columns
from sampler.config_model import ConfigModel
from sampler.copula import ComponentConfig
from sampler.identity import ANCESTRIES, Identity, IdentityConfig
from sampler.pool import Pool, choose, names
from sampler.quantities import Chance, Fraction, Positive, Share, Signed, Tone
from sampler.streams import F64, Draws

__all__ = ["Makeup", "Skin", "SkinConfig", "TextureMatch", "draw", "pool"]


class TextureMatch(ConfigModel):
    """How closely a texture must fit the person."""

    age_years: Positive
    """Standard deviation of the age difference."""
    other_sex: Share
    """Weight of a texture of the other sex."""
    other_ancestry: Share
    """Weight of a texture of an ancestry that the person has no share of."""


class Makeup(ConfigModel):
    female_share: Chance
    male_share: Chance
    amount: Fraction


class Freckles(ConfigModel):
    share: Chance
    """Of the lightest tones; falls to nothing past ``darkest_tone``."""
    darkest_tone: Positive
    amount: Fraction


class Wrinkles(ConfigModel):
    from_years: Positive
    full_years: Positive
    jitter: Signed


class SkinConfig(ComponentConfig):
    shares: dict[str, Share]
    """Replace the catalogue's shares, by texture id."""
    match: TextureMatch
    tone: Tone
    """Position on the Monk scale."""
    tone_correlation: Share
    """Of the tone with the dominant ancestry, as a Gaussian copula: the tone keeps exactly its
    declared distribution at any value."""
    undertone: Signed
    flush: Fraction
    freckles: Freckles
    moles: Fraction
    wrinkles: Wrinkles
    oiliness: Fraction
    lip_colour: Fraction
    makeup: Makeup


@dataclass(frozen=True)
class Skin:
    monk_tone: F64
    columns: Columns


def pool(entries: dict[str, SkinEntry], config: SkinConfig) -> Pool:
    """The textures to choose from."""
    return Pool.of(entries, "skin", config.shares)


def _texture_weights(
    config: TextureMatch, textures: Pool, entries: dict[str, SkinEntry], identity: Identity
) -> F64:
    rows = [entries[i] for i in textures.ids]
    male = np.array([r.sex == "male" for r in rows])
    age = np.array([r.age_years for r in rows])
    group = np.array([ANCESTRIES.index(r.ancestry) for r in rows])
    sex = identity.man[:, None]
    same_sex = np.where(male, sex, 1 - sex)
    years = (identity.age_years[:, None] - age) / config.age_years
    by_sex = config.other_sex + (1 - config.other_sex) * same_sex
    by_group = config.other_ancestry + (1 - config.other_ancestry) * identity.ancestry[:, group]
    return np.asarray(textures.share_female * np.exp(-0.5 * years**2) * by_sex * by_group)


def _tone(config: SkinConfig, draws: Draws, identity: Identity, ancestry: IdentityConfig) -> F64:
    """Monk tone, correlated with ancestry through a copula that keeps its distribution.

    The dominant ancestry gives a rank: its interval of the population, in the order of
    :data:`ANCESTRIES`, and an even position within. That rank is uniform over everyone.
    """
    weights = ancestry.ancestry.weights
    share = np.array([weights.get(a, 0.0) for a in ANCESTRIES])
    share = share / share.sum()
    below = np.cumsum(share) - share
    within = draws.uniform("rank")
    rank = below[identity.dominant] + share[identity.dominant] * within
    rank = np.clip(rank, 1e-12, 1 - 1e-12)
    rho = config.tone_correlation
    z = rho * ndtri(rank) + np.sqrt(1 - rho**2) * ndtri(draws.uniform("tone"))
    return config.tone.ppf(np.clip(ndtr(z), 1e-12, 1 - 1e-12))


def draw(
    config: SkinConfig,
    draws: Draws,
    textures: Pool,
    entries: dict[str, SkinEntry],
    identity: Identity,
    ancestry: IdentityConfig,
) -> Skin:
    """Draw the skin of an identity."""
    tone = _tone(config, draws, identity, ancestry)
    weights = _texture_weights(config.match, textures, entries, identity)

    light = expit(4 * (config.freckles.darkest_tone - 1 - tone))
    freckled = draws.uniform("freckled") < config.freckles.share * light
    span = config.wrinkles.full_years - config.wrinkles.from_years
    age = np.clip((identity.age_years - config.wrinkles.from_years) / span, 0, 1)
    wrinkles = age * (1 + config.wrinkles.jitter.ppf(draws.uniform("wrinkles.jitter")))
    makeup = config.makeup
    share = makeup.female_share + (makeup.male_share - makeup.female_share) * identity.man
    made_up = draws.uniform("made_up") < share
    return Skin(
        tone,
        {
            "texture": names(textures, choose(weights, draws.uniform("texture"))),
            "monk_tone": tone,
            "undertone": config.undertone.ppf(draws.uniform("undertone")),
            "flush": config.flush.ppf(draws.uniform("flush")),
            "freckles": freckled * config.freckles.amount.ppf(draws.uniform("freckles.amount")),
            "moles": config.moles.ppf(draws.uniform("moles")),
            "wrinkles": np.clip(wrinkles, 0, 1),
            "oiliness": config.oiliness.ppf(draws.uniform("oiliness")),
            "lip_colour": config.lip_colour.ppf(draws.uniform("lip_colour")),
            "makeup": made_up * makeup.amount.ppf(draws.uniform("makeup.amount")),
            "seed": draws.seeds("seed"),
        },
    )
