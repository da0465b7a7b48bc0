"""Light: the HDR environment, lamps of one's own, and how bright the face is to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from assets.catalog import HdriEntry
from assets.hdri import harmonics
from assets.light_colour import REC709_LUMINANCE
from assets.skin.tone import tone_of
from sampler.background import BackgroundConfig, draw_background
from sampler.columns import Columns, Names, Nullable
from sampler.config_model import ConfigModel, Within, quantity_paths
from sampler.copula import ComponentConfig
from sampler.distributions import Categorical, Distribution
from sampler.pool import Pool, choose, names
from sampler.quantities import Angle, Elevation, Factor, Kelvin, Positive, Share, Stops, Weight
from sampler.streams import F64, Draws
from spec_schema.frames import direction_from_angles

__all__ = [
    "LAMPS",
    "EnvironmentConfig",
    "LampConfig",
    "SchemeConfig",
    "Stance",
    "brighter_by",
    "draw",
    "pool",
]

LAMPS = ("key_light", "fill_light", "rim_light")

_FLOOR = 0.3
"""The least that a face is taken to get, by the environment's mean: a face in a dark corner of
an environment stays darker than others instead of burning everything else out."""

_SEEN = 0.95
"""What the median of a face's skin shows, by what a flat piece with its mean normal would: the head
shades itself. Measured by ``python -m benchmarks.exposure``."""

_MOST_W = 100_000.0

NEUTRAL_K = 6504.0
"""Of light that has no cast in sRGB: D65."""

_TINT_K = (1667.0, 25000.0)

_FACETS = tuple((across, up) for across in (-55.0, 0.0, 55.0) for up in (-28.0, 0.0, 28.0))
"""Degrees across and up from the mean normal of a face to those of its parts. A face is not flat:
of a lamp from the side, or close to the lens, its middling part gets less than its mean normal
would, by 0.2 to 0.3 stops."""


class LampConfig(ConfigModel):
    """One square area light."""

    ratio: Factor
    """Irradiance on a face turned to it, by what the environment gives to the face."""
    azimuth_from_camera: Angle
    elevation: Elevation
    distance: Annotated[Distribution, Within("m", 0.2, 20)]
    size: Annotated[Distribution, Within("m", 0.01, 5)]
    temperature: Kelvin


class SchemeConfig(ConfigModel):
    """One way to light a face: which lamps there are beside the environment."""

    share: Share
    """Weight among the schemes."""
    luminance_ev: Annotated[float, Field(ge=-6, le=3)] = 0.0
    """Stops by which faces are brighter than ``luminance``."""
    key_light: LampConfig | None = None
    fill_light: LampConfig | None = None
    rim_light: LampConfig | None = None


class EnvironmentConfig(ComponentConfig):
    named_freely: ClassVar[tuple[str, ...]] = tuple(
        f"{lamp}.{quantity}" for lamp in LAMPS for quantity in quantity_paths(LampConfig)
    )

    shares: dict[str, Weight]
    """Replace the catalogue's shares, by HDRI id."""
    rotation: Angle
    tilt: Annotated[Distribution, Within("deg", -45, 45)]
    tint: Annotated[Distribution, Within("k", *_TINT_K)]
    """Where the camera's white balance ends up."""
    white_balance: Share
    """How much of the environment's own cast the camera takes off before that."""
    luminance: Positive
    """Luminance that a white matt surface in the face's place is brought to."""
    jitter: Stops
    """How much brighter or darker than that it is."""
    tone_ev: Annotated[float, Field(ge=0, le=0.5)]
    """Stops of brighter light for each step of the Monk scale, as a photographer would meter."""
    exposure: Stops
    schemes: dict[str, SchemeConfig]
    background: BackgroundConfig

    @model_validator(mode="after")
    def _some_scheme(self) -> EnvironmentConfig:
        if sum(s.share for s in self.schemes.values()) <= 0:
            raise ValueError("schemes: nothing left to pick")
        return self

    def lamp_share(self, lamp: str) -> float:
        """Share of the scenes that have a lamp of this slot."""
        total = sum(s.share for s in self.schemes.values())
        having = [s.share for s in self.schemes.values() if getattr(s, lamp) is not None]
        return sum(having) / total


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
    picture_deg: F64
    """``(N,)`` horizontal field of view."""

    @property
    def metered(self) -> F64:
        """``(N, 3)`` mean normal of what the camera sees of the head."""
        # Of a head from behind the camera sees the crown, whose mean normal points at the lens.
        seen = np.clip(1 + (self.face * self.to_camera).sum(1, keepdims=True), 0, 1)
        both = seen * self.face + self.to_camera
        return np.asarray(both / np.linalg.norm(both, axis=1, keepdims=True))


