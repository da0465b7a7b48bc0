"""From the painted iris textures to colours that irises have."""

from __future__ import annotations

import colorsys
from functools import lru_cache

import numpy as np
from scipy.ndimage import map_coordinates

from assets.catalog import IrisEntry
from assets.eyes.constants import eye_constants
from assets.geometry import F32Array, U8Array
from assets.skin.tone import linear_from_srgb

__all__ = ["painted_fibres", "stroma_colour"]

_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def stroma_colour(entry: IrisEntry, hue_shift: float, brightness: float) -> F32Array:
    """(3,) linear albedo of an iris between pupil and limbus.

    The painted colours are too saturated, and some hues (violet, mint, blood red) no iris has:
    hue and saturation are brought into range, luminance is compressed. ``hue_shift`` is in
    turns of the colour circle.
    """
    c = eye_constants().iris
    hue, saturation, value = colorsys.rgb_to_hsv(*(v / 255 for v in entry.colour_srgb))
    degrees = float(np.interp(hue * 360, c.painted_hue_deg, c.hue_deg)) + 360 * hue_shift
    limit = float(np.interp(hue * 360, c.painted_hue_deg, c.saturation))
    mended = colorsys.hsv_to_rgb((degrees / 360) % 1, min(saturation, limit), max(value, 0.2))
    linear = linear_from_srgb(np.array(mended, np.float32)).astype(np.float64)
    painted = linear_from_srgb(np.array(entry.colour_srgb, np.float32) / 255) @ _LUMINANCE
    luminance = c.least_luminance + c.luminance_range * painted / (painted + c.half_luminance)
    out = linear * (luminance / float(linear @ _LUMINANCE)) * brightness
    return np.asarray(np.clip(out, 0.004, 0.6), np.float32)


def painted_fibres(
    texture: U8Array, entry: IrisEntry, radius: F32Array, turn: F32Array
) -> F32Array:
    """Brightness of the painted fibres about 1, at ``radius`` (0 at the pupil's rim to 1 at the
    limbus) and angle ``turn`` (radians), both (H, W)."""
    grey = _grey(texture.tobytes(), texture.shape)
    x, y = entry.centres_px[0]
    inner, outer = entry.pupil_radius_px * 1.06, entry.radius_px * 0.94
    distance = inner + (outer - inner) * radius
    at = [y - 0.5 - distance * np.sin(turn), x - 0.5 + distance * np.cos(turn)]
    sampled = map_coordinates(grey, at, order=1, mode="nearest", output=np.float32)
    ring = sampled.mean(1, keepdims=True)
    return np.asarray(np.clip(sampled / np.maximum(ring, 1), 0.35, 1.9), np.float32)


@lru_cache(maxsize=16)
def _grey(pixels: bytes, shape: tuple[int, ...]) -> F32Array:
    """(H, W) mean of the colours of a texture; the catalogue has few."""
    colours = np.frombuffer(pixels, np.uint8).reshape(shape)[..., :3]
    return np.asarray(np.asarray(colours, np.float32).mean(-1), np.float32)
