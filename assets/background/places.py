"""Rooms and places outdoors."""

from __future__ import annotations

from typing import Final

import numpy as np

from assets.background.canvas import Canvas, F32Array, smooth_noise, tone
from spec_schema.spec import BackgroundSpec

__all__ = ["outdoors", "room"]

_LAMP: Final = np.array([1.0, 0.74, 0.46], np.float32)
_SKY: Final = np.array([0.62, 0.8, 1.0], np.float32)
_OVERCAST: Final = np.array([1.0, 1.0, 1.02], np.float32)
_LEAVES: Final = np.array([0.78, 1.0, 0.5], np.float32)


def _first(spec: BackgroundSpec) -> F32Array:
    return np.array([spec.red, spec.green, spec.blue], np.float32)


def _second(spec: BackgroundSpec) -> F32Array:
    return np.array([spec.second_red, spec.second_green, spec.second_blue], np.float32)


def room(spec: BackgroundSpec, draw: np.random.Generator) -> F32Array:
    """Walls, a corner, windows whose light falls off, and furniture before them."""
    wall = _first(spec)
    canvas = Canvas(wall)
    lit_from = float(draw.choice([-1.0, 1.0]))
    corner = draw.uniform(-0.3, 1.3)
    turned = np.clip((canvas.x - corner) * 200, 0, 1) * np.ones_like(canvas.y)
    canvas.lay(wall * np.float32(0.5 + 0.4 * draw.random()), np.asarray(turned, np.float32))
    # Light gathers on the wall by the window and is lost in the corners.
    at = 0.5 + lit_from * draw.uniform(0.3, 0.8)
    away = np.hypot(canvas.x - at, canvas.y - draw.uniform(0.1, 0.5)) / draw.uniform(0.5, 1.1)
    canvas.pixels *= (0.45 + 0.75 * np.exp(-(away**2)))[..., None].astype(np.float32)
    canvas.pixels *= np.exp(0.12 * smooth_noise(draw, 3))
    floor = draw.uniform(0.74, 1.25)
    canvas.lay(_second(spec) * np.exp(0.2 * smooth_noise(draw, 4, flat=3)), canvas.below(floor))
    for _ in range(draw.integers(0, 2 + round(spec.clutter))):
        _window(canvas, draw)
    canvas.soften(0.5 * spec.blur)
    for _ in range(round(11 * spec.clutter)):
        _furnish(canvas, draw, lit_from)
    return canvas.pixels


def _window(canvas: Canvas, draw: np.random.Generator) -> None:
    """Panes with sky, and what stands before it, between curtains."""
    x, y = draw.uniform(-0.1, 1.1), draw.uniform(0.15, 0.45)
    width, height = draw.uniform(0.16, 0.42), draw.uniform(0.3, 0.7)
    bright = np.float32(draw.uniform(1.2, 3.0))
    canvas.glow(np.full(3, 0.25 * bright, np.float32), x, y, 0.5 * (width + height))
    canvas.lay(tone(draw, 0.25, 0.7, 0.06), canvas.box(x, y, width + 0.03, height + 0.03))
    horizon = y + height * draw.uniform(-0.1, 0.45)
    line = horizon + 0.06 * height * smooth_noise(draw, 9)[0, :, 0]
    outside = np.clip((canvas.y - line[None, :]) * 60, 0, 1)[..., None]
    trees = tone(draw, 0.1, 0.5, 0.15) * _LEAVES * np.exp(0.5 * smooth_noise(draw, 14))
    view = bright * (_SKY + (_OVERCAST - _SKY) * np.float32(draw.random()))
    view = view + (0.4 * bright * trees - view) * outside
    panes = int(draw.integers(1, 4))
    for k in range(panes):
        middle = x + ((k + 0.5) / panes - 0.5) * width
        canvas.lay(
            view.astype(np.float32), canvas.box(middle, y, width / panes - 0.014, height - 0.01)
        )
    if draw.random() < 0.6:
        cloth = tone(draw, 0.2, 0.8, 0.12)
        folds = 1 + 0.2 * np.sin(canvas.x * draw.uniform(90, 160))
        for side in (-1, 1):
            place = canvas.box(x + side * width * 0.52, y + 0.1, 0.35 * width, height + 0.3)
            canvas.lay((cloth * folds[..., None]).astype(np.float32), place)


