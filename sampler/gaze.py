"""Where the eyes look: into the lens, or somewhere ahead of the head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sampler.copula import ComponentConfig
from sampler.quantities import Chance, Fraction, GazePitch, GazeYaw, Metres, Positive
from sampler.streams import F64, Draws

__all__ = ["Gaze", "GazeConfig", "GazeDraw", "aim", "draw", "lens_angles_deg"]


class GazeConfig(ComponentConfig):
    lens_share: Chance
    """How many look into the lens, of those who can without strain."""
    yaw_limit_deg: Annotated[float, Field(gt=0, le=60)]
    pitch_limit_deg: Annotated[float, Field(gt=0, le=50)]
    """Half axes of the ellipse of gaze directions in the head frame."""
    reluctance_deg: Positive
    """A lens outside that ellipse is looked at the less, the further out it is: the share
    falls with a Gaussian of this width, and the eyes go only part of the way."""
    effort: Fraction
    """How far toward the ellipse they go then."""
    yaw: GazeYaw
    pitch: GazePitch
    """Of those who do not look into the lens, about straight ahead of the head."""
    distance: Metres


@dataclass(frozen=True)
class GazeDraw:
    """Everything drawn, before it is known where the lens is. ``(n,)`` each."""

    lens_u: F64
    effort: F64
    yaw_deg: F64
    pitch_deg: F64
    distance_m: F64


@dataclass(frozen=True)
class Gaze:
    """``(n,)`` each; the spec's columns, and who looks into the lens."""

    yaw_deg: F64
    pitch_deg: F64
    distance_m: F64
    at_lens: NDArray[np.bool_]


def draw(config: GazeConfig, draws: Draws) -> GazeDraw:
    """Draw what does not depend on the camera."""
    return GazeDraw(
        lens_u=draws.uniform("lens"),
        effort=config.effort.ppf(draws.uniform("effort")),
        yaw_deg=config.yaw.ppf(draws.uniform("yaw")),
        pitch_deg=config.pitch.ppf(draws.uniform("pitch")),
        distance_m=config.distance.ppf(draws.uniform("distance")),
    )


def lens_angles_deg(camera_from_head: F64, position_m: F64) -> tuple[F64, F64, F64]:
    """Yaw, pitch (degrees) and distance (m) of the lens from the head origin, head frame.

    Args:
        camera_from_head: ``(n, 3, 3)`` rotation.
        position_m: ``(n, 3)`` head origin in the camera frame.
    """
    lens = -(np.swapaxes(camera_from_head, -1, -2) @ position_m[..., None])[..., 0]
    distance = np.linalg.norm(lens, axis=-1)
    yaw = np.degrees(np.arctan2(lens[..., 0], lens[..., 2]))
    pitch = np.degrees(np.arcsin(lens[..., 1] / distance))
    return yaw, pitch, distance


def aim(config: GazeConfig, drawn: GazeDraw, camera_from_head: F64, position_m: F64) -> Gaze:
    """Decide who looks into the lens, and turn their eyes to it."""
    lens_yaw, lens_pitch, lens_distance = lens_angles_deg(camera_from_head, position_m)
    reach = np.hypot(lens_yaw / config.yaw_limit_deg, lens_pitch / config.pitch_limit_deg)
    inward = np.where(reach > 1, drawn.effort / np.maximum(reach, 1), 1)
    beyond = np.hypot(lens_yaw, lens_pitch) * (1 - 1 / np.maximum(reach, 1))
    share = config.lens_share * np.exp(-0.5 * (beyond / config.reluctance_deg) ** 2)
    at_lens = drawn.lens_u < share

    away_reach = np.hypot(
        drawn.yaw_deg / config.yaw_limit_deg, drawn.pitch_deg / config.pitch_limit_deg
    )
    away = 1 / np.maximum(away_reach, 1)
    return Gaze(
        yaw_deg=np.where(at_lens, lens_yaw * inward, drawn.yaw_deg * away),
        pitch_deg=np.where(at_lens, lens_pitch * inward, drawn.pitch_deg * away),
        distance_m=np.where(at_lens, np.maximum(lens_distance, 0.1), drawn.distance_m),
        at_lens=at_lens,
    )
