"""What a scene can contain: skins, irises, hair styles, worn things, environments.

The entries stand in ``assets/data/catalog.toml``, ``hair.toml``, ``accessories.toml``
and ``clothing.toml``. Nothing has
to be fetched to read the catalogue.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from assets.packs import Pack, load_packs
from assets.worn import worn_tables
from spec_schema.errors import AssetError, nearest
from spec_schema.spec import WORN_SLOTS, SceneSpec

if TYPE_CHECKING:
    from assets.user.shelf import Shelf

__all__ = [
    "BALD",
    "SHAVED",
    "Catalog",
    "HdriEntry",
    "IrisEntry",
    "ItemEntry",
    "SkinEntry",
]

BALD: Final = "bald"
"""``hair.style`` of a head without hair; always valid."""
SHAVED: Final = "shaved"
"""``facial_hair.style`` of a face without a beard; always valid."""

Entry = TypeVar("Entry")


@dataclass(frozen=True)
class SkinEntry:
    """A skin texture and whose it is."""

    id: str
    sex: Literal["female", "male"]
    age_years: float
    ancestry: Literal["african", "asian", "european"]
    texture: str
    """Name of the array in the store: (512, 512, 3) uint8 sRGB, row 0 at the top."""
    share: float = 1.0


@dataclass(frozen=True)
class IrisEntry:
    """An iris texture: a map of the whole eye, with two eyes on it."""

    id: str
    texture: str
    """Name of the array in the store: (512, 512, 4) uint8 sRGB, row 0 at the top."""
    colour_srgb: tuple[int, int, int]
    """Mean 8-bit sRGB colour of the ring between pupil and limbus."""
    centres_px: tuple[tuple[float, float], ...]
    """x and y of the iris centres in the texture, from its top-left corner."""
    radius_px: float
    pupil_radius_px: float
    share: float = 1.0


@dataclass(frozen=True)
class ItemEntry:
    """A hair style or a worn thing. What its attributes mean is known to its builder."""

    id: str
    share: float = 1.0
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class HdriEntry:
    """An HDR environment."""

    id: str
    source: Literal["pack", "bpy"]
    """``pack``: array ``hdri/<id>`` of the store. ``bpy``: a file inside the bpy package."""
    file: str
    """Member of the pack, or file name in bpy's ``studiolights/world``."""
    sha256: str | None
    """Hash of the file, for ``bpy``."""
    setting: Literal["indoor", "outdoor", "night", "studio"]
    width_px: int
    mean_luminance: float
    """Plain mean over the pixels, Rec. 709."""
    sphere_luminance: float
    """Mean over the sphere, weighted by solid angle."""
    peak_luminance: float
    key_azimuth_deg: float
    """Where most light comes from at rotation 0, as :class:`assets.hdri.HdriMeasure` has it."""
    key_elevation_deg: float
    contrast: float
    temperature_k: float
    """Correlated colour temperature of all its light."""
    irradiance: tuple[float, ...]
    """Nine coefficients of :func:`assets.hdri.irradiance_harmonics`."""
    licence: str
    share: float = 1.0


