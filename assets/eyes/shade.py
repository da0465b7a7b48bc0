"""The soft shadow that lids and lashes cast on the ball: little light of the sky comes in under
a lid, and less than the few paths of a picture find."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from assets.eyes.constants import eye_constants
from assets.geometry import F32Array

if TYPE_CHECKING:
    from assets.eyes.lids import LidRings

__all__ = ["lid_shade"]

_ROWS: Final = 48
_COLUMNS: Final = 96
"""Of the grid it is found on; it is smooth."""
_END_RAD: Final = 1.7
"""Further from the pole the ball is never seen."""


def lid_shade(
    rings: LidRings,
    centre_m: NDArray[Any],
    world_from_eye: NDArray[Any],
    radius_m: float,
    angle: F32Array,
) -> F32Array:
    """(H, W) share of the light that reaches the ball's texture, 0 to 1.

    Args:
        rings: of the posed lids. centre_m: (3,) of the ball. world_from_eye: (3, 3). radius_m: of
            the ball.
        angle: (H,) radians from the pole of the texture's rows; columns run from +x towards +y.
    """
    c = eye_constants()
    rows = np.linspace(0, _END_RAD, _ROWS)
    turns = (np.arange(_COLUMNS) + 0.5) / _COLUMNS * 2 * np.pi
    across = np.sin(rows)[:, None]
    ball = np.stack(
        [
            across * np.cos(turns),
            across * np.sin(turns),
            np.broadcast_to(np.cos(rows)[:, None], (_ROWS, _COLUMNS)),
        ],
        -1,
    ).reshape(-1, 3)
    edge = (rings.finer(2).edge - np.asarray(centre_m)) @ np.asarray(world_from_eye)
    edge = edge / np.linalg.norm(edge, axis=1, keepdims=True)
    half = len(edge) // 2
    light = np.ones(len(ball))
    for lid, shade in ((edge[: half + 1], c.shade.upper), (edge[half:], c.shade.lower)):
        away = np.arccos(np.clip((ball @ lid.T).max(1), -1, 1)) * radius_m
        light *= 1 - shade * np.exp(-away / c.shade.reach_m)
    grid = light.reshape(_ROWS, _COLUMNS)
    at = np.clip(angle / _END_RAD * (_ROWS - 1), 0, _ROWS - 1)
    low = np.minimum(at.astype(int), _ROWS - 2)
    share = (at - low)[:, None]
    tall = (1 - share) * grid[low] + share * grid[low + 1]
    width = c.texture.width_px
    column = (np.arange(width) + 0.5) / width * _COLUMNS - 0.5
    left = np.floor(column).astype(int)
    part = column - left
    out = (1 - part) * tall[:, left % _COLUMNS] + part * tall[:, (left + 1) % _COLUMNS]
    return np.asarray(out, np.float32)
