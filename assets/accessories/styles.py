"""The entries of the families that lie on the head's surface, typed. Lengths in millimetres."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from assets.accessories.lines import HatLine
from assets.worn import Unit, WornEntry

__all__ = [
    "BandMaskStyle",
    "ClipStyle",
    "EarbudStyle",
    "EarringStyle",
    "GogglesStyle",
    "HatStyle",
    "HeadphoneStyle",
    "HelmetStyle",
    "MaskStyle",
    "NecklaceStyle",
    "PatchStyle",
    "PiercingStyle",
    "ScarfStyle",
    "TieStyle",
    "WrapStyle",
]

Positive = Annotated[float, Field(gt=0)]


class MaskStyle(WornEntry):
    """A mask over mouth and nose."""

    kind: Literal["mask"]
    weave: str = "woven"
    top: Unit = 0.35
    """Where it ends on the nose, from its root (0) to its tip (1)."""
    side_deg: float = 62.0
    """Azimuth of its sides."""
    chin_mm: float = 6.0
    """How far it reaches below the chin."""
    pleats: int = 0
    stand_mm: float = 0.0
    """How far the middle stands off face and lips, beyond the membrane."""
    seam: bool = False
    """A seam or fold down the middle."""
    straps: Literal["ears", "head"] = "ears"
    strap_mm: Positive = 2.4
    valve: bool = False


class BandMaskStyle(WornEntry):
    """Cloth tied over mouth and nose: bandana, tube scarf, scarf."""

    kind: Literal["face_wrap"]
    weave: str = "jersey"
    top: Unit = 0.35
    low_mm: float = 60.0
    """How far below the chin it hangs in front."""
    folds_mm: float = 2.0
    thickness_mm: Positive = 1.2
    point_mm: float = 0.0
    """The corner of a bandana below that."""


class PatchStyle(WornEntry):
    """A patch over one eye."""

    kind: Literal["eye_patch"]
    wide_mm: Positive = 58.0
    tall_mm: Positive = 48.0
    strap_mm: Positive = 5.0
    dressing: bool = False
    """Stuck to the skin, without a strap."""


class GogglesStyle(WornEntry):
    """A seal round both eyes, with a lens or a closed front, and a strap."""

    kind: Literal["goggles"]
    wide_mm: Positive = 150.0
    tall_mm: Positive = 78.0
    deep_mm: Positive = 34.0
    """From the skin beside the nose to the front."""
    front: Literal["lens", "closed", "two_lenses"] = "lens"
    tint: tuple[Unit, Unit, Unit] = (1.0, 1.0, 1.0)
    mirrored: Unit = 0.0
    frame_mm: Positive = 9.0
    strap_mm: Positive = 32.0
    top_strap: bool = False
    on_forehead_mm: float = 0.0
    """Pushed up by so much."""


class _Lined(WornEntry):
    """What ends at a line round the head."""

    line: HatLine


class HelmetStyle(_Lined):
    """A hard shell with padding."""

    kind: Literal["helmet"]
    stand_mm: Positive = 24.0
    """From the skin to the outside, at the sides."""
    crown_mm: Positive = 32.0
    """The same on the crown."""
    long_mm: float = 0.0
    """More of it behind."""
    nape_mm: float = 0.0
    """So far above its edge behind hair comes out from under it, and hangs."""
    vents: int = 0
    """Rows of openings from front to back."""
    ridges: int = 0
    peak_mm: float = 0.0
    brim_mm: float = 0.0
    visor: bool = False
    strap: bool = True
    two_tone: bool = False


class HatStyle(_Lined):
    """A hat with a brim all round, or with none."""

    kind: Literal["hat"]
    weave: str = "twill"
    crown_mm: float = 18.0
    """Room between the top of the head and the hat's."""
    wide_mm: float = 4.0
    """Room at the sides."""
    squareness: Positive = 2.6
    """2 is round, 8 a flat top."""
    pinch_mm: float = 0.0
    """Depth of the crease along the top."""
    flare: float = 0.0
    """How much wider it is above than at its line."""
    slouch_mm: float = 0.0
    """How far it hangs to one side."""
    thickness_mm: Positive = 2.0
    brim_mm: float = 60.0
    droop_deg: float = 12.0
    curl: float = 0.0
    """How far the sides of the brim turn up."""
    wave_mm: float = 0.0
    tucked: bool = False
    """Hair is tucked up into it: none comes out below."""
    dents_mm: float = 1.0
    """How far the crown is from even: soft cloth by more than felt and straw."""
    peak_mm: float = 0.0
    """A peak in front, in place of a brim."""
    band_mm: float = 0.0
    """A ribbon of the second colour."""
    open_top: bool = False


