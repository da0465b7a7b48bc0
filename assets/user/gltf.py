"""Reading ``.glb`` models, through trimesh."""

from __future__ import annotations

import io
import json
from typing import Any, Final

import numpy as np

from assets.user.entry import PartMaterial
from assets.user.shape import Shape, joined, split_hard_edges, texels
from spec_schema.errors import AssetError, ToolError

__all__ = ["REFERENCE_NAME", "read_glb"]

_HEADER_BYTES: Final = 20
REFERENCE_NAME: Final = "reference_head"
"""Objects whose name begins with this are not part of a model: the head that it was placed on."""


def read_glb(data: bytes, where: str) -> Shape:
    """All meshes of the scene, in its own metres; the reference head is left out.

    Raises:
        AssetError: it can't be read, or refers to other files.
        ToolError: trimesh is not installed.
    """
    try:
        import trimesh
    except ImportError as e:
        raise ToolError("trimesh is not installed, which reads .glb: pip install trimesh") from e
    if fault := _fault(data):
        raise AssetError(f"{where}: can't be read as .glb: {fault}")
    try:
        # From memory: a file that refers to others by name gets none.
        scene = trimesh.load_scene(io.BytesIO(data), file_type="glb", process=False)
        hard = _without_normals(data)
    except Exception as e:  # trimesh raises whatever the damage happens to cause
        raise AssetError(
            f"{where}: can't be read as .glb: it is damaged, refers to other files, or is packed "
            "in a way that is not known here; export it again, whole and without compression"
        ) from e
    shapes = []
    for node in sorted(scene.graph.nodes_geometry):
        world_from_node, name = scene.graph[node]
        if str(node).startswith(REFERENCE_NAME) or str(name).startswith(REFERENCE_NAME):
            continue
        mesh = scene.geometry[name]
        if isinstance(mesh, trimesh.Trimesh) and len(mesh.faces):
            shape = _shape(mesh, np.asarray(world_from_node, np.float64), hard)
            shapes.append(split_hard_edges(shape) if hard else shape)
    return joined(shapes, where)


def _fault(data: bytes) -> str:
    """What is wrong with the file as a whole, in words; empty where nothing is."""
    if not data:
        return "the file is empty"
    if data[:4] != b"glTF":
        return "it is no binary glTF file, whatever its name says; export it as .glb"
    length = int.from_bytes(data[8:12], "little")
    if len(data) < max(length, _HEADER_BYTES):
        return f"it is cut off: {len(data)} of {length} bytes are there; copy or export it again"
    return ""


def _without_normals(data: bytes) -> bool:
    """Whether some mesh of a file has none of its own."""
    length = int.from_bytes(data[12:16], "little")
    document = json.loads(data[20 : 20 + length])
    meshes = document.get("meshes", [])
    return any("NORMAL" not in p["attributes"] for m in meshes for p in m["primitives"])


def _shape(mesh: Any, world_from_node: Any, hard: bool) -> Shape:
    points = np.asarray(mesh.vertices, np.float64)
    normals = np.asarray(mesh.vertex_normals, np.float64)
    points = points @ world_from_node[:3, :3].T + world_from_node[:3, 3]
    faces = np.asarray(mesh.faces, np.int64)
    if np.linalg.det(world_from_node[:3, :3]) < 0:
        faces = faces[:, ::-1]
    # Exporters double vertices along seams of UVs; the same place and normal is one vertex.
    told = [points * 1e6] if hard else [points * 1e6, normals * 1e3]
    key = np.round(np.concatenate(told, 1)).astype(np.int64)
    _, first, same = np.unique(key, axis=0, return_index=True, return_inverse=True)
    same = same.reshape(-1)
    uv = getattr(mesh.visual, "uv", None)
    corner_uv = np.zeros((len(faces), 4, 2), np.float32)
    if uv is not None and len(uv) == len(points):
        corner_uv[:, :3] = np.asarray(uv, np.float32)[faces]
    material, maps = _material(mesh)
    return Shape(
        points=points[first].astype(np.float32),
        faces=np.concatenate([same[faces], np.full((len(faces), 1), -1)], 1).astype(np.int32),
        uv=corner_uv,
        part=np.zeros(len(faces), np.int64),
        materials=(material,),
        **({"textures": {}} if uv is None else maps),
    )


def _material(mesh: Any) -> tuple[PartMaterial, dict[str, Any]]:
    """Material of a mesh, and its maps as fields of a shape.

    A transparent colour without texture is a lens.
    """
    found = getattr(mesh.visual, "material", None)
    if found is None:
        return PartMaterial(), {"textures": {}}
    pbr = found.to_pbr() if hasattr(found, "to_pbr") else found
    factor = getattr(pbr, "baseColorFactor", None)
    rgba = np.ones(4) if factor is None else np.asarray(factor, np.float64).ravel()
    if rgba.max() > 1.0:  # trimesh keeps some factors as bytes
        rgba = rgba / 255
    alpha = float(rgba[3]) if len(rgba) > 3 else 1.0
    image = getattr(pbr, "baseColorTexture", None)
    blended = getattr(pbr, "alphaMode", None) == "BLEND"
    roughness, metallic = (getattr(pbr, f"{k}Factor", None) for k in ("roughness", "metallic"))
    clear = image is None and blended and alpha < 0.85
    colour = rgba[:3] if not clear else 1 - alpha + alpha * rgba[:3]
    pixels = None if image is None else texels(image)
    if pixels is not None and getattr(pbr, "alphaMode", None) in (None, "OPAQUE"):
        pixels = pixels[..., :3]
    maps: dict[str, Any] = {"textures": {} if pixels is None else {0: pixels}}
    for name, own in (("normals", "normalTexture"), ("shine", "metallicRoughnessTexture")):
        picture = getattr(pbr, own, None)
        if picture is not None and not clear:
            maps[name] = {0: texels(picture)}
    if "shine" in maps:  # the format's defaults are factors on the map
        roughness, metallic = (1.0 if v is None else v for v in (roughness, metallic))
    r, g, b = (float(c) for c in np.clip(colour, 0, 1))
    return (
        PartMaterial(
            colour=(r, g, b),
            # The format's own default is 1 for both; a bare metal of roughness 1 is never meant.
            roughness=0.6 if roughness is None else float(np.clip(roughness, 0, 1)),
            metallic=0.0 if metallic is None else float(np.clip(metallic, 0, 1)),
            clear=clear,
        ),
        maps,
    )
