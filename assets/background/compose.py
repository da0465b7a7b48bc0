"""The pictures, in numpy: a wall's albedo and what hangs, stands and glows before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.signal import fftconvolve

from assets.skin.tone import linear_from_srgb
from assets.user import is_user
from assets.user.shelf import user_array
from spec_schema.errors import AssetError, nearest
from spec_schema.spec import BackgroundSpec

__all__ = ["KINDS", "background"]

F32Array = NDArray[np.float32]
_PX: Final = 384
"""Side of the picture: all of it is out of focus, so that more would show nothing."""
_LEAST_BLUR_PX: Final = 1.6
_GREY_WALL: Final = 0.35
"""Mean that a photograph is brought to, whatever its exposure was."""


class _Canvas:
    """A square picture of linear colour; places are 0-1, from the top-left corner."""

    def __init__(self, colour: F32Array) -> None:
        self.pixels: F32Array = np.broadcast_to(colour, (_PX, _PX, 3)).astype(np.float32)
        across = (np.arange(_PX, dtype=np.float32) + 0.5) / _PX
        self.x, self.y = across[None, :], across[:, None]

    def lay(self, colour: F32Array, cover: F32Array) -> None:
        """A colour (3,) or (H, W, 3) over the picture, where ``cover`` (H, W) is 1."""
        self.pixels += (colour - self.pixels) * cover[..., None]

    def box(self, x: float, y: float, width: float, height: float) -> F32Array:
        """Cover of an upright rectangle with its middle at x, y; edges of a pixel's width."""
        inside_x = width / 2 - abs(self.x - np.float32(x))
        inside_y = height / 2 - abs(self.y - np.float32(y))
        return np.asarray(np.clip(np.minimum(inside_x, inside_y) * _PX + 0.5, 0, 1), np.float32)

    def oval(self, x: float, y: float, width: float, height: float) -> F32Array:
        """Cover of an ellipse."""
        away = np.hypot((self.x - x) / (width / 2), (self.y - y) / (height / 2))
        edge = 2.0 / (min(width, height) * _PX)
        return np.asarray(np.clip((1 - away) / edge + 0.5, 0, 1), np.float32)

    def soften(self, radius: float) -> None:
        """Defocus what is there so far; radius by the picture's width."""
        sigma = max(radius * _PX / 2, 0.0)
        if sigma > 0.3:
            self.pixels = gaussian_filter(self.pixels, (sigma, sigma, 0), mode="nearest")


def _smooth_noise(draw: np.random.Generator, cells: int, channels: int = 1) -> F32Array:
    """(H, W, channels) with mean about 0 and deviation about 1, ``cells`` bumps across."""
    rough = draw.standard_normal((cells + 3, cells + 3, channels)).astype(np.float32)
    at = np.linspace(1, cells + 1, _PX, dtype=np.float32)
    rows, columns = np.meshgrid(at, at, indexing="ij")
    bumps = [map_coordinates(rough[..., k], [rows, columns], order=3) for k in range(channels)]
    return np.asarray(np.stack(bumps, axis=-1), np.float32)


def _tone(draw: np.random.Generator, low: float, high: float, hue: float = 0.25) -> F32Array:
    """A colour of things: grey by chance, tinted by chance."""
    level = low * (high / low) ** draw.random()
    tint = 1 + hue * draw.standard_normal(3)
    return np.asarray(level * np.clip(tint, 0.2, 2.2), np.float32)


def _first(spec: BackgroundSpec) -> F32Array:
    return np.array([spec.red, spec.green, spec.blue], np.float32)


def _second(spec: BackgroundSpec) -> F32Array:
    return np.array([spec.second_red, spec.second_green, spec.second_blue], np.float32)


def _paper(spec: BackgroundSpec, draw: np.random.Generator) -> F32Array:
    """Studio paper with the fall-off of a lamp, and perhaps mottled as painted canvas."""
    canvas = _Canvas(_first(spec))
    x, y = draw.uniform(0.2, 0.8, 2)
    reach = draw.uniform(0.45, 1.4)
    away = np.hypot(canvas.x - x, canvas.y - y)
    light = 0.25 + 0.95 * np.exp(-((away / reach) ** 2))
    mottled = 0.16 * spec.clutter * _smooth_noise(draw, 5)[..., 0]
    mottled += 0.08 * spec.clutter * _smooth_noise(draw, 14)[..., 0]
    canvas.pixels *= (light * np.exp(mottled))[..., None].astype(np.float32)
    return canvas.pixels


