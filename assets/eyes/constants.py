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
    gloss: float


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


class Shade(_Model):
    """Light that the lids keep from the ball: see the comments in ``eyes.toml``."""

    upper: float
    lower: float
    reach_m: float


class Iris(_Model):
    painted_hue_deg: tuple[float, ...]
    hue_deg: tuple[float, ...]
    saturation: tuple[float, ...]
    least_luminance: float
    luminance_range: float
    half_luminance: float
    limbal_ring: float
    pupil: float


class Lids(_Model):
    """Vertices of hm08 about the left opening."""

    edge: tuple[int, ...]
    inner: tuple[int, ...]
    behind: tuple[int, ...]


class Wet(_Model):
    """Lining, tear line and caruncle: see the comments in ``eyes.toml``."""

    times: int
    across: int
    start: float
    sunk_m: float
    reach_m: float
    reach_of_room: float
    under_m: float
    fillet_m: float
    tear_m: float
    tear_height: float
    tear_room_m: float
    knob_segments: int
    knob_rings: int
    knob_m: float
    plica_m: float
    knob_share: float
    knob_lift_m: float
    knob_gap_m: float
    knob_bumps: float
    knob_below_m: float
    lining: Triple
    lining_dark: Triple
    skin_at_lid: float
    on_ball: Triple
    caruncle: Triple
    caruncle_dark: Triple
    roughness: float
    subsurface: float
    subsurface_scale_m: float


class EyeConstants(_Model):
    """All of ``eyes.toml``."""

    shape: EyeShape
    optics: Optics
    texture: EyeTexture
    sclera: Sclera
    shade: Shade
    iris: Iris
    lids: Lids
    wet: Wet


@cache
def eye_constants() -> EyeConstants:
    """The constants, read once a process."""
    text = files("assets").joinpath("data/eyes.toml").read_text("utf-8")
    return EyeConstants.model_validate(tomllib.loads(text))
