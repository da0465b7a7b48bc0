"""Pictures out of focus."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

__all__ = ["SIDE_PX", "out_of_focus"]

SIDE_PX: Final = 384
"""Side of the pictures: all of it is out of focus, so that more would show nothing."""
_LEAST_BLUR_PX: Final = 1.6


def out_of_focus(pixels: NDArray[np.float32], radius_px: float) -> NDArray[np.float32]:
    """Each point spread over a disc, as a round aperture does it: lamps become discs.

    Args:
        pixels: (H, W, 3) linear.
        radius_px: of the disc.
    """
    radius_px = max(radius_px, _LEAST_BLUR_PX)
    reach = int(np.ceil(radius_px)) + 1
    across = np.arange(-reach, reach + 1)
    disc = np.clip(radius_px + 0.5 - np.hypot(across[:, None], across[None, :]), 0, 1)
    disc = (disc / disc.sum()).astype(np.float32)
    padded = np.pad(pixels, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    return np.asarray(fftconvolve(padded, disc[..., None], mode="valid", axes=(0, 1)), np.float32)