def _gradient(spec: BackgroundSpec, draw: np.random.Generator) -> F32Array:
    """One colour into another."""
    canvas = _Canvas(_first(spec))
    turn = draw.uniform(0, 2 * np.pi)
    along = (canvas.x - 0.5) * np.cos(turn) + (canvas.y - 0.5) * np.sin(turn)
    share = 1 / (1 + np.exp(-along / draw.uniform(0.08, 0.35)))
    canvas.lay(_second(spec), np.asarray(share, np.float32))
    return canvas.pixels


def _room(spec: BackgroundSpec, draw: np.random.Generator) -> F32Array:
    """Walls, a corner, a window, and furniture as boxes before them."""
    wall = _first(spec)
    canvas = _Canvas(wall)
    corner = draw.uniform(-0.3, 1.3)
    side = 0.55 + 0.35 * draw.random()
    cover = np.clip((canvas.x - corner) * _PX, 0, 1) * np.ones_like(canvas.y)
    canvas.lay(wall * np.float32(side), np.asarray(cover, np.float32))
    canvas.pixels *= (0.8 + 0.35 * (1 - canvas.y))[..., None].astype(np.float32)
    floor = draw.uniform(0.72, 1.25)
    canvas.lay(
        _second(spec),
        np.asarray(np.clip((canvas.y - floor) * _PX, 0, 1), np.float32) * np.ones_like(canvas.x),
    )
    for _ in range(draw.integers(0, 2 + round(2 * spec.clutter))):
        x, y = draw.uniform(0, 1), draw.uniform(0.2, 0.5)
        width, height = draw.uniform(0.16, 0.4), draw.uniform(0.25, 0.6)
        glow = np.float32(draw.uniform(1.6, 5)) * np.array([0.9, 1.0, 1.08], np.float32)
        canvas.lay(_tone(draw, 0.3, 0.8, 0.05), canvas.box(x, y, width + 0.04, height + 0.04))
        panes = draw.integers(1, 4)
        for k in range(panes):
            middle = x + ((k + 0.5) / panes - 0.5) * width
            canvas.lay(glow, canvas.box(middle, y, width / panes - 0.012, height - 0.01))
    canvas.soften(0.4 * spec.blur)
    for _ in range(round(9 * spec.clutter)):
        _furnish(canvas, draw)
    return canvas.pixels


def _furnish(canvas: _Canvas, draw: np.random.Generator) -> None:
    x = draw.uniform(-0.05, 1.05)
    match draw.integers(0, 5):
        case 0:  # a picture
            y, width, height = draw.uniform(0.1, 0.5), *draw.uniform(0.1, 0.28, 2)
            canvas.lay(_tone(draw, 0.02, 0.7), canvas.box(x, y, width, height))
            canvas.lay(_tone(draw, 0.05, 0.8), canvas.box(x, y, 0.86 * width, 0.86 * height))
        case 1:  # shelves with books
            top, bottom, width = draw.uniform(0.05, 0.35), 1.1, draw.uniform(0.25, 0.5)
            wood = _tone(draw, 0.03, 0.4, 0.15)
            canvas.lay(wood * 0.4, canvas.box(x, (top + bottom) / 2, width, bottom - top))
            pitch = draw.uniform(0.12, 0.2)
            for k in range(6):
                shelf = top + (k + 1) * pitch
                for book in np.arange(-0.47, 0.44, draw.uniform(0.05, 0.09)):
                    tall = pitch * draw.uniform(0.45, 0.85)
                    at = canvas.box(x + book * width, shelf - tall / 2, 0.05 * width, tall)
                    canvas.lay(_tone(draw, 0.02, 0.6, 0.45), at)
                canvas.lay(wood, canvas.box(x, shelf, width, 0.012))
        case 2:  # something tall: a door, a cupboard, a curtain
            width = draw.uniform(0.12, 0.3)
            top = draw.uniform(-0.1, 0.4)
            folds = 1 + 0.25 * np.sin(canvas.x * draw.uniform(60, 140)) * draw.integers(0, 2)
            colour = _tone(draw, 0.03, 0.7)[None, None] * folds[..., None]
            canvas.lay(
                np.asarray(colour, np.float32), canvas.box(x, (top + 1.1) / 2, width, 1.1 - top)
            )
        case 3:  # a lamp
            y = draw.uniform(0.05, 0.5)
            warm = np.array([1.0, 0.72, 0.42], np.float32) * np.float32(draw.uniform(1, 7))
            size = draw.uniform(0.03, 0.12)
            canvas.lay(warm, canvas.oval(x, y, size, size * draw.uniform(0.6, 1.2)))
        case _:  # a plant
            y = draw.uniform(0.45, 0.8)
            for _ in range(14):
                dx, dy = draw.normal(0, 0.07, 2)
                leaf = _tone(draw, 0.03, 0.25, 0.1) * np.array([0.7, 1.15, 0.5], np.float32)
                canvas.lay(leaf, canvas.oval(x + dx, y + dy, *draw.uniform(0.03, 0.1, 2)))


