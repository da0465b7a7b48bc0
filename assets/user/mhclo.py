"""MakeHuman's text formats: ``.mhclo`` (a mesh bound to the body) and ``.mhmat`` (a material).

Sources: ``shared/proxy.py`` and ``shared/material.py`` of MakeHuman 1.2. Lengths are decimetres,
as in its base mesh; here they become metres.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assets.compile_head import METRES_PER_SOURCE_UNIT
from spec_schema.errors import AssetError

__all__ = ["Header", "Mhclo", "Mhmat", "parse_header", "parse_mhclo", "parse_mhmat"]

HM08_VERTICES: Final = 19158

_CC0: Final = re.compile(r"\bCC[ -]?0\b|creative commons zero|public domain", re.I)
_CC_BY: Final = re.compile(
    r"\bCC[ -]?BY([ -](?:SA|NC|ND|NC[ -]SA|NC[ -]ND))?(?:[ -](\d\.\d))?", re.I
)


@dataclass(frozen=True)
class Header:
    """What a file says of itself."""

    name: str
    author: str
    licence: str
    """SPDX's name where it is known, else the file's words; empty where nothing is said."""
    tags: tuple[str, ...]


@dataclass(frozen=True)
class Mhclo:
    """A mesh that hangs on the body: ``(V[refs] * weights).sum + offset * scale``."""

    header: Header
    obj_file: str
    material: str
    refs: NDArray[np.int32]
    """(N, 3) vertices of the base mesh."""
    weights: NDArray[np.float32]
    """(N, 3)"""
    offsets_m: NDArray[np.float32]
    """(N, 3)"""
    scale: NDArray[np.float64]
    """(3, 3): two vertices and their distance in metres, for each axis; 0, 0, 0 for none."""
    hidden: NDArray[np.bool_]
    """(19158,) vertices of the body that it hides."""


@dataclass(frozen=True)
class Mhmat:
    """A material."""

    header: Header
    diffuse_texture: str
    diffuse_srgb: tuple[float, float, float]
    normal_texture: str
    roughness_texture: str
    opacity: float
    shininess: float


def parse_header(text: str, fallback_name: str) -> Header:
    """Name, author, licence and tags, from fields and from comments."""
    fields: dict[str, str] = {}
    tags = []
    for line in text.splitlines():
        bare = line.lstrip("#/ \t").strip()
        key, _, value = bare.partition(" ")
        key, value = key.rstrip(":").lower(), value.strip(" :\t")
        if key == "verts" and not line.lstrip().startswith(("#", "/")):
            break
        if key in ("tag", "tags"):
            tags.append(value)
        elif value and key in ("name", "author", "license", "licence", "copyright"):
            fields.setdefault(key, value)
    return Header(
        name=fields.get("name", fallback_name),
        author=fields.get("author", "") or _holders(text),
        licence=_licence(fields.get("license") or fields.get("licence") or "", text),
        tags=tuple(tags),
    )


def _holders(text: str) -> str:
    """Of lines such as ``# Copyright (C) 2020 A. Person``."""
    found = re.findall(r"^[#/ ]*Copyright \(C\) \d{4} ([^,\n]+)", text, re.M | re.I)
    return ", ".join(dict.fromkeys(name.strip() for name in found))


def _licence(said: str, text: str) -> str:
    if not said:
        # The official assets say it in a sentence.
        sentence = re.search(r"released as (CC0)", text, re.I)
        said = sentence[1] if sentence else ""
    if _CC0.search(said):
        return "CC0-1.0"
    by = _CC_BY.search(said)
    if by:
        kind = (by[1] or "").strip(" -").replace(" ", "-").upper()
        return "-".join(p for p in ("CC-BY", kind, by[2] or "4.0") if p)
    return said


