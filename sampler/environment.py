"""Light: the HDR environment, and a key light of one's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from assets.catalog import HdriEntry
from assets.hdri import harmonics
from sampler.columns import Columns, Nullable
from sampler.config_model import ConfigModel, Within
from sampler.copula import ComponentConfig
from sampler.distributions import Distribution
from sampler.pool import Pool, choose, names
from sampler.quantities import Angle, Chance, Elevation, Factor, Kelvin, Positive, Share, Stops
from sampler.streams import F64, Draws
from spec_schema.frames import direction_from_angles

__all__ = ["EnvironmentConfig", "KeyLightConfig", "Stance", "draw", "pool"]


_FLOOR = 0.3
"""The least that a face is taken to get, by the environment's mean: a face in a dark corner of
an environment stays darker than others instead of burning everything else out."""


class KeyLightConfig(ConfigModel):
    share: Chance
    """How many scenes have one."""
    ratio: Factor
    """Irradiance on a face turned to it, by what the environment gives to the face."""
    azimuth_from_camera: Angle
    elevation: Elevation
    distance: Annotated[Distribution, Within("m", 0.2, 20)]
    size: Annotated[Distribution, Within("m", 0.01, 5)]
    temperature: Kelvin


class EnvironmentConfig(ComponentConfig):
    shares: dict[str, Share]
    """Replace the catalogue's shares, by HDRI id."""
    rotation: Angle
    luminance: Positive
    """Luminance that a white matt surface in the face's place is brought to."""
    jitter: Stops
    """How much brighter or darker than that it is."""
    tone_ev: Annotated[float, Field(ge=0, le=0.5)]
    """Stops of brighter light for each step of the Monk scale, as a photographer would meter."""
    exposure: Stops
    key_light: KeyLightConfig


def pool(entries: dict[str, HdriEntry], config: EnvironmentConfig) -> Pool:
    """The environments to choose from."""
    return Pool.of(entries, "environment", config.shares)


@dataclass(frozen=True)
class Stance:
    """Where the face and the camera are turned, world frame, and what is lit."""

    face: F64
    """``(N, 3)`` unit, out of the face."""
    to_camera: F64
    """``(N, 3)`` unit, from the head to the lens."""
    camera_azimuth_deg: F64
    monk_tone: F64

    @property
    def metered(self) -> F64:
        """``(N, 3)`` mean normal of what the camera sees of the head."""
        # Of a head from behind the camera sees the crown, whose mean normal points at the lens.
        seen = np.clip(1 + (self.face * self.to_camera).sum(1, keepdims=True), 0, 1)
        both = seen * self.face + self.to_camera
        return np.asarray(both / np.linalg.norm(both, axis=1, keepdims=True))


def _incident(
    hdris: Pool, entries: dict[str, HdriEntry], code: NDArray[np.int64], turn_deg: F64, normal: F64
) -> F64:
    """``(N,)`` luminance of a white matt surface with this normal, at strength 1."""
    angle = np.radians(-turn_deg)
    x, y, z = normal.T
    unturned = np.stack(
        [np.cos(angle) * x + np.sin(angle) * z, y, np.cos(angle) * z - np.sin(angle) * x], 1
    )
    coefficients = np.array([entries[i].irradiance for i in hdris.ids])[code]
    means = np.array([entries[i].sphere_luminance for i in hdris.ids])[code]
    metered = (harmonics(unturned) * coefficients).sum(1)
    return np.asarray(np.maximum(metered, _FLOOR * means))


def draw(
    config: EnvironmentConfig,
    draws: Draws,
    hdris: Pool,
    entries: dict[str, HdriEntry],
    stance: Stance,
) -> Columns:
    """Draw the light of a scene, metered at the face."""
    shares = np.broadcast_to(hdris.share_female, (draws.n, len(hdris.ids)))
    code = choose(shares, draws.uniform("hdri"))
    turn_deg = config.rotation.ppf(draws.uniform("rotation"))
    normal = stance.metered
    incident = _incident(hdris, entries, code, turn_deg, normal)

    key = config.key_light
    lit = draws.uniform("key") < key.share
    ratio = key.ratio.ppf(draws.uniform("key_light.ratio"))
    azimuth = stance.camera_azimuth_deg + key.azimuth_from_camera.ppf(
        draws.uniform("key_light.azimuth_from_camera")
    )
    elevation = key.elevation.ppf(draws.uniform("key_light.elevation"))
    distance = key.distance.ppf(draws.uniform("key_light.distance"))
    facing = np.maximum((direction_from_angles(azimuth, elevation) * normal).sum(1), 0.0)
    share_of_key = np.where(lit, ratio * facing, 0.0)

    wanted = config.luminance * 2.0 ** (
        config.jitter.ppf(draws.uniform("jitter")) + config.tone_ev * (stance.monk_tone - 1)
    )
    from_environment = wanted / (1 + share_of_key)
    # A small Lambertian light of power P gives the irradiance P / (pi d^2) on its axis, and a
    # white matt surface returns 1 / pi of what it gets.
    power = np.pi * distance**2 * np.pi * ratio * from_environment
    key_columns = {
        "power_w": np.minimum(power, 1000),
        "azimuth_deg": (azimuth + 180) % 360 - 180,
        "elevation_deg": elevation,
        "distance_m": distance,
        "size_m": key.size.ppf(draws.uniform("key_light.size")),
        "temperature_k": key.temperature.ppf(draws.uniform("key_light.temperature")),
    }
    return {
        "hdri": names(hdris, code),
        "rotation_deg": turn_deg,
        "strength": np.minimum(from_environment / incident, 100),
        "exposure_ev": config.exposure.ppf(draws.uniform("exposure")),
        "key_light": Nullable(key_columns, lit),
    }
