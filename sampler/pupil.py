"""How wide pupils are: by the light that the scene stands for, and by age."""

from __future__ import annotations

from typing import Annotated, Final

import numpy as np
from pydantic import Field

from sampler.config_model import ConfigModel, Within
from sampler.distributions import Distribution
from sampler.quantities import Positive
from sampler.streams import F64

__all__ = ["RATIO_LIMITS", "PlacesConfig", "PupilConfig", "pupil_diameter_mm", "usual_ratio"]

RATIO_LIMITS: Final = (0.15, 0.75)
_IRIS_MM: Final = 11.7
"""Visible diameter; pupils are measured through the cornea too."""
_REFERENCE_YEARS: Final = 28.58
_YEARS: Final = (20.0, 83.0)


class PlacesConfig(ConfigModel):
    """A luminance, cd/m², for each kind of environment."""

    indoor: Positive
    outdoor: Positive
    night: Positive
    studio: Positive


class PupilConfig(ConfigModel):
    """An HDRI has no absolute brightness, so what its kind of place usually has stands here."""

    setting_cd_m2: PlacesConfig
    """Luminance of a white matt surface in the face's place, by the kind of environment."""
    scheme_cd_m2: dict[str, Positive]
    """The same for schemes of ``environment`` that say more about it than the environment."""
    surround: Annotated[float, Field(gt=0, le=1)]
    """Luminance of what the eyes see by that of such a surface."""
    field_deg2: Positive
    """Solid angle that they adapt to, square degrees."""
    spread: Annotated[Distribution, Within("", 0.5, 1.6)]
    """Pupil of a person by what is usual at that age in that light."""


def pupil_diameter_mm(luminance_cd_m2: F64, field_deg2: float, age_years: F64) -> F64:
    """Mean diameter ``(n,)`` of both eyes' pupils adapted to a field.

    Watson and Yellott, A unified formula for light-adapted pupil size, J. Vision 12(10):12, 2012:
    Stanley and Davies' formula with the slope of age of Winn et al., which holds from
    20 to 83 years.
    """
    flux = (luminance_cd_m2 * field_deg2 / 846) ** 0.41
    young = 7.75 - 5.75 * flux / (flux + 2)
    years = np.clip(age_years, *_YEARS) - _REFERENCE_YEARS
    return np.asarray(young + years * (0.02132 - 0.009562 * young))


def usual_ratio(config: PupilConfig, white_cd_m2: F64, age_years: F64) -> F64:
    """Mean pupil by iris ``(n,)`` of people of an age, where white surfaces have a luminance."""
    seen = config.surround * white_cd_m2
    return np.asarray(pupil_diameter_mm(seen, config.field_deg2, age_years) / _IRIS_MM)
