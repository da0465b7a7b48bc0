"""Signed distance to the head on a grid, and exactly near where the grid is too coarse."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from assets.geometry import F32Array
from assets.hair.cells import by_cell
from assets.hair.vectors import unit
from assets.lattice import trilinear

__all__ = ["DistanceField"]

CELL_M = 0.006
BAND_M = 0.032
PLANE_M = 0.007
"""Nearer than this the distance is that to the tangent plane of the nearest vertex."""
TRUST_M = 0.00035
"""A cell whose surface points miss zero by more is looked up exactly."""
MEASURED_M = 1.5 * CELL_M
"""Nodes nearer than this to a point of the surface are measured, and some beyond."""
FINE_M = 0.004
"""The grid is off by less than this; what it says is farther out is not looked up exactly."""
MEANS_M = 0.0035
"""Up to here the plane of the nearest vertex says what is outside, even beside the mouth."""
ROUNDS = 4
CORNEA_M = 0.0025
"""How far the cornea stands out of the eyeball's sphere."""


class DistanceField:
    """Distance in metres, positive outside, cut off at ``BAND_M``; skull frame."""

    def __init__(
        self,
        points_m: F32Array,
        normals: F32Array,
        bent: NDArray[np.bool_],
        eyes_m: F32Array,
        eye_radius_m: float,
        low_m: F32Array,
        high_m: F32Array,
        careful_above_m: float,
    ) -> None:
        self._points = np.asarray(points_m, np.float32)
        self._normals = np.asarray(normals, np.float32)
        self._bent = bent
        self._eyes = eyes_m
        self._eye_radius = np.float32(eye_radius_m + CORNEA_M)
        # An unbalanced tree answers twice as fast here.
        self._careful_above = np.float32(careful_above_m)
        self._tree = cKDTree(self._points, balanced_tree=False, compact_nodes=False)
        self._low = np.asarray(low_m, np.float32)
        self._shape = tuple(int(n) for n in np.ceil((high_m - low_m) / CELL_M).astype(int) + 1)
        self._grid = self._fill()

    def _fill(self) -> F32Array:
        """Distances at the nodes of the grid, which is (X, Y, Z)."""
        occupied = np.zeros(self._shape, bool)
        occupied.reshape(-1)[self._node(self._points, 0)] = True
        near = np.nonzero(_widened(occupied))
        p = np.stack(near, 1).astype(np.float32)
        p *= np.float32(CELL_M)
        p += self._low
        exact = self._signed(p, *self._tree.query(p))
        known = np.zeros(self._shape, np.int8)
        known[near] = np.where(exact < 0, -1, 1)
        side, grid = _spread(known), self._roughly()
        # Where skull and ear share a cell the rough sign is that of neither.
        inside = (side < 0) | ((side == 0) & (grid < 0))
        np.maximum(np.abs(grid, out=grid), np.float32(MEASURED_M), out=grid)
        np.negative(grid, out=grid, where=inside)
        grid[near] = exact
        # Contiguous: it is looked up as one row a hundred times.
        return np.ascontiguousarray(np.clip(grid, -BAND_M, BAND_M, out=grid))

    def _roughly(self) -> F32Array:
        """Distances to the middle of the nearest cell with points, from every second node.

        Far from the surface, strands ask only whether they are far.
        """
        shape = tuple(n // 2 + 1 for n in self._shape)
        wide = np.float32(2 * CELL_M)
        cell = np.rint((self._points - self._low) / wide).astype(np.intp)
        inside = ((cell >= 0) & (cell < np.array(shape))).all(1)
        which = np.ravel_multi_index(tuple(cell[inside].T), shape)
        count = np.bincount(which, minlength=int(np.prod(shape)))
        occupied = np.flatnonzero(count)
        marked = np.full(shape, -1, np.int32)
        marked.ravel()[occupied] = np.arange(len(occupied), dtype=np.int32)
        mark = ndimage.distance_transform_edt(
            marked < 0, return_distances=False, return_indices=True
        )
        points, normals = (
            _means(a[inside], which, occupied, count) for a in (self._points, self._normals)
        )
        index = marked[tuple(mark)].ravel()
        away = np.indices(shape, np.float32).reshape(3, -1).T * wide
        away += self._low
        away -= points[index]
        side = np.einsum("ij,ij->i", away, normals[index])
        signed = np.copysign(np.sqrt(np.einsum("ij,ij->i", away, away)), side).reshape(shape)
        for axis, n in enumerate(self._shape):
            signed = _doubled(signed, axis, n)
        return np.asarray(signed, np.float32)

    def _node(self, p: F32Array, inset: int) -> NDArray[np.int32]:
        """Place (n,) in the grid of the nodes nearest to points (n, 3), at least so many from its
        border."""
        place = np.zeros(len(p), np.int32)
        for axis, count in enumerate(self._shape):
            at = p[:, axis] - (self._low[axis] - np.float32(0.5 * CELL_M))
            at *= np.float32(1 / CELL_M)
            node = np.minimum(np.maximum(at, np.float32(inset)), np.float32(count - 1 - inset))
            place *= count
            place += node.astype(np.int32)
        return place

    def _signed(
        self, p: F32Array, away_m: NDArray[np.floating[Any]], index: NDArray[np.integer[Any]]
    ) -> F32Array:
        """Signed distances (n,) of points whose nearest vertex is known."""
        plane = np.einsum("ij,ij->i", p - self._points[index], self._normals[index])
        signed = np.where(away_m < PLANE_M, plane, np.copysign(away_m, plane))
        for eye in self._eyes:
            signed = np.minimum(signed, np.linalg.norm(p - eye, axis=1) - self._eye_radius)
        return np.asarray(signed, np.float32)

    @cached_property
    def _coarse(self) -> NDArray[np.bool_]:
        """Cells, flat, where the grid misses the surface: ears, nose, eyelids, lips."""
        miss = np.abs(self.distance(self._points)) > TRUST_M
        # Below the neck strands keep off by far more than the grid is wrong.
        miss &= self._points[:, 1] > self._careful_above
        cells = np.zeros(self._shape, bool)
        cells.reshape(-1)[self._node(self._points[miss], 0)] = True
        return _widened(cells).reshape(-1)

    @cached_property
    def _coarse_below(self) -> np.float32:
        """Height under which all such cells lie."""
        rows = np.flatnonzero(self._coarse.reshape(self._shape).any(axis=(0, 2)))
        top = rows[-1] + 0.5 if len(rows) else -1.0
        return np.float32(self._low[1] + top * CELL_M)

    def distance(self, points_m: F32Array) -> F32Array:
        """Distance ``(*)`` at points ``(*, 3)``, by the grid."""
        at = points_m.reshape(-1, 3) - self._low
        at /= np.float32(CELL_M)
        return trilinear(self._grid, at).reshape(points_m.shape[:-1])

    def outward(self, points_m: F32Array) -> F32Array:
        """Unit directions ``(*, 3)`` away from the surface; null far from it."""
        flat, node = self._grid.reshape(-1), self._node(points_m.reshape(-1, 3), 1)
        strides = (self._shape[1] * self._shape[2], self._shape[2], 1)
        slope = [flat.take(node + step) - flat.take(node - step) for step in strides]
        return unit(np.stack(slope, 1)).reshape(points_m.shape)

    def refined(
        self,
        points_m: F32Array,
        distance_m: F32Array,
        among: NDArray[np.bool_] | None = None,
    ) -> F32Array:
        """The grid's distances (n,) of points (n, 3), by the nearest vertex where it is coarse.

        ``among`` (n,) says whose distances matter.
        """
        out = distance_m.copy()
        near = np.abs(out) < CELL_M
        fine = np.flatnonzero(near if among is None else near & among)
        fine = fine[self.is_coarse(points_m[fine])]
        if len(fine):
            p = points_m[fine]
            out[fine] = self._signed(p, *self._tree.query(p))
        return out

    def is_careful(self, points_m: F32Array) -> NDArray[np.bool_]:
        """Whether points (n, 3) are at the height of head or upper neck."""
        return np.asarray(points_m[:, 1] > self._careful_above)

    def is_coarse(self, points_m: F32Array) -> NDArray[np.bool_]:
        """Whether points (n, 3) are where the grid misses the surface."""
        return np.asarray(self._coarse.take(self._node(points_m, 0)))

    def in_doubt(self, points_m: F32Array, near_m: float, deep_m: float) -> NDArray[np.intp]:
        """Which of points (n, 3) may be within skin or eyes, where the grid can't tell.

        Where the grid is coarse: nearer than ``near_m`` to the plane of the nearest vertex
        where the skin is bent, deeper than ``deep_m`` elsewhere, or near an eye.
        """
        # Most hair is higher than the ears.
        at = np.flatnonzero(points_m[:, 1] < self._coarse_below)
        at = at[self.is_coarse(points_m[at])]
        at = at[self.distance(points_m[at]) < FINE_M]
        at = at[by_cell(points_m[at])]
        p = points_m[at]
        distance, index = self._tree.query(p, distance_upper_bound=PLANE_M)
        found = np.flatnonzero(np.isfinite(distance))
        at, p, index = at[found], p[found], index[found]
        plane = np.einsum("ij,ij->i", p - self._points[index], self._normals[index])
        doubt = plane < np.where(self._bent[index], near_m, -deep_m)
        for eye in self._eyes:
            doubt |= np.linalg.norm(p - eye, axis=1) < self._eye_radius + near_m
        return np.asarray(at[doubt])

    def is_clear(self, points_m: F32Array, near_m: float) -> NDArray[np.bool_]:
        """Whether points (n, 3) are just outside the skin by the nearest vertex: farther than
        ``near_m`` from its plane, and near enough for that to mean something."""
        distance, index = self._tree.query(points_m, distance_upper_bound=MEANS_M)
        index = np.minimum(index, len(self._points) - 1)
        plane = np.einsum("ij,ij->i", points_m - self._points[index], self._normals[index])
        return np.asarray(np.isfinite(distance) & (plane > near_m))

    def freed(self, points_m: F32Array, least_m: F32Array) -> F32Array:
        """Points (n, 3) moved out until they are ``least_m`` (n,) away, if that succeeds."""
        return self.moved_out(points_m, least_m, self.distance(points_m))[0]

    def moved_out(
        self, points_m: F32Array, least_m: F32Array, distance_m: F32Array
    ) -> tuple[F32Array, F32Array, NDArray[np.bool_]]:
        """As :meth:`freed`, where the points' own distances are known; with those after it.

        What is said of points that the grid is too coarse for is not exact; the last array (n,)
        tells those of them that are known to be free.
        """
        out, depth = points_m.copy(), distance_m.copy()
        todo = np.flatnonzero(depth < least_m - 1e-5)
        for _ in range(ROUNDS):
            if len(todo) == 0:
                break
            step = (least_m[todo] - depth[todo])[:, None]
            out[todo] += self.outward(out[todo]) * step
            depth[todo] = self.distance(out[todo])
            todo = todo[depth[todo] < least_m[todo] - 1e-5]
        return out, depth, self._free_in_fine_parts(out, least_m, depth)

    def _free_in_fine_parts(
        self, points_m: F32Array, least_m: F32Array, depth_m: F32Array
    ) -> NDArray[np.bool_]:
        """Correct, in place, the points in cells that the grid is too coarse for.

        Returns which were found free (n,).
        """
        free = np.zeros(len(points_m), bool)
        todo = np.flatnonzero(depth_m < least_m + FINE_M)
        todo = todo[self.is_coarse(points_m[todo])]
        todo = todo[by_cell(points_m[todo])]
        for _ in range(2):
            if len(todo) == 0:
                break
            p, least = points_m[todo], least_m[todo]
            # Beyond a few millimetres a vertex's plane says nothing.
            distance, index = self._tree.query(p, distance_upper_bound=PLANE_M)
            index = np.minimum(index, len(self._points) - 1)
            normal = self._normals[index]
            plane = np.einsum("ij,ij->i", p - self._points[index], normal)
            short = np.where(np.isfinite(distance), least - plane, 0.0)
            q = p + normal * np.maximum(short, 0.0)[:, None].astype(np.float32)
            for eye in self._eyes:
                away = q - eye
                inside = np.maximum(self._eye_radius - np.linalg.norm(away, axis=1), 0.0)
                q = q + unit(away) * inside[:, None]
            points_m[todo] = q
            moved = (q != p).any(1)
            free[todo[~moved & np.isfinite(distance)]] = True
            todo = todo[moved]
        return free


def _widened(cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Cells (X, Y, Z), with the 26 neighbours of each."""
    for axis in range(3):
        wide = cells.copy()
        out, one = np.moveaxis(wide, axis, 0), np.moveaxis(cells, axis, 0)
        out[1:] |= one[:-1]
        out[:-1] |= one[1:]
        cells = wide
    return cells


def _spread(known: NDArray[np.int8]) -> NDArray[np.int8]:
    """Signs (X, Y, Z) of the nodes without one (0) by those with one before and behind along x.

    Between two of them there is no surface. Where they differ, as in an opening, or there are
    none, it stays 0.
    """
    ahead, behind = known.copy(), known.copy()
    for i in range(1, len(known)):
        np.copyto(ahead[i], ahead[i - 1], where=known[i] == 0)
        np.copyto(behind[-1 - i], behind[-i], where=known[-1 - i] == 0)
    return np.asarray(np.sign(ahead + behind), np.int8)


def _means(
    values: F32Array, which: NDArray[np.intp], asked: NDArray[np.intp], count: NDArray[np.intp]
) -> F32Array:
    """(k, 3) means of those of the values (n, 3) in each group asked for; groups have ``count``."""
    total = [np.bincount(which, values[:, axis], len(count)).take(asked) for axis in range(3)]
    return np.asarray(np.stack(total, 1) / count.take(asked)[:, None], np.float32)


def _doubled(values: F32Array, axis: int, n: int) -> F32Array:
    """``n`` values along an axis from every second one, the others by linear interpolation."""
    even = np.moveaxis(values, axis, 0)
    out = np.empty((n, *even.shape[1:]), np.float32)
    out[0::2] = even[: (n + 1) // 2]
    out[1::2] = 0.5 * (even[: n // 2] + even[1 : n // 2 + 1])
    return np.moveaxis(out, 0, axis)
