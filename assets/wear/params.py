"""The typed contents of ``assets/data/wear.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from spec_schema.errors import AssetError, nearest

__all__ = [
    "BrimParams",
    "CapParams",
    "GarmentParams",
    "GlassesParams",
    "HatLine",
    "HeadwearParams",
    "KnitParams",
    "ProxyGarmentParams",
    "ProxyHatParams",
    "ShirtParams",
    "WearData",
    "entry",
    "wear_data",
]

Triple = tuple[float, float, float]
Share = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Entry = TypeVar("Entry")


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Worn(_Model):
    """What the sampler reads of every worn thing."""

    share: Share = 1.0
    share_female: Share | None = None
    share_male: Share | None = None
    excludes: tuple[str, ...] = ()
    """Tags of other things that can't be worn with this."""
    tags: tuple[str, ...] = ()


class GlassesParams(_Worn):
    outline: str
    rims: Literal["full", "half", "none"] = "full"
    lens_mm: tuple[Positive, Positive]
    """Width and height of a lens."""
    bridge_mm: Positive
    """Between the lenses."""
    bridge: Literal["bar", "wire", "double"]
    bridge_height: float
    """Where the bridge meets the rims: -1 bottom of the lens to 1 top."""
    rim_mm: Positive
    """Width of the rim as seen from the front."""
    brow_mm: Positive | None = None
    """The same at the top of the lens, where it differs."""
    depth_mm: Positive
    pads: Literal["moulded", "wire"]
    temple_mm: tuple[Positive, Positive]
    """Thickness and height of a temple behind the hinge."""
    hinge_height: float
    drop_mm: float
    """Middle of the lenses below the pupils."""
    curve_mm: Positive
    """Radius of the lens."""
    lens_tint: Triple = (0.97, 0.98, 0.97)
    lens_roughness: float = 0.0


class HatLine(_Model):
    """Height of a hat's edge on the base mesh, in mm above its origin, upright head."""

    front_mm: float
    side_mm: float
    back_mm: float


class _Hat(_Worn):
    line: HatLine
    covers_ears: bool = False


class KnitParams(_Hat):
    kind: Literal["knit"]
    cuff_mm: float
    """Height of the turned-up edge; 0 for none."""
    thickness_mm: Positive
    ease_mm: float
    """How far the crown stands above the head."""
    slouch_mm: float = 0.0
    """How far the crown falls back."""
    ribs: int
    pompom_mm: float = 0.0


class CapParams(_Hat):
    kind: Literal["cap"]
    crown_mm: float
    """How far the crown stands above the head in front."""
    peak_mm: float
    """Length of the peak."""
    peak_half_deg: float
    peak_down_deg: float
    backwards: bool = False


class BrimParams(_Hat):
    kind: Literal["brim"]
    crown_mm: float
    brim_mm: float
    brim_down_deg: float
    flat_top: float
    """0 round to 1 flat."""


class ProxyHatParams(_Hat):
    kind: Literal["proxy"]
    proxy: str
    subdivisions: int = 1
    tint: Annotated[float, Field(ge=0, le=1)]
    sink_mm: float = 0.0
    """How far lower it is worn than modelled."""
    scale: Positive = 1.0


HeadwearParams = Annotated[
    KnitParams | CapParams | BrimParams | ProxyHatParams, Field(discriminator="kind")
]


class ShirtParams(_Worn):
    kind: Literal["shirt"]
    neckline: str
    ease_mm: Positive
    sleeve_mm: float
    """Length of the sleeve from the shoulder's joint; negative for none."""
    collar: Literal["rib", "roll", "none"]
    collar_mm: float
    """Width of the band, or height of the rolled collar."""
    thickness_mm: Positive = 1.2
    folds_mm: float
    neck_top_mm: float = 50.0
    """Cloth ends this far up the neck's axis, whatever the neckline."""
    weave: Literal["jersey", "knit", "plain"]


class ProxyGarmentParams(_Worn):
    kind: Literal["proxy"]
    proxy: str
    subdivisions: int = 1
    tint: Annotated[float, Field(ge=0, le=1)] = 1.0
    """How far the item's colour replaces the texture's hue."""
    painted: bool = True
    """Whether its painted texture is used; without it the cloth is plain."""


GarmentParams = Annotated[ShirtParams | ProxyGarmentParams, Field(discriminator="kind")]


class FitData(_Model):
    """Places on the base mesh: vertices of the subject's left, then of the right."""

    ear_top: tuple[int, int]
    ear_root: tuple[int, int]
    behind_ear: tuple[tuple[int, ...], tuple[int, ...]]
    neck_centre_mm: Triple
    neck_lean_deg: float


class WearData(_Model):
    fit: FitData
    outlines: Mapping[str, tuple[tuple[float, float], ...]]
    """Closed curves: x -1 nasal to 1 temporal, y -1 bottom to 1 top."""
    necklines: Mapping[str, tuple[Triple, ...]]
    """Azimuth from the front in degrees, distance from the neck's axis and height along it in
    mm: cloth is what lies further out, or lower."""
    glasses: Mapping[str, GlassesParams]
    headwear: Mapping[str, HeadwearParams]
    clothing: Mapping[str, GarmentParams]


@lru_cache(maxsize=1)
def wear_data() -> WearData:
    """Read ``wear.toml`` from the package."""
    text = files("assets").joinpath("data/wear.toml").read_text("utf-8")
    return WearData.model_validate(tomllib.loads(text))


def entry(entries: Mapping[str, Entry], kind: str, id_: str) -> Entry:
    """The entry of an id.

    Raises:
        AssetError: there is none, with the nearest id.
    """
    if id_ not in entries:
        raise AssetError(f"{kind}.id is {id_!r}: no such item; {nearest(id_, entries)}")
    return entries[id_]
