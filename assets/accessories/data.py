"""The entries of spectacles and of cloth headwear, typed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from assets.accessories.lines import HatLine
from assets.worn import WornEntry

__all__ = ["Cloth", "GlassesStyle", "HatLine", "HeadwearStyle"]

Positive = Annotated[float, Field(gt=0)]
Unit = Annotated[float, Field(ge=0, le=1)]
Colour = tuple[Unit, Unit, Unit]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GlassesStyle(WornEntry):
    """One shape of spectacles. Lengths in millimetres, before fitting."""

    kind: Literal["spectacles"]
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
    mirrored: Unit = 0.0
    """How strongly a lens mirrors in the item's second colour; 0 is glass."""


class Cloth(_Data):
    """Fabric."""

    weave: Literal["rib", "knit", "twill", "felt"]
    relief_mm: float
    repeat_mm: tuple[Positive, Positive]
    """Size of one repeat round the head and up it."""
    sheen: Unit


class HeadwearStyle(WornEntry):
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