def _furnish(canvas: Canvas, draw: np.random.Generator, lit_from: float) -> None:
    x = draw.uniform(-0.05, 1.05)
    match draw.integers(0, 6):
        case 0:  # a picture
            y, width, height = draw.uniform(0.1, 0.5), *draw.uniform(0.08, 0.24, 2)
            canvas.stand(tone(draw, 0.02, 0.5), canvas.box(x, y, width, height), lit_from)
            print_ = tone(draw, 0.1, 0.5, 0.2) * np.exp(0.6 * smooth_noise(draw, 12))
            canvas.lay(print_.astype(np.float32), canvas.box(x, y, 0.84 * width, 0.84 * height))
        case 1:  # shelves with books
            top, bottom, width = draw.uniform(0.05, 0.4), 1.1, draw.uniform(0.25, 0.55)
            wood = tone(draw, 0.04, 0.35, 0.3)
            shelves = canvas.box(x, (top + bottom) / 2, width, bottom - top)
            canvas.stand(wood * np.float32(0.3), shelves, lit_from)
            pitch = draw.uniform(0.11, 0.19)
            for k in range(6):
                board = top + (k + 1) * pitch
                at = -0.47
                while at < 0.45:
                    thick = draw.uniform(0.02, 0.07)
                    if draw.random() < 0.85:
                        tall = pitch * draw.uniform(0.45, 0.85)
                        across = x + (at + thick / 2) * width
                        book = canvas.box(across, board - tall / 2, 0.9 * thick * width, tall)
                        canvas.lay(tone(draw, 0.03, 0.35, 0.35), book)
                    at += thick
                canvas.lay(wood, canvas.box(x, board, width, 0.012))
        case 2:  # a door, a cupboard, a curtain
            width, top = draw.uniform(0.12, 0.3), draw.uniform(-0.1, 0.4)
            canvas.stand(
                tone(draw, 0.04, 0.6, 0.2),
                canvas.box(x, (top + 1.1) / 2, width, 1.1 - top),
                lit_from,
            )
        case 3:  # a lamp
            y, size = draw.uniform(0.1, 0.5), draw.uniform(0.04, 0.11)
            bright = np.float32(draw.uniform(1.0, 4.0))
            canvas.glow(0.3 * bright * _LAMP, x, y, 2.5 * size)
            canvas.lay(bright * _LAMP, canvas.oval(x, y, size, size * draw.uniform(0.7, 1.2)))
        case 4:  # a sofa, a table, a chair: low and wide
            y, width, height = draw.uniform(0.7, 0.95), draw.uniform(0.25, 0.6), 0.4
            colour = tone(draw, 0.04, 0.5, 0.3)
            canvas.stand(colour, canvas.box(x, y + height / 2, width, height), lit_from)
            canvas.stand(
                np.float32(1.2) * colour,
                canvas.oval(x, y, width * draw.uniform(0.3, 0.9), draw.uniform(0.08, 0.2)),
                lit_from,
            )
        case _:  # a plant
            y = draw.uniform(0.45, 0.85)
            for _ in range(26):
                dx, dy = draw.normal(0, 0.06, 2)
                leaf = tone(draw, 0.02, 0.22, 0.15) * _LEAVES
                canvas.lay(leaf, canvas.oval(x + dx, y + dy, *draw.uniform(0.015, 0.07, 2)))


