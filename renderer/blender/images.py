"""Arrays into Blender images, float32 throughout."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

__all__ = ["float_image"]


def float_image(name: str, pixels: NDArray[Any], *, is_data: bool) -> Any:
    """A new Blender image from an array.

    Args:
        name: of the data block.
        pixels: (H, W, 1-4), row 0 at the bottom; linear sRGB, or plain numbers. Missing
            channels become 0, alpha 1; a fourth channel is one more number, no opacity.
        is_data: whether the channels are numbers rather than colour.
    """
    height, width, channels = pixels.shape
    rgba = pixels
    if channels < 4 or pixels.dtype != np.float32 or not pixels.flags.c_contiguous:
        rgba = np.empty((height, width, 4), np.float32)
        rgba[..., channels:] = (0.0, 0.0, 0.0, 1.0)[channels:]
        rgba[..., :channels] = pixels
    image = bpy.data.images.new(
        name, width, height, alpha=channels == 4, float_buffer=True, is_data=is_data
    )
    image.colorspace_settings.name = "Non-Color" if is_data else "Linear Rec.709"
    image.alpha_mode = "CHANNEL_PACKED" if channels == 4 else "NONE"
    image.pixels.foreach_set(rgba.ravel())
    image.update()
    return image
