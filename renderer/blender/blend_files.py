"""Reads and writes ``.blend`` files for ``rf-assets``: ``python -m renderer.blender.blend_files``.

A process of its own for each file, since a file from elsewhere may hold scripts and drivers:
none of them is run (``use_scripts`` is off, and so is automatic execution).
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np

__all__ = ["JOBS", "main", "opened"]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Blender prints from C off the standard output."""
    sys.stdout.flush()
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def opened(path: Path) -> Any:
    """Open a file without running anything in it; returns ``bpy.data``.

    Raises:
        RuntimeError: it is no file that this Blender reads.
    """
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.preferences.filepaths.use_scripts_auto_execute = False
    bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False, use_scripts=False)
    return bpy.data


class _LackingError(Exception):
    """The file was read, and lacks what was asked for."""


def _to_glb(source: Path, target: Path) -> None:
    data = opened(source)
    if not any(o.type in _MESHES for o in data.objects):
        raise _LackingError("there is no mesh in it")
    bpy.ops.export_scene.gltf(
        filepath=str(target),
        export_format="GLB",
        export_apply=True,
        export_yup=True,
        export_animations=False,
        export_skins=False,
        export_morph=False,
        export_cameras=False,
        export_lights=False,
        export_extras=False,
    )


def _to_mesh(source: Path, target: Path, name: str) -> None:
    """One mesh object with its shape keys as arrays, y up: see assets.user.head_mesh."""
    data = opened(source)
    found = [o for o in data.objects if o.type == "MESH" and (not name or o.name == name)]
    if not found and not any(o.type == "MESH" for o in data.objects):
        raise _LackingError("there is no mesh in it")
    if not found:
        names = ", ".join(sorted(o.name for o in data.objects if o.type == "MESH"))
        raise _LackingError(f"no mesh object {name!r} in it; there are: {names}")
    # The head of a character is what has shape keys; among those, the largest.
    thing = max(found, key=lambda o: (o.data.shape_keys is not None, len(o.data.vertices), o.name))
    mesh, world = thing.data, np.array(thing.matrix_world, np.float64)
    mesh.calc_loop_triangles()
    count, corners = len(mesh.vertices), len(mesh.loop_triangles)
    loops = np.empty(corners * 3, np.int32)
    mesh.loop_triangles.foreach_get("loops", loops)
    vertex_of = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", vertex_of)
    uv = np.zeros((len(mesh.loops), 2), np.float32)
    if mesh.uv_layers.active is not None:
        mesh.uv_layers.active.uv.foreach_get("vector", uv.ravel())
    blocks = mesh.shape_keys.key_blocks if mesh.shape_keys else []
    tables = []
    for block in blocks:
        flat = np.empty(count * 3, np.float32)
        block.data.foreach_get("co", flat)
        tables.append(flat.reshape(-1, 3))
    if not tables:
        flat = np.empty(count * 3, np.float32)
        mesh.vertices.foreach_get("co", flat)
        tables = [flat.reshape(-1, 3)]
    placed = np.stack(tables).astype(np.float64) @ world[:3, :3].T + world[:3, 3]
    placed = placed[..., [0, 2, 1]] * [1.0, 1.0, -1.0]  # Blender's z up to y up
    np.savez(
        target,
        points=placed[0],
        deltas=placed[1:] - placed[:1],
        keys=np.array([b.name for b in blocks][1:], dtype=np.str_),
        triangles=vertex_of[loops].reshape(-1, 3),
        uv=uv[loops].reshape(-1, 3, 2),
        texture=_base_colour(mesh),
        name=np.array(thing.name),
    )


def _base_colour(mesh: Any) -> Any:
    """(H, W, 3) uint8 sRGB, row 0 at the top, of the first painted base colour; else empty."""
    for material in mesh.materials:
        nodes = material.node_tree.nodes if material and material.use_nodes else []
        for shader in (n for n in nodes if n.type == "BSDF_PRINCIPLED"):
            for link in shader.inputs["Base Color"].links:
                image = getattr(link.from_node, "image", None)
                if image is not None and image.size[0]:
                    width, height = image.size
                    flat = np.empty(width * height * image.channels, np.float32)
                    image.pixels.foreach_get(flat)
                    pixels = flat.reshape(height, width, image.channels)[::-1, :, :3]
                    return (np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8)
    return np.zeros((0, 0, 3), np.uint8)


def _to_blend(source: Path, target: Path) -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.gltf(filepath=str(source))
    bpy.ops.wm.save_as_mainfile(filepath=str(target), check_existing=False, compress=True)


_MESHES: Final = ("MESH", "CURVE", "SURFACE", "FONT", "META")
"""Kinds of objects that are meshes once they are exported."""

JOBS: Final[dict[str, Callable[..., None]]] = {
    "to-glb": _to_glb,
    "to-blend": _to_blend,
    "to-mesh": _to_mesh,
}


def main(arguments: list[str]) -> int:
    """Run a job: its name, the file to read, the file to write, and words of its own."""
    name, source, target, *words = arguments
    try:
        with _quiet():
            JOBS[name](Path(source), Path(target), *words)
    except _LackingError as e:
        sys.stderr.write(f"{e}\n")
        return 3
    except (RuntimeError, OSError) as e:
        sys.stderr.write(f"{str(e).strip().splitlines()[0]}\n")
        return 1
    return 0


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(status)  # bpy may hang while it is torn down
