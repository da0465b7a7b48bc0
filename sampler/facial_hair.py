"""Beards, brows and lashes."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from assets.catalog import SHAVED
from sampler.columns import Columns
from sampler.config_model import ConfigModel, Within
from sampler.copula import ComponentConfig
from sampler.distributions import Distribution, LogUniform
from sampler.hair_colour import HairColour
from sampler.identity import ANCESTRIES, Identity
from sampler.pool import Pool, choose, merged
from sampler.quantities import Chance, Fraction, Share, Signed, Weight
from sampler.streams import F64, Draws

__all__ = ["BrowConfig", "FacialHairConfig", "draw_brows", "draw_facial_hair"]

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


class BeardedByAge(ConfigModel):
    """A share at 20 years and one at 80; between them it changes evenly."""

    young: Chance
    old: Chance

    def at(self, age_years: F64) -> F64:
        """``(n,)``"""
        way = np.clip((age_years - 20) / 60, 0, 1)
        return np.asarray(self.young + (self.old - self.young) * way)


class FacialHairConfig(ComponentConfig):
    shares: dict[str, Weight]
    bearded: BeardedByAge
    """How many of the men; nobody below sex 0.5."""
    length: Length
    """Where the style does not state its own range (``min_length_m``, ``max_length_m``)."""
    density: ByAncestry
    patchiness: ByAncestry
    patchiness_young: Share
    """Added at 18 years, gone at 30."""
    cheek_line: Signed
    curl: ByAncestry
    melanin_shift: Signed
    redness_shift: Signed
    grey_lead: Annotated[float, Field(ge=0.2, le=3)]
    """Power of the scalp's share of grey: below 1 the beard goes before."""


class BrowConfig(ComponentConfig):
    thickness: Annotated[Distribution, Within("", 0.2, 1.7)]
    thickness_male: Annotated[float, Field(ge=0, le=0.3)]
    """Added for men."""
    density: Annotated[Distribution, Within("", 0, 2)]
    length: Annotated[Distribution, Within("", 0.4, 1.5)]
    length_male: Annotated[float, Field(ge=0, le=0.25)]
    length_old_men: Annotated[float, Field(ge=0, le=0.25)]
    """Added for men at 80, growing from 50."""
    arch: Fraction
    arch_female: Annotated[float, Field(ge=-1, le=1)]
    """Added for women, taken from men."""
    roundness: Fraction
    slant: Signed
    tail: Annotated[Distribution, Within("", 0.5, 1.3)]
    gap: Signed
    unibrow: Fraction
    """Of men; women keep a third of it."""
    plucked_female: Fraction
    plucked_male: Fraction
    melanin_shift: Signed
    redness_shift: Signed
    makeup_female: Chance
    makeup_male: Chance
    makeup: Fraction
    lash_length: Annotated[Distribution, Within("", 0.3, 1.7)]
    lash_length_female: Annotated[float, Field(ge=0, le=0.3)]
    """Added for women."""
    lash_density: Annotated[Distribution, Within("", 0.2, 2)]
    lash_curl: Fraction
    mascara_female: Chance
    mascara_male: Chance
    mascara: Fraction


def draw_facial_hair(
    config: FacialHairConfig, draws: Draws, styles: Pool, identity: Identity, hair: HairColour
) -> Columns:
    """Draw the beard that goes with a head of hair; a dye on the scalp leaves it alone."""
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
    patchy = config.patchiness.ppf(draws.uniform("patchiness"), identity)
    patchy = patchy + config.patchiness_young * np.clip((30 - identity.age_years) / 12, 0, 1)
    return {
        "style": merged(styles, style, SHAVED, shaved),
        "length_m": np.where(shaved, 0, length),
        "density": config.density.ppf(draws.uniform("density"), identity),
        "patchiness": np.clip(patchy, 0, 1),
        "cheek_line": config.cheek_line.ppf(draws.uniform("cheek_line")),
        "curl": config.curl.ppf(draws.uniform("curl"), identity),
        "melanin": np.clip(melanin, 0, 1),
        "redness": np.clip(redness, 0, 1),
        "grey": hair.natural_grey**config.grey_lead,
        "seed": draws.seeds("seed"),
    }


def _by_sex(female: F64 | float, male: F64 | float, identity: Identity) -> F64:
    return np.asarray(female + (male - female) * identity.man)


def draw_brows(config: BrowConfig, draws: Draws, identity: Identity, hair: HairColour) -> Columns:
    """Draw brows and lashes; brows go with the natural hair, somewhat darker, and grey late."""

    def drawn(name: str) -> F64:
        return np.asarray(getattr(config, name).ppf(draws.uniform(name)))

    man = identity.man
    # Who dyes often has the brows tinted along.
    follows = 0.5 * (draws.uniform("follows") < 0.5)
    melanin = hair.melanin + (hair.shown_melanin - hair.melanin) * follows
    made_up = draws.uniform("made_up") < _by_sex(config.makeup_female, config.makeup_male, identity)
    dark_lashes = draws.uniform("mascaraed") < _by_sex(
        config.mascara_female, config.mascara_male, identity
    )
    ageing = np.clip((identity.age_years - 50) / 30, 0, 1)
    length = config.length_male + config.length_old_men * ageing
    arch = drawn("arch") + config.arch_female * (1 - 2 * man)
    plucked = _by_sex(drawn("plucked_female"), drawn("plucked_male"), identity)
    return {
        "thickness": drawn("thickness") + config.thickness_male * identity.sex,
        "density": drawn("density"),
        "length": drawn("length") + length * man,
        "arch": np.clip(arch, 0, 1),
        "roundness": drawn("roundness"),
        "slant": drawn("slant"),
        "tail": drawn("tail"),
        "gap": drawn("gap"),
        "unibrow": drawn("unibrow") * (1 / 3 + 2 / 3 * man) * (1 - plucked),
        "plucked": plucked,
        "melanin": np.clip(melanin + drawn("melanin_shift"), 0, 1),
        "redness": np.clip(hair.redness + drawn("redness_shift"), 0, 1),
        "grey": 0.85 * hair.natural_grey**2,
        "makeup": np.where(made_up, drawn("makeup"), 0),
        "lash_length": drawn("lash_length") + config.lash_length_female * (1 - identity.sex),
        "lash_density": drawn("lash_density"),
        "lash_curl": drawn("lash_curl"),
        "mascara": np.where(dark_lashes, drawn("mascara"), 0),
        "seed": draws.seeds("seed"),
    }
