"""The pixels of environment pictures, wherever the catalogue says they lie."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from assets.catalog import Catalog
from assets.hdri import blender_hdri_path
from assets.store import open_store
from spec_schema.errors import AssetError, nearest

__all__ = ["HdriSource", "catalogue_hdri", "read_exr_rgb"]

HdriSource = Callable[[str], NDArray[Any]]
"""From an HDRI id to (H, W, 3) linear sRGB, row 0 at the top."""


def catalogue_hdri(hdri_id: str) -> NDArray[Any]:
    """Pixels of a catalogued HDRI: from the asset store, or from bpy's own data files.

    Raises:
        AssetError: no such id, or bpy's file is missing or differs from the recorded one.
    """
    entries = Catalog.load().hdris
    if hdri_id not in entries:
        choices = nearest(hdri_id, entries)
        raise AssetError(f"environment.hdri is {hdri_id!r}: no such HDR environment; {choices}")
    entry = entries[hdri_id]
    if entry.source == "pack":
        return open_store().array(f"hdri/{hdri_id}")
    return _bundled(entry.file, entry.sha256)


def _bundled(file: str, sha256: str | None) -> NDArray[np.float32]:
    version = bpy.app.version_string
    path = blender_hdri_path(file)
    if path is None:
        raise AssetError(f"HDR environment {file!r}: bpy {version} has no such file")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if sha256 is not None and digest != sha256:
        raise AssetError(
            f"HDR environment {file!r} of bpy {version} has SHA-256 {digest[:12]}…, and the "
            f"catalogue records {sha256[:12]}…"
        )
    return read_exr_rgb(path)


def read_exr_rgb(path: Path) -> NDArray[np.float32]:
    """The colour of a single-layer EXR file: (H, W, 3) float32, row 0 at the top."""
    import OpenEXR

    with OpenEXR.File(str(path), separate_channels=True) as exr:
        channels = exr.channels()
        planes = [np.asarray(channels[c].pixels, np.float32) for c in "RGB"]
    return np.stack(planes, axis=-1)
