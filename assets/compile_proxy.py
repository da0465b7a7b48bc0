"""Proxy meshes (teeth, brows, lashes, hats, suits) of the ``makehuman`` pack as arrays.

A proxy vertex hangs on three vertices of the head: ``(V[refs] * weights).sum + offset * scale``.
The mesh's own vertex positions belong to another body and are not stored.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assets.compile_head import METRES_PER_SOURCE_UNIT
from spec_schema.errors import AssetError

__all__ = ["compile_proxy", "load_fit_scales", "parse_faces"]

# Bits of a face's first number in the three.js JSON format 3, in the order of what they add.
_QUAD: Final = 1
_MATERIAL: Final = 2
_FACE_UV: Final = 4
_CORNER_UVS: Final = 8
_FACE_NORMAL: Final = 16
_CORNER_NORMALS: Final = 32
_FACE_COLOUR: Final = 64
_CORNER_COLOURS: Final = 128


def parse_faces(stream: Sequence[int]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Faces of a three.js JSON mesh, whose every face begins with a bit mask of its parts.

    Returns:
        Vertex and UV indices, both (m, 4) with -1 in a triangle's last place (and in all
        places of a face without UVs).
    """
    faces: list[list[int]] = []
    face_uvs: list[list[int]] = []
    at = 0
    while at < len(stream):
        bits = stream[at]
        at += 1
        n = 4 if bits & _QUAD else 3
        pad = [-1] * (4 - n)
        faces.append([*stream[at : at + n], *pad])
        at += n + bool(bits & _MATERIAL) + bool(bits & _FACE_UV)
        if bits & _CORNER_UVS:
            face_uvs.append([*stream[at : at + n], *pad])
            at += n
        else:
            face_uvs.append([-1] * 4)
        at += bool(bits & _FACE_NORMAL) + n * bool(bits & _CORNER_NORMALS)
        at += bool(bits & _FACE_COLOUR) + n * bool(bits & _CORNER_COLOURS)
    if at != len(stream) or any(len(f) != 4 for f in faces + face_uvs):
        raise AssetError("proxy mesh: its face list ends in the middle of a face")
    return np.array(faces, np.int32).reshape(-1, 4), np.array(face_uvs, np.int32).reshape(-1, 4)


def load_fit_scales() -> dict[str, dict[str, Any]]:
    """The scale facts by proxy id, as ``assets/data/fit_scales.toml`` holds them."""
    text = files("assets").joinpath("data", "fit_scales.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def compile_proxy(
    proxy_id: str, kind: str, data: bytes, n_head_vertices: int, scales: Mapping[str, Any]
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Arrays ``proxies/<id>/*`` and the document ``proxies/<id>`` of one mesh."""
    mesh = json.loads(data)
    about = mesh["metadata"]
    faces, face_uv = parse_faces(mesh["faces"])
    refs = np.array(mesh["ref_vIdxs"], np.int32)
    uv = np.array(mesh["uvs"][0] if mesh["uvs"] else [], np.float32).reshape(-1, 2)
    hidden = np.array(about["deleteVerts"], np.bool_)
    _check(proxy_id, refs, faces, face_uv, uv, hidden, n_head_vertices)
    scale = scales.get(proxy_id)
    prefix = f"proxies/{proxy_id}"
    arrays: dict[str, NDArray[Any]] = {
        f"{prefix}/refs": refs,
        f"{prefix}/weights": np.array(mesh["weights"], np.float32),
        f"{prefix}/offsets": np.array(mesh["offsets"], np.float32)
        * np.float32(METRES_PER_SOURCE_UNIT),
        f"{prefix}/faces": faces,
        f"{prefix}/uv": uv,
        f"{prefix}/face_uv": face_uv,
        f"{prefix}/delete": hidden,
    }
    licences = {"package": about["license"]["license"]}
    if scale is not None:
        licences = {"official_release": scale["licence"], **licences}
    document = {
        "kind": kind,
        "name": about["name"],
        "material": mesh["materials"][0]["DbgName"],
        "author": about["license"].get("author", ""),
        "z_depth": about["z_depth"],
        "scale": None
        if scale is None
        else [[*scale[axis]["vertices"], scale[axis]["distance_m"]] for axis in "xyz"],
        "licences": licences,
    }
    return arrays, document


def _check(
    proxy_id: str,
    refs: NDArray[np.int32],
    faces: NDArray[np.int32],
    face_uv: NDArray[np.int32],
    uv: NDArray[np.float32],
    hidden: NDArray[np.bool_],
    n_head_vertices: int,
) -> None:
    if refs.max() >= n_head_vertices or len(hidden) != n_head_vertices:
        raise AssetError(f"proxy {proxy_id}: was made for another base mesh")
    if faces.max() >= len(refs) or face_uv.max() >= len(uv):
        raise AssetError(f"proxy {proxy_id}: a face names a vertex or UV that is not there")
