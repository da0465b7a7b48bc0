"""Paths over the head's surface: straps, loops, bands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from assets.accessories.fit import F64Array, Skin
from assets.accessories.sweep import Piece, open_curve, resampled

__all__ = ["behind_ear", "clear", "eased", "hugging", "lift_faces", "normals_along", "past_ears"]

ROUNDS = 12
REACH_M = 0.02
FACE_CLEAR_M = 0.0004
FACE_REACH_M = 0.002
EAR_ROUNDS = 8
BESIDE_M = 0.055
"""Farther from the middle of the head are ears."""
LIFT_M = 0.001
"""The most of one lift: what lies deeper is a nostril or the like."""


def hugging(
    knots: F64Array,
    skin: Skin,
    stand_m: float,
    n: int = 64,
    pull: bool = True,
    keep_ends: bool = True,
) -> F64Array:
    """(n, 3) a smooth path through the knots (k, 3) that stands ``stand_m`` off the skin.

    With ``pull`` it is drawn to skin within two centimetres, otherwise only pushed out of it.
    """
    path = open_curve(knots, n) if len(knots) > 2 else resampled(knots, n)
    ends = path[[0, -1]]
    free = np.ones(n)
    if keep_ends:
        free = np.clip(np.minimum(np.arange(n), n - 1 - np.arange(n)) / 4.0, 0, 1)
    for k in range(ROUNDS):
        distance, _, normal = skin.nearest(path)
        off = stand_m - distance
        if not pull:
            off = np.maximum(off, 0.0)
        off = np.where(np.abs(distance) > REACH_M, np.maximum(off, 0.0) * 0, off)
        moved = path + normal * (off * free)[:, None]
        if k < ROUNDS - 2:
            smooth = gaussian_filter1d(moved, 1.5, axis=0, mode="nearest")
            moved = moved + (smooth - moved) * free[:, None]
        path = moved
        if keep_ends:
            path[[0, -1]] = ends
    return path


def eased(path: F64Array, whole: Skin, stand_m: float, rounds: int = 14) -> F64Array:
    """The path moved out of all skin, ears too, a little at a time, its ends kept."""
    n = len(path)
    free = np.clip(np.minimum(np.arange(n), n - 1 - np.arange(n)) / 3.0, 0, 1)[:, None]
    for k in range(rounds):
        distance, _, normal = whole.nearest(path)
        push = np.clip(stand_m - distance, 0.0, 0.002)[:, None] * normal
        if k < rounds - 3:
            push = gaussian_filter1d(push, 1.5, axis=0, mode="nearest") * 1.3
        path = path + push * free
    return path


def clear(piece: Piece, skin: Skin, clear_m: float, over_ears: bool = False) -> Piece:
    """A piece with no point nearer to the skin than so much; of ears no fold comes through it."""
    points = skin.pushed_out(piece.points_m, clear_m, rounds=4)
    if over_ears:
        points = past_ears(points, piece.faces, skin, clear_m)
    return Piece(points, piece.faces)


def past_ears(points_m: F64Array, faces: NDArray[np.int32], skin: Skin, clear_m: float) -> F64Array:
    """Points (n, 3) with the faces at ears moved outward, away from the middle of the head.

    What is thin and passes an ear was pushed to both sides of its folds.
    """
    out = points_m.copy()
    lift_faces(out, faces, skin, EAR_ROUNDS, aside=True)
    return skin.pushed_out(out, clear_m)


def lift_faces(
    points_m: F64Array,
    faces: NDArray[np.int32],
    skin: Skin,
    rounds: int = 2,
    aside: bool = False,
) -> None:
    """Move the corners of faces that skin comes through, as a chin does between them.

    They move along the skin's normals, or ``aside``: at the ears only, away from the head.
    """
    whole = np.where(faces < 0, faces[:, :1], faces)
    for _ in range(rounds):
        distance, _, way = skin.nearest(points_m)
        if aside:
            x = points_m[:, :1]
            way = np.where(np.abs(x) > BESIDE_M, np.sign(x), 0.0) * np.eye(3)[0]
        near = whole[(distance[whole] < FACE_REACH_M).any(1)]
        corners = points_m[near]
        within = [corners.mean(1), *((corners + np.roll(corners, -1, 1)) / 2).swapaxes(0, 1)]
        lack = np.max([FACE_CLEAR_M - skin.distance(at) for at in within], axis=0, initial=0)
        lift = np.zeros(len(points_m))
        np.maximum.at(lift, near, np.minimum(lack, LIFT_M)[:, None])
        points_m += way * lift[:, None]


def normals_along(path: F64Array, skin: Skin) -> F64Array:
    """(n, 3) smooth outward normals of the skin next to a path."""
    _, _, normal = skin.nearest(path)
    smooth = gaussian_filter1d(normal, 3.0, axis=0, mode="nearest")
    return np.asarray(smooth / np.linalg.norm(smooth, axis=1, keepdims=True))


def behind_ear(root: F64Array, ear: F64Array, side: float) -> F64Array:
    """(5, 3) knots of a loop round the back of an ear, from above it to below the lobe."""
    low, high = ear.min(0), ear.max(0)
    tall = high[1] - low[1]
    x, y, z = root
    return np.array(
        [
            [x + side * 0.0010, y + 0.0050, z + 0.006],
            [x + side * 0.0005, y + 0.0035, z - 0.007],
            [x - side * 0.0010, high[1] - 0.35 * tall, z - 0.016],
            [x - side * 0.0030, high[1] - 0.7 * tall, z - 0.014],
            [x - side * 0.0040, low[1] + 0.06 * tall, z - 0.003],
        ]
    )