def _outdoors(spec: BackgroundSpec, draw: np.random.Generator) -> F32Array:
    """Sky, hills or houses, trees, and a ground."""
    horizon = draw.uniform(0.42, 0.85)
    day = np.array([0.55, 0.75, 1.0], np.float32) * np.float32(draw.uniform(0.7, 2.0))
    overcast = np.array([1.0, 1.0, 1.02], np.float32) * np.float32(draw.uniform(0.9, 2.2))
    sky = day + (overcast - day) * np.float32(draw.random())
    canvas = _Canvas(sky)
    canvas.pixels *= (1.0 + 0.45 * np.clip(canvas.y / horizon, 0, 1))[..., None].astype(np.float32)
    cloud = np.clip(_smooth_noise(draw, 6)[..., 0] * 0.5, 0, 1) * (canvas.y < horizon)
    canvas.lay(overcast * 1.2, np.asarray(0.7 * cloud, np.float32))
    ground = _first(spec) * np.array([0.8, 1.0, 0.6], np.float32) * np.float32(0.6)
    canvas.lay(
        ground,
        np.asarray(np.clip((canvas.y - horizon) * _PX, 0, 1), np.float32) * np.ones_like(canvas.x),
    )
    town = draw.random() < 0.5
    far = np.float32(0.75)
    for _ in range(3 + round(9 * spec.clutter)):
        x = draw.uniform(-0.1, 1.1)
        if town:
            width, height = draw.uniform(0.08, 0.3), draw.uniform(0.15, 0.75)
            front = _tone(draw, 0.08, 0.7, 0.12)
            middle = horizon - height / 2 + 0.03
            canvas.lay(front, canvas.box(x, middle, width, height))
            across, up = draw.integers(2, 6), draw.integers(2, 8)
            glass = _tone(draw, 0.02, 0.9, 0.1)
            for row in range(up):
                for column in range(across):
                    px = x + ((column + 0.5) / across - 0.5) * width
                    py = middle + ((row + 0.5) / up - 0.5) * height
                    cover = canvas.box(px, py, 0.5 * width / across, 0.5 * height / up)
                    canvas.lay(glass, cover)
        else:
            green = _tone(draw, 0.02, 0.2, 0.12) * np.array([0.8, 1.2, 0.45], np.float32)
            top = horizon - draw.uniform(0.05, 0.5)
            trunk = canvas.box(x, (top + horizon) / 2, 0.02, horizon - top + 0.05)
            canvas.lay(np.float32(0.4) * green, trunk)
            crown = draw.uniform(0.05, 0.11)
            for _ in range(38):
                dx, dy = draw.normal(0, crown, 2)
                at = canvas.oval(x + dx, top + dy, *draw.uniform(0.025, 0.08, 2))
                canvas.lay(green * np.float32(draw.uniform(0.35, 2.2)), at)
        haze = np.asarray(np.full((_PX, _PX), 0.04 * far), np.float32)
        canvas.lay(sky, haze * (canvas.y < horizon))
    canvas.pixels *= np.exp(0.1 * _smooth_noise(draw, 24))
    return canvas.pixels


