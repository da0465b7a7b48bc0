"""Hair under what is worn upon it: pressed down, and rising again beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates, maximum_filter
from scipy.spatial import cKDTree

from assets.geometry import F32Array, Mesh, Strands
from assets.head.model import Head
from assets.skin.regions import smoothstep

__all__ = ["pressed"]

TURNS: Final = 180
POLARS, ROWS = 46, 80
ROW_M: Final = 0.0035
"""Places of the grid: 2 degrees round and down to the middle's height, then millimetres."""
BALL_M: Final = 0.1
MIDDLE_M: Final = (0.0, 0.025, -0.065)
"""Middle of the skull from between the eyeballs. Above it distances are taken from it, below it
from the upright through it, along which hair hangs."""
UNDER_M: Final = 0.004
"""So far beside a vertex of a thing its inside is known."""
RISE: Final = (0.6, 0.9)
CURVE_M: Final = (0.03, 0.012)
"""How hair rises beside a thing that presses it: height by distance at first, and over what
length it grows steeper; low on the head, where hair hangs, and high on it, where it springs."""
FREE_M: Final = (0.05, 0.035)
"""Farther from a thing hair is as it grew."""
HIGH_M: Final = (0.0, 0.05)
"""Heights over the middle at which hair hangs, and springs."""
OVER_SKIN_M: Final = 0.005
LAYER_M: Final = 0.0016
"""Hair that is pressed lies in a layer as thick."""
DEEP_M: Final = 0.03
"""Hair that stood out so far lies deep in that layer."""


def pressed(hair: Strands | None, over: tuple[Mesh, ...], head: Head) -> Strands | None:
    """Strands moved toward the skull until they pass below the things worn over them.

    Args:
        hair: strands in the world frame.
        over: what lies upon the hair, world frame.
        head: whose hair it is.
    """
    if hair is None or not over:
        return hair
    turn = head.world_from_skull[:3, :3].astype(np.float64)
    eyes = (head.eyes["left"].centre_m + head.eyes["right"].centre_m) / 2
    start = np.asarray(eyes, np.float64) + turn @ np.array(MIDDLE_M)
    things = np.concatenate([m.vertices_m for m in over])
    skin = np.asarray((head.vertices_m - start.astype(np.float32)) @ turn.astype(np.float32))
    ceiling = _ceiling(np.asarray((things - start) @ turn, np.float64), _reach(skin))
    away = np.asarray((hair.points_m - start.astype(np.float32)) @ turn.astype(np.float32))
    radius, place = _place(away)
    limit = map_coordinates(ceiling, place, order=1, mode="nearest").reshape(radius.shape)
    excess = np.maximum(radius - limit, 0.0)
    if not excess.any():
        return hair
    layer = LAYER_M * np.minimum(excess / DEEP_M, 1.0)
    share = np.where(excess > 0, (limit - layer) / np.maximum(radius, 1e-6), 1.0)[..., None]
    # Below the middle what shrinks is level.
    level = np.where(away[..., 1:2] < 0, np.array([0.0, 1.0, 0.0], np.float32), np.float32(0.0))
    share = share * (1 - level) + level
    moved = (away * share) @ turn.T + start
    points = np.where(excess[..., None] > 0, moved, hair.points_m)
    return replace(hair, points_m=np.asarray(points, np.float32))


def _reach(skin: F32Array) -> F32Array:
    """(TURNS, rows) how far out the head (n, 3) itself is, ears and all; 0 where unknown."""
    radius, place = _place(skin)
    turn, row = np.rint(place).astype(np.int64)
    inside = row < POLARS + ROWS
    out = np.zeros((TURNS, POLARS + ROWS), np.float32)
    np.maximum.at(out, (turn[inside] % TURNS, row[inside]), radius[inside])
    return np.asarray(maximum_filter(out, 3, mode=("wrap", "nearest")))


def _ceiling(things: NDArray[np.float64], skin_m: F32Array) -> F32Array:
    """(TURNS + 1, rows) how far out hair may be in each direction; things are (n, 3).

    Below a thing it is the thing's inside, beside it that and what hair rises, though nowhere
    below the head's own skin ``skin_m`` (TURNS, rows): beside a strap hair lies over the ear. A
    margin round the first turn makes the grid whole.
    """
    radius = _place(np.asarray(things, np.float32))[0].astype(np.float64)
    tree = cKDTree(_on_ball(things))
    turn = np.arange(TURNS)[:, None] * (2 * np.pi / TURNS)
    row = np.arange(POLARS + ROWS)[None]
    polar = np.minimum(row, POLARS - 1) * (np.pi / 2 / (POLARS - 1))
    deep = np.maximum(row - POLARS + 1, 0) * ROW_M
    ways = BALL_M * np.stack(
        [np.sin(polar) * np.sin(turn), np.cos(polar) + 0 * turn, np.sin(polar) * np.cos(turn)], -1
    )
    ways[..., 1] -= deep
    apart, near = tree.query(ways.reshape(-1, 3), k=min(16, len(things)))
    apart, near = apart.reshape(len(apart), -1), near.reshape(len(near), -1)
    out = radius[near]
    beside = apart * out[:, :1] / BALL_M
    inside = np.where(beside <= beside[:, :1] + UNDER_M, out, np.inf).min(axis=1)
    off = np.maximum(beside[:, 0] - UNDER_M, 0.0)
    high = smoothstep(ways[..., 1].ravel(), *HIGH_M)
    rise, curve, free = (
        low + (top - low) * high for low, top in (RISE, (1 / CURVE_M[0], 1 / CURVE_M[1]), FREE_M)
    )
    limit = inside + rise * off + curve * off**2
    limit = gaussian_filter(limit.reshape(TURNS, -1), 0.7, mode=("wrap", "nearest"))
    off = off.reshape(TURNS, -1)
    limit = np.where(off > 0, np.maximum(limit, skin_m + OVER_SKIN_M), limit)
    limit = np.where(off > free.reshape(TURNS, -1), np.inf, limit)
    # Beyond reach of any hair rather than infinite: it is interpolated.
    limit = np.minimum(limit, 2.0)
    return np.asarray(np.concatenate([limit, limit[:1]]), np.float32)


def _place(away: F32Array) -> tuple[F32Array, NDArray[np.float32]]:
    """How far out points (..., 3) are, and their (2, n) places on the grid."""
    x, y, z = away[..., 0], away[..., 1], away[..., 2]
    level = np.hypot(x, z)
    radius = np.where(y > 0, np.hypot(level, y), level)
    turn = np.arctan2(x, z) % np.float32(2 * np.pi) * np.float32(TURNS / (2 * np.pi))
    polar = np.arctan2(level, np.maximum(y, 0)) * np.float32((POLARS - 1) / (np.pi / 2))
    row = polar + np.maximum(-y, 0) / np.float32(ROW_M)
    return np.asarray(radius, np.float32), np.stack([turn.ravel(), row.ravel()])


def _on_ball(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 3) places on a ball round the middle, which goes on as a cylinder below."""
    level = points * np.array([1.0, 0.0, 1.0])
    above = points[:, 1:2] > 0
    way = np.where(above, points, level)
    way = BALL_M * way / np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-9)
    way[:, 1] = np.where(above[:, 0], way[:, 1], points[:, 1])
    return np.asarray(way)
