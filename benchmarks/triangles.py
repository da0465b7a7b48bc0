"""Exact distances to triangles, for what measures how things fit."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

__all__ = ["Triangles"]

F64Array = NDArray[np.float64]

NEIGHBOURS: Final = 6
RING: Final = 12
"""Triangles at a vertex that are looked at."""


class Triangles:
    """A surface, with exact signed distances to it."""

    def __init__(self, points_m: F64Array, faces: NDArray[np.int32]) -> None:
        """Vertices (V, 3) and faces (F, 4), triangles with -1 in the last place."""
        self.points = points_m
        quads = faces[faces[:, 3] >= 0]
        corners = [faces[:, [0, 1, 2]], quads[:, [0, 2, 3]]]
        self._triangles = np.concatenate(corners).astype(np.int64)
        order = np.argsort(self._triangles.ravel(), kind="stable")
        self._owner = order // 3
        in_order = self._triangles.ravel()[order]
        self._start = np.searchsorted(in_order, np.arange(len(self.points) + 1))
        self._used = np.unique(self._triangles)
        self._tree = cKDTree(self.points[self._used])

    def signed(self, points: F64Array) -> F64Array:
        """(n,) metres to the nearest triangle; negative inside."""
        _, near = self._tree.query(points, k=NEIGHBOURS)
        best = np.full(len(points), np.inf)
        signed = np.zeros(len(points))
        for column in self._used[near].T:
            for k in range(RING):
                at = self._start[column] + k
                there = at < self._start[column + 1]
                triangle = self._triangles[self._owner[np.where(there, at, 0)]]
                distance, side = _to_triangles(points, self.points[triangle])
                better = there & (distance < best - 1e-9)
                best = np.where(better, distance, best)
                signed = np.where(better, np.copysign(distance, side), signed)
        return signed


def _to_triangles(points: F64Array, corners: F64Array) -> tuple[F64Array, F64Array]:
    """(n,) distance to one triangle (n, 3, 3) each, and on which side of its plane."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    normal = np.cross(b - a, c - a)
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    normal = normal / np.maximum(length, 1e-15)
    side = np.einsum("ij,ij->i", points - a, normal)
    flat = points - side[:, None] * normal
    inside = np.ones(len(points), bool)
    edges = []
    for p, q in ((a, b), (b, c), (c, a)):
        along = q - p
        inside &= np.einsum("ij,ij->i", np.cross(along, flat - p), normal) >= 0
        t = np.einsum("ij,ij->i", points - p, along) / np.maximum((along**2).sum(1), 1e-15)
        edges.append(np.linalg.norm(points - p - np.clip(t, 0, 1)[:, None] * along, axis=1))
    return np.where(inside, np.abs(side), np.min(edges, axis=0)), side