class WrapStyle(WornEntry):
    """Cloth round head and neck: with an opening for the face, or ending at a line."""

    kind: Literal["wrap"]
    shape: Literal["veil", "hood", "turban", "balaclava", "knotted"]
    line: HatLine | None = None
    """Where a turban or a knotted cloth ends."""
    weave: str = "jersey"
    thickness_mm: Positive = 2.0
    folds_mm: float = 2.0
    volume_mm: float = 6.0
    """How far it stands off the crown and the back of the head."""
    open_top_mm: float = 26.0
    """Upper edge of the opening above the brows' middle."""
    open_deg: float = 62.0
    """Half width of the opening at the eyes."""
    open_low_mm: float = 4.0
    """Lower edge below the chin; negative covers the chin."""
    end_m: float = 0.10
    """How far below the chin the cloth ends."""
    under: bool = False
    """A band of another colour under its edge at the forehead."""


class HeadphoneStyle(WornEntry):
    """Cups or pads on the ears, joined by a band over the head."""

    kind: Literal["headphones"]
    cup_mm: tuple[Positive, Positive] = (74.0, 92.0)
    """Width and height of the cushions."""
    cup_deep_mm: Positive = 30.0
    over_ear: bool = True
    band_mm: tuple[Positive, Positive] = (24.0, 7.0)
    """Width and thickness of the band."""
    band_back_deg: float = 0.0
    """How far the band leans back."""
    microphone: bool = False
    one_cup: bool = False
    rounded: float = 2.6
    """Squareness of the cups; 2 is an ellipse."""
    accent: bool = True


class EarbudStyle(WornEntry):
    """Small phones in the ears."""

    kind: Literal["earbuds"]
    head_mm: Positive = 13.0
    stem_mm: float = 0.0
    cable: bool = False
    hook: bool = False


class EarringStyle(WornEntry):
    """On both lobes."""

    kind: Literal["earrings"]
    shape: Literal["stud", "ball", "hoop", "drop", "bar", "disc", "chandelier"]
    size_mm: Positive = 6.0
    wire_mm: Positive = 1.6
    stone: bool = False


class PiercingStyle(WornEntry):
    """Rings and studs of nose, lip and brow."""

    kind: Literal["piercing"]
    place: Literal["nostril", "septum", "lip", "brow", "helix"]
    ring: bool
    size_mm: Positive = 8.0
    wire_mm: Positive = 1.2


class NecklaceStyle(WornEntry):
    """Round the neck."""

    kind: Literal["necklace"]
    drop_mm: float = 40.0
    """How far its front hangs below the pit of the neck; negative: round the throat."""
    shape: Literal["chain", "beads", "choker"]
    wire_mm: Positive = 1.8
    bead_mm: Positive = 7.0
    pendant_mm: float = 0.0


class ClipStyle(WornEntry):
    """Clips and bands in the hair."""

    kind: Literal["hair_clip"]
    shape: Literal["slide", "bow", "flower", "alice"]
    azimuth_deg: float = 55.0
    height_mm: float = 62.0
    """Above the eyes."""
    size_mm: Positive = 45.0
    both: bool = False


class ScarfStyle(WornEntry):
    """Cloth round the neck, over the clothes."""

    kind: Literal["scarf"]
    weave: str = "knit"
    thick_mm: Positive = 22.0
    """Of the roll."""
    tall_mm: Positive = 85.0
    turns: int = 2
    hanging: bool = True


class TieStyle(WornEntry):
    """A necktie or a bow tie at the collar."""

    kind: Literal["tie"]
    weave: str = "twill"
    bow: bool = False
    wide_mm: Positive = 76.0
    """Of the blade below, or of the whole bow."""
    knot_mm: Positive = 34.0