def _incident(
    hdris: Pool,
    entries: dict[str, HdriEntry],
    code: NDArray[np.int64],
    turn_deg: F64,
    tilt_deg: F64,
    normal: F64,
) -> F64:
    """``(N,)`` luminance of a white matt surface with this normal, at strength 1."""
    tilt, turn = np.radians(-tilt_deg), np.radians(-turn_deg)
    x, y, z = normal.T
    y, z = np.cos(tilt) * y - np.sin(tilt) * z, np.sin(tilt) * y + np.cos(tilt) * z
    unturned = np.stack(
        [np.cos(turn) * x + np.sin(turn) * z, y, np.cos(turn) * z - np.sin(turn) * x], 1
    )
    coefficients = np.array([entries[i].irradiance for i in hdris.ids])[code]
    means = np.array([entries[i].sphere_luminance for i in hdris.ids])[code]
    metered = (harmonics(unturned) * coefficients).sum(1)
    return np.asarray(np.maximum(metered, _FLOOR * means))


def _facets(normal: F64) -> list[F64]:
    """Unit normals ``(N, 3)`` of parts of a face with this mean normal ``(N, 3)``."""
    right = np.cross(np.array([0.0, 1.0, 0.0]), normal)
    right /= np.maximum(np.linalg.norm(right, axis=1, keepdims=True), 1e-9)
    above = np.cross(normal, right)
    turns = np.radians(_FACETS)
    return [
        np.cos(up) * (np.cos(across) * normal + np.sin(across) * right) + np.sin(up) * above
        for across, up in turns
    ]


@dataclass(frozen=True)
class _Lamp:
    """One slot of the rows' lamps; ``(N,)`` each, of no meaning where it is not lit."""

    lit: NDArray[np.bool_]
    values: dict[str, F64]

    def share(self, normal: F64) -> F64:
        """Irradiance on surfaces with normals ``(N, 3)``, by the environment's on the face."""
        toward = direction_from_angles(self.values["azimuth"], self.values["elevation"])
        facing = np.maximum((toward * normal).sum(1), 0.0)
        return np.where(self.lit, self.values["ratio"] * facing, 0.0)

    def column(self, from_environment: F64) -> Nullable:
        """The lamp's column, given the luminance that the environment alone brings."""
        v = self.values
        # A small Lambertian light of power P gives the irradiance P / (pi d^2) on its axis, and a
        # white matt surface returns 1 / pi of what it gets.
        power = np.pi * v["distance"] ** 2 * np.pi * v["ratio"] * from_environment
        columns = {
            "power_w": np.minimum(power, _MOST_W),
            "azimuth_deg": (v["azimuth"] + 180) % 360 - 180,
            "elevation_deg": v["elevation"],
            "distance_m": v["distance"],
            "size_m": v["size"],
            "temperature_k": v["temperature"],
        }
        return Nullable(columns, self.lit)


_AT_REST = {"ratio": 1.0, "azimuth": 0.0, "elevation": 0.0, "distance": 1.0, "size": 1.0,
            "temperature": 5000.0}  # fmt: skip


