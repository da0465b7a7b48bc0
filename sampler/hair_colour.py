"""Colour of hair: natural shades by ancestry, grey by age, dyes and highlights.

Sources. Shades of Europeans: Morgan et al. 2018, Nature Communications 9:5271 (UK Biobank:
blond 11 %, of women 12.7 % and of men 9.9 %, red 4.6 %, the rest brown and some black); black
three times as often in men: Hysi et al. 2018, Nature Genetics 50:652. Grey: Panhard et al. 2012,
British Journal of Dermatology 167:865 (of people of 45 to 65 years 74 % are affected, with 27 %
of their hair; 6 to 23 % have half of it grey at 50; women, Asians and Africans later).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import expit

from sampler.columns import Columns
from sampler.config_model import ConfigModel, Within
from sampler.distributions import Categorical, Distribution
from sampler.identity import ANCESTRIES, Identity
from sampler.pool import choose
from sampler.quantities import Chance, Fraction, Positive, Share, Signed
from sampler.streams import F64, Draws
from sampler.wear import linear_from_srgb

__all__ = [
    "DyeConfig",
    "GreyConfig",
    "HairColour",
    "HighlightConfig",
    "Shade",
    "VividDye",
    "draw_colour",
]

Years = Annotated[Distribution, Within("years", 0, 200)]
Weight = Annotated[float, Field(ge=0)]
YearsLater = Annotated[float, Field(ge=-30, le=30)]
Regrowth = Annotated[Distribution, Within("m", 0, 0.3)]


class Shade(ConfigModel):
    """A natural shade: how common it is, and of which pigment."""

    european: Weight
    asian: Weight
    african: Weight
    female_factor: Positive = 1.0
    """On its share among women; among men its inverse."""
    melanin: Fraction
    redness: Fraction


class GreyConfig(ConfigModel):
    """When strands lose their pigment."""

    onset: Years
    """Age at which half of them have, of European men."""
    course_years: Positive
    later_female_years: YearsLater
    later_asian_years: YearsLater
    later_african_years: YearsLater


class VividDye(ConfigModel):
    """A colour that does not occur in nature, on bleached hair."""

    srgb: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
    """As it looks on white hair."""
    share: Positive
    melanin: Share
    """What bleaching left."""

    def linear(self) -> F64:
        """Linear sRGB ``(3,)``."""
        channels = [int(self.srgb[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        return linear_from_srgb(np.array(channels))


class DyeConfig(ConfigModel):
    """Who dyes, and how. Shares are those at 20 years; one kind excludes the others."""

    covered_female: Chance
    covered_male: Chance
    """Of those who are grey: hair of a natural shade again, with no regard to the others."""
    toned_female: Chance
    toned_male: Chance
    """Another natural shade, darker or redder."""
    bleached_female: Chance
    bleached_male: Chance
    vivid_female: Chance
    vivid_male: Chance
    old_factor: Share
    """On the shares of bleached and vivid hair at 80 years."""
    amount: Fraction
    shift: Signed
    """Melanin of the new natural shade less that of the old."""
    redness: Fraction
    bleached_melanin: Fraction
    bleached_redness: Fraction
    strength: Fraction
    """How deep a vivid colour has remained; pale ones are pastels."""
    regrowth: Regrowth
    vivid: Annotated[dict[str, VividDye], Field(min_length=1)]


class HighlightConfig(ConfigModel):
    female: Chance
    male: Chance
    amount: Fraction
    """Share of strands."""
    left: Fraction
    """Melanin of a lightened strand by that of the others."""
    start: Fraction


@dataclass(frozen=True)
class HairColour:
    """Of the natural hair ``(n,)`` each, and all columns."""

    melanin: F64
    redness: F64
    natural_grey: F64
    shown_melanin: F64
    """Of what one sees of the hair, dyed or not."""
    columns: Columns


def draw_colour(
    shades: dict[str, Shade],
    grey: GreyConfig,
    dyes: DyeConfig,
    highlights: HighlightConfig,
    weathering: Distribution,
    tone_pull: float,
    draws: Draws,
    identity: Identity,
    monk_tone: F64,
) -> HairColour:
    """Draw the colour of an identity's hair; ``tone_pull`` makes it black on very dark skin."""
    melanin, redness = _natural(shades, draws, identity)
    dark = np.clip((monk_tone - 4) / 4, 0, 1) * tone_pull
    melanin = melanin + (1 - melanin) * dark
    redness = redness * (1 - 0.6 * dark)
    natural_grey = _grey(grey, draws, identity)
    dye = _dyed(dyes, draws, identity, melanin, natural_grey)
    u = draws.uniform("highlights.who")
    share = _by_sex(highlights.female, highlights.male, identity) * (1 - 0.8 * natural_grey)
    lit = (u < share) & ~dye.vivid & (melanin > 0.2)
    under = np.where(dye.amount > 0, dye.melanin, melanin)
    amount = highlights.amount.ppf(draws.uniform("highlights.amount"))
    left = highlights.left.ppf(draws.uniform("highlights.left"))
    start = highlights.start.ppf(draws.uniform("highlights.start"))
    columns: Columns = {
        "melanin": melanin,
        "redness": redness,
        "grey": natural_grey,
        "weathering": weathering.ppf(draws.uniform("weathering")),
        "highlights": np.where(lit, amount, 0),
        "highlight_melanin": left * under,
        "highlight_start": start,
        "dye": dye.amount,
        "dye_melanin": dye.melanin,
        "dye_redness": dye.redness,
        "dye_red": dye.rgb[:, 0],
        "dye_green": dye.rgb[:, 1],
        "dye_blue": dye.rgb[:, 2],
        "regrowth_m": np.where((dye.amount > 0) | lit, dye.regrowth_m, 0),
    }
    shown = melanin + (dye.melanin - melanin) * dye.amount
    return HairColour(melanin, redness, natural_grey, shown, columns)


