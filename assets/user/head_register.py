"""Laying our mesh over a head of a user's own.

What is kept is the topology of hm08: its labels, hair, clothes and expressions then fit the new
head without a change. A cage is moved until its surface lies on the other mesh, stiffly at first
and then ever more softly (non-rigid iterative closest points after B. Amberg et al., *Optimal
step nonrigid ICP algorithms for surface registration*, CVPR 2007, with a graph Laplacian).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.interpolate import RBFInterpolator
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree

from assets.accessories.fit import F64Array
from assets.head import HeadModel
from assets.head.surface import vertex_normals
from assets.skin.regions import smoothstep
from assets.user.head_mesh import OwnMesh

__all__ = ["Registered", "Registration", "nearest_on_mesh"]

_STIFFNESS: Final = (300.0, 100.0, 40.0, 15.0, 6.0, 3.0, 1.5, 0.8, 0.5, 0.4)
_LANDMARK_WEIGHT: Final = 12.0
_NECK_M: Final = (0.565, 0.615)
"""Rest heights between which the neck fades into our own body."""
_REACH_M: Final = 0.03
_FACING: Final = 0.5
"""Least cosine between the normals of points that belong together."""
_SAMPLES_M: Final = 0.004


@dataclass(frozen=True)
class Registered:
    """The outcome."""

    moved_m: F64Array
    """(19158, 3) displacement of every vertex of the base mesh."""
    key_moved_m: F64Array
    """(K, 19158, 3) the same for each shape key."""
    error_m: F64Array
    """(n,) distances of the fitted skin to the mesh."""


class _Target:
    """The user's mesh: nearest points with normals, by dense samples of its triangles."""

    def __init__(self, mesh: OwnMesh) -> None:
        corners = mesh.points[mesh.triangles]
        normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        self.normals = normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-20)
        self._corners = corners
        size = np.sqrt(np.linalg.norm(normal, axis=1))
        steps = np.clip(np.ceil(size / _SAMPLES_M), 1, 8).astype(int)
        points, owner = [], []
        for n in np.unique(steps):
            own = np.flatnonzero(steps == n)
            # The centres of n² equal parts.
            i, j = np.meshgrid(np.arange(n), np.arange(n))
            keep = i + j < n
            a = (i[keep] + 1 / 3) / n
            b = (j[keep] + 1 / 3) / n
            weight = np.stack([1 - a - b, a, b], 1)
            points.append(np.einsum("sk,tki->tsi", weight, corners[own]).reshape(-1, 3))
            owner.append(np.repeat(own, len(weight)))
        self._points = np.concatenate(points)
        self._owner = np.concatenate(owner)
        self._tree = cKDTree(self._points)

    def nearest(
        self, points: F64Array, normals: F64Array
    ) -> tuple[F64Array, NDArray[np.int64], F64Array, NDArray[np.bool_]]:
        """Nearest point, its triangle, barycentric weights, and whether it may be trusted."""
        _, at = self._tree.query(points, k=8)
        owner = self._owner[at]
        facing = np.einsum("nki,ni->nk", self.normals[owner], normals) > _FACING
        apart = np.linalg.norm(self._points[at] - points[:, None], axis=2)
        best = np.where(facing, apart, np.inf).argmin(1)
        rows = np.arange(len(points))
        triangle = owner[rows, best]
        place, weight = nearest_on_mesh(self._corners[triangle], points)
        distance = np.linalg.norm(place - points, axis=1)
        return place, triangle, weight, facing.any(1) & (distance < _REACH_M)


def nearest_on_mesh(corners: F64Array, points: F64Array) -> tuple[F64Array, F64Array]:
    """Nearest points (n, 3) on triangles (n, 3, 3), nearly: weights are cut to the triangle."""
    a, ab, ac = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    p = points - a
    d = [np.einsum("ni,ni->n", x, y) for x, y in ((ab, ab), (ab, ac), (ac, ac), (p, ab), (p, ac))]
    bottom = np.maximum(d[0] * d[2] - d[1] ** 2, 1e-30)
    v = (d[2] * d[3] - d[1] * d[4]) / bottom
    w = (d[0] * d[4] - d[1] * d[3]) / bottom
    weight = np.maximum(np.stack([1 - v - w, v, w], 1), 0)
    weight /= weight.sum(1, keepdims=True)
    return np.einsum("nk,nki->ni", weight, corners), weight


