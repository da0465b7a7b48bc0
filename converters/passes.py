"""Depth, normals and UVs of a rendered dataset: OpenEXR files as arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import OpenEXR
from numpy.typing import NDArray

from spec_schema.errors import DatasetError

__all__ = ["read_pass"]


def _place(channel: str) -> tuple[int, str]:
    """X, Y, Z are a vector, U, V a place; what has other names comes after."""
    order = "XYZUV"
    return (order.index(channel) if channel in order else len(order)), channel


def read_pass(path: Path, size_px: int) -> NDArray[np.float32]:
    """``(H, W)`` of a file with one channel, else ``(H, W, C)`` in the order X Y Z or U V.

    Raises:
        DatasetError: missing, damaged, or of another size than the image.
    """
    try:
        with OpenEXR.File(str(path), separate_channels=True) as file:
            channels = {name: np.array(c.pixels) for name, c in file.channels().items()}
    except Exception as e:  # OpenEXR has no error class of its own.
        raise DatasetError(f"{path}: missing, or a damaged OpenEXR file ({e})") from e
    arrays = [np.asarray(channels[name], np.float32) for name in sorted(channels, key=_place)]
    if not arrays or any(a.shape != (size_px, size_px) for a in arrays):
        raise DatasetError(f"{path}: not {size_px}×{size_px} pixels, as its image is")
    return arrays[0] if len(arrays) == 1 else np.stack(arrays, axis=-1)
