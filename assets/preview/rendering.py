"""Specs into pictures, by ``rf-render`` in a process of its own."""

from __future__ import annotations

import importlib.util
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from PIL import Image

from assets.packs import asset_lock
from spec_schema.arrow import spec_to_row
from spec_schema.dataset import Dataset
from spec_schema.errors import EXIT_INTERRUPTED, ToolError
from spec_schema.manifest import ManifestInfo, ManifestWriter
from spec_schema.spec import ARKIT_UNITS, SCHEMA_VERSION, SceneSpec

__all__ = ["RenderAsk", "rendered"]


@dataclass(frozen=True)
class RenderAsk:
    """What ``rf-render`` is asked for."""

    size_px: int = 256
    quality: str = "standard"
    samples: int | None = None
    """None leaves it to the quality."""
    device: str = "cpu"
    workers: int | None = None

    def arguments(self) -> list[str]:
        """Options of the command."""
        out = ["--size", str(self.size_px), "--quality", self.quality, "--device", self.device]
        if self.samples is not None:
            out += ["--samples", str(self.samples)]
        if self.workers is not None:
            out += ["--workers", str(self.workers)]
        return out


def rendered(specs: Sequence[SceneSpec], ask: RenderAsk, folder: Path) -> list[Image.Image]:
    """One RGB picture a spec; ``folder`` takes manifest and dataset.

    Raises:
        ToolError: Blender is not installed, or rendering failed.
    """
    if importlib.util.find_spec("bpy") is None:
        raise ToolError(
            "Blender's Python module (bpy) is not installed: a preview is rendered, which needs "
            f"Python 3.11 (this is {platform.python_version()}) and the extra: "
            "pip install 'replicantface[render]'"
        )
    manifest, out = folder / "preview.parquet", folder / "dataset"
    _write(specs, manifest)
    command = [sys.executable, "-m", "renderer.cli", str(manifest), "--out", str(out)]
    done = subprocess.run([*command, *ask.arguments()], check=False)
    if done.returncode == EXIT_INTERRUPTED:
        raise KeyboardInterrupt
    if done.returncode:
        raise ToolError(f"rf-render ended with {done.returncode}; its own messages stand above")
    pictures = []
    for sample in Dataset(out).samples():
        with Image.open(sample.path(".png")) as picture:
            pictures.append(picture.convert("RGB"))
    return pictures


def _write(specs: Sequence[SceneSpec], path: Path) -> None:
    """A manifest of scenes that may name different shape keys; what one lacks is 0."""
    keys = sorted({key for spec in specs for key in spec.identity.shape})
    rows = []
    for spec in specs:
        row = spec_to_row(spec)
        row["identity"]["shape"] = {k: row["identity"]["shape"].get(k, 0.0) for k in keys}
        row["expression"] = {k: row["expression"].get(k, 0.0) for k in ARKIT_UNITS}
        rows.append(row)
    info = ManifestInfo(
        schema_version=SCHEMA_VERSION, seed=0, config={}, versions={}, asset_lock=asset_lock()
    )
    with ManifestWriter(path, info, keys, ARKIT_UNITS) as writer:
        writer.write(pa.Table.from_pylist(rows, schema=writer.schema))
