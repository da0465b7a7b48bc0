"""The order of things: lens, sensor, processing, file."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from renderer.photo.infrared import infrared
from renderer.photo.lens import magnified, scaled_down, shaken
from renderer.photo.light import (
    balance_gains,
    encoded,
    linear,
    with_noise,
    with_saturation,
    with_vignette,
)
from renderer.photo.turn import HeadInView, turned
from spec_schema.spec import PhotoSpec

__all__ = ["developed", "developed_png"]

_SMALLEST: Final = 16
_FINE_CHROMA_FROM: Final = 90
_PNG_LEVEL: Final = 4


def developed(
    pixels: NDArray[np.uint8],
    photo: PhotoSpec,
    seed: int,
    mask: NDArray[np.uint8],
    labels: Mapping[str, Any] | None = None,
) -> NDArray[np.uint8]:
    """The picture as a camera would have given it; equal arguments give equal pixels.

    Args:
        pixels: (H, H, 3) sRGB as rendered.
        photo: of the spec.
        seed: of the noise; the spec's ``render_seed``.
        mask: (H, H) class of each pixel, for the infrared look and a turning head.
        labels: label record, if ``photo`` says that the head turns.

    Returns:
        (H, H, 3) sRGB.

    Raises:
        ValueError: the head turns, and ``labels`` are not given.
    """
    side = len(pixels)
    light = linear(pixels)
    if photo.infrared > 0:
        light = light + np.float32(photo.infrared) * (infrared(light, mask) - light)
    turn = (photo.turn_x_deg, photo.turn_y_deg, photo.turn_z_deg)
    if any(turn):
        if labels is None:
            raise ValueError("photo.turn_*_deg: to blur a turning head its labels are needed")
        light = turned(light, mask, HeadInView.of_labels(labels), turn)
    if photo.aberration:
        light = np.stack(
            [
                magnified(light[..., 0], photo.aberration),
                light[..., 1],
                magnified(light[..., 2], -photo.aberration),
            ],
            axis=-1,
        )
    light = shaken(light, photo.shake, photo.shake_deg)
    if photo.vignette:
        light = with_vignette(light, photo.vignette)
    small = max(_SMALLEST, round(side * photo.scale))
    if small < side:
        light = scaled_down(light, small)
    light = with_noise(light, photo.electrons, photo.read_noise, seed)
    light *= balance_gains(photo.white_balance_mired, photo.tint_ev)
    colour = photo.saturation * (1 - photo.infrared)
    if colour < 1:
        light = with_saturation(light, colour)
    picture = Image.fromarray(encoded(light))
    if photo.jpeg_quality:
        picture = _through_jpeg(picture, photo.jpeg_quality)
    if small < side:
        picture = picture.resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(picture)


def _through_jpeg(picture: Image.Image, quality: int) -> Image.Image:
    """What a reader sees of the picture after it was a JPEG file of that quality."""
    buffer = io.BytesIO()
    chroma = 0 if quality >= _FINE_CHROMA_FROM else 2
    picture.save(buffer, "JPEG", quality=quality, subsampling=chroma)
    return Image.open(buffer).convert("RGB")


def developed_png(
    raw_png: bytes,
    photo: PhotoSpec,
    seed: int,
    mask: NDArray[np.uint8],
    labels: Mapping[str, Any] | None = None,
) -> bytes:
    """The same from and to PNG files."""
    raw = np.asarray(Image.open(io.BytesIO(raw_png)).convert("RGB"))
    buffer = io.BytesIO()
    picture = Image.fromarray(developed(raw, photo, seed, mask, labels))
    picture.save(buffer, "PNG", compress_level=_PNG_LEVEL)
    return buffer.getvalue()
