"""The pictures by name, in numpy: studio backdrops here, places and people beside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from assets.background.canvas import Canvas, F32Array, smooth_noise
from assets.background.crowd import crowd
from assets.background.defocus import SIDE_PX, out_of_focus
from assets.background.places import outdoors, room
from assets.skin.tone import linear_from_srgb
from assets.user import is_user
from assets.user.shelf import user_array
from spec_schema.errors import AssetError, nearest
from spec_schema.spec import BackgroundSpec

__all__ = ["KINDS", "background"]

_GREY_WALL: Final = 0.35
"""Mean that a photograph is brought to, whatever its exposure was."""
_STUDIO: Final = ("paper", "gradient")
_FARTHER: Final = {"crowd": 1.35, "outdoors": 1.3, "room": 1.15}
"""Blur by that of a wall, of what is farther away."""


def _paper(spec: BackgroundSpec, draw: np.random.Generator) -> F32Array:
    """Studio paper with the fall-off of a lamp, and perhaps mottled as painted canvas."""
    canvas = Canvas(np.array([spec.red, spec.green, spec.blue], np.float32))
    x, y = draw.uniform(0.2, 0.8, 2)
    reach = draw.uniform(0.45, 1.4)
    away = np.hypot(canvas.x - x, canvas.y - y)
    light = 0.25 + 0.95 * np.exp(-((away / reach) ** 2))
    mottled = 0.16 * spec.clutter * smooth_noise(draw, 5)[..., 0]
    mottled += 0.08 * spec.clutter * smooth_noise(draw, 14)[..., 0]
    canvas.pixels *= (light * np.exp(mottled))[..., None].astype(np.float32)
    return canvas.pixels


def _gradient(spec: BackgroundSpec, draw: np.random.Generator) -> F32Array:
    """One colour into another."""
    canvas = Canvas(np.array([spec.red, spec.green, spec.blue], np.float32))
    turn = draw.uniform(0, 2 * np.pi)
    along = (canvas.x - 0.5) * np.cos(turn) + (canvas.y - 0.5) * np.sin(turn)
    share = 1 / (1 + np.exp(-along / draw.uniform(0.08, 0.35)))
    second = np.array([spec.second_red, spec.second_green, spec.second_blue], np.float32)
    canvas.lay(second, np.asarray(share, np.float32))
    return canvas.pixels


KINDS: Final[dict[str, Callable[[BackgroundSpec, np.random.Generator], F32Array]]] = {
    "crowd": crowd,
    "gradient": _gradient,
    "outdoors": outdoors,
    "paper": _paper,
    "room": room,
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
        return out_of_focus(_plate(spec.kind), spec.blur * SIDE_PX)
    draw = np.random.Generator(np.random.PCG64(spec.seed))
    canvas = KINDS[spec.kind](spec, draw)
    if spec.kind not in _STUDIO:
        shade = 0.1 * smooth_noise(draw, 3) + 0.06 * smooth_noise(draw, 9)
        canvas = canvas * np.exp(shade + 0.03 * smooth_noise(draw, 40))
    blur = spec.blur * SIDE_PX * _FARTHER.get(spec.kind, 1.0)
    return np.asarray(np.maximum(out_of_focus(canvas, blur), 0.0), np.float32)


def _plate(some_id: str) -> F32Array:
    """A user's photograph in linear colour, as bright as a grey wall."""
    if not is_user(some_id):
        raise AssetError(f"environment.background.kind is {some_id!r}: {nearest(some_id, KINDS)}")
    encoded = user_array(some_id, "plate").astype(np.float32) / 255
    linear = linear_from_srgb(encoded)
    side = len(linear) // SIDE_PX
    small = linear.reshape(SIDE_PX, side, SIDE_PX, side, 3).mean((1, 3))
    return np.asarray(small * (_GREY_WALL / max(float(small.mean()), 0.02)), np.float32)
