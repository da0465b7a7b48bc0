"""Irises, and pupils in the light of the scene."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from assets.catalog import HdriEntry, IrisEntry
from sampler.columns import Columns
from sampler.config_model import Within
from sampler.copula import ComponentConfig
from sampler.distributions import Distribution
from sampler.environment import EnvironmentConfig, brighter_by
from sampler.identity import ANCESTRIES, Identity
from sampler.pool import Pool, choose, names
from sampler.pupil import RATIO_LIMITS, PupilConfig, usual_ratio
from sampler.quantities import Fraction, Weight
from sampler.streams import F64, Draws

__all__ = ["EyesConfig", "draw", "pigment_of", "pool", "white_cd_m2"]


class EyesConfig(ComponentConfig):
    shares: dict[str, Weight]
    """Replace the catalogue's shares, by iris id. They hold for the lightest people."""
    pigment_effect: Annotated[float, Field(ge=0, le=20)]
    """How strongly darker skin and other than European ancestry call for brown irises."""
    hue_shift: Annotated[Distribution, Within("", -0.5, 0.5)]
    brightness: Annotated[Distribution, Within("", 0.1, 3)]
    """Of the lightest people's irises."""
    pigment_darkens: Annotated[float, Field(ge=0, le=0.9)]
    """The share of the brightness that irises of the darkest people lack: the browns of dark people
    are darker."""
    pupil: PupilConfig
    redness: Fraction


def pool(entries: dict[str, IrisEntry], config: EyesConfig) -> Pool:
    """The irises to choose from."""
    return Pool.of(entries, "eyes", config.shares)


def _brownness(entry: IrisEntry) -> float:
    """0 for irises that are not warmer than grey, toward 1 for the warmest."""
    red, _, blue = entry.colour_srgb
    return max(0.0, (red - blue) / (red + blue))


def white_cd_m2(
    config: PupilConfig,
    environment: EnvironmentConfig,
    light: Columns,
    hdris: dict[str, HdriEntry],
    monk_tone: F64,
) -> F64:
    """Luminance ``(n,)`` that a white matt surface has in the face's place in drawn light."""
    hdri, scheme = light["hdri"], light["scheme"]
    places = [hdris[name].setting for name in hdri.names]
    of_place = np.array([getattr(config.setting_cd_m2, place) for place in places])
    of_scheme = np.array([config.scheme_cd_m2.get(name, np.nan) for name in scheme.names])
    usual = np.where(
        np.isnan(of_scheme[scheme.codes]), of_place[hdri.codes], of_scheme[scheme.codes]
    )
    brighter = brighter_by(environment, light["face_luminance"], monk_tone)
    return np.asarray(usual * brighter)


def pigment_of(monk_tone: F64, european: F64) -> F64:
    """``(n,)`` 0 to 1: how much of what darkens irises people of a skin tone and a share of
    European ancestry have."""
    return np.asarray(np.clip(0.6 * (monk_tone - 1) / 9 + 0.6 * (1 - european), 0, 1))


def draw(
    config: EyesConfig,
    draws: Draws,
    irises: Pool,
    entries: dict[str, IrisEntry],
    identity: Identity,
    monk_tone: F64,
    white_cd_m2: F64,
) -> Columns:
    """Draw the eyes of an identity, where white surfaces have a luminance ``(n,)``."""
    european = identity.ancestry[:, ANCESTRIES.index("european")]
    pigment = pigment_of(monk_tone, european)
    paleness = 1 - np.array([_brownness(entries[i]) for i in irises.ids])
    weights = irises.share_female * np.exp(-config.pigment_effect * pigment[:, None] * paleness)
    pupil = usual_ratio(config.pupil, white_cd_m2, identity.age_years)
    pupil = pupil * config.pupil.spread.ppf(draws.uniform("pupil.spread"))
    return {
        "iris": names(irises, choose(weights, draws.uniform("iris"))),
        "iris_hue_shift": config.hue_shift.ppf(draws.uniform("hue_shift")),
        "iris_brightness": np.clip(
            config.brightness.ppf(draws.uniform("brightness"))
            * (1 - config.pigment_darkens * pigment),
            0.1,
            3,
        ),
        "pupil_ratio": np.clip(pupil, *RATIO_LIMITS),
        "redness": config.redness.ppf(draws.uniform("redness")),
    }
