"""Images as formats want them: another size, and JPEG or PNG bytes."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

__all__ = ["jpeg_bytes", "png_bytes", "resized", "resized_mask", "scaled_px"]

_NO_CHROMA_SUBSAMPLING: Final = 0
_PNG_LEVEL: Final = 6


def resized(image: Image.Image, size_px: int) -> Image.Image:
    """A square picture at another size; Pillow maps edge to edge, as :func:`scaled_px` does."""
    if image.size == (size_px, size_px):
        return image
    return image.resize((size_px, size_px), Image.Resampling.LANCZOS)


def resized_mask(mask: Image.Image, size_px: int) -> Image.Image:
    """A class mask at another size: each pixel the class under its centre, none blended."""
    if mask.size == (size_px, size_px):
        return mask
    return mask.resize((size_px, size_px), Image.Resampling.NEAREST)


def scaled_px(points_px: ArrayLike, from_size_px: int, to_size_px: int) -> NDArray[np.float64]:
    """Edge-origin pixels in an image of another size: no half pixels come into it."""
    return np.asarray(points_px, np.float64) * (to_size_px / from_size_px)


def jpeg_bytes(image: Image.Image, quality: int) -> bytes:
    """Baseline JPEG with full colour resolution and no metadata; a function of its arguments."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, subsampling=_NO_CHROMA_SUBSAMPLING)
    return buffer.getvalue()


def png_bytes(image: Image.Image) -> bytes:
    """PNG with no metadata; a function of its argument."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=_PNG_LEVEL)
    return buffer.getvalue()
