"""The reference head as a file to place things on: .obj, .glb or .blend."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np

from assets.accessories.fit import F64Array
from assets.geometry import I32Array
from assets.head import load_head_model
from assets.store import Store
from assets.user.blend import glb_to_blend
from assets.user.gltf import REFERENCE_NAME
from assets.user.reference import FRAMES, reference, reference_cage
from spec_schema.errors import AssetError, ToolError

__all__ = ["HEAD_SUFFIXES", "write_reference_head"]

HEAD_SUFFIXES: Final = (".obj", ".glb", ".blend")
_LOWEST_M: Final = 0.35
"""Rest height below which the body is left out."""


def write_reference_head(path: Path, store: Store) -> str:
    """Write the head in metres, y up and z forward (.blend: as Blender has it, z up).

    Raises:
        AssetError: the name's end is none of ours, or the file can't be written.
        ToolError: what writes this format is not installed.
    """
    suffix = path.suffix.lower()
    if suffix not in HEAD_SUFFIXES:
        raise AssetError(f"{path}: the name must end in {', '.join(HEAD_SUFFIXES)}")
    parts = _parts(store)
    try:
        if suffix == ".obj":
            path.write_text(_obj(parts, store), "utf-8")
        elif suffix == ".glb":
            path.write_bytes(_glb(parts))
        else:
            with tempfile.TemporaryDirectory(prefix="replicantface-") as folder:
                glb = Path(folder) / "head.glb"
                glb.write_bytes(_glb(parts))
                glb_to_blend(glb, path)
    except OSError as e:
        raise AssetError(f"{path}: can't be written: {e.strerror or e}") from e
    return f"{len(parts[0][1]):,} vertices, metres; frames: {', '.join(FRAMES)}"


def _parts(store: Store) -> list[tuple[str, F64Array, I32Array]]:
    """Name, points and quads of the skin and the two eyeballs."""
    head = reference(store)
    faces = head.surface.faces
    kept = faces[head.points_m[faces, 1].mean(1) > _LOWEST_M]
    used, local = np.unique(kept, return_inverse=True)
    parts = [(REFERENCE_NAME, head.points_m[used], local.reshape(-1, 4).astype(np.int32))]
    cage = reference_cage(store).astype(np.float64)
    quads = np.asarray(store.array("head/faces"))
    for side, (first, last) in load_head_model(store).facts.eye_ranges.items():
        own = quads[((quads >= first) & (quads <= last)).all(1)] - first
        ball = (f"{REFERENCE_NAME}_{side}_eye", cage[first : last + 1], own.astype(np.int32))
        parts.append(ball)
    return parts


def _obj(parts: list[tuple[str, F64Array, I32Array]], store: Store) -> str:
    lines = ["# The reference head of Replicantface: metres, y up, z forward. CC0 (MakeHuman)."]
    head = reference(store)
    for name in FRAMES:
        x, y, z = head.at(name)
        lines.append(f"# frame {name} at {x:.5f} {y:.5f} {z:.5f}")
    start = 1
    for name, points, faces in parts:
        lines.append(f"o {name}")
        lines += [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in points]
        lines += ["f " + " ".join(str(i + start) for i in face) for face in faces.tolist()]
        start += len(points)
    return "\n".join(lines) + "\n"


def _glb(parts: list[tuple[str, F64Array, I32Array]]) -> bytes:
    try:
        import trimesh
    except ImportError as e:
        raise ToolError("trimesh is not installed, which writes .glb: pip install trimesh") from e
    scene: Any = trimesh.Scene()
    for name, points, faces in parts:
        triangles = np.concatenate([faces[:, :3], faces[:, [0, 2, 3]]])
        mesh = trimesh.Trimesh(points, triangles, process=False)
        mesh.metadata["name"] = name
        scene.add_geometry(mesh, node_name=name, geom_name=name)
    made: bytes = scene.export(file_type="glb", include_normals=True)
    return made
