"""The scene spec: everything an image depends on, one frozen model a sample.

Units stand in the names. Every float is held at float32 precision, so that a spec survives
the trip through Parquet bit for bit. Colours are linear sRGB (Rec. 709 primaries), 0-1.
Asset ids (``skin.texture``, ``hair.style`` …) name entries of the asset catalogue.
"""

from __future__ import annotations

import hashlib
import math
import re
from typing import Annotated, Any, Final

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from spec_schema.wire import packb

__all__ = [
    "ARKIT_UNITS",
    "F32",
    "SCHEMA_VERSION",
    "Asset",
    "BrowSpec",
    "CameraSpec",
    "EnvironmentSpec",
    "EyesSpec",
    "FacialHairSpec",
    "GazeSpec",
    "HairSpec",
    "IdentitySpec",
    "Item",
    "KeyLight",
    "PoseSpec",
    "SampleInfo",
    "SceneSpec",
    "SkinSpec",
    "Weights",
    "spec_hash",
]

SCHEMA_VERSION: Final = 3

# The blend-shape locations of Apple's ARKit, the field's common set of expression units.
ARKIT_UNITS: Final[tuple[str, ...]] = tuple(
    """browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff
    cheekSquintLeft cheekSquintRight eyeBlinkLeft eyeBlinkRight eyeLookDownLeft
    eyeLookDownRight eyeLookInLeft eyeLookInRight eyeLookOutLeft eyeLookOutRight eyeLookUpLeft
    eyeLookUpRight eyeSquintLeft eyeSquintRight eyeWideLeft eyeWideRight jawForward jawLeft
    jawOpen jawRight mouthClose mouthDimpleLeft mouthDimpleRight mouthFrownLeft
    mouthFrownRight mouthFunnel mouthLeft mouthLowerDownLeft mouthLowerDownRight
    mouthPressLeft mouthPressRight mouthPucker mouthRight mouthRollLower mouthRollUpper
    mouthShrugLower mouthShrugUpper mouthSmileLeft mouthSmileRight mouthStretchLeft
    mouthStretchRight mouthUpperUpLeft mouthUpperUpRight noseSneerLeft noseSneerRight
    tongueOut""".split()  # noqa: SIM905
)


def _to_float32(value: float) -> float:
    return float(np.float32(value))


F32 = Annotated[float, Field(allow_inf_nan=False), AfterValidator(_to_float32)]
Unit = Annotated[F32, Field(ge=0, le=1)]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
Asset = Annotated[str, Field(min_length=1)]
Colour = Annotated[F32, Field(ge=0, le=1)]
Degrees = Annotated[F32, Field(ge=-180, le=180)]

_KEY = re.compile(r"^[A-Za-z][A-Za-z0-9_-]*$")


def _check_weights(weights: dict[str, float]) -> dict[str, float]:
    out: dict[str, float] = {}
    for key in sorted(weights):
        value = weights[key]
        if not _KEY.match(key):
            raise ValueError(f"{key!r} is no shape-key name (letters, digits, - and _)")
        if not math.isfinite(value) or not -2.0 <= value <= 2.0:
            raise ValueError(f"weight of {key!r} is {value}, not within -2 to 2")
        out[key] = _to_float32(value)
    return out


Weights = Annotated[dict[str, float], AfterValidator(_check_weights)]
"""Shape-key weights by name. In Parquet each key is a column of its own (nested struct)."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SampleInfo(_Model):
    """Which sample this is."""

    index: Annotated[int, Field(ge=0)]
    """Position in the stream that it was drawn from; names the files."""
    identity_id: Annotated[int, Field(ge=0)]
    variation: Annotated[int, Field(ge=0)]
    track_id: Annotated[int, Field(ge=0)] | None
    """Head-motion track, where the manifest is a sequence."""
    frame: Annotated[int, Field(ge=0)]
    time_s: Annotated[F32, Field(ge=0)]
    """Since the track's first frame; 0 outside tracks."""
    split: Asset


class PoseSpec(_Model):
    """``camera_from_head``: 300W-LP angles, and the head origin in the camera frame."""

    yaw_deg: Degrees
    pitch_deg: Degrees
    roll_deg: Degrees
    x_m: F32
    y_m: F32
    z_m: Annotated[F32, Field(gt=0.05, le=100)]


class CameraSpec(_Model):
    """Orbit round the torso (world frame) and lens. The picture is square."""

    azimuth_deg: Degrees
    elevation_deg: Annotated[F32, Field(ge=-90, le=90)]
    roll_deg: Degrees
    focal_length_mm: Annotated[F32, Field(ge=5, le=2000)]
    sensor_width_mm: Annotated[F32, Field(ge=1, le=100)]
    f_number: Annotated[F32, Field(ge=0.5, le=128)]
    focus_distance_m: Annotated[F32, Field(gt=0.01, le=1000)]


