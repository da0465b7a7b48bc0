"""Lines round the head at which a hat ends, as heights on the base mesh at rest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

__all__ = ["HatLine", "line_reach"]

F64Array = NDArray[np.float64]

MIDDLE_Z_M, HALF_LENGTH_M = 0.045, 0.092
"""The skull at rest from nape to forehead."""


class HatLine(BaseModel):
    """Where a hat ends, in rest metres above the origin of the base mesh."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    front_m: float
    side_m: float
    back_m: float


def line_reach(line: HatLine, rest_m: F64Array, tilt_deg: float, raised_m: float = 0.0) -> F64Array:
    """(n,) metres that rest points (n, 3) stand above a hat line.

    Seen from the side the line is a chord from forehead to nape, bent to pass the ears.
    """
    t = (rest_m[..., 2] - MIDDLE_Z_M) / HALF_LENGTH_M
    mean, swing = (line.front_m + line.back_m) / 2, (line.front_m - line.back_m) / 2
    bend = (line.side_m - mean) * np.clip(1 - t**2, 0, 1)
    roll = np.tan(np.deg2rad(tilt_deg)) * rest_m[..., 0]
    return np.asarray(rest_m[..., 1] - mean - raised_m - swing * t - bend - roll, np.float64)
