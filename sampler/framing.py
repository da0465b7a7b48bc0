"""Where the head must be for its landmarks to fill the drawn box."""

from __future__ import annotations

from typing import Final

import numpy as np

from sampler.streams import F64

__all__ = ["TOLERANCE", "box", "solve"]

TOLERANCE: Final = 2e-5
"""Allowed error of box size and centre, in picture widths: 0.013 px at 640."""
_ITERATIONS: Final = 60


def box(points: F64, position_m: F64, focal_ratio: F64) -> tuple[F64, F64]:
    """Size (longer side) ``(n,)`` and centre ``(n, 2)`` of the projected points.

    Args:
        points: ``(n, p, 3)`` head points in the camera's axes, relative to the head origin, m.
        position_m: ``(n, 3)`` head origin in the camera frame.
        focal_ratio: ``(n,)`` focal length by sensor width.

    Returns:
        In picture widths; (0, 0) is the top-left corner of the picture, (1, 1) the opposite.
    """
    camera = points + position_m[:, None]
    image = camera[..., :2] * (focal_ratio[:, None, None] / camera[..., 2:])
    low, high = image.min(axis=1), image.max(axis=1)
    return (high - low).max(axis=1), (high + low) / 2 + 0.5


def solve(
    points: F64, size: F64, centre: F64, focal_ratio: F64, start_m: F64 | None = None
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
        low, high = points.min(axis=1), points.max(axis=1)
        z = focal_ratio * (high - low)[:, :2].max(axis=1) / size
        offset = (centre - 0.5) * (z / focal_ratio)[:, None]
        start_m = np.column_stack([offset - (low + high)[:, :2] / 2, z - (low + high)[:, 2] / 2])
    position = start_m.copy()
    nearest = -points[..., 2].min(axis=1) + 0.02
    todo = np.arange(len(size))
    for _ in range(_ITERATIONS):
        at, ratio = position[todo], focal_ratio[todo]
        have_size, have_centre = box(points[todo], at, ratio)
        error = np.maximum(
            np.abs(have_size - size[todo]), np.abs(have_centre - centre[todo]).max(axis=1)
        )
        left = error > TOLERANCE
        if not left.any():
            break
        todo, at, ratio = todo[left], at[left], ratio[left]
        at[:, :2] += (centre[todo] - have_centre[left]) * (at[:, 2] / ratio)[:, None]
        at[:, 2] = np.maximum(at[:, 2] * have_size[left] / size[todo], nearest[todo])
        position[todo] = at
    return position
