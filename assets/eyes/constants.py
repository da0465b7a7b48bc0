"""The constants of ``assets/data/eyes.toml``, checked and typed."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

__all__ = ["EyeConstants", "EyeShape", "eye_constants"]

Triple = tuple[float, float, float]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EyeShape(_Model):
    """Proportions by the ball's radius, and how finely it is meshed."""

    shell_scale: float
    ball_scale: float
    iris_radius: float
    iris_plane: float
    cornea_rim: float
    cornea_apex: float
    shell_end_rad: float
    segments: int
    iris_rings: int
    ball_rings: int
    cornea_rings: int
    shell_rings: int


class Optics(_Model):
    cornea_ior: float
    tear_ior: float


class EyeTexture(_Model):
    width_px: int
    height_px: int
    iris_share: float


class Sclera(_Model):
    white: Triple
    corner: Triple
    vein: Triple
    yellow: Triple
    dark_skin: Triple


class Iris(_Model):
    painted_hue_deg: tuple[float, ...]
    hue_deg: tuple[float, ...]
    saturation: tuple[float, ...]
    least_luminance: float
    luminance_range: float
    half_luminance: float
    limbal_ring: float
    pupil: float


class Tear(_Model):
    lid_m: float
    ball_m: float


class EyeConstants(_Model):
    """All of ``eyes.toml``."""

    shape: EyeShape
    optics: Optics
    texture: EyeTexture
    sclera: Sclera
    iris: Iris
    tear: Tear


@cache
def eye_constants() -> EyeConstants:
    """The constants, read once a process."""
    text = files("assets").joinpath("data/eyes.toml").read_text("utf-8")
    return EyeConstants.model_validate(tomllib.loads(text))
