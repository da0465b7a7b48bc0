"""Opening ``.blend`` files, in a Blender process of their own that runs no scripts."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from spec_schema.errors import AssetError, ToolError

__all__ = ["blend_to_glb", "glb_to_blend", "run_blender"]

_SECONDS: Final = 300
_LACKING: Final = 3
"""Exit status of a job whose file was read, and lacks what was asked for."""
_READER: Final = "renderer.blender.blend_files"
"""The module that is run; assets never import it."""


def run_blender(job: str, *arguments: Path | str) -> None:
    """Run one job of :mod:`renderer.blender.blend_files`.

    Raises:
        ToolError: Blender is not installed.
        AssetError: the job failed, or took too long.
    """
    if importlib.util.find_spec("bpy") is None:
        raise ToolError("Blender (bpy) is not installed: pip install 'replicantface[render]'")
    command = [sys.executable, "-m", _READER, job, *map(str, arguments)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as e:
        raise AssetError(f"{arguments[0]}: Blender took more than {_SECONDS} s to read it") from e
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["nothing"]
        if done.returncode == _LACKING:
            raise AssetError(f"{arguments[0]}: {said[-1]}")
        raise AssetError(f"{arguments[0]}: Blender could not read it: {said[-1]}")


def blend_to_glb(path: Path) -> bytes:
    """The meshes of a file as .glb, modifiers applied. No script in it is run.

    Raises:
        ToolError: Blender is not installed.
        AssetError: it can't be read.
    """
    with tempfile.TemporaryDirectory(prefix="replicantface-") as folder:
        made = Path(folder) / "model.glb"
        run_blender("to-glb", path.resolve(), made)
        return made.read_bytes()


def glb_to_blend(glb: Path, target: Path) -> None:
    """Write a .blend with the meshes of a .glb.

    Raises:
        ToolError: Blender is not installed.
        AssetError: it can't be written.
    """
    run_blender("to-blend", glb.resolve(), target.resolve())
