"""Signed distance to the head on a grid, and exactly near where the grid is too coarse."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from assets.geometry import F32Array
from assets.hair.vectors import unit

__all__ = ["DistanceField"]

CELL_M = 0.006
BAND_M = 0.032
PLANE_M = 0.007
"""Nearer than this the distance is that to the tangent plane of the nearest vertex."""
TRUST_M = 0.00035
"""A cell whose surface points miss zero by more is looked up exactly."""
ROUNDS = 4
CORNEA_M = 0.0025
"""How far the cornea stands out of the eyeball's sphere."""


class DistanceField:
    """Distance in metres, positive outside, cut off at ``BAND_M``; skull frame."""

    def __init__(
        self,
        points_m: F32Array,
        normals: F32Array,
        eyes_m: F32Array,
        eye_radius_m: float,
        low_m: F32Array,
        high_m: F32Array,
    ) -> None:
        self._points = np.asarray(points_m, np.float32)
        self._normals = np.asarray(normals, np.float32)
        self._eyes = eyes_m
        self._eye_radius = np.float32(eye_radius_m + CORNEA_M)
        # An unbalanced tree answers twice as fast here.
        self._tree = cKDTree(self._points, balanced_tree=False, compact_nodes=False)
        self._low = np.asarray(low_m, np.float32)
        self._shape = tuple(int(n) for n in np.ceil((high_m - low_m) / CELL_M).astype(int) + 1)
        self._grid = self._fill()
        gradient = np.stack(np.gradient(self._grid), -1)
        self._outward = unit(gradient)

    def _fill(self) -> F32Array:
        """Distances at the nodes of the grid."""
        seeds = np.zeros(self._shape, bool)
        cell = self._cell(self._points)
        inside = ((cell >= 0) & (cell < np.array(self._shape))).all(1)
        seeds[tuple(cell[inside].T)] = True
        # A cell may lie 0.9 cells from the surface point that marks its neighbour.
        cells_away = ndimage.distance_transform_edt(~seeds)
        near = np.stack(np.nonzero(cells_away < BAND_M / CELL_M + 0.9), 1)
        p = (near * np.float32(CELL_M) + self._low).astype(np.float32)
        value, found = self._nearest(p, BAND_M)
        grid = np.full(self._shape, BAND_M, np.float32)
        near, value = near[found], value[found]
        grid[tuple(near.T)] = np.clip(value, -BAND_M, BAND_M)
        known = np.zeros(self._shape, bool)
        known[tuple(near.T)] = True
        self._sign_far_cells(grid, known)
        return grid

    @staticmethod
    def _sign_far_cells(grid: F32Array, known: NDArray[np.bool_]) -> None:
        """Cells beyond the band get the sign of the band nearest to them."""
        half = (slice(None, None, 2),) * 3
        _, nearest = ndimage.distance_transform_edt(~known[half], return_indices=True)
        inside = (grid[half] < 0)[tuple(nearest)]
        for axis in range(3):
            inside = np.repeat(inside, 2, axis)
        inside = inside[tuple(slice(n) for n in grid.shape)]
        grid[~known & inside] = -BAND_M

    def _cell(self, p: F32Array) -> NDArray[np.intp]:
        return np.asarray(np.rint((p - self._low) / np.float32(CELL_M)), np.intp)

    def _nearest(self, p: F32Array, within_m: float) -> tuple[F32Array, NDArray[np.bool_]]:
        """Signed distance by the nearest vertex, and whether there is one within reach."""
        distance, index = self._tree.query(p, distance_upper_bound=within_m)
        found = np.isfinite(distance)
        index = np.where(found, index, 0)
        away = p - self._points[index]
        plane = np.einsum("ij,ij->i", away, self._normals[index])
        signed = np.where(distance < PLANE_M, plane, np.sign(plane) * distance)
        for eye in self._eyes:
            signed = np.minimum(signed, np.linalg.norm(p - eye, axis=1) - self._eye_radius)
        return np.asarray(signed, np.float32), found

    @cached_property
    def _coarse(self) -> NDArray[np.bool_]:
        """Cells where the grid misses the surface: ears, nose, eyelids, lips."""
        miss = np.abs(self.distance(self._points)) > TRUST_M
        cells = np.zeros(self._shape, bool)
        at = self._cell(self._points[miss])
        at = np.clip(at, 0, np.array(self._shape) - 1)
        cells[tuple(at.T)] = True
        return np.asarray(ndimage.maximum_filter(cells, size=3))

    def distance(self, points_m: F32Array) -> F32Array:
        """Distance ``(*)`` at points ``(*, 3)``, by the grid."""
        lattice = ((points_m.reshape(-1, 3) - self._low) / np.float32(CELL_M)).T
        value = ndimage.map_coordinates(
            self._grid, lattice, order=1, mode="nearest", output=np.float32
        )
        return np.asarray(value, np.float32).reshape(points_m.shape[:-1])

    def outward(self, points_m: F32Array) -> F32Array:
        """Unit directions ``(*, 3)`` away from the surface; null far from it."""
        cell = self._cell(points_m.reshape(-1, 3))
        cell = np.clip(cell, 0, np.array(self._shape) - 1)
        return np.asarray(self._outward[tuple(cell.T)].reshape(points_m.shape), np.float32)

    def exact(self, points_m: F32Array) -> F32Array:
        """Distance (n,) at points (n, 3): by the nearest vertex where the grid is too coarse."""
        out = self.distance(points_m)
        fine = np.nonzero(self._is_coarse(points_m) & (np.abs(out) < CELL_M))[0]
        if len(fine):
            out[fine] = self._nearest(points_m[fine], PLANE_M + CELL_M)[0]
        return out

    def _is_coarse(self, points_m: F32Array) -> NDArray[np.bool_]:
        cell = np.clip(self._cell(points_m), 0, np.array(self._shape) - 1)
        return np.asarray(self._coarse[tuple(cell.T)])

    def freed(self, points_m: F32Array, least_m: F32Array) -> F32Array:
        """Points (n, 3) moved out until they are ``least_m`` (n,) away, if that succeeds."""
        out = points_m.copy()
        todo = np.arange(len(out))
        for _ in range(ROUNDS):
            depth = self.distance(out[todo])
            low = depth < least_m[todo] - 1e-5
            todo = todo[low]
            if len(todo) == 0:
                break
            step = (least_m[todo] - depth[low])[:, None]
            out[todo] += self.outward(out[todo]) * step
        self._free_in_fine_parts(out, least_m)
        return out

    def _free_in_fine_parts(self, points_m: F32Array, least_m: F32Array) -> None:
        """Correct, in place, the points in cells that the grid is too coarse for."""
        todo = np.nonzero(self._is_coarse(points_m))[0]
        p, least = points_m[todo], least_m[todo]
        for _ in range(2):
            if len(todo) == 0:
                return
            distance, index = self._tree.query(p)
            normal = self._normals[index]
            plane = np.einsum("ij,ij->i", p - self._points[index], normal)
            # Beyond a few millimetres a vertex's plane says nothing.
            short = np.where(distance < PLANE_M, least - plane, 0.0)
            p = p + normal * np.maximum(short, 0.0)[:, None].astype(np.float32)
            for eye in self._eyes:
                away = p - eye
                inside = np.maximum(self._eye_radius - np.linalg.norm(away, axis=1), 0.0)
                p = p + unit(away) * inside[:, None]
        points_m[todo] = p
