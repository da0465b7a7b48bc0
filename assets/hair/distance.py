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
        self._tree = cKDTree(self._points)
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
        reach = 2 * int(np.ceil(BAND_M / CELL_M)) + 1
        near = np.stack(np.nonzero(ndimage.maximum_filter(seeds, size=reach)), 1)
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
        """Cells beyond the band get the sign of the band that bounds their region."""
        labels, count = ndimage.label(~known)
        for region, box in enumerate(ndimage.find_objects(labels), start=1):
            if count == 0 or box is None:
                continue
            grown = tuple(slice(max(s.start - 1, 0), s.stop + 1) for s in box)
            part = labels[grown] == region
            rim = ndimage.binary_dilation(part) & known[grown]
            if rim.any() and grid[grown][rim].mean() < 0:
                grid[grown][part] = -BAND_M

    def _cell(self, p: F32Array) -> NDArray[np.intp]:
        return np.rint((p - self._low) / np.float32(CELL_M)).astype(np.intp)

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

    def push_out(self, points_m: F32Array, least_m: F32Array | float, start: int = 1) -> F32Array:
        """Strands ``(n, m, 3)`` with no point but the first ones nearer than ``least_m``.

        ``least_m`` is a number, (n, 1) or (n, m). It grows from zero over the first part of
        a strand, so that roots stay in the skin.
        """
        n, m = points_m.shape[:2]
        ramp = np.clip(np.arange(m, dtype=np.float32) / max(0.15 * m, 1.0), 0.0, 1.0)
        least = np.broadcast_to(np.asarray(least_m, np.float32), (n, m)) * ramp
        out = points_m.copy()
        depth = self.distance(out)
        low = depth < least
        low[:, :start] = False
        moved = out[low]
        out[low] = moved + self.outward(moved) * (least[low] - depth[low])[:, None]
        self._push_out_of_fine_parts(out, least, depth, start)
        return out

    def _push_out_of_fine_parts(
        self, points_m: F32Array, least_m: F32Array, depth_m: F32Array, start: int
    ) -> None:
        """Correct, in place, the points in cells that the grid is too coarse for."""
        doubtful = depth_m < least_m + 0.5 * CELL_M
        doubtful[:, :start] = False
        where = np.nonzero(doubtful)
        p = points_m[where]
        cell = np.clip(self._cell(p), 0, np.array(self._shape) - 1)
        fine = self._coarse[tuple(cell.T)]
        where = (where[0][fine], where[1][fine])
        p = p[fine]
        for _ in range(2):
            distance, index = self._tree.query(p)
            normal = self._normals[index]
            plane = np.einsum("ij,ij->i", p - self._points[index], normal)
            # Beyond a few millimetres a vertex's plane says nothing.
            short = np.where(distance < PLANE_M, least_m[where] - plane, 0.0)
            p = p + normal * np.maximum(short, 0.0)[:, None].astype(np.float32)
            for eye in self._eyes:
                away = p - eye
                inside = np.maximum(self._eye_radius - np.linalg.norm(away, axis=1), 0.0)
                p = p + unit(away) * inside[:, None]
        points_m[where] = p.astype(np.float32)
