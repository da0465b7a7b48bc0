"""The head as a hat knows it: a smooth hull above an edge, in rings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RegularGridInterpolator
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from assets.wear.hat_line import edge_heights
from assets.wear.head import WearHead
from assets.wear.params import HatLine
from assets.wear.surface import unit

__all__ = ["COLUMNS", "Crown", "crown_of"]

F64Array = NDArray[np.float64]

COLUMNS = 240
"""Vertices round a hat."""
_ROWS = 60
_BELOW = -0.35
"""Rings may go this far below the edge, as a share of the way from edge to top."""


@dataclass(frozen=True)
class Crown:
    """Places on a head by azimuth, share of the way from the hat's edge to its top, and offset."""

    centre: F64Array
    """(3,) inside the head, skull frame."""
    azimuth: F64Array
    """(COLUMNS,) from the front towards the subject's left."""
    edge_elevation: F64Array
    """(COLUMNS,) of the edge, seen from the centre, radians."""
    radius_m: RegularGridInterpolator
    """Of (share, column), columns padded by one turn."""
    arc_m: F64Array
    """(COLUMNS,) length from edge to top."""

    def points(self, share: F64Array, offset_m: F64Array) -> F64Array:
        """(rows, COLUMNS, 3) for shares and offsets that broadcast to (rows, COLUMNS)."""
        shape = (len(share), COLUMNS)
        share = np.broadcast_to(share, shape)
        column = np.broadcast_to(np.arange(COLUMNS, dtype=np.float64), shape)
        radius = self.radius_m(np.stack([share, column], -1).reshape(-1, 2)).reshape(shape)
        direction = _direction(self.azimuth, self.edge_elevation, share)
        return np.asarray(self.centre + direction * (radius + offset_m)[..., None])

    def shares(self, lengths_m: F64Array) -> F64Array:
        """(rows, COLUMNS) shares of lengths (rows,) measured up from the edge."""
        return np.asarray(lengths_m[:, None] / self.arc_m)


def _direction(azimuth: F64Array, edge: F64Array, share: F64Array) -> F64Array:
    elevation = edge + (0.5 * np.pi - edge) * share
    level = np.cos(elevation)
    return np.stack(
        [level * np.sin(azimuth), np.sin(elevation), level * np.cos(azimuth)], -1
    )


def crown_of(
    head: WearHead, line: HatLine, tilt_deg: float, covers_ears: bool, smooth: float
) -> Crown:
    """The hull of a head above a hat's edge; ``smooth`` is in rings."""
    skin = head.skull
    above_chin = skin.rest_m[:, 1] > 0.66
    outer = above_chin & ((skin.ear_share < 0.15) | covers_ears)
    points = skin.points_m[outer]
    scalp = points[skin.rest_m[outer][:, 1] > 0.74]
    centre = np.array([0.0, 0.0, 0.0])
    centre[0] = 0.5 * (scalp[:, 0].max() + scalp[:, 0].min())
    centre[2] = 0.5 * (scalp[:, 2].max() + scalp[:, 2].min())
    centre[1] = np.quantile(scalp[:, 1], 0.12)
    azimuth = 2 * np.pi * np.arange(COLUMNS) / COLUMNS
    height = edge_heights(line, tilt_deg, skin, centre, np.mod(azimuth + np.pi, 2 * np.pi) - np.pi)

    radius_by_direction = _RadiusMap(points - centre)
    edge = np.zeros(COLUMNS)
    for _ in range(6):
        radius = radius_by_direction(_direction(azimuth, edge, np.zeros(1)))
        edge = np.arcsin(np.clip((height - centre[1]) / radius, -0.95, 0.95))
    share = np.linspace(_BELOW, 1.0, _ROWS)
    exact = radius_by_direction(_direction(azimuth, edge, share[:, None]))
    hull = gaussian_filter(exact, (0.6 * smooth, smooth), mode=("nearest", "wrap"))
    hull = np.maximum(hull, exact)
    hull[-1] = hull[-1].mean()
    grid = np.concatenate([hull, hull[:, :1]], axis=1)
    interpolator = RegularGridInterpolator(
        (share, np.arange(COLUMNS + 1.0)), grid, bounds_error=False, fill_value=None
    )
    arc = hull[_ROWS // 2 :].mean(0) * (0.5 * np.pi - edge)
    return Crown(centre, azimuth, edge, interpolator, arc)


class _RadiusMap:
    """Distance of the skin from a point inside, by direction."""

    def __init__(self, points: F64Array) -> None:
        radius = np.linalg.norm(points, axis=1)
        self._tree = cKDTree(unit(points))
        self._radius = radius

    def __call__(self, direction: F64Array) -> F64Array:
        gap, index = self._tree.query(direction.reshape(-1, 3), k=8)
        weight = 1.0 / (gap + 0.004) ** 2
        radius = (self._radius[index] * weight).sum(1) / weight.sum(1)
        return np.asarray(radius.reshape(direction.shape[:-1]))
