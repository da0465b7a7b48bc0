"""Whether a model has a sensible size, and sits on the reference head."""

from __future__ import annotations

from typing import Final

from assets.accessories.fit import F64Array
from assets.user.reference import Fitted, facts
from spec_schema.errors import AssetError

__all__ = ["check_contact", "check_size"]

_FACTORS: Final = {"mm": 0.001, "cm": 0.01, "m": 1.0}


def check_size(points_m: F64Array, slot: str, where: str) -> str:
    """A line about the size.

    Raises:
        AssetError: it is no size for the slot; the message names a unit that would be.
    """
    extent = points_m.max(0) - points_m.min(0)
    largest = float(extent.max())
    low, high = facts()["size_m"][slot]
    told = f"{extent[0] * 1000:.0f} x {extent[1] * 1000:.0f} x {extent[2] * 1000:.0f} mm"
    if low <= largest <= high:
        return f"size {told}"
    fitting = [unit for unit, factor in _FACTORS.items() if low <= largest * factor <= high]
    hint = f'; unit = "{fitting[-1]}" would make it fit' if fitting else ""
    raise AssetError(
        f"{where}: is {told}; a thing in the slot {slot!r} measures {low * 1000:.0f} to "
        f"{high * 1000:.0f} mm along its longest side{hint}"
    )


def check_contact(
    points_m: F64Array,
    head: Fitted,
    where: str,
    allow_overlap_mm: float | None,
    allow_gap_mm: float | None,
) -> tuple[float, str]:
    """How near the thing comes to the skin (metres, negative inside), and a line about it.

    Raises:
        AssetError: it lies deep in the head, or floats far from it.
    """
    limits = facts()["contact_mm"]
    deepest = limits["deepest"] if allow_overlap_mm is None else allow_overlap_mm
    farthest = limits["farthest"] if allow_gap_mm is None else allow_gap_mm
    distance, _, _ = head.skin.nearest(points_m)
    nearest_mm = float(distance.min()) * 1000
    if nearest_mm < -deepest:
        share = float((distance < -deepest / 1000).mean())
        raise AssetError(
            f"{where}: lies {-nearest_mm:.1f} mm deep in the reference head ({share:.0%} of its "
            f"vertices deeper than {deepest:g} mm); move it, or set allow_overlap_mm"
        )
    if nearest_mm > farthest:
        raise AssetError(
            f"{where}: floats {nearest_mm:.0f} mm off the reference head (the one that "
            "`rf-assets reference-head` writes); move it onto the head, or set allow_gap_mm"
        )
    where_is = "outside" if nearest_mm >= 0 else "inside"
    return nearest_mm / 1000, f"nearest to the skin {abs(nearest_mm):.1f} mm {where_is}"
