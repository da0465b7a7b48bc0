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
    "PLAIN_PRINT",
    "SCHEMA_VERSION",
    "WORN_SLOTS",
    "AreaLight",
    "Asset",
    "BackgroundSpec",
    "BrowSpec",
    "CameraSpec",
    "EnvironmentSpec",
    "EyesSpec",
    "FacialHairSpec",
    "GazeSpec",
    "HairSpec",
    "IdentitySpec",
    "Item",
    "MouthSpec",
    "PhotoSpec",
    "PoseSpec",
    "SampleInfo",
    "SceneSpec",
    "SkinSpec",
    "Weights",
    "spec_hash",
]

SCHEMA_VERSION: Final = 4

WORN_SLOTS: Final = (
    "glasses", "headwear", "facewear", "earwear", "jewellery", "neckwear", "clothing",
)  # fmt: skip
"""Columns that hold an :class:`Item` or nothing: the places where a thing is worn."""

PLAIN_PRINT: Final = "plain"

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
Sweep = Annotated[F32, Field(ge=-15, le=15)]

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


class MouthSpec(_Model):
    """Teeth and tongue. ``teeth`` names a set of ``assets/data/mouth.toml``."""

    teeth: Asset
    shade: Unit
    """0 as white as teeth are to 1 dark yellow."""
    stain: Unit
    """Discoloured necks and gaps, and one tooth darker than the next."""
    tongue_raise: Unit
    """0 flat on the floor of the mouth to 1 lifted."""
    seed: Seed


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
    acne: Unit
    """Inflamed papules, from none to severe."""
    scars: Unit
    """From none to four; where and what kind follows from ``seed``."""
    veins: Unit
    """How far veins shine through at temples, lids and neck; melanin hides them."""
    age_spots: Unit
    shave_shadow: Unit
    """Hair roots under the skin of a shaved chin, in the colour of ``facial_hair``."""
    peach_fuzz: Unit
    """Vellus hair, as a sheen at grazing angles."""
    sweat: Unit
    makeup: Unit
    """Foundation: how far it evens the bare skin and takes its shine; 0 is none."""
    lipstick: Unit
    """Opacity of a film of ``lipstick_red``, ``_green``, ``_blue``, linear sRGB albedo."""
    lipstick_red: Colour
    lipstick_green: Colour
    lipstick_blue: Colour
    lip_gloss: Unit
    eyeshadow: Unit
    """Opacity of a film of ``eyeshadow_red``, ``_green``, ``_blue``, linear sRGB albedo."""
    eyeshadow_red: Colour
    eyeshadow_green: Colour
    eyeshadow_blue: Colour
    eyeliner: Unit
    blush: Unit
    seed: Seed


class HairSpec(_Model):
    """Strand hair of the scalp. ``style`` names a groom of the catalogue, or ``bald``."""

    style: Asset
    length_scale: Annotated[F32, Field(ge=0.3, le=2)]
    part_side: Annotated[F32, Field(ge=-1.5, le=1.5)]
    """1 puts the part, and what else is one-sided, where the style has it on the subject's left,
    -1 on the right; 0 puts the part in the middle."""
    volume: Annotated[F32, Field(ge=0.4, le=2)]
    """How far hair stands off the head, by the style's own; 1 is neutral, as for the next two."""
    curl: Annotated[F32, Field(ge=0, le=2)]
    """Width of the style's own curls or waves; above 1 straight hair waves too."""
    frizz: Annotated[F32, Field(ge=0, le=3)]
    """How much leaves its clump: frizz, bends and flyaways."""
    melanin: Unit
    redness: Unit
    grey: Unit
    """Share of unpigmented strands."""
    weathering: Unit
    """How far sun and washing have lightened the ends of long hair."""
    highlights: Unit
    """Share of strands that are lightened; 0 for none."""
    highlight_melanin: Unit
    highlight_start: Unit
    """Where along a strand lightening sets in: 0 near the root (foils), 0.5 halfway (balayage)."""
    dye: Unit
    """How fully a dye covers what it was put on; 0 for none."""
    dye_melanin: Unit
    """What is left of, or put in place of, the hair's own pigment under the dye."""
    dye_redness: Unit
    dye_red: Colour
    """The dye's colour on white hair; 1, 1, 1 for shades that occur in nature."""
    dye_green: Colour
    dye_blue: Colour
    regrowth_m: Annotated[F32, Field(ge=0, le=0.3)]
    """Hair grown since it was dyed or lightened."""
    recession: Unit
    thinning: Unit
    seed: Seed