def _crowd(spec: BackgroundSpec, draw: np.random.Generator) -> F32Array:
    """People far behind, in a street or a hall."""
    canvas = _Canvas(_first(spec))
    canvas.pixels *= (1.3 - 0.8 * canvas.y)[..., None].astype(np.float32)
    canvas.pixels *= np.exp(0.25 * _smooth_noise(draw, 4, 1))
    for _ in range(draw.integers(0, 5)):  # lights above them
        size = draw.uniform(0.02, 0.07)
        glow = np.float32(draw.uniform(2, 8)) * np.array([1.0, 0.85, 0.6], np.float32)
        canvas.lay(glow, canvas.oval(draw.random(), draw.uniform(0, 0.3), size, size))
    rows = 2 + round(2 * spec.clutter)
    for row in range(rows):
        size = 0.07 + 0.11 * (row + draw.random()) / rows
        for x in np.arange(-0.1, 1.1, size * draw.uniform(1.3, 2.2)):
            if draw.random() < 0.35 * (1 - spec.clutter):
                continue
            at, head = (
                x + draw.normal(0, 0.3 * size),
                0.3 + 0.25 * row / rows + draw.normal(0, 0.03),
            )
            skin = np.float32(draw.uniform(0.06, 0.5)) * np.array([1.25, 0.92, 0.72], np.float32)
            cloth, hair = _tone(draw, 0.02, 0.6, 0.25), _tone(draw, 0.01, 0.15, 0.2)
            canvas.lay(cloth, canvas.oval(at, head + 1.9 * size, 2.2 * size, 2.6 * size))
            canvas.lay(cloth, canvas.box(at, head + 3.2 * size, 1.9 * size, 2.6 * size))
            canvas.lay(hair, canvas.oval(at, head - 0.06 * size, 0.95 * size, 1.2 * size))
            canvas.lay(skin, canvas.oval(at, head + 0.12 * size, 0.74 * size, 0.95 * size))
        canvas.soften(0.25 * spec.blur)
    return canvas.pixels


KINDS: Final[dict[str, Callable[[BackgroundSpec, np.random.Generator], F32Array]]] = {
    "crowd": _crowd,
    "gradient": _gradient,
    "outdoors": _outdoors,
    "paper": _paper,
    "room": _room,
}
"""Makers by name."""


def background(spec: BackgroundSpec) -> F32Array:
    """The picture of a background, before the light of the scene falls on it.

    Returns:
        (H, W, 3) float32 linear, row 0 at the top: 1 is a white wall, lamps and skies are more.

    Raises:
        AssetError: no such kind.
    """
    if spec.kind not in KINDS:
        return _out_of_focus(_plate(spec.kind), spec.blur * _PX)
    draw = np.random.Generator(np.random.PCG64(spec.seed))
    canvas = KINDS[spec.kind](spec, draw)
    if spec.kind not in ("paper", "gradient"):
        shade = 0.1 * _smooth_noise(draw, 3) + 0.05 * _smooth_noise(draw, 9)
        canvas = canvas * np.exp(shade + 0.07 * _smooth_noise(draw, 40, 3))
    return np.asarray(np.maximum(_out_of_focus(canvas, spec.blur * _PX), 0.0), np.float32)


def _plate(some_id: str) -> F32Array:
    """A user's photograph in linear colour, as bright as a grey wall."""
    if not is_user(some_id):
        raise AssetError(f"environment.background.kind is {some_id!r}: {nearest(some_id, KINDS)}")
    encoded = user_array(some_id, "plate").astype(np.float32) / 255
    linear = linear_from_srgb(encoded)
    side = len(linear) // _PX
    small = linear.reshape(_PX, side, _PX, side, 3).mean((1, 3))
    return np.asarray(small * (_GREY_WALL / max(float(small.mean()), 0.02)), np.float32)


def _out_of_focus(pixels: F32Array, radius_px: float) -> F32Array:
    """Each point spread over a disc, as a round aperture does it: lamps become discs."""
    radius_px = max(radius_px, _LEAST_BLUR_PX)
    reach = int(np.ceil(radius_px)) + 1
    across = np.arange(-reach, reach + 1)
    disc = np.clip(radius_px + 0.5 - np.hypot(across[:, None], across[None, :]), 0, 1)
    disc = (disc / disc.sum()).astype(np.float32)
    padded = np.pad(pixels, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    return np.asarray(fftconvolve(padded, disc[..., None], mode="valid", axes=(0, 1)), np.float32)
