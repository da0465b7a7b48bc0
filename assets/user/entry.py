"""``asset.toml`` of a user's asset, typed."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from assets.user.folder import ID_PREFIX
from assets.worn import Covers
from spec_schema.classes import SegmentationClass
from spec_schema.errors import AssetError, nearest

__all__ = [
    "DATA_FILE",
    "ENTRY_FILE",
    "FORMAT",
    "HdriAsset",
    "HeadAsset",
    "HeadKey",
    "ItemAsset",
    "PartMaterial",
    "PlateAsset",
    "SkinAsset",
    "UserAsset",
    "broken_rules",
    "checked_entry",
    "content_hash",
    "read_entry",
    "to_toml",
]

ENTRY_FILE: Final = "asset.toml"
DATA_FILE: Final = "data.safetensors"
FORMAT: Final = 1

_FREE: Final = frozenset(
    ("share", "share_female", "share_male", "licence", "author", "source", "tags", "excludes")
)
"""Fields that no picture depends on: they may be edited after an asset was used."""

Share = Annotated[float, Field(ge=0, le=1e6)]
Unit = Annotated[float, Field(ge=0, le=1)]
Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Asset(_Model):
    format: Literal[1]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """Of ``data.safetensors``."""
    bytes: Annotated[int, Field(gt=0)]
    licence: Text
    author: str = ""
    source: str = ""
    """Name of the file that it was made from."""
    share: Share = 1.0
    """Weight with which the sampler picks it; the shipped entries have about 1."""
    replaces: str | None = None
    """Shipped entry of the same kind that is no longer drawn, as this is a better copy of it."""


class HdriAsset(_Asset):
    """Light. Measured once, when it is added."""

    kind: Literal["hdri"]
    setting: Literal["indoor", "outdoor", "night", "studio"]
    width_px: Annotated[int, Field(gt=0)]
    mean_luminance: Annotated[float, Field(gt=0)]
    sphere_luminance: Annotated[float, Field(gt=0)]
    peak_luminance: Annotated[float, Field(gt=0)]
    key_azimuth_deg: Annotated[float, Field(ge=-180, le=180)]
    key_elevation_deg: Annotated[float, Field(ge=-90, le=90)]
    contrast: Annotated[float, Field(ge=1)]
    temperature_k: Annotated[float, Field(gt=0)]
    irradiance: Annotated[tuple[float, ...], Field(min_length=9, max_length=9)]
    """Of :func:`assets.hdri.irradiance_harmonics`."""


class PlateAsset(_Asset):
    """A photograph to stand behind the person, out of focus."""

    kind: Literal["plate"]


class SkinAsset(_Asset):
    """A painted skin over the UVs of MakeHuman's base mesh hm08."""

    kind: Literal["skin"]
    sex: Literal["female", "male"]
    age_years: Annotated[float, Field(ge=0, le=120)]
    ancestry: Literal["african", "asian", "european"]


class PartMaterial(_Model):
    """Material of one part of a worn thing."""

    colour: tuple[Unit, Unit, Unit] = (1.0, 1.0, 1.0)
    """Linear sRGB; multiplies the texture where there is one."""
    roughness: Unit = 0.6
    metallic: Unit = 0.0
    clear: bool = False
    """A lens: a thin sheet that reflects, and lets light of its colour through."""


class ItemAsset(_Asset):
    """A worn thing, fitted to each head."""

    kind: Literal["item"]
    slot: Text
    """Field of the spec that names it: ``glasses``, ``headwear``, ``clothing`` …"""
    segmentation: Literal["glasses", "headwear", "facewear", "clothing"]
    """Class in the mask."""
    fit: Literal["bound", "soft", "rigid", "landmark"]
    """``bound``: by MakeHuman's barycentric binding. ``soft``: placed on the reference head, and
    following the skin near it. ``rigid``: the same, moved and scaled as a whole. ``landmark``:
    placed by a frame at a landmark."""
    moves_with: Literal["skull", "body"] = "skull"
    """What carries it when the head turns."""
    frame: str = ""
    """With ``landmark``: name of the frame."""
    scale_with: str = "none"
    """With ``landmark``: the measure of the head that its size follows."""
    share_female: Share | None = None
    share_male: Share | None = None
    tint: Unit = 0.0
    """How far the drawn colour replaces its own."""
    clearance_mm: Annotated[float, Field(ge=0, le=20)] = 0.5
    """Cloth nearer to the skin than this is moved out; solid things are moved as a whole."""
    subdivide: Annotated[int, Field(ge=0, le=2)] = 0
    covers: Covers = Covers()
    tags: tuple[Name, ...] = ()
    excludes: tuple[Name, ...] = ()
    """Slots, and tags of entries of other slots, that are not worn together with it."""
    parts: Annotated[tuple[PartMaterial, ...], Field(min_length=1)]

    @property
    def label(self) -> SegmentationClass:
        """Class in the mask."""
        return SegmentationClass[self.segmentation.upper()]


