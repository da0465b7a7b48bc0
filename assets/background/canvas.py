"""What backgrounds are drawn on, and the colours of things."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter, map_coordinates

from assets.background.defocus import SIDE_PX

__all__ = ["Canvas", "F32Array", "smooth_noise", "tone"]

F32Array = NDArray[np.float32]
_WARM: Final = np.array([1.0, 0.12, -1.0])
_PINK: Final = np.array([0.45, -0.5, 0.35])
_NOISE_PX: Final = 128
_FALL: Final = 0.35
"""Share by which what stands there is darker at its foot than at its top."""


class Canvas:
    """A square picture of linear colour; places are 0-1, from the top-left corner."""

    def __init__(self, colour: F32Array) -> None:
        self.pixels: F32Array = np.broadcast_to(colour, (SIDE_PX, SIDE_PX, 3)).astype(np.float32)
        across = (np.arange(SIDE_PX, dtype=np.float32) + 0.5) / SIDE_PX
        self.x, self.y = across[None, :], across[:, None]

    def lay(self, colour: F32Array, cover: F32Array) -> None:
        """A colour (3,) or (H, W, 3) over the picture, where ``cover`` (H, W) is 1."""
        part = _extent(cover)
        if part is not None:
            here = self.pixels[part]
            whole = np.broadcast_to(colour, self.pixels.shape)
            over = whole[part]
            self.pixels[part] = here + (over - here) * cover[part][..., None]

    def below(self, y: float) -> F32Array:
        """Cover of all that is lower than y."""
        edge = np.clip((self.y - np.float32(y)) * SIDE_PX, 0, 1)
        return np.asarray(np.broadcast_to(edge, (SIDE_PX, SIDE_PX)), np.float32)

    def box(self, x: float, y: float, width: float, height: float) -> F32Array:
        """Cover of an upright rectangle with its middle at x, y; edges of a pixel's width."""
        inside_x = width / 2 - abs(self.x - np.float32(x))
        inside_y = height / 2 - abs(self.y - np.float32(y))
        inside = np.minimum(inside_x, inside_y) * SIDE_PX + 0.5
        return np.asarray(np.clip(inside, 0, 1), np.float32)

    def oval(self, x: float, y: float, width: float, height: float) -> F32Array:
        """Cover of an ellipse."""
        away = np.hypot((self.x - x) / (width / 2), (self.y - y) / (height / 2))
        edge = 2.0 / (min(width, height) * SIDE_PX)
        return np.asarray(np.clip((1 - away) / edge + 0.5, 0, 1), np.float32)

    def stand(self, colour: F32Array, cover: F32Array, lit_from: float) -> None:
        """Something solid: it shades what is behind it, and light falls on it from a side.

        Args:
            colour: (3,). cover: (H, W). lit_from: -1 the left, 1 the right.
        """
        shadow = gaussian_filter(cover, 0.02 * SIDE_PX, mode="constant")
        shadow = np.roll(shadow, (round(0.01 * SIDE_PX), round(-0.02 * lit_from * SIDE_PX)), (0, 1))
        self.pixels *= (1 - 0.45 * shadow)[..., None]
        part = _extent(cover)
        if part is None:
            return
        (top, bottom), (left, right) = ((p.start / SIDE_PX, p.stop / SIDE_PX) for p in part)
        side = (self.x - (left + right) / 2) / max(right - left, 0.05)
        down = (self.y - (top + bottom) / 2) / max(bottom - top, 0.05)
        light = np.exp(0.5 * lit_from * side - _FALL * down)
        self.lay(colour * light[..., None].astype(np.float32), cover)

    def glow(self, colour: F32Array, x: float, y: float, reach: float) -> None:
        """Light that something there gives to what is around it."""
        away = np.hypot(self.x - x, self.y - y) / np.float32(reach)
        self.pixels *= 1 + colour * np.exp(-(away**2))[..., None].astype(np.float32)

    def soften(self, radius: float) -> None:
        """Defocus what is there so far; radius by the picture's width."""
        sigma = max(radius * SIDE_PX / 2, 0.0)
        if sigma > 0.3:
            self.pixels = gaussian_filter(self.pixels, (sigma, sigma, 0), mode="nearest")


def _extent(cover: F32Array) -> tuple[slice, slice] | None:
    """Rows and columns between which there is cover."""
    rows, columns = np.flatnonzero(cover.max(1)), np.flatnonzero(cover.max(0))
    if not len(rows):
        return None
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def smooth_noise(
    draw: np.random.Generator, cells: int, channels: int = 1, flat: float = 1.0
) -> F32Array:
    """(H, W, channels) with mean about 0 and deviation about 1, ``cells`` bumps across and by
    ``flat`` as many down."""
    down = max(round(cells * flat), 1)
    rough = draw.standard_normal((down + 3, cells + 3, channels)).astype(np.float32)
    rows, columns = np.meshgrid(
        np.linspace(1, down + 1, _NOISE_PX, dtype=np.float32),
        np.linspace(1, cells + 1, _NOISE_PX, dtype=np.float32),
        indexing="ij",
    )
    bumps = [map_coordinates(rough[..., k], [rows, columns], order=3) for k in range(channels)]
    size, method = (SIDE_PX, SIDE_PX), Image.Resampling.BILINEAR
    large = [np.asarray(Image.fromarray(b).resize(size, method)) for b in bumps]
    return np.asarray(np.stack(large, axis=-1), np.float32)


def tone(draw: np.random.Generator, low: float, high: float, hue: float = 0.25) -> F32Array:
    """A colour of things: most are warm or cool rather than green or pink, few are strong."""
    level = low * (high / low) ** draw.random()
    warm, pink = draw.normal(0.4, 0.9), draw.normal(0, 0.4)
    return np.asarray(level * np.exp(hue * (warm * _WARM + pink * _PINK)), np.float32)
