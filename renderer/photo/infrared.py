"""The look of a near-infrared camera with its own lamp: of faces, not of physics.

Near 850 nm melanin takes little light, so that skin of any tone is bright and hair is no longer
black, lips are hardly told from skin, dyes go pale, and a lamp beside the lens leaves what lies
behind in the dark (T. Igarashi, K. Nishino, S. Nayar: The Appearance of Human Skin, 2007).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from spec_schema.classes import SegmentationClass as C

__all__ = ["infrared"]

_SKIN: Final = (
    C.SKIN, C.NOSE, C.LEFT_EAR, C.RIGHT_EAR, C.NECK, C.TOP_LIP, C.BOTTOM_LIP,
)  # fmt: skip
_BRIGHT: Final = 0.55
"""Value that the middle of the skin gets before the shoulder."""
_GAIN: Final = {
    C.BACKGROUND: 0.3, C.HAIR: 2.2, C.BEARD: 1.9, C.LEFT_BROW: 1.6, C.RIGHT_BROW: 1.6,
    C.CLOTHING: 1.5, C.LEFT_EYE: 0.8, C.RIGHT_EYE: 0.8,
}  # fmt: skip
_FLATTER: Final = 0.8
"""Exponent: a lamp beside the lens leaves few shadows."""
_MOST_GAIN: Final = 8.0
_SOFTEN_AT_640: Final = 2.5


def infrared(light: NDArray[np.float32], mask: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(H, W, 3) grey light as such a camera might give it.

    Args:
        light: (H, W, 3) linear sRGB.
        mask: (H, W) class of each pixel.
    """
    red = 0.85 * light[..., 0] + 0.15 * light[..., 1]
    skin = np.isin(mask, _SKIN)
    middle = float(np.median(red[skin])) if skin.any() else 0.2
    table = np.ones(256, np.float32)
    for segmentation_class, gain in _GAIN.items():
        table[segmentation_class] = gain
    table[list(_SKIN)] = _BRIGHT / max(middle, 0.02) ** _FLATTER
    table = np.minimum(table, _MOST_GAIN)
    codes = np.rint(table[mask] / _MOST_GAIN * 255).astype(np.uint8)
    soft = Image.fromarray(codes).filter(ImageFilter.BoxBlur(_SOFTEN_AT_640 * len(mask) / 640))
    gain_map = np.asarray(soft, np.float32) * np.float32(_MOST_GAIN / 255)
    grey = np.maximum(red, 0) ** np.float32(_FLATTER)
    bright = gain_map * grey
    # A shoulder that reaches white at twice the range (E. Reinhard and others, 2002).
    rolled = bright * (1 + bright / 4) / (1 + bright)
    return np.repeat(np.clip(rolled, 0, 1)[..., None], 3, axis=2)