class FacialHairSpec(_Model):
    """``style`` names a facial-hair groom of the catalogue, or ``shaved``."""

    style: Asset
    length_m: Annotated[F32, Field(ge=0, le=0.3)]
    density: Unit
    patchiness: Unit
    """How much of the cheeks and the chin's sides is left bare in patches."""
    cheek_line: Annotated[F32, Field(ge=-1, le=1)]
    """How low (-1) or high (1) on the cheek the beard begins."""
    curl: Unit
    """0 straight to 1 tight coils."""
    melanin: Unit
    redness: Unit
    grey: Unit
    seed: Seed


class BrowSpec(_Model):
    """Eyebrows and lashes."""

    thickness: Annotated[F32, Field(ge=0.2, le=2)]
    density: Annotated[F32, Field(ge=0, le=2)]
    length: Annotated[F32, Field(ge=0.4, le=2)]
    """Factor on the length of the hairs: trimmed to bushy."""
    arch: Unit
    """0 straight to 1 high."""
    roundness: Unit
    """0 with a corner at two thirds of the brow, 1 an even bow."""
    slant: Annotated[F32, Field(ge=-1, le=1)]
    """Outer end low (-1) to high (1)."""
    tail: Annotated[F32, Field(ge=0.5, le=1.3)]
    """Factor on the length of the outer third."""
    gap: Annotated[F32, Field(ge=-1, le=1)]
    """Inner ends near to each other (-1) or far apart (1)."""
    unibrow: Unit
    """How much grows between the brows."""
    plucked: Unit
    """How clean the edges are kept."""
    melanin: Unit
    redness: Unit
    grey: Unit
    makeup: Unit
    """Pencil or powder on the skin under the hairs, and in them."""
    lash_length: Annotated[F32, Field(ge=0.3, le=2)]
    lash_density: Annotated[F32, Field(ge=0.2, le=2)]
    lash_curl: Unit
    mascara: Unit
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
    print: Asset
    """Which print, of those that the entry may have; ``plain`` for none."""
    second_red: Colour
    """The second colour: prints, soles of peaks, cushions, lenses that are not clear."""
    second_green: Colour
    second_blue: Colour
    height: Annotated[F32, Field(ge=-1, le=1)]
    """How low (-1) or high (1) it is worn, within what the kind allows."""
    thickness: Annotated[F32, Field(ge=0.5, le=2)]
    """Factor on rims, cloth, padding."""
    seed: Seed


class AreaLight(_Model):
    """One square area light, placed round the head in the world frame."""

    power_w: Annotated[F32, Field(ge=0, le=100_000)]
    azimuth_deg: Degrees
    elevation_deg: Annotated[F32, Field(ge=-90, le=90)]
    distance_m: Annotated[F32, Field(ge=0.2, le=20)]
    size_m: Annotated[F32, Field(ge=0.01, le=5)]
    temperature_k: Annotated[F32, Field(ge=1500, le=15000)]


class BackgroundSpec(_Model):
    """What the camera sees behind the person in place of the environment; it gives no light."""

    kind: Asset
    """A background of the catalogue, or the id of a user's photograph."""
    red: Colour
    green: Colour
    blue: Colour
    second_red: Colour
    second_green: Colour
    second_blue: Colour
    light_ev: Annotated[F32, Field(ge=-6, le=6)]
    """Brighter or darker than a wall in the light of the environment."""
    blur: Annotated[F32, Field(ge=0, le=0.2)]
    """Radius of the defocus by the picture's width."""
    clutter: Unit
    """How much there is to see."""
    seed: Seed


