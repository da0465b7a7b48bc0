"""The worn things of all slots but clothing: the entries of accessories.toml, checked and typed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Final

from pydantic import Field, TypeAdapter, ValidationError

from assets.accessories.data import GlassesStyle, HeadwearStyle
from assets.accessories.styles import (
    BandMaskStyle,
    ClipStyle,
    EarbudStyle,
    EarringStyle,
    GogglesStyle,
    HatStyle,
    HeadphoneStyle,
    HelmetStyle,
    MaskStyle,
    NecklaceStyle,
    PatchStyle,
    PiercingStyle,
    ScarfStyle,
    TieStyle,
    WrapStyle,
)
from assets.worn import worn_tables
from spec_schema.errors import AssetError, nearest
from spec_schema.spec import WORN_SLOTS

__all__ = ["ACCESSORY_SLOTS", "AccessoryEntry", "accessory", "accessory_entries", "typed_entry"]

ACCESSORY_SLOTS: Final = tuple(slot for slot in WORN_SLOTS if slot != "clothing")

AccessoryEntry = (
    GlassesStyle
    | GogglesStyle
    | HeadwearStyle
    | HatStyle
    | HelmetStyle
    | WrapStyle
    | MaskStyle
    | BandMaskStyle
    | PatchStyle
    | HeadphoneStyle
    | EarbudStyle
    | EarringStyle
    | PiercingStyle
    | NecklaceStyle
    | ClipStyle
    | ScarfStyle
    | TieStyle
)
_ENTRY: Final[TypeAdapter[AccessoryEntry]] = TypeAdapter(
    Annotated[AccessoryEntry, Field(discriminator="kind")]
)


def typed_entry(slot: str, item_id: str, table: Mapping[str, object]) -> AccessoryEntry:
    """One entry from its table.

    Raises:
        AssetError: naming the entry, the field and the rule that it breaks.
    """
    try:
        return _ENTRY.validate_python(dict(table))
    except ValidationError as e:
        first = e.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise AssetError(f"{slot}.{item_id}: {field}: {first['msg']}") from None


@cache
def accessory_entries(slot: str) -> Mapping[str, AccessoryEntry]:
    """The shipped entries of a slot by id, in the file's order."""
    return {key: typed_entry(slot, key, table) for key, table in worn_tables(slot).items()}


def accessory(slot: str, item_id: str) -> AccessoryEntry:
    """One shipped entry.

    Raises:
        AssetError: there is none of that id in the slot.
    """
    tables = worn_tables(slot)
    if item_id not in tables:
        raise AssetError(f"{slot}.id is {item_id!r}: no such item; {nearest(item_id, tables)}")
    return accessory_entries(slot)[item_id]
