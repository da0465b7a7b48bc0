"""The shipped catalogue with the user's assets in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from types import MappingProxyType
from typing import Any

from assets.catalog import Catalog, HdriEntry, ItemEntry, SkinEntry
from assets.hdri import HdriMeasure
from assets.user.entry import ENTRY_FILE, HdriAsset, HeadAsset, ItemAsset, PlateAsset, SkinAsset
from assets.user.shelf import Shelf
from spec_schema.errors import AssetError, nearest
from spec_schema.spec import WORN_SLOTS

__all__ = ["with_user_assets"]


def with_user_assets(catalog: Catalog, shelf: Shelf) -> Catalog:
    """The catalogue itself where the shelf is empty.

    Raises:
        AssetError: an asset names a slot, or an entry to replace, that there is not.
    """
    if not shelf.assets:
        return catalog
    added: dict[str, dict[str, Any]] = {}
    for some_id, asset in shelf.assets.items():
        kind: str
        entry: HdriEntry | SkinEntry | ItemEntry
        match asset:
            case HdriAsset():
                kind, entry = "hdris", _hdri(some_id, asset)
            case PlateAsset():
                kind, entry = "backgrounds", ItemEntry(some_id, asset.share, MappingProxyType({}))
            case SkinAsset():
                kind, entry = "skins", _skin(some_id, asset)
            case HeadAsset():
                continue  # a shape key, and no entry
            case ItemAsset():
                kind, entry = asset.slot, _item(some_id, asset)
                if kind not in WORN_SLOTS:
                    raise AssetError(
                        f"{shelf.place(some_id) / ENTRY_FILE}: slot is {kind!r}; "
                        f"{nearest(kind, WORN_SLOTS)}"
                    )
        table = added.setdefault(kind, dict(getattr(catalog, kind)))
        if asset.replaces is not None:
            if asset.replaces not in getattr(catalog, kind):
                raise AssetError(
                    f"{shelf.place(some_id) / ENTRY_FILE}: replaces is {asset.replaces!r}, which "
                    f"is no shipped entry; {nearest(asset.replaces, getattr(catalog, kind))}"
                )
            table[asset.replaces] = replace(
                table[asset.replaces], **_undrawn(table[asset.replaces])
            )
        table[some_id] = entry
    return replace(catalog, **{k: MappingProxyType(v) for k, v in added.items()})


def _undrawn(entry: Any) -> dict[str, Any]:
    """What to change so that an entry is valid, but never picked."""
    if not isinstance(entry, ItemEntry):
        return {"share": 0.0}
    shares: Mapping[str, float] = dict.fromkeys(("share_female", "share_male"), 0.0)
    return {"share": 0.0, "attributes": MappingProxyType({**entry.attributes, **shares})}


def _hdri(some_id: str, asset: HdriAsset) -> HdriEntry:
    return HdriEntry(
        id=some_id,
        source="pack",
        file=asset.source,
        sha256=asset.sha256,
        setting=asset.setting,
        **{f.name: getattr(asset, f.name) for f in fields(HdriMeasure)},
        licence=asset.licence,
        share=asset.share,
    )


def _skin(some_id: str, asset: SkinAsset) -> SkinEntry:
    return SkinEntry(
        id=some_id,
        sex=asset.sex,
        age_years=asset.age_years,
        ancestry=asset.ancestry,
        texture=f"skins/{some_id}",
        share=asset.share,
    )


def _item(some_id: str, asset: ItemAsset) -> ItemEntry:
    told = {"covers", "tags", "excludes", "segmentation", "licence"}
    attributes = asset.model_dump(include=told | {"share_female", "share_male"}, exclude_none=True)
    return ItemEntry(some_id, asset.share, MappingProxyType(attributes))
