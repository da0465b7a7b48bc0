"""Teeth and tongue."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from assets.mouth import TeethSet
from sampler.columns import Columns
from sampler.copula import ComponentConfig
from sampler.identity import Identity
from sampler.pool import Pool, choose, names
from sampler.quantities import Fraction, Weight
from sampler.streams import Draws

__all__ = ["MouthConfig", "draw", "pool"]

_YOUNG_YEARS = 20.0
_OLD_YEARS = 80.0


class MouthConfig(ComponentConfig):
    shares: dict[str, Weight]
    """Replace the shares of the sets of teeth, by id."""
    shade: Fraction
    """Of people of 20 years."""
    shade_of_age: Annotated[float, Field(ge=0, le=1)]
    """How far the shade of people of 80 years has gone from that to the darkest."""
    stain: Fraction
    """Of people of 20 years."""
    stain_of_age: Annotated[float, Field(ge=0, le=1)]
    tongue_raise: Fraction


def pool(entries: dict[str, TeethSet], config: MouthConfig) -> Pool:
    """The sets of teeth to choose from."""
    return Pool.of(entries, "mouth", config.shares)


def draw(config: MouthConfig, draws: Draws, sets: Pool, identity: Identity) -> Columns:
    """Draw teeth and tongue of an identity."""
    span = _OLD_YEARS - _YOUNG_YEARS
    old = np.clip((identity.age_years - _YOUNG_YEARS) / span, 0, 1)
    shade = config.shade.ppf(draws.uniform("shade"))
    stain = config.stain.ppf(draws.uniform("stain"))
    weights = np.broadcast_to(sets.share_female, (len(old), len(sets.ids)))
    return {
        "teeth": names(sets, choose(weights, draws.uniform("teeth"))),
        "shade": shade + config.shade_of_age * old * (1 - shade),
        "stain": stain + config.stain_of_age * old * (1 - stain),
        "tongue_raise": config.tongue_raise.ppf(draws.uniform("tongue_raise")),
        "seed": draws.seeds("seed"),
    }
