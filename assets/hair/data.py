"""The grooms as data: assets/data/hair.toml and facial_hair.toml, checked and typed."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from assets.hair.facial_data import BeardMap, BrowData, FacialStyle, LashData
from spec_schema.errors import AssetError, nearest

__all__ = [
    "Clump",
    "Comb",
    "Curl",
    "Cut",
    "FallData",
    "Fringe",
    "Fuzz",
    "GroomData",
    "Hairline",
    "Locks",
    "Lost",
    "Rows",
    "Style",
    "Tie",
    "groom_data",
]

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Range = tuple[float, float]
Direction = tuple[float, float, float, float]
"""x away from the part, y up, z forward, and the weight of the whorl's own direction."""


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Hairline(_Data):
    """Heights over azimuth in rest decimetres (see assets.hair.scalp)."""

    azimuth_deg: tuple[float, ...]
    male: tuple[float, ...]
    female: tuple[float, ...]
    temples: tuple[float, ...]
    """After the temples have moved back (Norwood II-III)."""
    receded: tuple[float, ...]
    """After all of the front is gone (Norwood VI-VII)."""
    width_azimuth_deg: tuple[float, ...]
    width_dm: tuple[float, ...]
    ragged_azimuth_deg: tuple[float, ...]
    ragged: tuple[float, ...]
    noise_coarse_dm: float
    noise_fine_dm: float
    front_limit_dm: float


class Cut(_Data):
    """Lengths over the scalp, and where ends are cut."""

    top_mm: Positive
    sides_mm: tuple[float, float, float, float, float]
    """At the heights ``SIDE_HEIGHTS_DM`` of the rest head, nape to crown."""
    band_dm: Range = (7.78, 8.12)
    """Heights between which the sides' length gives way to the top's."""
    front_gain: float = 0.0
    crown_gain: float = 0.0
    minor_side: Positive = 1.0
    """Length on the part's smaller side by that on the larger."""
    layering: Share = 0.0
    unevenness: Share = 0.1
    edge: Share = 1.0
    """Length at the hairline by that 4 cm above it."""
    ends: Range = (0.75, 1.0)
    """Share of its length at which a strand is cut, drawn evenly."""
    ragged: Share = 0.12
    """Share of strands cut anywhere from half their length."""
    line_below_eyes_mm: float | None = None
    """A blunt cut at this depth under the eyes."""


class Fringe(_Data):
    """Hair combed down over the forehead and cut there."""

    length_mm: Positive
    half_width_dm: Positive
    from_z_dm: float
    above_eyes_mm: float


class Comb(_Data):
    """Directions in which hair lies, by region, in rest axes."""

    front: Direction
    crown: Direction
    side: Direction
    back: Direction
    front_z_dm: Range = (0.15, 0.45)
    part_dm: float = 0.12
    """x of the part on the larger side's far end; the whorl sits on it."""
    part_wander_dm: float = 0.02
    parted: bool = False
    """Guides and clumps do not cross the part."""
    swirl: float = 0.0
    sweep: float = 0.0
    """Turn of the top's hair to one side, radians."""
    lift: Share
    lift_front: float = 0.0
    lift_part: float = 0.0
    radial: Share = 0.0
    rise: float = 0.0
    droop: float = 0.0
    scatter: float = 0.05


class FallData(_Data):
    """Stiffness, gravity and the shell over the skin."""

    stiffness: float
    gravity: float
    gravity_start: float = 0.0
    gravity_full: float = 0.8
    hug: float = 0.0
    jitter: float = 0.02
    shell_mm: Range
    shell_sides: Share = 0.0
    """Thickness of the shell at the sides by that on top."""
    shell_arc_mm: Positive = 20.0
    frames_face: Annotated[float, Field(ge=0, le=2)] = 0.0
    """How strongly falling hair parts round the face and the shoulders."""
    tucks: float = 0.0
    """Inward pull under the chin."""


class Clump(_Data):
    """One level of clumping."""

    count: Annotated[int, Field(gt=0)]
    amount: Range
    power: Range
    wander_mm: float = 0.0
    waves: tuple[float, ...] = (0.8, 1.7)
    unevenness: Share = 0.3


class Curl(_Data):
    """Helices, shared by the clumps of one level."""

    level: int
    radius_mm: Positive
    pitch_mm: Positive
    start_mm: Positive
    phase_spread: float
    flatten: Share = 1.0
    vary: Share = 0.4
    together: Share = 0.0
    """How alike neighbouring clumps wave, from curls of their own to waves across all hair."""


class Fuzz(_Data):
    """What leaves the clumps."""

    flyaways: Share
    flyaway_bend: float = 0.1
    bend: float = 0.02
    frizz: float = 0.006
    frizz_waves: tuple[float, ...] = (3.0, 6.0)
    babies: Share = 0.55


class Locks(_Data):
    """Strands wound round few thick locks: twists, ringlets."""

    count: Annotated[int, Field(gt=0)]
    radius_mm: Positive
    twist_pitch_mm: Positive
    coil_radius_mm: float = 0.0
    coil_pitch_mm: Positive = 20.0
    plait_mm: Positive | None = None
    """Length over which three woven plies come back to their sides; None for wound locks."""


