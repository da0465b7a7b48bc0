"""True signed distance to a mesh: closest point on the nearest triangles. Slow and plain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Array = NDArray[np.float64]


def closest_on_triangles(p: Array, a: Array, b: Array, c: Array) -> Array:
    """Closest points (..., 3). After C. Ericson, Real-Time Collision Detection, 5.1.5."""

    def dot(u: Array, v: Array) -> Array:
        return np.einsum("...i,...i->...", u, v)

    def along(u: Array, v: Array, t: Array) -> Array:
        return u + (v - u) * np.clip(t, 0, 1)[..., None]

    def ratio(x: Array, y: Array) -> Array:
        return x / np.where(np.abs(y) < 1e-30, 1e-30, y)

    ab, ac = b - a, c - a
    d1, d2 = dot(ab, p - a), dot(ac, p - a)
    d3, d4 = dot(ab, p - b), dot(ac, p - b)
    d5, d6 = dot(ab, p - c), dot(ac, p - c)
    va, vb, vc = d3 * d6 - d5 * d4, d5 * d2 - d1 * d6, d1 * d4 - d3 * d2
    total = va + vb + vc
    out = a + ab * ratio(vb, total)[..., None] + ac * ratio(vc, total)[..., None]
    for where, point in (
        ((vc <= 0) & (d1 >= 0) & (d3 <= 0), along(a, b, ratio(d1, d1 - d3))),
        ((vb <= 0) & (d2 >= 0) & (d6 <= 0), along(a, c, ratio(d2, d2 - d6))),
        (
            (va <= 0) & (d4 >= d3) & (d5 >= d6),
            along(b, c, ratio(d4 - d3, (d4 - d3) + (d5 - d6))),
        ),
        ((d1 <= 0) & (d2 <= 0), a),
        ((d3 >= 0) & (d4 <= d3), b),
        ((d6 >= 0) & (d5 <= d6), c),
    ):
        out = np.where(where[..., None], np.broadcast_to(point, out.shape), out)
    return out


FAR_M = 0.02


class ExactDistance:
    """Signed distance, metres, positive outside; sign by the interpolated vertex normals.

    Points farther than ``far_m`` from the surface get that.
    """

    def __init__(
        self, vertices: NDArray[np.float32], faces: NDArray[np.int32], far_m: float = FAR_M
    ) -> None:
        self.far_m = far_m
        self.triangles = np.concatenate([faces[:, [0, 1, 2]], faces[:, [0, 2, 3]]])
        self.vertices = vertices.astype(np.float64)
        corners = self.vertices[self.triangles]
        across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        corner = self.triangles.ravel()
        weight = np.repeat(across, 3, axis=0)
        self.normals = np.stack(
            [np.bincount(corner, weight[:, k], len(self.vertices)) for k in range(3)], axis=1
        )
        self.tree = cKDTree(corners.mean(1))

    def __call__(self, points: NDArray[np.float32], neighbours: int = 10) -> Array:
        p = points.astype(np.float64)
        out = np.full(len(p), self.far_m)
        reached, _ = self.tree.query(p, distance_upper_bound=self.far_m)
        close = np.isfinite(reached)
        out[close] = self._close(p[close], neighbours)
        return out

    def _close(self, p: Array, neighbours: int) -> Array:
        _, near = self.tree.query(p, k=neighbours)
        corners = self.vertices[self.triangles[near]]
        q = closest_on_triangles(p[:, None], corners[:, :, 0], corners[:, :, 1], corners[:, :, 2])
        distance = np.linalg.norm(q - p[:, None], axis=2)
        rows, best = np.arange(len(p)), distance.argmin(1)
        normal = self.normals[self.triangles[near[rows, best]]].sum(1)
        side = np.einsum("ij,ij->i", p - q[rows, best], normal)
        return np.where(side < 0, -1.0, 1.0) * distance[rows, best]
