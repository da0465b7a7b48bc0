"""What Cycles rendered, out of Blender: the picture as PNG, the passes as float arrays.

Blender gives the pixels of a render only through files, so both are written to a private
temporary folder and read back.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from renderer.blender.session import CRYPTOMATTE_DEPTH

__all__ = ["material_ranks", "plain_png", "read_passes", "save_passes", "save_picture"]

_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"


def _save(path: Path, **image_settings: Any) -> None:
    scene = bpy.context.scene
    for name, value in image_settings.items():
        setattr(scene.render.image_settings, name, value)
    bpy.data.images["Render Result"].save_render(str(path), scene=scene)


def save_picture(folder: Path, packed: bool = True) -> Path:
    """Write the picture through the view transform as an 8-bit sRGB PNG.

    ``packed`` costs 60 ms at 640 px; it is in vain where the file is only read back.
    """
    path = folder / "picture.png"
    compression = 50 if packed else 0
    _save(path, file_format="PNG", color_mode="RGB", color_depth="8", compression=compression)
    return path


def save_passes(folder: Path) -> Path:
    """Write all passes as a 32-bit multilayer EXR."""
    path = folder / "passes.exr"
    _save(path, file_format="OPEN_EXR_MULTILAYER", color_depth="32", exr_codec="NONE")
    return path


def read_passes(path: Path) -> dict[str, NDArray[np.float32]]:
    """Channels (H, W) by name without the view layer: ``CryptoMaterial00.r``."""
    import OpenEXR

    with OpenEXR.File(str(path), separate_channels=True) as exr:
        channels = exr.channels()
        return {name.split(".", 1)[-1]: c.pixels for name, c in channels.items()}


def material_ranks(passes: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    """The material Cryptomatte as (H, W, 2 * depth): hash, share, hash, share, ..."""
    names = [f"CryptoMaterial{i:02d}.{c}" for i in range(CRYPTOMATTE_DEPTH // 2) for c in "rgba"]
    # Each plane stays in one piece of memory: they are read one by one.
    return np.moveaxis(np.stack([passes[name] for name in names]), 0, -1)


def plain_png(data: bytes) -> bytes:
    """The same picture with its pixels alone: Blender's notes hold dates and render times."""
    if not data.startswith(_PNG_SIGNATURE):
        raise ValueError("Blender wrote no PNG")
    kept, at = [_PNG_SIGNATURE], len(_PNG_SIGNATURE)
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        end = at + 12 + length
        if data[at + 4 : at + 8] in (b"IHDR", b"PLTE", b"IDAT", b"IEND"):
            kept.append(data[at:end])
        at = end
    return b"".join(kept)