class Registration:
    """Our cage with a start (19158, 3), to be laid over one mesh.

    ``landmark_weight`` says how far the landmarks are trusted, by the weight of the surface.
    """

    def __init__(
        self, model: HeadModel, start_m: F64Array, landmark_weight: float = _LANDMARK_WEIGHT
    ) -> None:
        self._named = landmark_weight
        surface = model.surface
        self._start, self._model = start_m, model
        count = len(surface.cage_index)
        self._index = surface.cage_index
        self._rows = surface.operator[:count].astype(np.float64).tocsr()
        rest, masks = surface.rest_m[:count], surface.masks
        outer = masks["inside-mouth"][:count] < 0.1
        fade = smoothstep(rest[:, 1], *_NECK_M).astype(np.float64)
        self._fitted = fade * outer * self._front_of_sockets(model)
        self._free = smoothstep(rest[:, 1], _NECK_M[0] - 0.02, _NECK_M[1]).astype(np.float64)
        self._laplacian = _laplacian(self._rows)

    def _front_of_sockets(self, model: HeadModel) -> F64Array:
        """(C,) 0 for what lies behind the rims of the lids, in the eyes' sockets."""
        surface = model.surface
        rest = surface.rest_m[: len(self._index)].astype(np.float64)
        out = np.ones(len(rest))
        base = model.targets.base.astype(np.float64)
        for first, last in model.facts.eye_ranges.values():
            ball = base[first : last + 1]
            low, high = ball.min(0), ball.max(0)
            radius = float((high[:2] - low[:2]).mean() / 2)
            centre = (low + high) / 2
            centre[2] = low[2] + radius
            out[np.linalg.norm(rest - centre, axis=1) < radius * 1.06] = 0.0
        return out

    def over(self, mesh: OwnMesh, landmarks_m: F64Array) -> Registered:
        """Lay the cage over an aligned mesh, whose landmarks (68, 3) are known."""
        target = _Target(mesh)
        own = self._model.landmark_positions(self._start.astype(np.float32))
        spline = RBFInterpolator(own, landmarks_m - own, kernel="thin_plate_spline", smoothing=1e-7)
        start = self._start[self._index]
        near = np.exp(-((cKDTree(own).query(start)[0] / 0.06) ** 2))
        rough = spline(start) * (near * self._free)[:, None]
        moved = self._solved(rough, np.zeros(len(start)), rough, 1e3, landmarks_m)
        for stiffness in _STIFFNESS:
            moved = self._step(moved, target, stiffness, landmarks_m)
        place = self._rows @ (start + moved)
        _, triangle, weight, good = target.nearest(place, self._normals(start + moved))
        error = np.linalg.norm(
            np.einsum("nk,nki->ni", weight, mesh.points[mesh.triangles[triangle]]) - place, axis=1
        )
        keys = np.stack(
            [
                self._carried(
                    np.einsum("nk,nki->ni", weight, delta[mesh.triangles[triangle]]), good
                )
                for delta in mesh.deltas
            ]
        ) if len(mesh.deltas) else np.zeros((0, len(start), 3))  # fmt: skip
        sure = good & (self._fitted > 0.5)
        return Registered(
            moved_m=self._whole(moved),
            key_moved_m=np.stack([self._whole(k) for k in keys]) if len(keys) else
            np.zeros((0, len(self._start), 3)),
            error_m=error[sure],
        )  # fmt: skip

    def _normals(self, cage: F64Array) -> F64Array:
        fine = np.asarray(self._model.surface.operator @ cage.astype(np.float32), np.float32)
        return vertex_normals(fine, self._model.surface.faces)[: len(cage)].astype(np.float64)

    def _step(
        self, moved: F64Array, target: _Target, stiffness: float, landmarks_m: F64Array
    ) -> F64Array:
        start = self._start[self._index]
        place = self._rows @ (start + moved)
        wanted, _, _, good = target.nearest(place, self._normals(start + moved))
        return self._solved(
            wanted - self._rows @ start, self._fitted * good, moved, stiffness, landmarks_m
        )

    def _solved(
        self,
        wanted: F64Array,
        weight: F64Array,
        before: F64Array,
        stiffness: float,
        landmarks_m: F64Array,
    ) -> F64Array:
        """Displacements (C, 3) of the cage: those wanted of its surface, as smooth as told."""
        start = self._start[self._index]
        marks = self._model.surface.operator[self._model.surface.landmarks].astype(np.float64)
        fixed = sparse.diags((1 - self._free) * 1e3 + 1e-4)
        smooth = stiffness * (self._laplacian.T @ self._laplacian)
        surface = self._rows.T @ sparse.diags(weight)
        named = self._named * marks.T
        left = smooth + fixed + surface @ self._rows + named @ marks
        held = sparse.diags(np.full(len(start), 1e-4)) @ (before * self._free[:, None])
        right = surface @ wanted + named @ (landmarks_m - marks @ start) + held
        return self._solution(left, np.asarray(right))

    def _solution(self, left: sparse.csr_matrix, right: F64Array) -> F64Array:
        """(C, 3), nothing where the body is our own."""
        own = np.flatnonzero(self._free > 0)
        out = np.zeros_like(right)
        out[own] = splu(left.tocsr()[own][:, own].tocsc()).solve(right[own])
        return out

    def _carried(self, wanted: F64Array, good: NDArray[np.bool_]) -> F64Array:
        """A shape key's displacements, smoothly carried into what is not on the mesh."""
        weight = sparse.diags(self._fitted * good)
        fixed = sparse.diags((1 - self._free) * 1e3 + 1e-6)
        smooth = 0.05 * (self._laplacian.T @ self._laplacian)
        left = smooth + fixed + self._rows.T @ weight @ self._rows
        return self._solution(left, np.asarray(self._rows.T @ weight @ wanted))

    def _whole(self, moved: F64Array) -> F64Array:
        """(19158, 3): helpers (eyes, teeth, joints) go with the skin near them."""
        out = np.zeros_like(self._start)
        out[self._index] = moved
        others = np.setdiff1d(np.arange(len(self._start)), self._index)
        start = self._start[self._index]
        distance, at = cKDTree(start).query(self._start[others], k=48)
        weight = np.exp(-0.5 * (distance / 0.015) ** 2) + 1e-12
        weight /= weight.sum(1, keepdims=True)
        out[others] = np.einsum("nk,nki->ni", weight, moved[at])
        return out


def _laplacian(rows: sparse.csr_matrix) -> sparse.csr_matrix:
    """(C, C) each vertex less the mean of those that its smoothed place is made of."""
    around = abs(rows) > 1e-9
    around = around.astype(np.float64).tolil()
    around.setdiag(0)
    around = around.tocsr()
    around.eliminate_zeros()
    degree = np.maximum(np.asarray(around.sum(1)).ravel(), 1)
    return sparse.csr_matrix(sparse.identity(len(degree)) - sparse.diags(1 / degree) @ around)