class EnvironmentSpec(_Model):
    """Light and background."""

    hdri: Asset
    rotation_deg: Degrees
    tilt_deg: Annotated[F32, Field(ge=-45, le=45)]
    """Turn about world x after the rotation; positive brings the zenith to the front (+z)."""
    tint_k: Annotated[F32, Field(ge=1667, le=25000)]
    """Colour temperature that neutral light of the environment takes; 6504 leaves it as it is."""
    strength: Annotated[F32, Field(ge=0, le=100)]
    scheme: Asset
    """Name of the lighting in the sampler's config."""
    key_light: AreaLight | None
    fill_light: AreaLight | None
    rim_light: AreaLight | None
    background: BackgroundSpec | None
    """None: the environment itself is seen."""
    exposure_ev: Annotated[F32, Field(ge=-10, le=10)]
    face_luminance: Annotated[F32, Field(ge=0, le=1000)]
    """Scene-linear luminance that the skin of the face is metered to, before the exposure."""


class PhotoSpec(_Model):
    """What lens, sensor and file make of the light, in this order; it moves no label.

    The noise is drawn from ``render_seed``.
    """

    vignette: Unit
    """Share of the light that is lost in the corners."""
    turn_x_deg: Sweep
    """How far the head turns about its x axis (a nod) while exposing; labels are at its middle."""
    turn_y_deg: Sweep
    """About y, as in a shake of the head."""
    turn_z_deg: Sweep
    """About z, toward a shoulder."""
    aberration: Annotated[F32, Field(ge=-0.015625, le=0.015625)]
    """How far red lies outside of green in the corners, in picture widths; blue as far inside."""
    shake: Annotated[F32, Field(ge=0, le=0.0625)]
    """Way of the camera's shake while exposing, in picture widths; labels are at its middle."""
    shake_deg: Degrees
    """Direction of the shake; 0 is to the right, 90 down."""
    scale: Annotated[F32, Field(ge=0.0625, le=1)]
    """Width of the picture that the sensor gives, by that of the image; it is scaled up again."""
    electrons: Annotated[F32, Field(ge=20, le=1e6)]
    """Of a pixel that is just white: the fewer, the more shot noise."""
    read_noise: Annotated[F32, Field(ge=0, le=100)]
    """Standard deviation, in electrons."""
    white_balance_mired: Annotated[F32, Field(ge=-150, le=150)]
    """Error of the white balance: positive is too warm."""
    tint_ev: Annotated[F32, Field(ge=-1, le=1)]
    """Error across it in stops of green: negative is magenta."""
    saturation: Unit
    """1 as it is, 0 greyscale."""
    infrared: Unit
    """1 gives the look of a near-infrared camera with its own lamp."""
    jpeg_quality: Annotated[int, Field(ge=0, le=100)]
    """Of the file that the camera wrote; 0 for none."""


class SceneSpec(_Model):
    """One image. ``render_seed`` seeds the path tracer's own noise."""

    sample: SampleInfo
    pose: PoseSpec
    camera: CameraSpec
    identity: IdentitySpec
    expression: Weights
    gaze: GazeSpec
    eyes: EyesSpec
    mouth: MouthSpec
    skin: SkinSpec
    hair: HairSpec
    facial_hair: FacialHairSpec
    brows: BrowSpec
    glasses: Item | None
    headwear: Item | None
    facewear: Item | None
    """Masks, eye patches, headsets before the eyes."""
    earwear: Item | None
    """Headphones, headsets, earbuds."""
    jewellery: Item | None
    """Earrings, piercings, necklaces, hair clips."""
    neckwear: Item | None
    """Scarves, ties, bow ties."""
    clothing: Item | None
    environment: EnvironmentSpec
    photo: PhotoSpec | None
    """None: the picture as it was rendered."""
    render_seed: Seed


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _canonical(value[k]) for k in sorted(value)}
    return value


def spec_hash(spec: SceneSpec) -> str:
    """SHA-256 (hex) of the canonical form of a spec: sorted keys, msgpack, float32 values."""
    return hashlib.sha256(packb([SCHEMA_VERSION, _canonical(spec.model_dump())])).hexdigest()
