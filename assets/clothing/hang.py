"""How loose cloth hangs before the breast: it spans hollows, and falls from what stands out."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter, grey_closing, map_coordinates

from assets.clothing.pattern import Pattern
from assets.geometry import F32Array
from assets.rigid import rotation_between
from assets.skin.regions import smoothstep

__all__ = ["hung"]

F64Array = NDArray[np.float64]

CELL_M: Final = 0.006
HALF_WIDTH_M: Final = 0.27
SPAN_CELLS: Final = 19
"""Hollows narrower than this are spanned from side to side."""
FALL: Final = 0.3
"""Cloth below what stands out falls back by this much of its length."""
BLUR_CELLS: Final = 2.5
LEAST_LIFT_M: Final = -0.006
EDGE_M: Final = (0.004, 0.06)
"""Distances from the cut at which cloth lies close, and hangs free."""


def hung(cloth_m: F32Array, pattern: Pattern, freedom: float) -> F32Array:
    """Cloth (E, 3) with its front hanging, wholly so where ``freedom`` is 1."""
    weight = freedom * pattern.front * smoothstep(pattern.depth_m, *EDGE_M)
    before = np.flatnonzero(pattern.front > 0)
    if freedom <= 0 or len(before) < 3:
        return cloth_m
    turn, middle = _upright(pattern.rest_m[before], cloth_m[before])
    local = (cloth_m[before] - middle) @ turn
    at = np.stack([(local[:, 1].max() - local[:, 1]), local[:, 0] + HALF_WIDTH_M], 1) / CELL_M
    depth = _relief(at, local[:, 2])
    depth = grey_closing(depth, size=(1, SPAN_CELLS), mode="nearest")
    for row in range(1, len(depth)):
        depth[row] = np.maximum(depth[row], depth[row - 1] - FALL * CELL_M)
    depth = gaussian_filter(depth, BLUR_CELLS, mode="nearest")
    lift = map_coordinates(depth, at.T, order=1, mode="nearest") - local[:, 2]
    out = cloth_m.copy()
    moved = weight[before] * np.maximum(lift, LEAST_LIFT_M)
    out[before] += np.asarray(moved[:, None] * turn[:, 2], np.float32)
    return out


def _upright(rest_m: F32Array, posed_m: F32Array) -> tuple[F64Array, F64Array]:
    """Axes (3, 3, in columns) of the body as it stands, and its middle."""
    middle = posed_m.mean(0, dtype=np.float64)
    turn = rotation_between((rest_m - rest_m.mean(0)).astype(np.float64), posed_m - middle)
    return turn, middle


def _relief(at: F64Array, z: F64Array) -> F64Array:
    """Mean heights (n,) over a grid from places (n, 2) in cells; empty cells take the nearest."""
    row, column = np.clip(np.rint(at).astype(int), 0, None).T
    shape = (int(row.max()) + 1, int(2 * HALF_WIDTH_M / CELL_M) + 1)
    column = np.minimum(column, shape[1] - 1)
    total, count = np.zeros(shape), np.zeros(shape)
    np.add.at(total, (row, column), z)
    np.add.at(count, (row, column), 1)
    nearest = distance_transform_edt(count == 0, return_distances=False, return_indices=True)
    return np.asarray((total / np.maximum(count, 1))[tuple(nearest)])
