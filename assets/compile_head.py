"""The ``head`` pack as arrays: mesh, morph targets, rig, region masks.

The source is MakeHuman's hm08: decimetres, x subject's left, y up, z forward. Stored in metres
in the same axes. Its rig files are in metres with z up and -y forward, as Blender has it.
"""

from __future__ import annotations

import gzip
import json
import posixpath
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assets.archives import member_names, read_members
from assets.compile_images import decode_image
from assets.packs import Pack
from spec_schema.errors import AssetError

__all__ = ["METRES_PER_SOURCE_UNIT", "compile_head", "parse_obj", "parse_target"]

METRES_PER_SOURCE_UNIT: Final = 0.1

Arrays = dict[str, NDArray[Any]]
Documents = dict[str, Any]


def compile_head(pack: Pack, archive: Path) -> tuple[Arrays, Documents]:
    """All ``head/*`` arrays and documents."""
    content = pack.content
    targets = _target_members(content["targets"], member_names(archive))
    raw = read_members(
        archive, [*content["members"].values(), *content["masks"].values(), *targets.values()]
    )
    members = {key: raw[name] for key, name in content["members"].items()}
    arrays, groups = parse_obj(members["mesh"].decode())
    vertices = arrays["head/vertices"]
    arrays["head/mirror"] = _parse_mirror(members["mirror"].decode(), len(vertices))
    arrays |= _stack_targets([parse_target(_plain(raw[m])) for m in targets.values()])
    rig_arrays, bones = _parse_rig(members, vertices)
    arrays |= rig_arrays
    for region, name in content["masks"].items():
        arrays[f"head/mask/{region}"] = decode_image(raw[name], "L")
    return arrays, {
        "head/groups": groups,
        "head/targets/names": list(targets),
        "head/rig/bones": bones,
    }


def parse_obj(text: str) -> tuple[Arrays, list[str]]:
    """The base mesh of a Wavefront OBJ whose faces are all quads with UVs.

    Returns:
        ``head/vertices`` (V, 3) f32 metres, ``head/uv`` (T, 2) f32, ``head/faces`` and
        ``head/face_uv`` (F, 4) i32, ``head/face_group`` (F,) i16; and the group names.
    """
    vertices: list[list[float]] = []
    uv: list[list[float]] = []
    corners: list[list[str]] = []
    face_group: list[int] = []
    groups: dict[str, int] = {}
    group = -1
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "v":
            vertices.append([float(x) for x in rest.split()[:3]])
        elif kind == "vt":
            uv.append([float(x) for x in rest.split()[:2]])
        elif kind == "g":
            group = groups.setdefault(rest.strip(), len(groups))
        elif kind == "f":
            corners.append(rest.split())
            face_group.append(group)
    if any(len(c) != 4 for c in corners):
        raise AssetError("base mesh: a face is no quad, and the subdivision expects quads only")
    indices = np.array([[c.split("/")[:2] for c in face] for face in corners], np.int32) - 1
    arrays: Arrays = {
        "head/vertices": np.array(vertices, np.float32) * np.float32(METRES_PER_SOURCE_UNIT),
        "head/uv": np.array(uv, np.float32),
        "head/faces": np.ascontiguousarray(indices[..., 0]),
        "head/face_uv": np.ascontiguousarray(indices[..., 1]),
        "head/face_group": np.array(face_group, np.int16),
    }
    return arrays, list(groups)


def parse_target(text: str) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Vertices (S,) and displacements (S, 3) in metres of a ``.target`` file."""
    rows = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    rows = [row for row in rows if row]
    if not rows:
        return np.zeros(0, np.int32), np.zeros((0, 3), np.float32)
    table = np.array(rows, np.float64)
    return (
        table[:, 0].astype(np.int32),
        (table[:, 1:4] * METRES_PER_SOURCE_UNIT).astype(np.float32),
    )


def _target_members(folders: Mapping[str, str], names: list[str]) -> dict[str, str]:
    """Target name -> member, sorted by name. Leaves out children and what is no head."""
    found = {}
    for prefix, folder in folders.items():
        for member in names:
            base = posixpath.basename(member)
            stem, _, suffix = base.partition(".target")
            if posixpath.dirname(member) != folder or suffix not in ("", ".gz") or stem == base:
                continue
            if "-baby" in stem or "-child" in stem or stem.startswith("asymm-"):
                continue
            found[f"{prefix}/{stem}"] = member
    return dict(sorted(found.items()))


def _plain(data: bytes) -> str:
    return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()


def _stack_targets(targets: list[tuple[NDArray[np.int32], NDArray[np.float32]]]) -> Arrays:
    lengths = [len(vertex) for vertex, _ in targets]
    return {
        "head/targets/offsets": np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        "head/targets/vertex": np.concatenate([vertex for vertex, _ in targets]),
        "head/targets/delta": np.concatenate([delta for _, delta in targets]),
    }


def _parse_mirror(text: str, n_vertices: int) -> NDArray[np.int32]:
    """(V,) index of each vertex's twin across the sagittal plane."""
    pairs = np.array([line.split()[:2] for line in text.splitlines() if line.strip()], np.int32)
    mirror = np.full(n_vertices, -1, np.int32)
    mirror[pairs[:, 0]] = pairs[:, 1]
    if (mirror < 0).any():
        raise AssetError(f"mirror table: no twin for vertex {int(np.argmin(mirror))}")
    return mirror


def _parse_rig(
    members: Mapping[str, bytes], vertices: NDArray[np.float32]
) -> tuple[Arrays, list[dict[str, Any]]]:
    """Sparse weights by bone, and the bones with the vertices that place their ends."""
    rig = json.loads(members["rig"])
    weights = json.loads(members["weights"])["weights"]
    groups = {
        name: [i for first, last in ranges for i in range(first, last + 1)]
        for name, ranges in json.loads(members["vertex_groups"]).items()
    }

    def end(place: Mapping[str, Any]) -> dict[str, Any]:
        strategy = place["strategy"]
        if strategy == "CUBE":
            chosen = groups[place["cube_name"]]
        elif strategy == "VERTEX":
            chosen = [place["vertex_index"]]
        elif strategy == "MEAN":
            chosen = list(place["vertex_indices"])
        else:
            raise AssetError(f"rig: unknown strategy {strategy!r} for placing a bone")
        position = vertices[chosen].astype(np.float64).mean(axis=0)
        return {
            "strategy": strategy.lower(),
            "vertices": chosen,
            "position_m": [round(float(x), 7) for x in position],
        }

    bones = [
        {
            "name": name,
            "parent": bone["parent"],
            "roll_rad": bone["roll"],
            "head": end(bone["head"]),
            "tail": end(bone["tail"]),
        }
        for name, bone in rig.items()
    ]
    lists = [weights.get(name, []) for name in rig]
    flat = np.array([pair for pairs in lists for pair in pairs], np.float64).reshape(-1, 2)
    return {
        "head/rig/offsets": np.concatenate([[0], np.cumsum([len(x) for x in lists])]).astype(
            np.int64
        ),
        "head/rig/vertex": flat[:, 0].astype(np.int32),
        "head/rig/weight": flat[:, 1].astype(np.float32),
    }, bones
