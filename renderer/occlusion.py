"""Which points of a head the head itself hides from the camera.

A point is hidden when the straight line from the camera to it meets the head's dense surface or
an eyeball more than a millimetre before the point, or when the surface that it lies on faces away
from the camera by more than two degrees. Points lie on the dense surface or within a fraction of
a millimetre of it, so the tolerance keeps them from being hidden by their own faces. The second
rule is for the rim of the head, where the dense surface, made of chords, lies a little inside of
the rendered one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = [
    "AWAY_SINE",
    "TOLERANCE_M",
    "PosedBall",
    "facing_away",
    "hidden_points",
    "occluding_triangles",
    "rings",
]

F64Array = NDArray[np.float64]
IntArray = NDArray[np.int64]

TOLERANCE_M: Final = 0.001
"""How much of the line before the point may lie behind a surface, metres."""
AWAY_SINE: Final = 0.035
"""Sine of the angle from which on a surface counts as facing away."""
_NEAREST_M: Final = 0.01
_CELLS: Final = 128
_ON_EDGE: Final = 1e-9


@dataclass(frozen=True)
class PosedBall:
    """The opaque ball of an eye in the camera frame: a sphere without its front cap."""

    centre_m: F64Array
    axis: F64Array
    """(3,) unit, out of the pupil."""
    radius_m: float
    cut_m: float
    """How far along the axis the sphere ends; before that plane light passes."""


def occluding_triangles(faces: NDArray[np.int32]) -> IntArray:
    """(T, 3) triangles of quads (F, 4), with the hole at the neck closed by a fan.

    Without the lid a look from below would go through the neck into the head.
    """
    triangles = np.concatenate([faces[:, [0, 1, 2]], faces[:, [0, 2, 3]]])
    edges = np.concatenate([faces[:, [i, (i + 1) % 4]] for i in range(4)])
    known = {(int(a), int(b)) for a, b in edges}
    following = {b: a for a, b in known if (b, a) not in known}
    lids = []
    while following:
        first, here = following.popitem()
        while (after := following.pop(here)) != first:
            lids.append((first, here, after))
            here = after
    lid = np.array(lids, np.int64).reshape(-1, 3)
    return np.asarray(np.concatenate([triangles, lid]), np.int64)


def hidden_points(
    points_m: F64Array,
    vertices_m: F64Array,
    triangles: IntArray,
    balls: Sequence[PosedBall],
    tolerance_m: float = TOLERANCE_M,
) -> NDArray[np.bool_]:
    """Whether each point is hidden, ``(P,)``. All in the camera frame, metres.

    Args:
        points_m: (P, 3) to be seen or not.
        vertices_m: (D, 3) of a closed surface.
        triangles: (T, 3) into it, counter-clockwise from outside.
        balls: the eyeballs.
        tolerance_m: see the module.
    """
    hidden = _behind_mesh(points_m, vertices_m, triangles, tolerance_m)
    for ball in balls:
        hidden |= _behind_ball(points_m, ball, tolerance_m)
    return hidden


def rings(at: Sequence[Sequence[int]], faces: NDArray[np.int32]) -> sparse.csr_matrix:
    """(P, F) which quads touch the vertices (of a point, in ``at``); for :func:`facing_away`."""
    rows, columns = [], []
    for row, vertices in enumerate(at):
        touching = np.flatnonzero(np.isin(faces, np.asarray(vertices, np.int64)).any(axis=1))
        rows += [row] * len(touching)
        columns += touching.tolist()
    ones = np.ones(len(rows))
    return sparse.csr_matrix((ones, (rows, columns)), shape=(len(at), len(faces)))


def facing_away(
    points_m: F64Array,
    vertices_m: F64Array,
    faces: NDArray[np.int32],
    touching: sparse.csr_matrix,
) -> NDArray[np.bool_]:
    """Whether the surface at each point faces away from the camera, ``(P,)``; camera frame.

    Args:
        points_m: (P, 3). vertices_m: (D, 3). faces: (F, 4) quads, outward.
        touching: (P, F) from :func:`rings`.
    """
    x, y, z = vertices_m.T
    a, b, c, d = faces.T
    ax, ay, az = x[c] - x[a], y[c] - y[a], z[c] - z[a]
    bx, by, bz = x[d] - x[b], y[d] - y[b], z[d] - z[b]
    crossed = np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)
    normals = touching @ crossed
    away = np.sum(points_m * normals, axis=1)
    size = np.sqrt(np.sum(points_m * points_m, axis=1) * np.sum(normals * normals, axis=1))
    return np.asarray(away > AWAY_SINE * size)


def _behind_mesh(
    points_m: F64Array, vertices_m: F64Array, triangles: IntArray, tolerance_m: float
) -> NDArray[np.bool_]:
    """In the picture: a triangle hides what projects into it and is farther away.

    Only triangles that face the camera count: of a closed surface the line meets one of those
    first. A grid over the points' pictures leaves few pairs to be tried.
    """
    hidden = np.zeros(len(points_m), bool)
    before = np.flatnonzero(points_m[:, 2] > _NEAREST_M)
    if len(before) == 0:
        return hidden
    inverse = 1.0 / np.maximum(vertices_m[:, 2], _NEAREST_M)
    u, v = vertices_m[:, 0] * inverse, vertices_m[:, 1] * inverse
    point = points_m[before]
    pu, pv = point[:, 0] / point[:, 2], point[:, 1] / point[:, 2]

    a, b, c = triangles.T
    doubled = (u[b] - u[a]) * (v[c] - v[a]) - (u[c] - u[a]) * (v[b] - v[a])
    # y points down in the picture: what is counter-clockwise in space is clockwise there.
    facing = np.flatnonzero(doubled < 0)
    ahead = vertices_m[:, 2] > _NEAREST_M
    if not ahead.all():
        facing = facing[ahead[triangles[facing]].all(1)]
    a, b, c, doubled = a[facing], b[facing], c[facing], doubled[facing]

    p, t = _pairs_to_try((pu, pv), (u[a], u[b], u[c]), (v[a], v[b], v[c]))
    a, b, c = a[t], b[t], c[t]
    x, y = pu[p], pv[p]
    au, av, bu, bv, cu, cv = u[a] - x, v[a] - y, u[b] - x, v[b] - y, u[c] - x, v[c] - y
    share = 1.0 / doubled[t]
    wa, wb = (bu * cv - cu * bv) * share, (cu * av - au * cv) * share
    wc = 1.0 - wa - wb
    inside = (wa >= -_ON_EDGE) & (wb >= -_ON_EDGE) & (wc >= -_ON_EDGE)
    # In a picture not the depth but its inverse is linear over a plane.
    met_z = 1.0 / (wa * inverse[a] + wb * inverse[b] + wc * inverse[c])
    distance = np.sqrt(np.sum(point * point, axis=1))
    gap = (point[p, 2] - met_z) * (distance / point[:, 2])[p]
    hidden[before[p[inside & (gap > tolerance_m)]]] = True
    return hidden


def _pairs_to_try(
    points: tuple[F64Array, F64Array],
    u: tuple[F64Array, F64Array, F64Array],
    v: tuple[F64Array, F64Array, F64Array],
) -> tuple[IntArray, IntArray]:
    """Point and triangle of each pair in which the point lies within the triangle's bounds.

    The points are sorted by cells of a grid, row by row, so that what a triangle's bounds cover
    of one row of cells is a run of points.
    """
    bounds = []
    cells = []
    for place, corners in zip(points, (u, v), strict=True):
        low = np.minimum(np.minimum(corners[0], corners[1]), corners[2])
        high = np.maximum(np.maximum(corners[0], corners[1]), corners[2])
        start, end = float(place.min()), float(place.max())
        scale = (_CELLS - 1) / max(end - start, 1e-12)
        first = np.floor(np.clip((low - start) * scale, 0, _CELLS)).astype(np.int64)
        last = np.floor(np.clip((high - start) * scale, -1, _CELLS - 1)).astype(np.int64)
        bounds.append((low, high))
        cells.append((first, last, ((place - start) * scale).astype(np.int64)))
    (c0, c1, pc), (r0, r1, pr) = cells
    cell = pr * _CELLS + pc
    order = np.argsort(cell, kind="stable")
    starts = np.searchsorted(cell[order], np.arange(_CELLS * _CELLS + 1))

    triangle, row = _spread(np.where(c0 <= c1, np.maximum(r1 - r0 + 1, 0), 0))
    row = (r0[triangle] + row) * _CELLS
    begin, end_ = starts[row + c0[triangle]], starts[row + c1[triangle] + 1]
    run, step = _spread(end_ - begin)
    p, t = order[begin[run] + step], triangle[run]
    near = np.ones(len(p), bool)
    for place, (low, high) in zip(points, bounds, strict=True):
        here = place[p]
        near &= (low[t] <= here + _ON_EDGE) & (high[t] >= here - _ON_EDGE)
    return p[near], t[near]


def _spread(counts: IntArray) -> tuple[IntArray, IntArray]:
    """``counts[i]`` times each i, and 0, 1, 2 … within each."""
    owner = np.repeat(np.arange(len(counts)), counts)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)


def _behind_ball(points_m: F64Array, ball: PosedBall, tolerance_m: float) -> NDArray[np.bool_]:
    """The line from the point to the camera against the sphere, unless it passes by the cap."""
    distance = np.sqrt(np.sum(points_m * points_m, axis=1))
    toward = -points_m / distance[:, None]
    from_centre = points_m - ball.centre_m
    along = np.sum(from_centre * toward, axis=1)
    under = along * along - (np.sum(from_centre * from_centre, axis=1) - ball.radius_m**2)
    half = np.sqrt(np.maximum(under, 0.0))
    near, far = -along - half, -along + half  # distances from the point, far is nearer the camera
    height = from_centre @ ball.axis
    rise = toward @ ball.axis
    far_in_cap = height + far * rise > ball.cut_m
    # A line that leaves through the cap has met the ball only if it also entered it elsewhere.
    near_in_cap = (near <= tolerance_m) | (height + near * rise > ball.cut_m)
    return np.asarray(
        (under > 0) & (far > tolerance_m) & (far < distance) & ~(far_in_cap & near_in_cap)
    )
