"""Which part of the body a garment covers, as a field on the base mesh."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from assets.wear.frame_place import MM
from assets.wear.params import FitData, ShirtParams, wear_data

__all__ = ["neck_azimuth", "neckline_field", "shirt_field"]

F64Array = NDArray[np.float64]

_SHOULDER_X_M = 0.185
"""Half distance of the shoulders' joints on the base mesh."""

_BLEND_M = 0.010


def _neck_polar(fit: FitData, rest_m: F64Array) -> tuple[F64Array, F64Array, F64Array]:
    """Azimuth from the front, distance from the neck's axis, and height along it, (n,) each."""
    lean = np.radians(fit.neck_lean_deg)
    offset = rest_m - np.array(fit.neck_centre_mm) * MM
    height = offset @ np.array([0.0, np.cos(lean), np.sin(lean)])
    ahead = offset @ np.array([0.0, -np.sin(lean), np.cos(lean)])
    return np.arctan2(offset[:, 0], ahead), np.hypot(offset[:, 0], ahead), height


def neck_azimuth(rest_m: F64Array) -> F64Array:
    """(n,) angle round the neck's base, from the front towards the subject's left."""
    return _neck_polar(wear_data().fit, rest_m)[0]


def neckline_field(params: ShirtParams, rest_m: F64Array) -> F64Array:
    """(n,) about metres from the neckline, positive where there is cloth."""
    data = wear_data()
    azimuth, distance, height = _neck_polar(data.fit, rest_m)
    knots = np.array(data.necklines[params.neckline], np.float64)
    radius, lowest = PchipInterpolator(np.radians(knots[:, 0]), knots[:, 1:] * MM)(
        np.abs(azimuth)
    ).T
    further, lower = distance - radius, lowest - height
    # A smooth maximum: where the two limits meet, the neckline turns without a corner.
    below = 0.5 * (further + lower + np.sqrt((further - lower) ** 2 + _BLEND_M**2))
    return np.asarray(np.minimum(below, params.neck_top_mm * MM - height))


def shirt_field(params: ShirtParams, rest_m: F64Array) -> F64Array:
    """(n,) about metres inside the garment's edges; negative on bare skin."""
    reach = _SHOULDER_X_M + params.sleeve_mm * MM - np.abs(rest_m[:, 0])
    # An armhole is cut upright: the trunk below the shoulder stays covered.
    trunk = 0.17 - np.abs(rest_m[:, 0]) + 0.35 * np.maximum(0.0, 0.46 - rest_m[:, 1])
    reach = np.maximum(reach, trunk) if params.sleeve_mm < 0 else reach
    return np.minimum(neckline_field(params, rest_m), reach)