def parse_mhclo(text: str, where: str) -> Mhclo:
    """Read a binding.

    Raises:
        AssetError: it is for another body, uses shears, or is damaged, told from ``where`` on.
    """
    rows: list[list[str]] = []
    obj = material = base = ""
    scale = np.zeros((3, 3))
    hidden = np.zeros(HM08_VERTICES, np.bool_)
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith(("#", "//")):
            continue
        key = words[0].lower()
        try:
            if key == "verts":
                section = "verts"
            elif key == "delete_verts":
                section = "delete"
                _hide(words[1:], hidden)
            elif key[0].isalpha():
                section = ""
                if key in ("x_scale", "y_scale", "z_scale"):
                    a, b, distance = int(words[1]), int(words[2]), float(words[3])
                    scale["xyz".index(key[0])] = a, b, distance * METRES_PER_SOURCE_UNIT
                elif key.endswith(("shear_x", "shear_y", "shear_z")):
                    raise AssetError(
                        f"{where}:{number}: is fitted by shears, which is not supported"
                    )
                elif key == "basemesh":
                    base = words[1]
                elif key == "obj_file":
                    obj = line.split(None, 1)[1].strip()
                elif key == "material":
                    material = line.split(None, 1)[1].strip()
            elif section == "verts":
                rows.append(words)
            elif section == "delete":
                _hide(words, hidden)
        except (IndexError, ValueError) as e:
            raise AssetError(f"{where}:{number}: can't be read: {line.strip()!r}") from e
    if base.lower() not in ("hm08", ""):
        raise AssetError(f"{where}: is made for the base mesh {base!r}, not for hm08")
    refs, weights, offsets = _bound(rows, where)
    if scale[scale.any(1)][:, :2].max(initial=0) >= HM08_VERTICES:
        raise AssetError(f"{where}: a scale names a vertex that hm08 does not have")
    return Mhclo(parse_header(text, ""), obj, material, refs, weights, offsets, scale, hidden)


def _bound(
    rows: list[list[str]], where: str
) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.float32]]:
    if not rows:
        raise AssetError(f"{where}: binds no vertices")
    refs = np.zeros((len(rows), 3), np.int32)
    weights = np.zeros((len(rows), 3), np.float32)
    offsets = np.zeros((len(rows), 3), np.float32)
    for k, row in enumerate(rows):
        try:
            if len(row) == 1:  # a vertex that lies on one of the body
                refs[k], weights[k] = int(row[0]), (1, 0, 0)
            else:
                refs[k] = [int(w) for w in row[:3]]
                weights[k] = [float(w) for w in row[3:6]]
                if len(row) >= 9:
                    offsets[k] = [float(w) for w in row[6:9]]
        except ValueError as e:
            raise AssetError(f"{where}: vertex {k}: can't be read: {' '.join(row)!r}") from e
    if refs.min() < 0 or refs.max() >= HM08_VERTICES:
        raise AssetError(f"{where}: names a vertex that hm08 does not have")
    if not (np.isfinite(weights).all() and np.isfinite(offsets).all()):
        raise AssetError(f"{where}: a weight or offset is not finite")
    return refs, weights, offsets * np.float32(METRES_PER_SOURCE_UNIT)


def _hide(words: list[str], hidden: NDArray[np.bool_]) -> None:
    """Mark ``3 7 - 9`` as 3, 7, 8 and 9."""
    at = 0
    while at < len(words):
        first = last = int(words[at])
        if at + 2 < len(words) and words[at + 1] == "-":
            last = int(words[at + 2])
            at += 2
        if not 0 <= first <= last < len(hidden):
            raise ValueError("no such vertex")
        hidden[first : last + 1] = True
        at += 1


def parse_mhmat(text: str) -> Mhmat:
    """Read what is used of a material; unknown lines are passed over."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, _, value = line.strip().partition(" ")
        fields.setdefault(key.lower(), value.strip())
    return Mhmat(
        header=parse_header(text, ""),
        diffuse_texture=fields.get("diffusetexture", ""),
        diffuse_srgb=_colour(fields.get("diffusecolor", "")),
        normal_texture=fields.get("normalmaptexture", ""),
        roughness_texture=fields.get("roughnessmaptexture", ""),
        opacity=_number(fields.get("opacity", ""), 1.0),
        shininess=_number(fields.get("shininess", ""), 0.2),
    )


def _colour(text: str) -> tuple[float, float, float]:
    try:
        r, g, b = (min(max(float(w), 0.0), 1.0) for w in text.split()[:3])
    except ValueError:
        return (1.0, 1.0, 1.0)
    return (r, g, b)


def _number(text: str, otherwise: float) -> float:
    try:
        return min(max(float(text.split()[0]), 0.0), 1.0)
    except (ValueError, IndexError):
        return otherwise
