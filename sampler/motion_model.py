"""What a config says of how faces move."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from sampler.config_model import ConfigModel, Within
from sampler.distributions import Distribution
from sampler.quantities import Chance, Positive, Share

__all__ = [
    "BlinkMotion",
    "ExpressionMotion",
    "GazeMotion",
    "MotionConfig",
    "PoseMotion",
    "ShutterMotion",
    "SwayMotion",
]

Seconds = Annotated[Distribution, Within("s", 0.01, 1000)]
Hertz = Annotated[float, Field(gt=0, le=20)]


class Band(ConfigModel):
    """Frequencies that a motion is made of; nothing lies outside."""

    low_hz: Hertz
    high_hz: Hertz

    @model_validator(mode="after")
    def _ordered(self) -> Band:
        if not self.low_hz < self.high_hz:
            raise ValueError(f"low_hz ({self.low_hz:g}) must be less than high_hz")
        return self


class PoseMotion(Band):
    """Turns of the head."""

    spread: Share
    """How much of the declared distribution's deviation each track goes through by itself; the
    rest is between tracks. The poses of all tracks together follow the distribution at any
    value."""
    hold: Annotated[float, Field(ge=0, lt=1)]
    """How far the head comes to rest between turns: 0 moves steadily."""
    hold_interval: Seconds
    """From one rest to the next."""
    max_speed_deg_s: Positive
    """Of yaw, pitch and roll together; a track that would be faster runs slower."""
    neck_up_m: Annotated[float, Field(ge=0, le=0.3)]
    neck_forward_m: Annotated[float, Field(ge=0, le=0.3)]
    """From the joint about which the head turns to the middle of the eyes, head frame."""


class SwayMotion(Band):
    """Shifts of the whole upper body."""

    scale_m: Annotated[float, Field(ge=0, le=0.2)]
    """Standard deviation in each direction."""


class BlinkMotion(ConfigModel):
    """Blinks: both lids close fast, stay a moment and open more slowly."""

    interval: Seconds
    """Mean time from one to the next, drawn for each track."""
    closing: Seconds
    closed: Seconds
    opening: Seconds


class ExpressionMotion(ConfigModel):
    """Expressions that come and go, each drawn as those of stills are."""

    interval: Seconds
    """Mean time from one to the next, drawn for each track."""
    onset: Seconds
    apex: Seconds
    offset: Seconds


class GazeMotion(ConfigModel):
    """Fixations, and the saccades between them."""

    interval: Seconds
    """Mean time of a fixation, drawn for each track."""
    saccade_s: Positive
    saccade_s_per_deg: Annotated[float, Field(ge=0, le=0.1)]
    """Duration of a saccade: the first, and the second for each degree."""


class ShutterMotion(ConfigModel):
    """Blur of heads that turn: how far a head turns in a frame is that of the motion."""

    share: Chance
    """How many tracks have any."""
    open: Annotated[Distribution, Within("s", 0.0005, 0.1)]
    """Time of an exposure, drawn for each track."""


class MotionConfig(ConfigModel):
    pose: PoseMotion
    sway: SwayMotion
    blink: BlinkMotion
    expression: ExpressionMotion
    gaze: GazeMotion
    shutter: ShutterMotion
