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


def _to_glb(source: Path, target: Path) -> None:
    opened(source)
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


def _to_blend(source: Path, target: Path) -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.gltf(filepath=str(source))
    bpy.ops.wm.save_as_mainfile(filepath=str(target), check_existing=False, compress=True)


JOBS: Final[dict[str, Callable[[Path, Path], None]]] = {"to-glb": _to_glb, "to-blend": _to_blend}


def main(arguments: list[str]) -> int:
    """Run a job: its name, the file to read, the file to write."""
    name, source, target = arguments
    try:
        with _quiet():
            JOBS[name](Path(source), Path(target))
    except (RuntimeError, OSError) as e:
        sys.stderr.write(f"{str(e).strip().splitlines()[0]}\n")
        return 1
    return 0


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(status)  # bpy may hang while it is torn down
