"""Where the head must be for its landmarks to fill the drawn box."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sampler.streams import F64

__all__ = ["TOLERANCE", "Points", "box", "solve"]

Points = NDArray[np.float32]
"""``(3, p, n)`` points of heads in the camera's axes, relative to the head origin, m. The rows
come last, where numpy reduces fastest."""

TOLERANCE: Final = 2e-5
"""Allowed error of box size and centre, in picture widths: 0.013 px at 640."""
_ITERATIONS: Final = 60


def box(points: Points, position_m: F64, focal_ratio: F64) -> tuple[F64, F64]:
    """Size (longer side) ``(n,)`` and centre ``(n, 2)`` of the projected points.

    Args:
        points: see :data:`Points`.
        position_m: ``(n, 3)`` head origin in the camera frame.
        focal_ratio: ``(n,)`` focal length by sensor width.

    Returns:
        In picture widths; (0, 0) is the top-left corner of the picture, (1, 1) the opposite.
    """
    # Single precision is a hundredth of the tolerance, and half of the time.
    at = np.ascontiguousarray(position_m.T, points.dtype)
    scale = focal_ratio.astype(points.dtype) / (points[2] + at[2])
    sides, centre = [], []
    for axis in (0, 1):
        image = points[axis] + at[axis]
        image *= scale
        low, high = image.min(axis=0).astype(np.float64), image.max(axis=0).astype(np.float64)
        sides.append(high - low)
        centre.append((high + low) / 2 + 0.5)
    return np.maximum(*sides), np.stack(centre, axis=-1)


def _far_guess(points: Points, size: F64, centre: F64, focal_ratio: F64) -> F64:
    """Exact for a head far away, whose depth does not matter."""
    low, high = points.min(axis=1).astype(np.float64), points.max(axis=1).astype(np.float64)
    z = focal_ratio * np.maximum(*(high - low)[:2]) / size
    offset = (centre - 0.5) * (z / focal_ratio)[:, None]
    middle = ((low + high) / 2).T
    return np.column_stack([offset - middle[:, :2], z - middle[:, 2]])


def solve(
    points: Points, size: F64, centre: F64, focal_ratio: F64, start_m: F64 | None = None
) -> F64:
    """Head position ``(n, 3)`` in the camera frame, so that the points' box is as wanted.

    Fixed-point iteration: distance scales with the size of the box, and sideways shifts with
    its centre. Each row is iterated alone until it meets :data:`TOLERANCE`.

    Args:
        points: as in :func:`box`.
        size: ``(n,)`` wanted longer side of the box in picture widths.
        centre: ``(n, 2)`` wanted centre in picture widths.
        focal_ratio: ``(n,)``.
        start_m: ``(n, 3)`` a position to start from.
    """
    if start_m is None:
        start_m = _far_guess(points, size, centre, focal_ratio)
    position = start_m.copy()
    nearest = -points[2].min(axis=0) + 0.02
    todo = np.arange(len(size))
    for iteration in range(_ITERATIONS):
        # Seen from very near, the size grows faster than 1 / distance: smaller steps settle it.
        step = 1.0 if iteration < 5 else 0.5
        at, ratio = position[todo], focal_ratio[todo]
        have_size, have_centre = box(points, at, ratio)
        shift = centre[todo] - have_centre
        error = np.maximum(np.abs(have_size - size[todo]), np.abs(shift).max(axis=1))
        left = np.flatnonzero(error > TOLERANCE)
        if left.size == 0:
            break
        at = at[left]
        at[:, :2] += step * shift[left] * (at[:, 2] / ratio[left])[:, None]
        rows = todo[left]
        at[:, 2] = np.maximum(at[:, 2] * (have_size[left] / size[rows]) ** step, nearest[rows])
        position[rows] = at
        if left.size < todo.size:
            points = points[:, :, left]
        todo = rows
    return position
