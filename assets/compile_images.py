"""Textures and HDR environments as arrays."""

from __future__ import annotations

import base64
import io
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from spec_schema.errors import AssetError

__all__ = ["decode_hdri", "decode_image", "read_exr"]


def decode_image(data: bytes, mode: str | None = None) -> NDArray[np.uint8]:
    """(H, W) or (H, W, C) uint8, row 0 at the top, converted to a Pillow mode if asked."""
    with Image.open(io.BytesIO(data)) as image:
        return np.array(image if mode is None else image.convert(mode), np.uint8)


def decode_hdri(module: bytes) -> NDArray[np.float16]:
    """(H, W, 3) linear Rec. 709 of an EXR that is a data URI in a JavaScript module.

    Negative radiance is cut to zero: the package's lossy DWAB compression rings about suns and
    lamps, down to -3900 beside +24600.
    """
    _, found, rest = module.partition(b";base64,")
    if not found:
        raise AssetError("HDRI module: no base64 data URI in it")
    payload = base64.b64decode(rest.partition(b"'")[0], validate=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "environment.exr"
        path.write_bytes(payload)
        return np.maximum(read_exr(path), 0).astype(np.float16)


def read_exr(path: Path) -> NDArray[np.float32]:
    """(H, W, 3) f32 linear radiance of an EXR with channels R, G and B, row 0 at the top."""
    import OpenEXR  # only needed here, and slow to load

    with OpenEXR.File(str(path), separate_channels=True) as exr:
        channels = exr.channels()
        planes = [np.asarray(channels[c].pixels, np.float32) for c in "RGB"]
    return np.stack(planes, axis=-1)
