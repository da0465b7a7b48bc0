"""Reading ``.obj`` meshes and their ``.mtl`` materials (Wavefront)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array, I32Array
from spec_schema.errors import AssetError

__all__ = ["ObjMesh", "parse_mtl", "parse_obj_mesh"]


@dataclass
class _Corners:
    vertex: list[list[int]] = field(default_factory=list)
    uv: list[list[int]] = field(default_factory=list)
    normal: list[list[int]] = field(default_factory=list)
    material: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class ObjMesh:
    """N vertices and F faces; larger polygons are cut into triangles."""

    points: F32Array
    """(N, 3) in the file's unit."""
    faces: I32Array
    """(F, 4), a triangle with -1 in its last place."""
    uv: F32Array | None
    """(F, 4, 2), v up; None where the file has none."""
    normals: F32Array | None
    """(F, 4, 3) of corners; None where the file has none."""
    material: NDArray[np.int64]
    """(F,) into ``material_names``."""
    material_names: tuple[str, ...]
    libraries: tuple[str, ...]
    """Names of ``.mtl`` files."""


def parse_obj_mesh(text: str, where: str, skip: str = "") -> ObjMesh:
    """Read a mesh; objects whose name begins with ``skip`` are left out.

    Raises:
        AssetError: a line can't be read, or a face names what is not there.
    """
    points: list[list[float]] = []
    uvs: list[list[float]] = []
    normals: list[list[float]] = []
    corners = _Corners()
    materials: dict[str, int] = {}
    libraries: list[str] = []
    material, kept = 0, True
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words:
            continue
        try:
            match words[0]:
                case "v":
                    points.append([float(w) for w in words[1:4]])
                case "vt":
                    uvs.append([float(w) for w in words[1:3]])
                case "vn":
                    normals.append([float(w) for w in words[1:4]])
                case "o":
                    kept = not (skip and " ".join(words[1:]).startswith(skip))
                case "usemtl":
                    material = materials.setdefault(" ".join(words[1:]), len(materials))
                case "mtllib":
                    libraries.append(line.split(None, 1)[1].strip())
                case "f" if kept:
                    _add(words[1:], (len(points), len(uvs), len(normals)), corners, material)
        except (ValueError, IndexError) as e:
            raise AssetError(f"{where}:{number}: can't be read: {line.strip()[:80]!r}") from e
    if not corners.vertex:
        raise AssetError(f"{where}: has no faces")
    faces = np.array(corners.vertex, np.int32)
    table = np.array(points, np.float32).reshape(-1, 3)
    if not np.isfinite(table).all():
        raise AssetError(f"{where}: a vertex is not finite")
    return ObjMesh(
        points=table,
        faces=faces,
        uv=_looked_up(uvs, corners.uv, 2),
        normals=_looked_up(normals, corners.normal, 3),
        material=np.array(corners.material, np.int64),
        material_names=tuple(materials) or ("",),
        libraries=tuple(libraries),
    )


def _add(words: list[str], counts: tuple[int, int, int], corners: _Corners, material: int) -> None:
    """One polygon: itself if it has four corners at most, else a fan."""
    found = [_corner(word, counts) for word in words]
    if len(found) < 3:
        raise ValueError("a face of two corners")
    fan = (
        [found]
        if len(found) <= 4
        else [[found[0], *found[k : k + 2]] for k in range(1, len(found) - 1)]
    )
    for face in fan:
        padded = face + [(-1, -1, -1)] * (4 - len(face))
        for k, into in enumerate((corners.vertex, corners.uv, corners.normal)):
            into.append([c[k] for c in padded])
        corners.material.append(material)


def _corner(word: str, counts: tuple[int, int, int]) -> tuple[int, int, int]:
    parts = [*word.split("/"), "", ""][:3]
    out = []
    for part, count in zip(parts, counts, strict=True):
        index = int(part) if part else 0
        index = index - 1 if index > 0 else index + count if index < 0 else -1
        if index >= count or (part and index < 0):
            raise ValueError("names what is not there")
        out.append(index)
    if out[0] < 0:
        raise ValueError("a corner without vertex")
    return out[0], out[1], out[2]


def _looked_up(values: list[list[float]], index: list[list[int]], width: int) -> F32Array | None:
    if not values:
        return None
    at = np.array(index, np.int64)
    return np.asarray(np.array(values, np.float32).reshape(-1, width)[np.maximum(at, 0)])


def parse_mtl(text: str) -> dict[str, dict[str, str]]:
    """Lines of each material, by its name and by their first word."""
    out: dict[str, dict[str, str]] = {}
    own: dict[str, str] = {}
    for line in text.splitlines():
        key, _, value = line.strip().partition(" ")
        if key == "newmtl":
            own = out.setdefault(value.strip(), {})
        elif key and not key.startswith("#"):
            own.setdefault(key, value.strip())
    return out
