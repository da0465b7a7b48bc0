"""The environment's own picture through a wider lens than the camera's.

It stands behind a face where the environment has too few pixels to be seen through the camera's
own, longer lens.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from assets.background.defocus import SIDE_PX, out_of_focus
from spec_schema.spec import BackgroundSpec

__all__ = ["SURROUNDINGS", "surroundings"]

SURROUNDINGS: Final = "surroundings"
_NARROW_DEG: Final = 48.0
_WIDE_DEG: Final = 86.0
_SOFT_TEXELS: Final = 0.9
_CLIP: Final = 12.0
"""Radiance by the picture's mean above which lamps are cut, which are white anyway."""
_LEAST_BLUR_TEXELS: Final = 1.2


def surroundings(
    spec: BackgroundSpec,
    radiance: NDArray[np.floating[Any]],
    picture_from_camera: NDArray[np.float64],
) -> NDArray[np.float32]:
    """A defocused perspective view of an environment; the more clutter, the wider.

    Args:
        spec: its ``clutter`` and ``blur`` count.
        radiance: (H, W, 3) equirectangular, row 0 at the top.
        picture_from_camera: (3, 3) from the OpenCV camera frame to the environment's, whose middle
            is at -z and whose right is toward +x.

    Returns:
        (P, P, 3) linear radiance, row 0 at the top.
    """
    height, width = radiance.shape[:2]
    field = np.radians(_NARROW_DEG + (_WIDE_DEG - _NARROW_DEG) * spec.clutter)
    limit = np.float32(_CLIP * max(float(radiance.mean()), 1e-6))
    soft = gaussian_filter(
        np.minimum(radiance.astype(np.float32), limit),
        (_SOFT_TEXELS, _SOFT_TEXELS, 0),
        mode=("nearest", "wrap", "nearest"),
    )
    across = ((np.arange(SIDE_PX) + 0.5) / SIDE_PX * 2 - 1) * np.tan(field / 2)
    u, v = np.meshgrid(across, across)
    rays = np.stack([u, v, np.ones_like(u)], axis=-1) @ picture_from_camera.T
    x, y, z = np.moveaxis(rays / np.linalg.norm(rays, axis=-1, keepdims=True), -1, 0)
    column = (np.arctan2(x, -z) / (2 * np.pi) + 0.5) * width - 0.5
    row = (0.5 - np.arcsin(np.clip(y, -1, 1)) / np.pi) * height - 0.5
    padded = np.pad(soft, ((0, 0), (2, 2), (0, 0)), mode="wrap")
    seen = [
        map_coordinates(padded[..., k], [row, column + 2], order=1, mode="nearest")
        for k in range(3)
    ]
    texel = float(2 * np.pi / width / field)
    blur = max(spec.blur, _LEAST_BLUR_TEXELS * texel)
    return np.maximum(out_of_focus(np.stack(seen, axis=-1), blur * SIDE_PX), np.float32(0))