def _lamp(
    config: EnvironmentConfig, slot: str, scheme: NDArray[np.int64], draws: Draws, camera_deg: F64
) -> _Lamp:
    values = {name: np.full(draws.n, at_rest) for name, at_rest in _AT_REST.items()}
    lit = np.zeros(draws.n, bool)
    for code, each in enumerate(config.schemes.values()):
        lamp: LampConfig | None = getattr(each, slot)
        rows = np.flatnonzero(scheme == code)
        if lamp is None or not len(rows):
            continue
        lit[rows] = True
        for name in values:
            quantity = "azimuth_from_camera" if name == "azimuth" else name
            of: Any = getattr(lamp, quantity)
            values[name][rows] = of.ppf(draws.uniform(f"{slot}.{quantity}")[rows])
    values["azimuth"] = camera_deg + values["azimuth"]
    return _Lamp(lit, values)


def _skin_luminance(monk_tone: F64) -> F64:
    """Mean albedo of the face ``(N,)`` by its place on the Monk scale, Rec. 709 luminance."""
    steps = np.arange(1, 11)
    table = [tone_of(float(k), 0.0).albedo @ REC709_LUMINANCE for k in steps]
    return np.interp(monk_tone, steps, table)


def _balanced_k(drawn_k: F64, environment_k: F64, share: float) -> F64:
    """``(N,)`` tint that also takes so much of an environment's cast off, in even steps of colour
    (mired: 1e6 by the temperature)."""
    mired = 1e6 / drawn_k - share * (1e6 / environment_k - 1e6 / NEUTRAL_K)
    return np.asarray(1e6 / np.clip(mired, 1e6 / _TINT_K[1], 1e6 / _TINT_K[0]))


def draw(
    config: EnvironmentConfig,
    draws: Draws,
    hdris: Pool,
    entries: dict[str, HdriEntry],
    backgrounds: Pool,
    stance: Stance,
) -> Columns:
    """Draw the light of a scene, metered at the face."""
    shares = np.broadcast_to(hdris.share_female, (draws.n, len(hdris.ids)))
    code = choose(shares, draws.uniform("hdri"))
    turn_deg = config.rotation.ppf(draws.uniform("rotation"))
    tilt_deg = config.tilt.ppf(draws.uniform("tilt"))
    normal = stance.metered
    incident = _incident(hdris, entries, code, turn_deg, tilt_deg, normal)

    kinds = Categorical(weights={name: s.share for name, s in config.schemes.items()})
    scheme, _ = kinds.codes(draws.uniform("scheme"))
    darker = np.array([s.luminance_ev for s in config.schemes.values()])[scheme]
    lamps = {s: _lamp(config, s, scheme, draws, stance.camera_azimuth_deg) for s in LAMPS}
    facets = [
        _incident(hdris, entries, code, turn_deg, tilt_deg, facet) / incident
        + sum(lamp.share(facet) for lamp in lamps.values())
        for facet in _facets(normal)
    ]

    stops = config.jitter.ppf(draws.uniform("jitter")) + darker
    wanted = config.luminance * 2.0 ** (stops + config.tone_ev * (stance.monk_tone - 1))
    from_environment = wanted / np.median(facets, axis=0)
    widths = np.array([entries[i].width_px for i in hdris.ids])[code]
    return {
        "hdri": names(hdris, code),
        "rotation_deg": turn_deg,
        "tilt_deg": tilt_deg,
        "tint_k": _balanced_k(
            config.tint.ppf(draws.uniform("tint")),
            np.array([entries[i].temperature_k for i in hdris.ids])[code],
            config.white_balance,
        ),
        "strength": np.minimum(from_environment / incident, 100),
        "scheme": Names(tuple(config.schemes), scheme),
        **{slot: lamp.column(from_environment) for slot, lamp in lamps.items()},
        "background": draw_background(
            config.background, draws, backgrounds, widths * stance.picture_deg / 360.0
        ),
        "exposure_ev": config.exposure.ppf(draws.uniform("exposure")),
        "face_luminance": _SEEN * wanted * _skin_luminance(stance.monk_tone),
    }


def brighter_by(config: EnvironmentConfig, face_luminance: F64, monk_tone: F64) -> F64:
    """Factor ``(N,)`` by which a scene is brighter than ``config.luminance`` has it, apart from
    the light that a photographer gives to dark skin."""
    white = face_luminance / (_SEEN * _skin_luminance(monk_tone))
    return np.asarray(white / config.luminance / 2.0 ** (config.tone_ev * (monk_tone - 1)))
