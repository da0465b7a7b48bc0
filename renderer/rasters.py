"""Pixel labels as files: PNG for what is counted, EXR for what is measured.

Equal arrays give equal bytes: no dates, no names of programs.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from spec_schema.classes import SegmentationClass as C

__all__ = ["MATTES", "encode_exr", "encode_grey", "mattes"]

MATTES: Final = ("beard", "brows", "glasses", "hair", "person")
"""Names of the soft mattes."""


def encode_grey(pixels: NDArray[np.uint8]) -> bytes:
    """An (H, W) uint8 array as an 8-bit greyscale PNG with these very values."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()


def encode_exr(channels: Mapping[str, NDArray[np.float32]]) -> bytes:
    """Float32 planes (H, W) by channel name as a scan-line OpenEXR file, losslessly packed."""
    import OpenEXR

    planes = {name: np.ascontiguousarray(p, np.float32) for name, p in channels.items()}
    header: dict[str, Any] = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    with tempfile.TemporaryDirectory(prefix="replicantface-") as folder:
        path = Path(folder) / "planes.exr"
        OpenEXR.File(header, planes).write(str(path))
        return path.read_bytes()


def mattes(coverage: NDArray[np.float32]) -> dict[str, NDArray[np.uint8]]:
    """Share of each pixel that hair, beard, brows, glasses and the person cover: 255 is all of it.

    Args:
        coverage: (number of classes, H, W). The person is whatever is not background.
    """
    shares = {
        "beard": coverage[C.BEARD],
        "brows": coverage[C.RIGHT_BROW] + coverage[C.LEFT_BROW],
        "glasses": coverage[C.GLASSES],
        "hair": coverage[C.HAIR],
        "person": 1.0 - coverage[C.BACKGROUND],
    }
    return {name: np.round(np.clip(shares[name], 0, 1) * 255).astype(np.uint8) for name in MATTES}
