"""The worn things as data: assets/data/accessories.toml, checked and typed."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from spec_schema.errors import AssetError, nearest

__all__ = [
    "Accessories",
    "Cloth",
    "GlassesStyle",
    "HatLine",
    "HeadwearStyle",
    "accessories",
]

Share = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Unit = Annotated[float, Field(ge=0, le=1)]
Range = tuple[Unit, Unit]
Colour = tuple[Unit, Unit, Unit]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Entry(_Data):
    share: Share
    share_female: Share | None = None
    share_male: Share | None = None
    metallic: Range = (0.0, 0.0)
    """An item's ``metallic`` 0-1 is mapped into this."""
    roughness: Range


class GlassesStyle(_Entry):
    """One shape of spectacles. Lengths in millimetres, before fitting."""

    outline: tuple[tuple[float, float], ...]
    """The lens in half widths and half heights: x to the temple, y up, anticlockwise."""
    lens_mm: tuple[Positive, Positive]
    """Width and height."""
    bridge_mm: Positive
    """Between the lenses."""
    rim: Literal["full", "upper", "none"] = "full"
    rim_mm: tuple[Positive, Positive]
    """Width as seen from the front, and depth."""
    brow: float = 0.0
    """How much wider the rim is above."""
    bridge_at: float
    """Height of the bridge in half lens heights."""
    bridge_rod_mm: tuple[Positive, Positive]
    """Height and depth of the bridge."""
    brow_bar: bool = False
    """A second bar above the bridge."""
    hinge_at: float
    """Height of the hinges in half lens heights."""
    temple_mm: tuple[Positive, Positive, Positive]
    """Thickness, height at the hinge, height at the ear."""
    pads: Literal["wire", "fused"]
    drop_mm: float
    """Pupils above the lens centres."""
    tint: Colour = (1.0, 1.0, 1.0)
    """What light the lens lets through."""


class HatLine(_Data):
    """Where a hat ends, in rest metres above the origin of the base mesh."""

    front_m: float
    side_m: float
    back_m: float


class Cloth(_Data):
    """Fabric."""

    weave: Literal["rib", "knit", "twill", "felt"]
    relief_mm: float
    repeat_mm: tuple[Positive, Positive]
    """Size of one repeat round the head and up it."""
    sheen: Unit


class HeadwearStyle(_Entry):
    """One kind of headwear."""

    kind: Literal["beanie", "cap", "band", "bandana", "proxy"]
    line: HatLine
    upper: HatLine | None = None
    """Where a band ends above; nothing above it is covered."""
    cloth: Cloth
    thickness_mm: Positive
    slack_mm: float = 0.0
    """How far the crown stands off the top of the head."""
    cuff_mm: float = 0.0
    peak_mm: float = 0.0
    turned_deg: float = 0.0
    """0: the peak stands in front."""
    proxy: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> HeadwearStyle:
        if self.kind == "band" and self.upper is None:
            raise ValueError("a band needs 'upper', the line where it ends above")
        if self.kind == "proxy" and self.proxy is None:
            raise ValueError("kind 'proxy' needs 'proxy', the name of a proxy in the packs")
        return self


class Accessories(_Data):
    """All entries."""

    glasses: Mapping[str, GlassesStyle]
    headwear: Mapping[str, HeadwearStyle]

    def glasses_style(self, name: str) -> GlassesStyle:
        """Spectacles of that id; AssetError where there are none."""
        if name not in self.glasses:
            raise AssetError(f"glasses.id is {name!r}: no such item; {nearest(name, self.glasses)}")
        return self.glasses[name]

    def headwear_style(self, name: str) -> HeadwearStyle:
        """Headwear of that id; AssetError where there is none."""
        if name not in self.headwear:
            raise AssetError(
                f"headwear.id is {name!r}: no such item; {nearest(name, self.headwear)}"
            )
        return self.headwear[name]


@cache
def accessories() -> Accessories:
    """The worn things that this release ships."""
    text = resources.files("assets").joinpath("data/accessories.toml").read_text("utf-8")
    return Accessories.model_validate(tomllib.loads(text))