class HeadKey(_Model):
    """A shape key of a head, and what the sampler draws of it: evenly between two weights."""

    name: Text
    low: Unit = 0.0
    high: Unit = 0.0


class HeadAsset(_Asset):
    """A head, as a target of the head model."""

    kind: Literal["head"]
    share: Unit = 0.0
    """How many of all people have it."""
    sex: Unit
    age_years: Annotated[float, Field(ge=18, le=90)]
    ancestry: Literal["african", "asian", "european"]
    keys: tuple[HeadKey, ...] = ()


UserAsset = HdriAsset | PlateAsset | SkinAsset | ItemAsset | HeadAsset
_ANY: Final[TypeAdapter[UserAsset]] = TypeAdapter(Annotated[UserAsset, Field(discriminator="kind")])


def read_entry(path: Path) -> UserAsset:
    """Read ``asset.toml``.

    Raises:
        AssetError: it is no TOML, or a field breaks a rule; file, field and rule are named.
    """
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as e:
        raise AssetError(f"{path}: can't be read: {e}") from e
    return checked_entry(raw, str(path))


def checked_entry(raw: Mapping[str, Any], where: str) -> UserAsset:
    """Fields as a table of ``asset.toml``, typed.

    Raises:
        AssetError: a field breaks a rule; field and rule are named after ``where``.
    """
    try:
        return _ANY.validate_python(raw)
    except ValidationError as e:
        told = "; ".join(_told(error) for error in e.errors())
        raise AssetError(f"{where}: {told}") from e


_LICENCE: Final = "write its SPDX name, such as CC0-1.0 or CC-BY-4.0"


def broken_rules(
    error: ValidationError, model: type[BaseModel], choices: Mapping[str, Iterable[str]] = {}
) -> str:
    """Fields of a user's TOML file and the rules that they break, in one line.

    Args:
        error: of the validation.
        model: that the file was to be.
        choices: by field, what it may be, where its type does not say so.
    """
    return "; ".join(
        f"{'.'.join(map(str, e['loc']))}: {_plainly(e, model, choices)}" for e in error.errors()
    )


def _plainly(
    error: Mapping[str, Any], model: type[BaseModel], choices: Mapping[str, Iterable[str]]
) -> str:
    *parents, field = map(str, error["loc"])
    hint = ""
    if field == "licence":
        hint = f"; {_LICENCE}"
    elif field in choices:
        hint = f"; one of {', '.join(choices[field])}"
    match error["type"]:
        case "string_too_short":
            return f"is empty{hint}"
        case "missing":
            return f"is missing{hint}"
        case "extra_forbidden":
            known = _fields(model, parents)
            return f"Extra inputs are not permitted{f'; {nearest(field, known)}' if known else ''}"
        case _:
            return str(error["msg"]).removeprefix("Value error, ")


def _fields(model: Any, parents: list[str]) -> list[str]:
    """Names that a table of a TOML file may have; none where that is not known."""
    for name in parents:
        field = getattr(model, "model_fields", {}).get(name)
        model = None if field is None else field.annotation
    return sorted(getattr(model, "model_fields", {}))


def _told(error: Mapping[str, Any]) -> str:
    place = error["loc"][1:] if len(error["loc"]) > 1 else error["loc"]
    field = ".".join(str(p) for p in place) or "kind"
    return f"{field}: {error['msg'].lower()}"


def content_hash(asset: UserAsset) -> str:
    """SHA-256 of all that a picture depends on: the data's hash and the fields of the fit."""
    content = {k: v for k, v in asset.model_dump(mode="json").items() if k not in _FREE}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def to_toml(asset: UserAsset, comment: str) -> str:
    """``asset.toml`` as written, with a comment of one line."""
    plain = asset.model_dump(mode="json", exclude_none=True)
    tables = {name: plain.pop(name) for name in ("parts", "keys") if name in plain}
    lines = [f"# {comment}", *(f"{k} = {_value(v)}" for k, v in plain.items())]
    for name, rows in tables.items():
        for row in rows:
            lines += ["", f"[[{name}]]", *(f"{k} = {_value(v)}" for k, v in row.items())]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_value(v)}" for k, v in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def asset_id(folder: Path) -> str:
    """Id of the asset in a folder."""
    return ID_PREFIX + folder.name
