"""Head pose as labelled, and how camera orbit and neck share it.

Yaw, pitch and roll in the camera frame are drawn from the declared distributions and kept
exactly. Then the orbit of the camera round the torso is chosen so that what remains for the
neck stays within anatomical limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sampler.config_model import ConfigModel
from sampler.copula import ComponentConfig
from sampler.quantities import Angle, Elevation, Fraction
from sampler.streams import F64, Draws
from spec_schema.frames import (
    CAMERA_FROM_FACING,
    camera_from_head_rotation,
    camera_from_world_rotation,
    world_from_head_rotation,
)

__all__ = ["Pose", "PoseConfig", "TurnLimits", "draw", "turn_angles_deg", "turns_within"]

Limit = Annotated[float, Field(gt=0, le=90)]


class TurnLimits(ConfigModel):
    """Half axes of the ellipsoid in which head turns on the torso stay, degrees.

    Less than the range of motion of a healthy neck (about 80, 60 and 45), so that combined
    turns look at ease.
    """

    yaw_deg: Limit
    pitch_deg: Limit
    roll_deg: Limit


class PoseConfig(ComponentConfig):
    yaw: Angle
    pitch: Angle
    roll: Angle
    head_share_yaw: Fraction
    """How much of the yaw the neck makes; the camera's orbit makes the rest."""
    head_share_pitch: Fraction
    azimuth_jitter: Angle
    elevation_jitter: Elevation
    camera_roll: Angle
    """Tilt of the horizon. More is used only where the neck can't make the roll."""
    turn_limits: TurnLimits


@dataclass(frozen=True)
class Pose:
    """All ``(n,)`` in degrees but ``camera_from_head`` ``(n, 3, 3)``."""

    yaw_deg: F64
    pitch_deg: F64
    roll_deg: F64
    azimuth_deg: F64
    elevation_deg: F64
    camera_roll_deg: F64
    camera_from_head: F64


def turn_angles_deg(world_from_head: F64) -> F64:
    """Turn of the head on the torso ``(n, 3)``: yaw to the left, pitch up, roll, in degrees.

    Yaw and pitch are those of the facing direction (head z in the world frame); roll is what
    remains about it.
    """
    r = world_from_head
    yaw = np.arctan2(r[..., 0, 2], r[..., 2, 2])
    pitch = np.arcsin(np.clip(r[..., 1, 2], -1.0, 1.0))
    roll = np.arctan2(r[..., 1, 0], r[..., 1, 1])
    return np.asarray(np.degrees(np.stack([yaw, pitch, roll], axis=-1)))


def turns_within(limits: TurnLimits, orbit_deg: F64, camera_from_head: F64) -> NDArray[np.bool_]:
    """Whether the turn is at ease, for orbits ``(n, 3)`` of azimuth, elevation, roll."""
    camera_from_world = camera_from_world_rotation(*orbit_deg.T)
    angles = turn_angles_deg(world_from_head_rotation(camera_from_world, camera_from_head))
    half_axes = np.array([limits.yaw_deg, limits.pitch_deg, limits.roll_deg])
    return np.asarray(((angles / half_axes) ** 2).sum(axis=-1) <= 1.0)


def _unturned_orbit_deg(camera_from_head: F64) -> F64:
    """Orbit ``(n, 3)`` from which a head that is not turned at all has this label."""
    r = CAMERA_FROM_FACING @ camera_from_head  # = Rz(-roll) Rx(elevation) Ry(-azimuth)
    azimuth = np.arctan2(r[..., 2, 0], r[..., 2, 2])
    elevation = np.arcsin(np.clip(r[..., 2, 1], -1.0, 1.0))
    roll = np.arctan2(r[..., 0, 1], r[..., 1, 1])
    return np.asarray(np.degrees(np.stack([azimuth, elevation, roll], axis=-1)))


def _shortest(angle_deg: F64) -> F64:
    return (angle_deg + 180.0) % 360.0 - 180.0


def _toward(start: F64, end: F64, camera_from_head: F64, limits: TurnLimits) -> F64:
    """The orbit nearest to ``start`` on the way to ``end`` that is within the limits.

    Rows where even ``end`` is not within come back as ``end``.
    """
    todo = np.flatnonzero(~turns_within(limits, start, camera_from_head))
    if todo.size == 0:
        return start
    rotation, begin = camera_from_head[todo], start[todo]
    way = _shortest(end[todo] - begin)
    low, high = np.zeros(todo.size), np.ones(todo.size)
    for _ in range(10):
        middle = (low + high) / 2
        fits = turns_within(limits, begin + way * middle[:, None], rotation)
        high, low = np.where(fits, middle, high), np.where(fits, low, middle)
    out = start.copy()
    out[todo] = begin + way * high[:, None]
    return out


def draw(config: PoseConfig, draws: Draws) -> Pose:
    """Draw the label, then split it."""
    yaw = config.yaw.ppf(draws.uniform("yaw"))
    pitch = config.pitch.ppf(draws.uniform("pitch"))
    roll = config.roll.ppf(draws.uniform("roll"))
    rotation = camera_from_head_rotation(yaw, pitch, roll)

    share_yaw = config.head_share_yaw.ppf(draws.uniform("head_share_yaw"))
    share_pitch = config.head_share_pitch.ppf(draws.uniform("head_share_pitch"))
    azimuth = yaw * (1 - share_yaw) + config.azimuth_jitter.ppf(draws.uniform("azimuth_jitter"))
    elevation = -pitch * (1 - share_pitch) + config.elevation_jitter.ppf(
        draws.uniform("elevation_jitter")
    )
    tilt = config.camera_roll.ppf(draws.uniform("camera_roll"))
    wanted = np.stack([azimuth, np.clip(elevation, -89.0, 89.0), tilt], axis=-1)

    # First with the horizon as asked; then, if the neck can't make the roll, with the camera's.
    level = np.stack([yaw, np.clip(-pitch, -89.0, 89.0), tilt], axis=-1)
    orbit = _toward(wanted, level, rotation, config.turn_limits)
    orbit = _toward(orbit, _unturned_orbit_deg(rotation), rotation, config.turn_limits)
    return Pose(
        yaw, pitch, roll, _shortest(orbit[:, 0]), orbit[:, 1], _shortest(orbit[:, 2]), rotation
    )
