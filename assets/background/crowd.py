"""People far behind: bodies, necks, heads and hair, each a rounded solid in the light."""

from __future__ import annotations

from typing import Final

import numpy as np

from assets.background.canvas import Canvas, F32Array, smooth_noise, tone
from assets.background.defocus import SIDE_PX
from spec_schema.spec import BackgroundSpec

__all__ = ["crowd"]

_LAMP: Final = np.array([1.0, 0.85, 0.62], np.float32)
_SKIN: Final = np.array([1.28, 0.94, 0.74], np.float32)
_FACING: Final = 0.6
"""Share of them whose face is seen; the others are turned away."""


def crowd(spec: BackgroundSpec, draw: np.random.Generator) -> F32Array:
    """People in a street or a hall, rows of them, the nearer the larger."""
    canvas = Canvas(np.array([spec.red, spec.green, spec.blue], np.float32))
    canvas.pixels *= (1.25 - 0.8 * canvas.y)[..., None].astype(np.float32)
    hall = 0.2 * smooth_noise(draw, 4) + 0.25 * spec.clutter * smooth_noise(draw, 14, flat=0.5)
    canvas.pixels *= np.exp(hall)
    for _ in range(draw.integers(0, 2 + round(4 * spec.clutter))):  # lights above them
        size = draw.uniform(0.015, 0.05)
        bright = np.float32(draw.uniform(1.5, 5)) * _LAMP
        canvas.lay(bright, canvas.oval(draw.random(), draw.uniform(0, 0.3), size, size))
    azimuth = draw.uniform(-1.2, 1.2)
    light = np.array([np.sin(azimuth), -1.0, 0.9])
    light /= np.linalg.norm(light)
    rows = 2 + round(3 * spec.clutter)
    for row in range(rows):
        size = 0.05 + 0.13 * ((row + draw.random()) / rows) ** 1.3
        x = draw.uniform(-0.15, 0.0)
        while x < 1.15:
            if draw.random() < 0.15 + 0.8 * spec.clutter:
                head = 0.3 + 0.22 * row / rows + draw.normal(0, 0.25) * size
                _person(canvas, draw, x, head, size * draw.uniform(0.85, 1.15), light)
            x += size * draw.uniform(1.2, 2.6)
        canvas.soften(0.2 * spec.blur)
        # Air and light between the rows lift the dark of those behind.
        canvas.pixels += np.float32(0.04) * (canvas.pixels.mean((0, 1)) - canvas.pixels)
    return canvas.pixels


def _person(
    canvas: Canvas, draw: np.random.Generator, x: float, y: float, size: float, light: F32Array
) -> None:
    """Someone whose head of about this height is at x, y."""
    skin = np.float32(draw.uniform(0.05, 0.42)) * _SKIN
    cloth, hair = tone(draw, 0.015, 0.4, 0.22), tone(draw, 0.01, 0.12, 0.3)
    broad = draw.uniform(0.95, 1.35)
    lean = draw.normal(0, 0.06)
    long_hair, faces = draw.random() < 0.4, draw.random() < _FACING
    if long_hair:
        _solid(canvas, hair, (x, y + 0.3 * size), (0.5 * size, 0.85 * size), light, 2.4)
    _solid(canvas, skin * 0.7, (x, y + 0.55 * size), (0.2 * size, 0.4 * size), light, 3.0)
    _trunk(canvas, cloth, (x + lean * size, y + 0.72 * size), broad * size, light)
    turn = draw.normal(0, 0.1) * size
    if faces:
        _solid(canvas, hair, (x, y - 0.08 * size), (0.45 * size, 0.58 * size), light, 2.0)
        _solid(canvas, skin, (x + turn, y + 0.1 * size), (0.35 * size, 0.5 * size), light, 2.2)
        shade = 0.55 * skin
        for side in (-1, 1):
            _solid(
                canvas, shade, (x + turn + 0.15 * side * size, y + 0.05 * size),
                (0.08 * size, 0.05 * size), light, 2.0,
            )  # fmt: skip
        if draw.random() < 0.7:
            fringe = (x + 0.5 * turn, y - 0.33 * size)
            _solid(canvas, hair, fringe, (0.4 * size, 0.22 * size), light, 2.0)
    else:
        _solid(canvas, hair, (x, y), (0.42 * size, 0.58 * size), light, 2.1)


def _trunk(
    canvas: Canvas, colour: F32Array, at: tuple[float, float], half: float, light: F32Array
) -> None:
    """Shoulders that fall to the arms, and what is below, to the end of the picture."""
    low = max(0, int((at[0] - half) * SIDE_PX) - 1)
    high = min(SIDE_PX, int((at[0] + half) * SIDE_PX) + 2)
    if low >= high:
        return
    u = (canvas.x[:, low:high] - at[0]) / half
    under = canvas.y - (at[1] + half * (0.12 * abs(u) + 0.6 * abs(u) ** 4))
    inside = np.minimum(under, (1 - abs(u)) * half)
    cover = np.clip(inside * SIDE_PX + 0.5, 0, 1)[..., None]
    out = np.sqrt(np.clip(1 - u * u, 0, 1))
    top = np.exp(-np.clip(under, 0, None) / (0.35 * half))
    facing = np.clip(u * light[0] + out * light[2] - 0.6 * top * light[1], 0, 1.2)
    lit = (0.4 + 0.6 * facing)[..., None]
    here = canvas.pixels[:, low:high]
    canvas.pixels[:, low:high] = here + (colour * lit - here) * cover


def _solid(
    canvas: Canvas,
    colour: F32Array,
    at: tuple[float, float],
    half: tuple[float, float],
    light: F32Array,
    power: float,
) -> None:
    """A rounded thing in the light; of high power it is a box, of 2 an ellipsoid."""
    low = [max(0, int((c - h) * SIDE_PX) - 1) for c, h in zip(at, half, strict=True)]
    high = [min(SIDE_PX, int((c + h) * SIDE_PX) + 2) for c, h in zip(at, half, strict=True)]
    if low[0] >= high[0] or low[1] >= high[1]:
        return
    part = np.s_[low[1] : high[1], low[0] : high[0]]
    u = (canvas.x[:, low[0] : high[0]] - at[0]) / half[0]
    v = (canvas.y[low[1] : high[1]] - at[1]) / half[1]
    inside = 1 - (abs(u) ** power + abs(v) ** power)
    cover = np.clip(inside * min(half) * SIDE_PX / 2 + 0.5, 0, 1)[..., None]
    out = np.sqrt(np.clip(inside, 0, 1))
    facing = (u * light[0] + v * light[1] + out * light[2]) / np.sqrt(u**2 + v**2 + out**2 + 1e-6)
    lit = (0.42 + 0.85 * np.clip(facing, 0, 1))[..., None]
    here = canvas.pixels[part]
    canvas.pixels[part] = here + (colour * lit - here) * cover
