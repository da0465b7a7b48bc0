"""Adding HDR environments: read, made smaller if very large, and measured once."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assets.compile_images import read_exr
from assets.hdri import measure
from assets.user.radiance import read_hdr
from spec_schema.errors import AssetError

__all__ = ["HDRI_SUFFIXES", "measured", "read_environment"]

HDRI_SUFFIXES: Final = (".hdr", ".exr")
_MOST_COLUMNS: Final = 4096
"""Wider pictures are averaged down: 50 MB of half floats each."""
_HALF_MAX: Final = 65504.0


def read_environment(path: Path) -> NDArray[np.float16]:
    """(H, W, 3) linear radiance, row 0 at the top, of an equirectangular picture.

    Raises:
        AssetError: it can't be read, is not twice as wide as high, or is black or not finite.
    """
    if path.suffix.lower() == ".hdr":
        radiance = read_hdr(path)
    else:
        try:
            radiance = read_exr(path)
        except (KeyError, RuntimeError, ValueError, OSError) as e:
            raise AssetError(f"{path}: no EXR with channels R, G and B: {e}") from e
    height, width = radiance.shape[:2]
    if width != 2 * height:
        raise AssetError(
            f"{path}: {width} x {height} pixels; an equirectangular environment is twice as wide "
            "as it is high"
        )
    if not np.isfinite(radiance).all():
        raise AssetError(f"{path}: a pixel is not finite")
    step = -(-width // _MOST_COLUMNS)
    if step > 1:
        rows, columns = height // step, width // step
        cut = radiance[: rows * step, : columns * step]
        radiance = cut.reshape(rows, step, columns, step, 3).mean((1, 3))
    radiance = np.clip(radiance, 0, _HALF_MAX)
    if radiance.max() <= 0:
        raise AssetError(f"{path}: is black")
    return radiance.astype(np.float16)


def measured(radiance: NDArray[np.float16]) -> dict[str, Any]:
    """The fields of an entry that are measured, as in the shipped catalogue."""
    found = asdict(measure(radiance))
    return {**found, "irradiance": list(found["irradiance"])}
