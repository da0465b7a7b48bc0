"""Adding photographs as backgrounds."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from spec_schema.errors import AssetError

__all__ = ["PLATE_SUFFIXES", "read_plate"]

PLATE_SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".webp")
_PX: Final = 768
"""Side of what is kept: a background is out of focus."""
_LEAST_PX: Final = 64


def read_plate(path: Path) -> NDArray[np.uint8]:
    """The middle square of a picture, upright, (768, 768, 3) sRGB.

    Raises:
        AssetError: it can't be read, or is smaller than 64 pixels.
    """
    try:
        with Image.open(io.BytesIO(path.read_bytes())) as image:
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as e:
        raise AssetError(f"{path}: can't be read as a picture: {e}") from e
    if min(upright.size) < _LEAST_PX:
        raise AssetError(
            f"{path}: is {upright.width} x {upright.height}; a background needs {_LEAST_PX} pixels"
        )
    square = ImageOps.fit(upright, (_PX, _PX), Image.Resampling.LANCZOS)
    return np.asarray(square, np.uint8)
