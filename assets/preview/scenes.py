"""Scenes of a preview, put together from ``assets/data/preview.toml``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError

from assets.preview.data import preview_data
from assets.preview.kinds import Kind
from spec_schema.errors import AssetError, nearest
from spec_schema.spec import SceneSpec

__all__ = ["Setting", "Tile", "heads", "tiles"]

_ONE_OF: Final = {"people": "head", "views": "view", "framings": "framing", "lights": "light"}
EYES_TO_MIDDLE_M: Final = 0.07
"""How far behind the eyes the middle of a head lies, which stays in the picture's middle."""


@dataclass(frozen=True)
class Setting:
    """How the heads are looked at."""

    view: str = "three-quarter"
    light: str = "soft"
    framing: str | None = None
    """None takes the kind's own."""


@dataclass(frozen=True)
class Tile:
    """One picture of a sheet."""

    label: str
    spec: SceneSpec


def heads() -> list[str]:
    """Names of the eight heads."""
    return list(preview_data()["people"])


def tiles(kind: Kind, only: str | None, head: str | None, setting: Setting) -> list[Tile]:
    """All entries of a kind on one head, or the entry ``only`` on every head.

    Raises:
        AssetError: there is no such entry, head, view, light or framing.
    """
    if only is None:
        name = kind.head if head is None else head
        return [Tile(id_, _scene(kind, id_, name, setting)) for id_ in kind.ids()]
    if only not in kind.ids():
        raise AssetError(f"{only!r}: nothing of this name among {kind.about}; "
                         + nearest(only, kind.ids()))  # fmt: skip
    names = heads() if head is None else [head]
    people = preview_data()["people"]
    return [
        Tile(f"{n}: {people[_known('people', n)]['about']}", _scene(kind, only, n, setting))
        for n in names
    ]


def _known(table: str, name: str) -> str:
    if name not in preview_data()[table]:
        raise AssetError(
            f"preview: no {_ONE_OF[table]} {name!r}; {nearest(name, preview_data()[table])}"
        )
    return name


def _scene(kind: Kind, id_: str, head: str, setting: Setting) -> SceneSpec:
    """Later tables win: the plain scene, the head, what it wears, where the camera stands.

    Raises:
        AssetError: preview.toml lacks a field of the scene spec, or has one that it does not know.
    """
    data = preview_data()
    plain = {k: v for k, v in data["scene"].items() if k != "top"} | data["scene"]["top"]
    base = _laid_over(_blank(SceneSpec), plain)
    person = {k: v for k, v in data["people"][_known("people", head)].items() if k != "about"}
    azimuth = data["views"][_known("views", setting.view)]
    frame = data["framings"][_known("framings", setting.framing or kind.framing)]
    shift = frame["x_m"] - EYES_TO_MIDDLE_M * math.sin(math.radians(azimuth))
    seen = {
        "pose": {"yaw_deg": azimuth, "x_m": shift, "y_m": frame["y_m"]},
        "camera": {"azimuth_deg": azimuth, "focal_length_mm": frame["focal_length_mm"]},
        "environment": data["lights"][_known("lights", setting.light)],
    }
    for over in (person, kind.changes(id_), seen):
        base = _laid_over(base, over)
    try:
        return SceneSpec.model_validate(base)
    except ValidationError as e:
        first = e.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise AssetError(f"assets/data/preview.toml: {field}: {first['msg']}") from e


def _blank(model: type[BaseModel]) -> dict[str, Any]:
    """None for all that a scene need not have."""
    out: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        kind: Any = field.annotation
        if type(None) in get_args(kind):
            out[name] = None
        elif isinstance(kind, type) and issubclass(kind, BaseModel):
            out[name] = _blank(kind)
    return out


def _laid_over(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(base)
    for key, value in over.items():
        old = out.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        out[key] = _laid_over(old, value) if both else value  # type: ignore[arg-type]
    return out
