"""How wrong predicted rotations are, by yaw, and how much they move where the head does not."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from spec_schema.frames import angles_from_camera_from_head

Array = NDArray[np.float64]
YAW_EDGES = (0.0, 15.0, 30.0, 45.0, 60.0, 90.0)


def angle_between_deg(a: Array, b: Array) -> Array:
    """(N,) degrees from one rotation (N, 3, 3) to the other: geodesic distance."""
    return np.degrees(Rotation.from_matrix(np.swapaxes(a, -1, -2) @ b).magnitude())


def euler_deg(rotations: Array) -> Array:
    """(N, 3) yaw, pitch, roll with the signs of 300W-LP."""
    return angles_from_camera_from_head(rotations)


@dataclass(frozen=True)
class Band:
    """Errors of the faces within a range of yaw."""

    low_deg: float
    high_deg: float
    faces: int
    geodesic_deg: float
    """Mean."""
    yaw_deg: float
    """Mean absolute, and the next two."""
    pitch_deg: float
    roll_deg: float


def errors_by_yaw(predicted: Array, true: Array) -> list[Band]:
    """Errors by the true yaw's size, and at last those of all faces."""
    yaw = np.abs(euler_deg(true)[:, 0])
    geodesic = angle_between_deg(predicted, true)
    off = np.abs((euler_deg(predicted) - euler_deg(true) + 180) % 360 - 180)
    bands = []
    for low, high in [*itertools.pairwise(YAW_EDGES), (0.0, 180.0)]:
        here = (yaw >= low) & (yaw < high)
        if here.any():
            mean = [float(v) for v in off[here].mean(axis=0)]
            bands.append(Band(low, high, int(here.sum()), float(geodesic[here].mean()), *mean))
    return bands


def stability_deg(predicted: Array, identity: NDArray[np.int64]) -> dict[str, Any]:
    """How far predictions stray where a face holds its pose.

    For each identity the mean rotation is found, and the root mean square of the angles to it;
    a network that sees pose alone has 0.
    """
    spreads = []
    for who in np.unique(identity):
        own = Rotation.from_matrix(predicted[identity == who])
        away = (own.mean().inv() * own).magnitude()
        spreads.append(float(np.degrees(np.sqrt((away**2).mean()))))
    return {
        "identities": len(spreads),
        "rms_deg": float(np.mean(spreads)),
        "worst_deg": float(np.max(spreads)),
    }
