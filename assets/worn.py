"""What all worn things have in common: slots, what they cover and exclude, colours, licence.

A slot is a place where one thing is worn, and a column of the spec. Shipped entries stand in
``accessories.toml`` and ``clothing.toml``; entries of a user's own have the same fields.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from spec_schema.classes import SegmentationClass
from spec_schema.errors import AssetError, nearest
from spec_schema.spec import PLAIN_PRINT, WORN_SLOTS

__all__ = ["Covers", "WornEntry", "goes_with", "known_prints", "slot_defaults", "worn_tables"]

Share = Annotated[float, Field(ge=0)]
Unit = Annotated[float, Field(ge=0, le=1)]
Hex = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]

_FILES: Final = dict.fromkeys(WORN_SLOTS, "accessories.toml") | {"clothing": "clothing.toml"}


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Covers(_Data):
    """What a worn thing hides of the head."""

    hair: Literal["none", "loose", "tight"] = "none"
    """``tight``: hair is pressed flat and hidden; ``loose``: the thing lies upon it."""
    beard: bool = False
    ears: bool = False
    forehead: bool = False


class WornEntry(_Data):
    """The part of an entry that says when and how it is worn, not what it looks like."""

    share: Share = 1.0
    """How often, among those who wear anything in the slot."""
    share_female: Share | None = None
    share_male: Share | None = None
    covers: Covers = Covers()
    tags: tuple[Name, ...] = ()
    excludes: tuple[Name, ...] = ()
    """Slots, and tags of entries of other slots, that are not worn together with it."""
    needs_hair: bool = False
    """Held by hair: not worn by the bald and the shaved."""
    segmentation: Literal["glasses", "headwear", "facewear", "clothing"]
    licence: str
    colours: tuple[Hex, ...] = ()
    """sRGB. Empty: any of the palette of the preset."""
    second_colours: tuple[Hex, ...] = ()
    """The same for the second colour."""
    prints: tuple[Name, ...] = ()
    """Patterns that it may have; empty: plain only."""
    metallic: tuple[Unit, Unit] = (0.0, 0.0)
    """An item's ``metallic`` 0-1 is mapped into this."""
    roughness: tuple[Unit, Unit] = (0.4, 0.9)

    @property
    def label(self) -> SegmentationClass:
        """Class of its pixels."""
        return SegmentationClass[self.segmentation.upper()]


def goes_with(slot: str, one: Mapping[str, Any], other_slot: str, other: Mapping[str, Any]) -> bool:
    """Whether entries of two slots, as tables, may be worn together."""
    return not (_bars(one, other_slot, other) or _bars(other, slot, one))


def _bars(one: Mapping[str, Any], slot: str, other: Mapping[str, Any]) -> bool:
    named = {slot, *other.get("tags", ())}
    return not named.isdisjoint(one.get("excludes", ()))


def known_prints(tables: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Every print that some of the entries may have, the plain one first."""
    found = {p for table in tables for p in table.get("prints", ())}
    return (PLAIN_PRINT, *sorted(found - {PLAIN_PRINT}))


def slot_defaults(slot: str) -> Mapping[str, Any]:
    """What all entries of a slot have unless they say otherwise: class, cover, licence."""
    defaults: Mapping[str, Any] = _read(_FILES[slot]).get("slots", {}).get(slot, {})
    return defaults


@cache
def worn_tables(slot: str) -> Mapping[str, Mapping[str, Any]]:
    """The shipped entries of a slot by id, with what they take from ``like`` and from the slot.

    Raises:
        AssetError: there is no such slot, or an entry is like one that is not there.
    """
    if slot not in _FILES:
        raise AssetError(f"no slot {slot!r}; {nearest(slot, _FILES)}")
    data = _read(_FILES[slot])
    own: Mapping[str, dict[str, Any]] = data.get(slot, {})
    defaults = data.get("slots", {}).get(slot, {})
    return {key: defaults | _whole(key, own, f"{_FILES[slot]}: {slot}") for key in own}


def _whole(key: str, tables: Mapping[str, dict[str, Any]], where: str) -> dict[str, Any]:
    table = tables[key]
    model = table.get("like")
    if model is None:
        return dict(table)
    if model not in tables:
        raise AssetError(f"{where}.{key}: like {model!r}: {nearest(model, tables)}")
    merged = {**_whole(model, tables, where), **table}
    del merged["like"]
    return merged


@cache
def _read(name: str) -> dict[str, Any]:
    path = resources.files("assets").joinpath("data", name)
    return tomllib.loads(path.read_text("utf-8"))
