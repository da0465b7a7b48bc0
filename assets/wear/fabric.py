"""Small repeating maps: weaves, knits, prints. Row 0 at the bottom, as materials want them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array
from assets.noise import Stream, ValueNoise

__all__ = ["cap_panels", "jersey", "plain_weave", "rib_knit", "stripes", "tinted", "tortoise"]

F64Array = NDArray[np.float64]

_PERIOD = 48.0
"""ValueNoise repeats after this many cells, so a torus of whole cells tiles."""


def _tile_noise(seed: int, name: str, size: int, cells: int, octaves: int = 3) -> F32Array:
    """(size, size) noise about 0 that repeats in both directions."""
    noise = ValueNoise(seed, name)
    angle = 2 * np.pi * np.arange(size) / size
    radius = cells / (2 * np.pi)
    u, v = np.meshgrid(angle, angle)
    # Two independent circles: one in x-z, the other added as a shift in y and z.
    points = np.stack(
        [radius * np.cos(u), radius * np.sin(u) + radius * np.cos(v), radius * np.sin(v)], -1
    )
    return noise(points.astype(np.float32), 1.0, octaves)


def tortoise(seed: int, strength: float, size: int = 192) -> F32Array:
    """(size, size, 3) factors: dark blots in amber, as in acetate sheets."""
    blots = _tile_noise(seed, "tortoise", size, 14)
    dark = 1 / (1 + np.exp(-9 * (blots - 0.05)))
    factor = 1 - 0.85 * strength * dark
    glow = 1 + strength * 0.9 * (1 - dark)
    return np.asarray(np.stack([factor * glow, factor * (0.6 * glow + 0.4), factor], -1), np.float32)


def rib_knit(size: int = 64) -> F32Array:
    """(size, size) mm: one rib, one stitch high; tiles."""
    x, y = np.meshgrid((np.arange(size) + 0.5) / size, (np.arange(size) + 0.5) / size)
    ridge = 0.5 + 0.5 * np.cos(2 * np.pi * x)
    # On the ridge two legs of each stitch lean together: a V.
    lean = np.abs(np.mod(2 * x, 1.0) - 0.5)
    stitch = 0.5 + 0.5 * np.cos(2 * np.pi * (y + 0.7 * lean))
    return np.asarray(0.9 * ridge + 0.28 * stitch * (0.35 + 0.65 * ridge), np.float32)


def jersey(size: int = 64) -> F32Array:
    """(size, size) mm: four by four stitches of a fine knit; tiles."""
    x, y = np.meshgrid((np.arange(size) + 0.5) / size, (np.arange(size) + 0.5) / size)
    lean = np.abs(np.mod(8 * x, 1.0) - 0.5)
    return np.asarray(
        0.05 * np.cos(2 * np.pi * 8 * x) + 0.05 * np.cos(2 * np.pi * (8 * y + lean)), np.float32
    )


def plain_weave(size: int = 64) -> F32Array:
    """(size, size) mm: threads over and under; tiles."""
    x, y = np.meshgrid((np.arange(size) + 0.5) / size, (np.arange(size) + 0.5) / size)
    a, b = np.sin(2 * np.pi * 8 * x), np.sin(2 * np.pi * 8 * y)
    return np.asarray(0.05 * (np.abs(a) * (a * b > 0) + np.abs(b) * (a * b <= 0)), np.float32)


def cap_panels(size: tuple[int, int] = (192, 1152)) -> F32Array:
    """(rows, columns) mm over a cap's crown: six seams with their stitching, twill between."""
    rows, columns = size
    turn = (np.arange(columns) + 0.5) / columns
    up = (np.arange(rows) + 0.5) / rows
    # Distance from the nearest seam in metres, on a head of mean girth.
    seam = (np.mod(turn * 6 + 0.5, 1.0) - 0.5) / 6 * 0.56 * np.cos(0.5 * np.pi * 0.93 * up)[:, None]
    groove = -0.5 * np.exp(-((seam / 0.0012) ** 2))
    welt = 0.25 * np.exp(-((np.abs(seam) - 0.004) ** 2 / 0.0025**2))
    stitches = 0.5 + 0.5 * np.cos(2 * np.pi * up[:, None] * 46)
    line = -0.25 * np.exp(-((np.abs(seam) - 0.0055) ** 2 / 0.0006**2)) * stitches
    twill = 0.03 * np.cos(2 * np.pi * (turn * 300 + up[:, None] * 90))
    return np.asarray(groove + welt + line + twill, np.float32)


def tinted(texture_srgb: F32Array, colour: tuple[float, float, float], share: float) -> F32Array:
    """(H, W, 3) linear albedo: a painted sRGB texture, its hue replaced by ``share``.

    The painted light and dark stay, about the item's colour.
    """
    linear = np.where(
        texture_srgb <= 0.04045, texture_srgb / 12.92, ((texture_srgb + 0.055) / 1.055) ** 2.4
    )
    grey = linear @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    painted = grey > 1e-3
    mean = float(grey[painted].mean()) if painted.any() else 1.0
    shade = np.clip(np.sqrt(grey / mean), 0.25, 1.8)[..., None]
    dyed = shade * np.array(colour, np.float32)
    return np.asarray(linear + (dyed - linear) * share, np.float32)


def stripes(
    seed: int, colour: tuple[float, float, float], strength: float, size: int = 128
) -> F32Array:
    """(size, 8, 3) linear albedo of horizontal stripes: light or dark ones on the colour."""
    draw = Stream(seed, "stripes")
    count = int(1 + draw.integers(3))
    width = float(draw.uniform(low=0.25, high=0.6))
    base = np.array(colour, np.float64)
    other = np.clip(base * 0.2, 0.01, 1) if base.mean() > 0.25 else np.full(3, 0.75)
    phase = np.mod((np.arange(size) + 0.5) / size * count, 1.0)
    shown = (phase < width).astype(np.float64)[:, None, None] * strength
    return np.asarray(np.repeat(base + (other - base) * shown, 8, axis=1), np.float32)
