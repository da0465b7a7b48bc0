"""The constants of ``assets/data/skin.toml``, checked and typed."""

from __future__ import annotations

import hashlib
import tomllib
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

__all__ = [
    "Blob",
    "Drivers",
    "FieldConstants",
    "Mottle",
    "SkinConstants",
    "Spots",
    "Wrinkle",
    "constants",
    "fields_digest",
]

Triple = tuple[float, float, float]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Window(_Model):
    uv: tuple[float, float, float, float]
    body_resolution: int
    body_lowest_y_m: float


class Tone(_Model):
    swatches_srgb: tuple[str, ...]
    albedo_lab: tuple[Triple, ...]
    warm_lab: Triple
    cool_lab: Triple


class Pigment(_Model):
    haemoglobin: Triple
    haemoglobin_dark: Triple
    ink: Triple


class Base(_Model):
    melanin: float
    haemoglobin: float
    residual: float
    fine_residual: float
    fine_limit: float
    fine_height_mm: float
    limit: float
    trunk: float
    hairline_z_m: tuple[float, ...]
    hairline_y_m: tuple[float, ...]


class Mottle(_Model):
    """One noise: amplitudes in pigment units."""

    melanin: float
    haemoglobin: float
    frequency_per_m: float


class Mottles(_Model):
    broad: Mottle
    mid: Mottle
    fine: Mottle


class Spots(_Model):
    """One kind of spot scattered over the head."""

    count: int
    radius_m: tuple[float, float]
    share: float
    melanin: float


class SpotKinds(_Model):
    freckle: Spots
    mole: Spots
    blemish: Spots
    age_spot: Spots
    pore: Spots
    acne: Spots
    drop: Spots


class Blob(_Model):
    """A soft ellipsoid on both sides of the face."""

    centre_m: Triple
    radius_m: Triple
    weight: float


class Lips(_Model):
    skin_l: tuple[float, ...]
    offset_lab: tuple[Triple, ...]
    upper_melanin: tuple[float, float]
    """More of it in the upper lip: on the lightest skin and on the darkest."""
    nostril: Triple
    roughness: float
    line_height_mm: float


class MouthLining(_Model):
    lining_light: Triple
    lining_dark: Triple
    deep: Triple


class Nostril(_Model):
    """The base mesh's nostrils are dents: an ellipse on their ceiling, mirrored in x."""

    centre_xz_m: tuple[float, float]
    axis_xz: tuple[float, float]
    """Direction of its long axis, of length 1."""
    radii_m: tuple[float, float]


class Reach(_Model):
    """How far from the seams of mouth and lids things go, metres."""

    lining_m: float
    mouth_deep_m: float
    rim_m: float
    socket_m: float
    liner_m: float
    crease_m: float
    fuzz_least: float


class Vessels(_Model):
    vein_per_m: float
    vein_width: float
    capillary_per_m: float


class Lid(_Model):
    rim_light: Triple
    rim_dark: Triple
    socket_depth: float
    melanin: float
    haemoglobin: float
    under_eye_melanin: float
    under_eye_haemoglobin: float


class Roughness(_Model):
    face: float
    oily: float
    lids: float
    mid_noise: float
    fine_noise: float
    pore: float
    dark_skin: float
    oiliness: float
    foundation: float
    least: float
    greatest: float


class Specular(_Model):
    """Share of a smooth surface's reflection that is left."""

    face: float
    cheeks: float
    dark_skin: float
    concave: float
    pore: float
    groove: float
    fine_noise: float


class Film(_Model):
    """Share of the reflection that comes from a thin, smooth film of fat or water."""

    oily: float
    oily_oiliness: float
    dark_skin_share: float
    lips: float
    gloss: float
    rim: float
    sweat: float
    drop: float


class Scatter(_Model):
    """Share of the deep scattering in the light that comes back; the rest leaves where it met
    the skin."""

    least: float
    face: float
    lips: float
    dark_skin: float
    scale_m: float
    fuzz: float


class Heights(_Model):
    """Millimetres."""

    pore: float
    fine: float
    mid: float
    mole: float
    acne: float
    vein: float
    drop: float


class Acne(_Model):
    """Pigment units of a papule, of the mark that it leaves on the darkest skin, of its head."""

    haemoglobin: float
    mark: float
    head: float


class Veins(_Model):
    colour: Triple
    capillary: float


class Scars(_Model):
    most: int
    length_m: tuple[float, float]
    width_m: tuple[float, float]
    depth_mm: float
    pale: float
    pink: float
    dark: float


class Regional(_Model):
    """Steady differences within a face, in pigment units."""

    forehead_melanin: float
    ears_haemoglobin: float
    shave_ink: float


class Wrinkle(_Model):
    """Depth in mm: always, added by age, added by expression."""

    still: float
    aged: float
    moved: float


class Drivers(_Model):
    """Expression units that deepen a wrinkle, first those of both sides, then the left side's."""

    middle: tuple[str, ...]
    left: tuple[str, ...]
    share: tuple[float, ...] = ()
    """What each adds at weight 1; equal parts of 1 where not given."""


class Makeup(_Model):
    lip_share: float
    lid_share: float
    blush: float
    evens: float
    liner: float
    liner_albedo: Triple


class FieldConstants(_Model):
    """What the cached fields depend on: where things lie, and how finely."""

    fields_version: int
    window: Window
    islands: dict[str, tuple[tuple[float, float], ...]]
    mottle: Mottles
    spots: SpotKinds
    flush: tuple[Blob, ...]
    shave: tuple[Blob, ...]
    downy: tuple[Blob, ...]
    cheeks: tuple[Blob, ...]
    cheekbone: tuple[Blob, ...]
    forehead: tuple[Blob, ...]
    spotty: tuple[Blob, ...]
    sweaty: tuple[Blob, ...]
    veined: tuple[Blob, ...]
    thready: tuple[Blob, ...]
    under_eye: tuple[Blob, ...]
    oily: tuple[Blob, ...]
    porous: tuple[Blob, ...]
    nostril: Nostril
    reach: Reach
    vessels: Vessels


class SkinConstants(FieldConstants):
    """All of ``skin.toml``."""

    tone: Tone
    pigment: Pigment
    base: Base
    painted: tuple[Blob, ...]
    lips: Lips
    mouth: MouthLining
    lid: Lid
    roughness: Roughness
    specular: Specular
    film: Film
    scatter: Scatter
    acne: Acne
    veins: Veins
    scars: Scars
    regional: Regional
    height_mm: Heights
    wrinkle: dict[str, Wrinkle]
    wrinkle_drivers: dict[str, Drivers]
    makeup: Makeup


def _text() -> str:
    return files("assets").joinpath("data/skin.toml").read_text("utf-8")


@cache
def constants() -> SkinConstants:
    """The constants, read once a process."""
    return SkinConstants.model_validate(tomllib.loads(_text()))


def fields_digest() -> str:
    """SHA-256 (hex) of the constants that cached fields depend on."""
    depended = constants().model_dump_json(include=set(FieldConstants.model_fields))
    return hashlib.sha256(depended.encode()).hexdigest()