class IdentitySpec(_Model):
    """Macro parameters of the head model, and detail shape keys."""

    sex: Unit
    """0 female to 1 male."""
    age_years: Annotated[F32, Field(ge=18, le=90)]
    african: Unit
    asian: Unit
    european: Unit
    weight: Unit
    muscle: Unit
    shape: Weights

    @model_validator(mode="after")
    def _shares(self) -> IdentitySpec:
        total = self.african + self.asian + self.european
        if abs(total - 1) > 1e-3:
            raise ValueError(f"african + asian + european is {total:.4f}, and must be 1")
        return self


class GazeSpec(_Model):
    """Where both eyes look: a direction from the head origin, head frame, and a distance."""

    yaw_deg: Annotated[F32, Field(ge=-60, le=60)]
    """To the subject's left."""
    pitch_deg: Annotated[F32, Field(ge=-50, le=50)]
    """Up."""
    distance_m: Annotated[F32, Field(ge=0.1, le=1000)]


class EyesSpec(_Model):
    iris: Asset
    iris_hue_shift: Annotated[F32, Field(ge=-0.5, le=0.5)]
    iris_brightness: Annotated[F32, Field(ge=0.1, le=3)]
    pupil_ratio: Annotated[F32, Field(ge=0.15, le=0.75)]
    """Pupil radius by iris radius."""
    redness: Unit


class SkinSpec(_Model):
    texture: Asset
    monk_tone: Annotated[F32, Field(ge=1, le=10)]
    """Continuous position on the Monk skin-tone scale."""
    undertone: Annotated[F32, Field(ge=-1, le=1)]
    """Cool (-1) to warm (1)."""
    flush: Unit
    freckles: Unit
    moles: Unit
    wrinkles: Unit
    oiliness: Unit
    lip_colour: Unit
    """How far the lips' colour leaves the skin's."""
    makeup: Unit
    seed: Seed


class HairSpec(_Model):
    """Strand hair of the scalp. ``style`` names a groom of the catalogue, or ``bald``."""

    style: Asset
    length_scale: Annotated[F32, Field(ge=0.3, le=2)]
    melanin: Unit
    redness: Unit
    grey: Unit
    """Share of unpigmented strands."""
    recession: Unit
    thinning: Unit
    seed: Seed


class FacialHairSpec(_Model):
    """``style`` names a facial-hair groom of the catalogue, or ``shaved``."""

    style: Asset
    length_m: Annotated[F32, Field(ge=0, le=0.3)]
    density: Unit
    melanin: Unit
    redness: Unit
    grey: Unit
    seed: Seed


class BrowSpec(_Model):
    """Eyebrows and lashes."""

    thickness: Annotated[F32, Field(ge=0.2, le=2)]
    density: Annotated[F32, Field(ge=0, le=2)]
    melanin: Unit
    lash_length: Annotated[F32, Field(ge=0.3, le=2)]
    seed: Seed


class Item(_Model):
    """One worn thing: a catalogue entry and what may vary about it."""

    id: Asset
    red: Colour
    green: Colour
    blue: Colour
    size: Annotated[F32, Field(ge=0.5, le=2)]
    roughness: Unit
    metallic: Unit
    tilt_deg: Annotated[F32, Field(ge=-45, le=45)]
    pattern: Unit
    """How strongly a print shows; 0 is plain."""
    seed: Seed


class KeyLight(_Model):
    """One square area light, placed round the head in the world frame."""

    power_w: Annotated[F32, Field(ge=0, le=1000)]
    azimuth_deg: Degrees
    elevation_deg: Annotated[F32, Field(ge=-90, le=90)]
    distance_m: Annotated[F32, Field(ge=0.2, le=20)]
    size_m: Annotated[F32, Field(ge=0.01, le=5)]
    temperature_k: Annotated[F32, Field(ge=1500, le=15000)]


class EnvironmentSpec(_Model):
    hdri: Asset
    rotation_deg: Degrees
    strength: Annotated[F32, Field(ge=0, le=100)]
    exposure_ev: Annotated[F32, Field(ge=-10, le=10)]
    key_light: KeyLight | None


class SceneSpec(_Model):
    """One image. ``render_seed`` seeds the path tracer's own noise."""

    sample: SampleInfo
    pose: PoseSpec
    camera: CameraSpec
    identity: IdentitySpec
    expression: Weights
    gaze: GazeSpec
    eyes: EyesSpec
    skin: SkinSpec
    hair: HairSpec
    facial_hair: FacialHairSpec
    brows: BrowSpec
    glasses: Item | None
    headwear: Item | None
    clothing: Item | None
    environment: EnvironmentSpec
    render_seed: Seed


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _canonical(value[k]) for k in sorted(value)}
    return value


def spec_hash(spec: SceneSpec) -> str:
    """SHA-256 (hex) of the canonical form of a spec: sorted keys, msgpack, float32 values."""
    return hashlib.sha256(packb([SCHEMA_VERSION, _canonical(spec.model_dump())])).hexdigest()
