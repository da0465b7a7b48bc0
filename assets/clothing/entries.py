"""The entries of clothing.toml, typed."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from assets.worn import WornEntry, worn_tables
from spec_schema.errors import AssetError, nearest

__all__ = [
    "Armhole",
    "Fabric",
    "Garment",
    "Neckline",
    "Placket",
    "ProxyGarment",
    "Sleeve",
    "Trim",
    "entry",
    "load_entries",
]

Pair = tuple[float, float]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Neckline(_Model):
    """Where cloth begins, in rest coordinates.

    Seen from the front the opening is a superellipse half: ``half_width_m`` at
    ``side_y_m``, nought at ``front_y_m`` (``back_y_m`` behind). ``plane_y_m`` set: the
    opening is instead a plane across the neck, which falls by ``plane_slope`` to the front.
    """

    half_width_m: float = 0.075
    side_y_m: float = 0.605
    front_y_m: float = 0.525
    back_y_m: float = 0.565
    front_power: float = 2.0
    back_power: float = 2.0
    plane_y_m: float | None = None
    plane_slope: float = 0.35


class Armhole(_Model):
    """Cloth ends where |x| exceeds this outline of (y, x) points, rest metres, y falling."""

    outline_m: tuple[Pair, ...]


class Sleeve(_Model):
    """Cloth ends this far along the arm from the shoulder."""

    length_m: float


class Trim(_Model):
    """What is sewn along an edge: a closed or open section of (s, h) points in millimetres.

    s runs along the surface, positive onto the cloth; h stands off the cloth. ``front_mm`` is
    the section at the front of the neck where it differs. ``gap_mm`` opens the ring there.
    """

    section_mm: tuple[Pair, ...]
    front_mm: tuple[Pair, ...] | None = None
    front_sharpness: float = 4.0
    gap_mm: float = 0.0
    spread: float = 0.0
    """How far the ends of an open ring slant apart, by distance from the edge."""
    weave: str = "rib"
    shade: float = 1.0


class Placket(_Model):
    """The strip of buttons down the front, from the neckline."""

    width_mm: float = 30.0
    length_m: float = 0.35
    button_spacing_m: float = 0.085
    button_mm: float = 10.0
    """Diameter."""
    button_colour: tuple[float, float, float] = (0.7, 0.68, 0.63)


class Fabric(_Model):
    """Weave and how the cloth hangs."""

    weave: str = "jersey"
    roughness: tuple[float, float] = (0.8, 1.0)
    sheen: float = 0.3
    crispness: float = 0.35
    """How much of fine creases it keeps: 0 for thick knits, 1 for poplin."""


class Garment(WornEntry):
    """A garment cut from the body's own surface."""

    kind: Literal["garment"]
    neckline: Neckline
    armhole: Armhole | None = None
    sleeve: Sleeve | None = None
    thickness_mm: float = 2.2
    looseness_mm: float = 8.0
    """How much farther the cloth stands off at the height of the breast."""
    folds_mm: float = 3.0
    neck_trim: Trim
    hem_trim: Trim | None = None
    placket: Placket | None = None
    fabric: Fabric = Fabric()


class ProxyGarment(WornEntry):
    """A garment of the pack, bound to the base mesh."""

    kind: Literal["proxy"]
    proxy: str
    tint: float = Field(0.3, ge=0, le=1)
    """How far the item's colour replaces the texture's own."""
    min_y_m: float = 0.15
    """Faces below this rest height are left out."""
    thickness_mm: float = 2.0
    fabric: Fabric = Fabric()


Entry = Annotated[Garment | ProxyGarment, Field(discriminator="kind")]
_ENTRIES: TypeAdapter[dict[str, Garment | ProxyGarment]] = TypeAdapter(dict[str, Entry])


@lru_cache(maxsize=1)
def load_entries() -> Mapping[str, Garment | ProxyGarment]:
    """All garments by id, in the file's order."""
    text = files("assets").joinpath("data/clothing.toml").read_text("utf-8")
    trims = tomllib.loads(text)["trims"]
    tables = {key: dict(table) for key, table in worn_tables("clothing").items()}
    for item in tables.values():
        for key in ("neck_trim", "hem_trim"):
            if isinstance(item.get(key), str):
                item[key] = trims[item[key]]
    return _ENTRIES.validate_python(tables)


def entry(item_id: str) -> Garment | ProxyGarment:
    """One garment.

    Raises:
        AssetError: there is none of that id.
    """
    entries = load_entries()
    if item_id not in entries:
        raise AssetError(f"clothing.id is {item_id!r}: no such item; {nearest(item_id, entries)}")
    return entries[item_id]