def _by_sex(female: float, male: float, identity: Identity) -> F64:
    return np.asarray(female + (male - female) * identity.man)


def _natural(shades: dict[str, Shade], draws: Draws, identity: Identity) -> tuple[F64, F64]:
    each = list(shades.values())
    by_ancestry = np.array([[getattr(s, a) for s in each] for a in ANCESTRIES])
    factor = np.array([s.female_factor for s in each]) ** (1 - 2 * identity.man[:, None])
    shade = choose(by_ancestry[identity.dominant] * factor, draws.uniform("shade"))
    rows = np.arange(len(shade))
    out = []
    for field in ("melanin", "redness"):
        u = draws.uniform(field)
        out.append(np.stack([getattr(s, field).ppf(u) for s in each], axis=-1)[rows, shade])
    return out[0], out[1]


def _grey(config: GreyConfig, draws: Draws, identity: Identity) -> F64:
    onset = config.onset.ppf(draws.uniform("grey.onset"))
    later = np.array([0.0, config.later_asian_years, config.later_african_years])
    onset = onset + identity.ancestry @ later + config.later_female_years * (1 - identity.man)
    grey = expit(4 * (identity.age_years - onset) / config.course_years)
    return np.where(grey < 0.02, 0, grey)


@dataclass(frozen=True)
class _Dyed:
    amount: F64
    melanin: F64
    redness: F64
    rgb: F64
    """``(n, 3)``"""
    regrowth_m: F64
    vivid: NDArray[np.bool_]


def _dyed(
    config: DyeConfig, draws: Draws, identity: Identity, melanin: F64, natural_grey: F64
) -> _Dyed:
    young = 1 - np.clip((identity.age_years - 20) / 60, 0, 1)
    fading = config.old_factor + (1 - config.old_factor) * young
    vivid_share = _by_sex(config.vivid_female, config.vivid_male, identity) * fading
    pale_share = _by_sex(config.bleached_female, config.bleached_male, identity) * fading
    covered = _by_sex(config.covered_female, config.covered_male, identity)
    toned = _by_sex(config.toned_female, config.toned_male, identity)
    natural_share = np.where(natural_grey > 0.08, np.maximum(covered, toned), toned)
    u = draws.uniform("dyes.who")
    vivid = u < vivid_share
    pale = ~vivid & (u < vivid_share + pale_share)
    natural = ~vivid & ~pale & (u < vivid_share + pale_share + natural_share)
    each = list(config.vivid.values())
    shares = Categorical(weights={name: d.share for name, d in config.vivid.items()})
    which, _ = shares.codes(draws.uniform("dyes.which"))
    strength = config.strength.ppf(draws.uniform("dyes.strength"))
    # A dye that washes out loses absorption: its colour is raised to a power.
    rgb = np.array([np.clip(d.linear(), 0.004, 1) for d in each])[which] ** strength[:, None]
    left = np.array([d.melanin for d in each])[which]
    shifted = np.clip(melanin + config.shift.ppf(draws.uniform("dyes.shift")), 0.1, 0.99)
    pale_melanin = config.bleached_melanin.ppf(draws.uniform("dyes.bleached_melanin"))
    pale_redness = config.bleached_redness.ppf(draws.uniform("dyes.bleached_redness"))
    new_redness = config.redness.ppf(draws.uniform("dyes.redness"))
    amount = config.amount.ppf(draws.uniform("dyes.amount"))
    some = vivid | pale | natural
    return _Dyed(
        amount=np.where(some, amount, 0),
        melanin=np.where(vivid, left, np.where(pale, np.minimum(pale_melanin, melanin), shifted)),
        redness=np.where(vivid | pale, pale_redness, new_redness),
        rgb=np.where(vivid[:, None], rgb, 1.0),
        regrowth_m=config.regrowth.ppf(draws.uniform("dyes.regrowth")),
        vivid=vivid,
    )