class Rows(_Data):
    """Cornrows: plaits on the scalp from the forehead to the nape."""

    count: Annotated[int, Field(gt=0)]
    radius_mm: Positive
    pitch_mm: Positive
    tail_mm: float = 0.0
    """Length of what hangs from the nape."""
    wave: float = 0.0
    """How far the rows swing from side to side."""


class Lost(_Data):
    """Hair loss that belongs to a style: at least so much."""

    recession: Share = 0.0
    thinning: Share = 0.0


class Tie(_Data):
    """Hair drawn to one point of the head."""

    direction: tuple[float, float, float]
    """From the middle of the skull, rest axes."""
    slack_mm: Positive
    tail_mm: Positive | None = None
    bun_mm: Positive | None = None
    plait_mm: Positive | None = None
    """Length of one turn of a plaited tail."""
    thick_mm: Positive = 10.0
    """Radius of the tail at the tie."""
    paired: bool = False
    """One tie on each side, the second a mirror image."""


SHOULDER_MM: Final = 130.0
"""Longer hair may meet the shoulders."""


class Style(_Data):
    """One hair style. The first block of fields is for the sampler."""

    share_female: Annotated[float, Field(ge=0)]
    share_male: Annotated[float, Field(ge=0)]
    length_class: Literal["shaved", "short", "medium", "long", "tied"]
    texture: Literal["straight", "wavy", "curly", "coily"]
    young_factor: Annotated[float, Field(ge=0)] = 1.0
    old_factor: Annotated[float, Field(ge=0)] = 1.0
    """How much more or less often people of 20 and of 80 wear it; evenly between."""
    min_length: Positive = 0.7
    """Smallest and largest ``hair.length_scale`` at which the style is still itself."""
    max_length: Positive = 1.4

    count: Annotated[int, Field(gt=0)]
    radius_um: Positive
    tip: Share = 0.25
    points: Annotated[int, Field(ge=4)]
    guides: Annotated[int, Field(gt=0)] = 3000
    guide_steps: Annotated[int, Field(ge=4)] = 12
    line_sex: Share | None = None
    """Hairline of this sex instead of the person's."""
    tint: Share = 0.9
    forehead: tuple[Share, Share] = (0.0, 0.75)
    """Least and greatest share of the forehead that it hides (assets.hair.forehead)."""
    clearance_mm: float = 0.5
    roughness: Share = 0.25
    radial_roughness: Share = 0.4
    cut: Cut
    comb: Comb
    fall: FallData
    clumps: tuple[Clump, ...] = ()
    curl: Curl | None = None
    fringe: Fringe | None = None
    locks: Locks | None = None
    tie: Tie | None = None
    rows: Rows | None = None
    lost: Lost = Lost()
    fuzz: Fuzz

    def reaches_torso(self, length_scale: float) -> bool:
        """Whether hair of this style comes down to neck and shoulders."""
        tail = self.tie is not None and self.tie.bun_mm is None
        tail = tail or (self.rows is not None and self.rows.tail_mm > 0)
        return tail or self.cut.top_mm * length_scale > SHOULDER_MM


class GroomData(_Data):
    """All of hair.toml and facial_hair.toml."""

    hairline: Hairline
    styles: dict[str, Style]
    beard_map: BeardMap
    facial_hair: dict[str, FacialStyle]
    brows: BrowData
    lashes: LashData

    def style(self, name: str) -> Style:
        """The hair style of this id."""
        if name not in self.styles:
            raise AssetError(
                f"hair.style is {name!r}: no such style; {nearest(name, [*self.styles, 'bald'])}"
            )
        return self.styles[name]

    def facial(self, name: str) -> FacialStyle:
        """The facial-hair style of this id."""
        if name not in self.facial_hair:
            near = nearest(name, [*self.facial_hair, "shaved"])
            raise AssetError(f"facial_hair.style is {name!r}: no such style; {near}")
        return self.facial_hair[name]


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Tables merged key by key; everything else is replaced."""
    out = dict(below)
    for key, value in above.items():
        old = out.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        out[key] = _merged(old, value) if both else value  # type: ignore[arg-type]
    return out


def _resolved(raw: Mapping[str, Mapping[str, Any]], name: str) -> dict[str, Any]:
    """A style with what it is ``like`` filled in."""
    own = dict(raw[name])
    parent = own.pop("like", None)
    return own if parent is None else _merged(_resolved(raw, parent), own)


@cache
def groom_data() -> GroomData:
    """The data of the package, read once."""
    folder = resources.files("assets").joinpath("data")
    raw: dict[str, Any] = {}
    for name in ("hair.toml", "facial_hair.toml"):
        raw |= tomllib.loads(folder.joinpath(name).read_text(encoding="utf-8"))
    raw["styles"] = {name: _resolved(raw["styles"], name) for name in raw["styles"]}
    return GroomData.model_validate(raw)
