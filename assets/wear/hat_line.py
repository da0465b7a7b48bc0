"""The edge of a hat: a level on the base mesh, carried to each head by correspondence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets.wear.frame_place import MM
from assets.wear.params import HatLine
from assets.wear.surface import Surface

__all__ = ["edge_heights", "height_above"]

F64Array = NDArray[np.float64]

_ORIGIN_Y_M = 0.7284
"""Eye level of the base mesh: heights of hat lines count from here."""
_AXIS_Z_M = 0.045
_NEAR_M = 0.006
"""Skin this close to the line on the base mesh tells where the line runs on another head."""


def height_above(line: HatLine, tilt_deg: float, rest_m: F64Array) -> F64Array:
    """(n,) height in metres of rest points (n, 3) above a hat's edge.

    A hat tilted to one side rises as a whole, as it rests on the wider lower head.
    """
    azimuth = np.arctan2(rest_m[:, 0], rest_m[:, 2] - _AXIS_Z_M)
    front, side, back = (getattr(line, f"{p}_mm") * MM for p in ("front", "side", "back"))
    mean = 0.25 * (front + back) + 0.5 * side
    lean = 0.5 * (front - back)
    arch = mean - side
    level = mean + lean * np.cos(azimuth) + arch * np.cos(2 * azimuth)
    slope = np.tan(np.radians(tilt_deg))
    level = level + slope * rest_m[:, 0] + 0.075 * abs(slope)
    return np.asarray(rest_m[:, 1] - _ORIGIN_Y_M - level)


def edge_heights(
    line: HatLine, tilt_deg: float, skin: Surface, centre: F64Array, azimuth: F64Array
) -> F64Array:
    """(n,) y of the edge on this head, skull frame, at azimuths (n,) from the front round centre."""
    above = height_above(line, tilt_deg, skin.rest_m)
    near = (np.abs(above) < _NEAR_M) & (skin.ear_share < 0.3) & (skin.rest_m[:, 1] > 0.64)
    x, y, z = (skin.points_m[near] - [centre[0], 0.0, centre[2]]).T
    here = np.arctan2(x, z)
    # The few lowest harmonics: a hat's edge is a smooth curve whatever the skin does.
    fit, *_ = np.linalg.lstsq(_harmonics(here), y - above[near], rcond=None)
    return np.asarray(_harmonics(azimuth) @ fit)


def _harmonics(azimuth: F64Array) -> F64Array:
    terms = [np.ones_like(azimuth)]
    for k in (1, 2):
        terms += [np.cos(k * azimuth), np.sin(k * azimuth)]
    return np.stack(terms, -1)
