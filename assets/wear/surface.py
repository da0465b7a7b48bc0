"""Distance to the skin: the one question that fitting asks again and again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

__all__ = ["Surface", "unit"]

F64Array = NDArray[np.float64]


def unit(vectors: F64Array) -> F64Array:
    """Vectors (*, 3) at length 1; null vectors stay null."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12))


@dataclass(frozen=True)
class Surface:
    """A dense closed skin as points with normals; spacing about 2 mm on the face."""

    points_m: F64Array
    """(N, 3)"""
    normals: F64Array
    """(N, 3) unit, outward."""
    rest_m: F64Array
    """(N, 3) hm08 base coordinates."""
    ear_share: F64Array
    """(N,)"""

    @cached_property
    def tree(self) -> cKDTree:
        """Over ``points_m``."""
        return cKDTree(self.points_m)

    def nearest(self, points_m: F64Array) -> NDArray[np.int64]:
        """(n,) index of the nearest skin point."""
        return np.asarray(self.tree.query(points_m)[1], np.int64)

    def signed(self, points_m: F64Array) -> tuple[F64Array, F64Array]:
        """Signed distance (n,), positive outside, and outward direction (n, 3).

        Near the skin this is the distance to the tangent plane of the nearest point, which is
        exact to a tenth of a millimetre at this density; far away the distance to the point.
        """
        index = self.nearest(points_m)
        normal = self.normals[index]
        offset = points_m - self.points_m[index]
        plane = np.einsum("ij,ij->i", offset, normal)
        far = np.linalg.norm(offset, axis=1)
        distance = np.where(far > 0.006, np.copysign(far, plane), plane)
        return distance, normal