@dataclass(frozen=True)
class Catalog:
    """All entries by id. Use :meth:`load`."""

    skins: Mapping[str, SkinEntry]
    irises: Mapping[str, IrisEntry]
    hair_styles: Mapping[str, ItemEntry]
    facial_hair_styles: Mapping[str, ItemEntry]
    glasses: Mapping[str, ItemEntry]
    headwear: Mapping[str, ItemEntry]
    facewear: Mapping[str, ItemEntry]
    earwear: Mapping[str, ItemEntry]
    jewellery: Mapping[str, ItemEntry]
    neckwear: Mapping[str, ItemEntry]
    clothing: Mapping[str, ItemEntry]
    hdris: Mapping[str, HdriEntry]
    backgrounds: Mapping[str, ItemEntry]

    @staticmethod
    def load() -> Catalog:
        """What this release ships, and what the user added (docs/own-assets.md)."""
        from assets.user.folder import user_folder

        return _with_user_assets(user_folder())

    @staticmethod
    def shipped() -> Catalog:
        """The catalogue that this release ships."""
        return _load()

    @staticmethod
    def kinds() -> tuple[str, ...]:
        """Names of the kinds of entries."""
        return tuple(f.name for f in fields(Catalog))

    def ids(self, kind: str) -> list[str]:
        """Ids of one kind (``skins``, ``irises``, ``hair_styles`` …), in the files' order.

        Raises:
            AssetError: there is no such kind.
        """
        if kind not in self.kinds():
            raise AssetError(f"no kind of asset {kind!r}; {nearest(kind, self.kinds())}")
        return list(getattr(self, kind))

    def check_spec(self, spec: SceneSpec, where: str) -> None:
        """Check that every asset id of a spec is in the catalogue.

        Args:
            spec: the scene.
            where: what the message shall begin with, such as ``manifest.parquet: row 7``.

        Raises:
            AssetError: naming the field, the value and the nearest valid id.
        """
        named: list[tuple[str, str | None, str, str]] = [
            ("skin.texture", spec.skin.texture, "skin", "skins"),
            ("eyes.iris", spec.eyes.iris, "iris", "irises"),
            ("environment.hdri", spec.environment.hdri, "HDR environment", "hdris"),
        ]
        if spec.environment.background is not None:
            kind = spec.environment.background.kind
            named.append(("environment.background.kind", kind, "background", "backgrounds"))
        if spec.hair.style != BALD:
            named.append(("hair.style", spec.hair.style, "hair style", "hair_styles"))
        if spec.facial_hair.style != SHAVED:
            style = spec.facial_hair.style
            named.append(("facial_hair.style", style, "facial-hair style", "facial_hair_styles"))
        for kind in WORN_SLOTS:
            item = getattr(spec, kind)
            if item is not None:
                named.append((f"{kind}.id", item.id, f"item of {kind}", kind))
        for path, value, what, kind in named:
            entries: Mapping[str, object] = getattr(self, kind)
            if value not in entries:
                hint = nearest(str(value), entries) if entries else "there are none"
                raise AssetError(f"{where}: {path} is {value!r}: no such {what}; {hint}")


def _with_user_assets(folder: Path) -> Catalog:
    if not folder.is_dir():
        return _load()
    from assets.user.shelf import shelf

    return _merged(shelf())


@lru_cache(maxsize=2)
def _merged(shelf: Shelf) -> Catalog:
    from assets.user.merging import with_user_assets

    return with_user_assets(_load(), shelf)


@lru_cache(maxsize=1)
def _load() -> Catalog:
    own = _read("catalog.toml")
    hair = _read("hair.toml")
    packs = load_packs()
    iris_map = own["iris_map"]

    def skin(key: str, table: dict[str, Any]) -> SkinEntry:
        return SkinEntry(id=key, **table)

    def iris(key: str, table: dict[str, Any]) -> IrisEntry:
        return IrisEntry(
            id=key,
            **{**table, "colour_srgb": tuple(table["colour_srgb"])},
            centres_px=tuple((x, y) for x, y in iris_map["centres_px"]),
            radius_px=iris_map["radius_px"],
            pupil_radius_px=iris_map["pupil_radius_px"],
        )

    def hdri(key: str, table: dict[str, Any]) -> HdriEntry:
        return _hdri_entry(key, table, packs[table["pack"]])

    return Catalog(
        skins=_entries(own, "skins", skin),
        irises=_entries(own, "irises", iris),
        hair_styles=_entries(hair, "styles", _item),
        facial_hair_styles=_entries(_read("facial_hair.toml"), "facial_hair", _item),
        **{slot: _entries({slot: worn_tables(slot)}, slot, _item) for slot in WORN_SLOTS},
        hdris=_entries(own, "hdris", hdri),
        backgrounds=_entries(own, "backgrounds", _item),
    )


def _entries(
    data: Mapping[str, Any], table: str, make: Callable[[str, dict[str, Any]], Entry]
) -> Mapping[str, Entry]:
    made = {key: make(key, dict(values)) for key, values in data.get(table, {}).items()}
    return MappingProxyType(made)


def _item(key: str, table: dict[str, Any]) -> ItemEntry:
    share = float(table.pop("share", 1.0))
    return ItemEntry(key, share, MappingProxyType(table))


def _hdri_entry(key: str, table: dict[str, Any], pack: Pack) -> HdriEntry:
    about = {k: v for k, v in table.items() if k != "pack"}
    about["irradiance"] = tuple(about["irradiance"])
    declared = pack.content["hdris"][key]
    in_bpy = pack.source == "bpy"
    return HdriEntry(
        id=key,
        source="bpy" if in_bpy else "pack",
        file=declared["file"] if in_bpy else declared,
        sha256=declared["sha256"] if in_bpy else None,
        licence=pack.licence,
        **about,
    )


def _read(name: str) -> dict[str, Any]:
    """A data file, or nothing where the release ships none of that name."""
    path = files("assets").joinpath("data", name)
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
