"""Light: the HDR environment, and a key light of one's own."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from assets.catalog import HdriEntry
from sampler.columns import Columns, Nullable
from sampler.config_model import ConfigModel, Within
from sampler.distributions import Distribution
from sampler.pool import Pool, choose, names
from sampler.quantities import Angle, Elevation, Factor, Kelvin, Positive, Share, Stops
from sampler.streams import F64, Draws

__all__ = ["EnvironmentConfig", "KeyLightConfig", "draw", "pool"]


class KeyLightConfig(ConfigModel):
    share: Share
    """How many scenes have one."""
    ratio: Factor
    """Irradiance on a face turned to it, by that of the environment's mean."""
    azimuth_from_camera: Angle
    elevation: Elevation
    distance: Annotated[Distribution, Within("m", 0.2, 20)]
    size: Annotated[Distribution, Within("m", 0.01, 5)]
    temperature: Kelvin


class EnvironmentConfig(ConfigModel):
    shares: dict[str, Share]
    """Replace the catalogue's shares, by HDRI id."""
    rotation: Angle
    luminance: Positive
    """Mean luminance that every environment is brought to."""
    jitter: Stops
    """How much brighter or darker than that it is."""
    exposure: Stops
    key_light: KeyLightConfig


def pool(entries: dict[str, HdriEntry], config: EnvironmentConfig) -> Pool:
    """The environments to choose from."""
    return Pool.of(entries, "environment", config.shares)


def _key_light(config: KeyLightConfig, draws: Draws, luminance: F64, azimuth_deg: F64) -> Nullable:
    distance = config.distance.ppf(draws.uniform("key/distance"))
    ratio = config.ratio.ppf(draws.uniform("key/ratio"))
    azimuth = azimuth_deg + config.azimuth_from_camera.ppf(draws.uniform("key/azimuth"))
    # An even environment of luminance L gives the irradiance pi L. A small Lambertian light of
    # power P gives P / (pi d^2) on its axis.
    power = np.pi * distance**2 * ratio * np.pi * luminance
    columns = {
        "power_w": np.minimum(power, 1000),
        "azimuth_deg": (azimuth + 180) % 360 - 180,
        "elevation_deg": config.elevation.ppf(draws.uniform("key/elevation")),
        "distance_m": distance,
        "size_m": config.size.ppf(draws.uniform("key/size")),
        "temperature_k": config.temperature.ppf(draws.uniform("key/temperature")),
    }
    return Nullable(columns, draws.uniform("key") < config.share)


def draw(
    config: EnvironmentConfig,
    draws: Draws,
    hdris: Pool,
    entries: dict[str, HdriEntry],
    camera_azimuth_deg: F64,
) -> Columns:
    """Draw the light of a scene."""
    shares = np.broadcast_to(hdris.share_female, (draws.n, len(hdris.ids)))
    code = choose(shares, draws.uniform("hdri"))
    means = np.array([entries[i].sphere_luminance for i in hdris.ids])
    luminance = config.luminance * 2.0 ** config.jitter.ppf(draws.uniform("jitter"))
    return {
        "hdri": names(hdris, code),
        "rotation_deg": config.rotation.ppf(draws.uniform("rotation")),
        "strength": np.minimum(luminance / means[code], 100),
        "exposure_ev": config.exposure.ppf(draws.uniform("exposure")),
        "key_light": _key_light(config.key_light, draws, luminance, camera_azimuth_deg),
    }
