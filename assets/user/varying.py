"""The drawn size and tilt of an item, as they act on a user's thing."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assets.accessories.fit import F64Array
from assets.user.reference import Fitted
from spec_schema.spec import Item

__all__ = ["mirror_images", "other_side", "resized", "settled", "varied"]

SIZE_LIMITS: Final = (0.85, 1.2)
TILT_LIMIT_DEG: Final = 12.0
_ROUNDS: Final = 5
_FARTHEST_M: Final = 0.02
"""A thing is let down by no more than this."""


def varied(points_m: F64Array, pivot_m: F64Array, item: Item, share: float = 1.0) -> F64Array:
    """Points (n, 3) scaled about a pivot (3,) and turned about its forward axis.

    ``share`` is how much of what was drawn is done.
    """
    size = 1 + share * (float(np.clip(item.size, *SIZE_LIMITS)) - 1)
    turn = share * np.deg2rad(np.clip(item.tilt_deg, -TILT_LIMIT_DEG, TILT_LIMIT_DEG))
    if size == 1 and turn == 0:
        return points_m
    c, s = np.cos(turn), np.sin(turn)
    about = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    return np.asarray((points_m - pivot_m) @ (size * about).T + pivot_m)


def resized(
    points_m: F64Array, near: NDArray[np.int32], weight: NDArray[Any], to: Fitted, item: Item
) -> F64Array:
    """Cloth (n, 3) that stands off the skin that it follows by more or by less."""
    size = float(np.clip(item.size, *SIZE_LIMITS))
    if size == 1:
        return points_m
    used, at = np.unique(near, return_inverse=True)
    skin = to.points_m[used][at.reshape(near.shape)]
    base = np.einsum("nk,nki->ni", weight.astype(np.float64), skin)
    return np.asarray(base + (points_m - base) * size)


def settled(
    points_m: F64Array, support: NDArray[np.int32], weight: NDArray[Any], to: Fitted, near_m: float
) -> F64Array:
    """A solid thing (n, 3) let down on what carries it until its nearest point is so near."""
    w = weight.astype(np.float64)[:, None]
    away = (to.normals[support] * w).sum(0)
    length = float(np.linalg.norm(away))
    if length < 1e-9:
        return points_m
    away = away / length
    out, down = points_m, 0.0
    for _ in range(_ROUNDS):
        room = float(to.skin.distance(out).min()) - max(near_m, 0.0)
        step = min(room, _FARTHEST_M - down)
        if step < 2e-4:
            break
        out, down = out - step * away, down + step
    return out


def mirror_images(points_m: F64Array) -> bool:
    """Whether the second half of the points (n, 3) is the mirror image of the first."""
    half = len(points_m) // 2
    if half == 0 or len(points_m) % 2:
        return False
    return bool((points_m[half:] == points_m[:half] * np.array([-1.0, 1.0, 1.0])).all())


def other_side(frame: str) -> str:
    """Name of the frame on the other side of the head; itself for one in the middle."""
    if frame.startswith("left_"):
        return frame.replace("left_", "right_", 1)
    return frame.replace("right_", "left_", 1)
