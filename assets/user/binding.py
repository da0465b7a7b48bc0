"""How a thing placed on the reference head follows the skin of another."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from assets.accessories.fit import F64Array, Skin
from assets.rigid import rotation_between
from assets.user.reference import Fitted, outer_skin

__all__ = ["bind_rigid", "bind_soft", "fit_rigid", "fit_soft", "moved_out"]

_NEIGHBOURS: Final = 24
_REACH_M: Final = (0.008, 0.030)
"""Width of the skin that a point follows: near it little, so that contact is kept."""
_SUPPORT_M: Final = 0.020
_SCALE_LIMITS: Final = (0.85, 1.2)
_ROUNDS: Final = 6


def _cage_skin(head: Fitted) -> NDArray[np.int64]:
    """Rendered vertices that are the cage's own: some 8 mm apart, all over the skin."""
    outer = outer_skin(head.surface)
    return outer[outer < len(head.surface.cage_index)]


def bind_soft(points_m: F64Array, head: Fitted) -> dict[str, NDArray[Any]]:
    """The skin that each point (N, 3) follows: ``near`` (N, K) vertices, ``near_weight``."""
    index = _cage_skin(head)
    distance, at = cKDTree(head.points_m[index]).query(points_m, k=_NEIGHBOURS)
    width = np.clip(0.7 * distance[:, :1], *_REACH_M)
    weight = np.exp(-0.5 * ((distance - distance[:, :1]) / width) ** 2)
    weight /= weight.sum(1, keepdims=True)
    return {"near": index[at].astype(np.int32), "near_weight": weight.astype(np.float32)}


def fit_soft(
    points_m: F64Array, near: NDArray[np.int32], weight: NDArray[Any], of: Fitted, to: Fitted
) -> F64Array:
    """Points (N, 3) on another head: moved as the skin near each of them is."""
    used, at = np.unique(near, return_inverse=True)
    moved = to.points_m[used] - of.points_m[used]
    along = np.einsum("nk,nki->ni", weight.astype(np.float64), moved[at.reshape(near.shape)])
    return np.asarray(points_m + along)


def bind_rigid(points_m: F64Array, head: Fitted) -> dict[str, NDArray[Any]]:
    """The skin that the thing rests on: ``support`` (M,) vertices and their weights."""
    index = _cage_skin(head)
    distance, _ = cKDTree(points_m).query(head.points_m[index])
    distance = distance - distance.min()
    weight = np.exp(-0.5 * (distance / _SUPPORT_M) ** 2)
    kept = weight > 1e-3
    return {
        "support": index[kept].astype(np.int32),
        "support_weight": weight[kept].astype(np.float32),
    }


def fit_rigid(
    points_m: F64Array, support: NDArray[np.int32], weight: NDArray[Any], of: Fitted, to: Fitted
) -> F64Array:
    """Points (N, 3) on another head: turned, moved, and scaled along the three axes as a whole.

    After the rotation each axis is scaled within limits by least squares.
    """
    w = weight.astype(np.float64)
    w /= w.sum()
    a, b = of.points_m[support], to.points_m[support]
    middle_a, middle_b = w @ a, w @ b
    a, b = a - middle_a, b - middle_b
    turn = rotation_between(a, b, w)
    back = b @ turn
    spread = (w[:, None] * a * a).sum(0)
    scale = (w[:, None] * a * back).sum(0) / np.maximum(spread, 1e-12)
    scale = np.where(spread < 1e-6, 1.0, np.clip(scale, *_SCALE_LIMITS))
    return np.asarray(((points_m - middle_a) * scale) @ turn.T + middle_b)


def moved_out(points_m: F64Array, skin: Skin, clearance_m: float, contact_m: float) -> F64Array:
    """A solid thing (N, 3) moved as a whole until nothing lies deeper than it is meant to.

    ``contact_m`` is how deep it lies on the reference head (0 or negative): that much stays.
    """
    out = points_m
    for _ in range(_ROUNDS):
        distance, _, normal = skin.nearest(out)
        deep = np.flatnonzero(distance < min(clearance_m, contact_m) - 2e-4)
        if not len(deep):
            break
        lack = min(clearance_m, contact_m) - distance[deep]
        direction = (normal[deep] * lack[:, None]).sum(0)
        length = np.linalg.norm(direction)
        if length < 1e-9:
            break
        out = out + direction / length * min(float(lack.max()), 0.005)
    return out
