"""Skin: whose texture, which tone, and what age, sun and make-up did to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field, model_validator
from scipy.special import expit, ndtr, ndtri

from assets.catalog import SkinEntry
from sampler.columns import Columns
from sampler.config_model import ConfigModel
from sampler.copula import ComponentConfig
from sampler.identity import ANCESTRIES, Identity, IdentityConfig
from sampler.pool import Pool, choose, names
from sampler.quantities import Chance, Fraction, Happens, Positive, Share, Signed, Tone, Weight
from sampler.streams import F64, Draws

__all__ = ["Makeup", "Skin", "SkinConfig", "TextureMatch", "draw", "pool"]

_Albedo = Annotated[list[Share], Field(min_length=3, max_length=3)]
_Palette = Annotated[list[_Albedo], Field(min_length=1)]
"""Linear sRGB albedos."""
_Steps = Annotated[list[Positive], Field(min_length=2)]
_Shares = Annotated[list[Share], Field(min_length=2), Happens()]


class TextureMatch(ConfigModel):
    """How closely a texture must fit the person."""

    age_years: Positive
    """Standard deviation of the age difference."""
    other_sex: Share
    """Weight of a texture of the other sex."""
    other_ancestry: Share
    """Weight of a texture of an ancestry that the person has no share of."""


class Sometimes(ConfigModel):
    """Something that a share of those asked has, in some amount."""

    share: Chance
    amount: Fraction


class Paint(ConfigModel):
    """A film of colour that a share of the made-up wears."""

    share: Chance
    amount: Fraction
    colours: _Palette
    """Each wears a blend of two of them."""
    deeper: Share
    """How much darker a shade the darkest skin wears than the lightest, as a share."""


class Makeup(ConfigModel):
    """``amount`` is of foundation; the rest are shares and amounts among those made up."""

    female_share: Chance
    male_share: Chance
    amount: Fraction
    lipstick: Paint
    lip_gloss: Sometimes
    eyeshadow: Paint
    eyeliner: Sometimes
    blush: Sometimes


class Acne(ConfigModel):
    """Who has any, by age (flat beyond the ends), and how much of it."""

    years: _Steps
    female: _Shares
    male: _Shares
    amount: Fraction

    @model_validator(mode="after")
    def _as_many(self) -> Acne:
        if not len(self.years) == len(self.female) == len(self.male):
            raise ValueError("years, female and male must be equally long")
        if list(self.years) != sorted(set(self.years)):
            raise ValueError("years must ascend")
        return self

    def share(self, identity: Identity) -> F64:
        """``(n,)``"""
        female, male = (
            np.interp(identity.age_years, self.years, by) for by in (self.female, self.male)
        )
        return np.asarray(female + (male - female) * identity.man)


class Scars(ConfigModel):
    female_share: Chance
    male_share: Chance
    amount: Fraction


class AgeSpots(ConfigModel):
    """``amount`` by how far ``from_years`` to ``full_years`` has gone."""

    from_years: Positive
    full_years: Positive
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
    shares: dict[str, Weight]
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
    acne: Acne
    scars: Scars
    veins: Fraction
    age_spots: AgeSpots
    shave_shadow: Fraction
    """Of men; women have none."""
    peach_fuzz: Fraction
    sweat: Sometimes
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
    spotted = draws.uniform("acne") < config.acne.share(identity)
    spots = config.age_spots
    aged = np.clip(
        (identity.age_years - spots.from_years) / (spots.full_years - spots.from_years), 0, 1
    )
    scarred = draws.uniform("scarred") < _by_sex(config.scars, identity)
    sweaty = draws.uniform("sweaty") < config.sweat.share
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
            "acne": spotted * config.acne.amount.ppf(draws.uniform("acne.amount")),
            "scars": scarred * config.scars.amount.ppf(draws.uniform("scars.amount")),
            "veins": config.veins.ppf(draws.uniform("veins")),
            "age_spots": aged * spots.amount.ppf(draws.uniform("age_spots.amount")),
            "shave_shadow": identity.man * config.shave_shadow.ppf(draws.uniform("shave_shadow")),
            "peach_fuzz": config.peach_fuzz.ppf(draws.uniform("peach_fuzz")),
            "sweat": sweaty * config.sweat.amount.ppf(draws.uniform("sweat.amount")),
            **_make_up(config.makeup, draws, identity, tone),
            "seed": draws.seeds("seed"),
        },
    )


def _by_sex(config: Makeup | Scars, identity: Identity) -> F64:
    female, male = config.female_share, config.male_share
    return np.asarray(female + (male - female) * identity.man)


def _make_up(config: Makeup, draws: Draws, identity: Identity, tone: F64) -> Columns:
    made_up = draws.uniform("made_up") < _by_sex(config, identity)
    out = {"makeup": made_up * config.amount.ppf(draws.uniform("makeup.amount"))}
    for name, of in (
        ("lipstick", config.lipstick),
        ("lip_gloss", config.lip_gloss),
        ("eyeshadow", config.eyeshadow),
        ("eyeliner", config.eyeliner),
        ("blush", config.blush),
    ):
        worn = made_up & (draws.uniform(f"{name}.worn") < of.share)
        out[name] = worn * of.amount.ppf(draws.uniform(f"makeup.{name}.amount"))
        if isinstance(of, Paint):
            palette = np.array(of.colours)
            pick = [(draws.uniform(f"{name}.{k}") * len(palette)).astype(int) for k in "ab"]
            way = draws.uniform(f"{name}.blend")[:, None]
            colour = palette[pick[0]] * (1 - way) + palette[pick[1]] * way
            # Pale paint lies on dark skin like a mask: people choose shades that go with theirs.
            colour *= 1 - of.deeper * np.clip((tone[:, None] - 1) / 9, 0, 1)
            out |= {f"{name}_{c}": colour[:, k] for k, c in enumerate(("red", "green", "blue"))}
    return out
