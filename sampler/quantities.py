"""The kinds of quantity that a config declares: a distribution with unit and bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from sampler.config_model import Within
from sampler.distributions import Distribution

__all__ = [
    "Age",
    "Angle",
    "Chance",
    "Elevation",
    "Factor",
    "FocalLength",
    "Fraction",
    "GazePitch",
    "GazeYaw",
    "Happens",
    "Kelvin",
    "Metres",
    "Positive",
    "Share",
    "Signed",
    "Stops",
    "Tone",
    "Weight",
]


@dataclass(frozen=True)
class Happens:
    """Marks a number as the probability of an event, so that tests find every one of them."""


Share = Annotated[float, Field(ge=0, le=1)]
Chance = Annotated[float, Field(ge=0, le=1), Happens()]
Positive = Annotated[float, Field(gt=0, le=1e9)]
Weight = Annotated[float, Field(ge=0, le=1e9)]

Angle = Annotated[Distribution, Within("deg", -180, 180)]
Elevation = Annotated[Distribution, Within("deg", -90, 90)]
GazeYaw = Annotated[Distribution, Within("deg", -60, 60)]
GazePitch = Annotated[Distribution, Within("deg", -50, 50)]
Age = Annotated[Distribution, Within("years", 18, 90)]
FocalLength = Annotated[Distribution, Within("mm", 5, 2000)]
Metres = Annotated[Distribution, Within("m", 0.01, 1000)]
Kelvin = Annotated[Distribution, Within("k", 1500, 15000)]
Stops = Annotated[Distribution, Within("ev", -10, 10)]
Tone = Annotated[Distribution, Within("", 1, 10)]
Fraction = Annotated[Distribution, Within("", 0, 1)]
Signed = Annotated[Distribution, Within("", -1, 1)]
Factor = Annotated[Distribution, Within("", 0.01, 100)]
