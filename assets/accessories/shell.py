"""Cloth round the skull: the head's surface as a grid over rest directions, and lifts off it.

The grid follows the flesh: a hat line given at rest is the same line of the flesh on each head,
so that what a hat covers is known without building the hat.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.sparse import csr_matrix
from scipy.spatial import cKDTree

from assets.accessories.fit import F64Array, HeadFit, IntArray, Skin
from assets.accessories.lines import HatLine, line_reach
from assets.geometry import F32Array

__all__ = ["AZIMUTHS", "SkullShell", "sheet"]

CENTRE_M = np.array([0.0, 0.762, 0.038])
"""Rest point inside the skull from which directions are taken."""
AZIMUTHS, POLARS = 144, 72
POLAR_END = np.deg2rad(118.0)
NEAREST = 6
STRETCHES = 4
SKIN_GAP_M = 0.0008


class SkullShell:
    """The head above a hat line: columns by azimuth, from the line up to the crown."""

    def __init__(self, head: HeadFit, scalp: Skin) -> None:
        operator, self._rest_m = _grid(_Rest(head.rest_m, head.scalp_index))
        self._columns = (operator @ head.points_m).reshape(AZIMUTHS, POLARS, 3)
        self._scalp = scalp
        self.azimuth = np.arange(AZIMUTHS) * (2 * np.pi / AZIMUTHS)

    def above(self, line: HatLine, tilt_deg: float, rows: int) -> F64Array:
        """(A, rows, 3) stretched surface from the line (row 0) to the crown (last row).

        Cloth spans hollows: where the neighbours' mean is outside, it is taken.
        """
        reach = np.minimum.accumulate(line_reach(line, self._rest_m, tilt_deg), axis=1)
        points = np.empty((AZIMUTHS, rows, 3))
        steps = np.arange(POLARS, dtype=np.float64)
        for k in range(AZIMUTHS):
            rim = np.interp(0.0, -reach[k], steps)
            at = np.linspace(rim, 0.0, rows)
            for axis in range(3):
                points[k, :, axis] = np.interp(at, steps, self._columns[k, :, axis])
        for _ in range(STRETCHES):
            normal = self.normals(points)
            mean = gaussian_filter1d(points, 2.5, axis=0, mode="wrap")
            mean = gaussian_filter1d(mean, 1.5, axis=1, mode="nearest")
            outside = np.einsum("...i,...i", mean - points, normal)
            outside[:, -1] = 0.0
            points = points + normal * np.maximum(outside, 0.0)[..., None]
        flat = self._scalp.pushed_out(points.reshape(-1, 3), SKIN_GAP_M)
        return flat.reshape(points.shape)

    @staticmethod
    def normals(points: F64Array) -> F64Array:
        """(A, R, 3) outward unit normals of a closed grid."""
        round_ = np.roll(points, -1, 0) - np.roll(points, 1, 0)
        up = np.gradient(points, axis=1)
        normal = np.cross(round_, up)
        normal[:, -1] = normal[:, -2].mean(0)
        length = np.linalg.norm(normal, axis=-1, keepdims=True)
        return np.asarray(normal / np.maximum(length, 1e-12))


def sheet(points: F64Array, reach: F64Array, lift_m: F64Array) -> F64Array:
    """(A, K, 3) points at fractions ``reach`` (A, K) of the way up, lifted by (A, K) metres."""
    rows = points.shape[1]
    normal = gaussian_filter1d(SkullShell.normals(points), 1.5, axis=0, mode="wrap")
    at = np.clip(reach, 0, 1) * (rows - 1)
    low = np.minimum(at.astype(np.int64), rows - 2)
    share = (at - low)[..., None]
    column = np.arange(len(points))[:, None]
    here = points[column, low] * (1 - share) + points[column, low + 1] * share
    out = normal[column, low] * (1 - share) + normal[column, low + 1] * share
    out /= np.linalg.norm(out, axis=-1, keepdims=True)
    return np.asarray(here + out * lift_m[..., None])


class _Rest:
    """A rest array as a key: heads of one topology share it."""

    def __init__(self, rest_m: F32Array, scalp: IntArray) -> None:
        self.rest_m, self.scalp = rest_m, scalp

    def __hash__(self) -> int:
        return id(self.rest_m)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Rest) and other.rest_m is self.rest_m


@lru_cache(maxsize=2)
def _grid(key: _Rest) -> tuple[csr_matrix, F64Array]:
    """(A·P, V) weights of rendered vertices for each direction, and (A, P, 3) rest points."""
    index = key.scalp
    rest = np.asarray(key.rest_m[index], np.float64)
    unit = rest - CENTRE_M
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    azimuth = np.arange(AZIMUTHS)[:, None] * (2 * np.pi / AZIMUTHS)
    polar = np.linspace(0, POLAR_END, POLARS)[None]
    wanted = np.stack(
        [
            np.sin(polar) * np.sin(azimuth),
            np.cos(polar) + 0 * azimuth,
            np.sin(polar) * np.cos(azimuth),
        ],
        -1,
    ).reshape(-1, 3)
    distance, near = cKDTree(unit).query(wanted, k=NEAREST)
    width = distance[:, -1:] * 0.6 + 1e-6
    weight = np.exp(-0.5 * (distance / width) ** 2)
    weight /= weight.sum(1, keepdims=True)
    rows = np.repeat(np.arange(len(wanted)), NEAREST)
    operator = csr_matrix(
        (weight.ravel(), (rows, index[near].ravel())), shape=(len(wanted), len(key.rest_m))
    )
    return operator, (operator @ np.asarray(key.rest_m, np.float64)).reshape(AZIMUTHS, POLARS, 3)
