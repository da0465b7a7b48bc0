"""Irises and pupils."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from assets.catalog import IrisEntry
from sampler.columns import Columns
from sampler.config_model import Within
from sampler.copula import ComponentConfig
from sampler.distributions import Distribution
from sampler.identity import ANCESTRIES, Identity
from sampler.pool import Pool, choose, names
from sampler.quantities import Fraction, Share
from sampler.streams import F64, Draws

__all__ = ["EyesConfig", "draw", "pool"]


class EyesConfig(ComponentConfig):
    shares: dict[str, Share]
    """Replace the catalogue's shares, by iris id. They hold for the lightest people."""
    pigment_effect: Annotated[float, Field(ge=0, le=20)]
    """How strongly darker skin and other than European ancestry call for brown irises."""
    hue_shift: Annotated[Distribution, Within("", -0.5, 0.5)]
    brightness: Annotated[Distribution, Within("", 0.1, 3)]
    pupil_ratio: Annotated[Distribution, Within("", 0.15, 0.75)]
    redness: Fraction


def pool(entries: dict[str, IrisEntry], config: EyesConfig) -> Pool:
    """The irises to choose from."""
    return Pool.of(entries, "eyes", config.shares)


def _brownness(entry: IrisEntry) -> float:
    """0 for irises that are not warmer than grey, toward 1 for the warmest."""
    red, _, blue = entry.colour_srgb
    return max(0.0, (red - blue) / (red + blue))


def draw(
    config: EyesConfig,
    draws: Draws,
    irises: Pool,
    entries: dict[str, IrisEntry],
    identity: Identity,
    monk_tone: F64,
) -> Columns:
    """Draw the eyes of an identity."""
    european = identity.ancestry[:, ANCESTRIES.index("european")]
    pigment = np.clip(0.6 * (monk_tone - 1) / 9 + 0.6 * (1 - european), 0, 1)
    paleness = 1 - np.array([_brownness(entries[i]) for i in irises.ids])
    weights = irises.share_female * np.exp(-config.pigment_effect * pigment[:, None] * paleness)
    return {
        "iris": names(irises, choose(weights, draws.uniform("iris"))),
        "iris_hue_shift": config.hue_shift.ppf(draws.uniform("hue_shift")),
        "iris_brightness": config.brightness.ppf(draws.uniform("brightness")),
        "pupil_ratio": config.pupil_ratio.ppf(draws.uniform("pupil_ratio")),
        "redness": config.redness.ppf(draws.uniform("redness")),
    }