def outdoors(spec: BackgroundSpec, draw: np.random.Generator) -> F32Array:
    """Sky, hills or houses in haze, trees, and a ground."""
    horizon = draw.uniform(0.45, 0.85)
    day = _SKY * np.float32(draw.uniform(0.7, 1.6))
    sky = day + (_OVERCAST * np.float32(draw.uniform(0.8, 1.6)) - day) * np.float32(draw.random())
    canvas = Canvas(sky)
    canvas.pixels *= (0.75 + 0.4 * np.clip(canvas.y / horizon, 0, 1))[..., None].astype(np.float32)
    cloud = np.clip(0.5 * smooth_noise(draw, 5, flat=2)[..., 0] - 0.1, 0, 1)
    canvas.lay(_OVERCAST * 1.25, np.asarray(0.6 * cloud, np.float32))
    green = 0.5 * (_first(spec).mean() + 0.3 * _first(spec)) * _LEAVES
    lit_from = float(draw.choice([-1.0, 1.0]))
    town = draw.random() < 0.5
    for far in np.linspace(1, 0, 2 + round(3 * spec.clutter)):
        haze = np.float32(0.65 * far)
        if town:
            for _ in range(2 + round(3 * spec.clutter)):
                _house(canvas, draw, horizon, sky, haze, lit_from)
        else:
            ridge = horizon - (0.06 + 0.2 * far) * draw.uniform(0.5, 1.3)
            line = ridge + 0.035 * smooth_noise(draw, 5)[0, :, 0]
            line = line + 0.016 * (1 - far) * smooth_noise(draw, 60)[0, :, 0]
            cover = np.clip((canvas.y - line[None, :]) * 300, 0, 1)
            leaves = (
                tone(draw, 0.05, 0.16, 0.12)
                * _LEAVES
                * np.exp((0.3 + 0.3 * spec.clutter) * smooth_noise(draw, 26))
            )
            canvas.lay((leaves + (0.7 * sky - leaves) * haze).astype(np.float32), cover)
            for _ in range(round(4 * spec.clutter)):
                _tree(canvas, draw, horizon, far)
    ground = green * np.exp((0.14 + 0.14 * spec.clutter) * smooth_noise(draw, 7, flat=4)).astype(
        np.float32
    )
    ground = ground * (1.15 - 0.5 * np.clip(canvas.y - horizon, 0, 1))[..., None]
    canvas.lay(np.asarray(ground, np.float32), canvas.below(horizon))
    if town:  # cars, stalls, hedges at the foot of the houses
        for _ in range(round(8 * spec.clutter)):
            low = canvas.box(
                draw.random(), horizon + 0.01, draw.uniform(0.04, 0.2), draw.uniform(0.03, 0.09)
            )
            canvas.stand(tone(draw, 0.02, 0.4, 0.25), low, lit_from)
    return canvas.pixels


def _house(
    canvas: Canvas,
    draw: np.random.Generator,
    horizon: float,
    sky: F32Array,
    haze: np.float32,
    lit_from: float,
) -> None:
    x, width, height = draw.uniform(-0.1, 1.1), draw.uniform(0.1, 0.4), draw.uniform(0.12, 0.7)
    front = tone(draw, 0.1, 0.5, 0.12)
    front = front + (0.7 * sky - front) * haze
    middle = horizon - height / 2 + 0.02
    canvas.stand(front, canvas.box(x, middle, width, height), lit_from)
    across, up = draw.integers(2, 7), draw.integers(2, 9)
    for row in range(up):
        for column in range(across):
            glass = front * np.float32(draw.uniform(0.35, 0.9))
            px = x + ((column + 0.5) / across - 0.5) * width
            py = middle + ((row + 0.5) / up - 0.5) * height
            canvas.lay(glass, canvas.box(px, py, 0.5 * width / across, 0.55 * height / up))


def _tree(canvas: Canvas, draw: np.random.Generator, horizon: float, far: float) -> None:
    x, size = draw.uniform(-0.1, 1.1), (1 - 0.6 * far) * draw.uniform(0.1, 0.24)
    top = horizon - size * draw.uniform(0.8, 1.8)
    green = tone(draw, 0.03, 0.12, 0.12) * _LEAVES
    canvas.lay(0.4 * green, canvas.box(x, (top + horizon) / 2, 0.09 * size, horizon - top + 0.03))
    for _ in range(70):
        dx, dy = np.clip(draw.normal(0, 0.4, 2), -0.9, 0.9) * size
        light = np.float32(np.exp(draw.normal(0, 0.4) - 1.2 * dy / size))
        canvas.lay(green * light, canvas.oval(x + dx, top + dy, *draw.uniform(0.1, 0.32, 2) * size))
