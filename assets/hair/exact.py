"""The last word on strands in skin and eyes: distance to the triangles themselves.

Clearing goes by a grid and, where that is too coarse, by the planes of the nearest vertices, which
is quick and nearly always right. What is left is found here and moved out or cut off.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from assets.geometry import F32Array, I32Array
from assets.hair.distance import DistanceField
from assets.hair.surface import SkullHead
from assets.hair.vectors import in_box, unit

__all__ = ["held_out"]

ASKED_M = 0.0012
"""Points farther out by the plane of the nearest vertex are not looked at again."""
DEEPEST_M = 0.0003
MOVED_TO_M = 0.0001
TRIANGLES = 8
ABOUT_M = np.float32(0.010)
HAIRSBREADTH_M = 0.0001
SLIVER = 1e-24


def held_out(head: SkullHead, field: DistanceField, strands: F32Array) -> F32Array:
    """Strands (n, m, 3), skull frame, of which no point but the root is deeper than 0.3 mm in
    the head's skin or eyes: moved out, or else drawn together."""
    n, m = strands.shape[:2]
    if n == 0 or m < 2:
        return strands
    points = np.ascontiguousarray(strands[:, 1:]).reshape(-1, 3)
    doubted = field.in_doubt(points, ASKED_M, DEEPEST_M)
    at = np.union1d(doubted, _in_mouth(head, field, points))
    if len(at) == 0:
        return strands
    asked: F32Array = points[at]
    corners, normals = _skin(head, asked)
    if len(corners) == 0:
        return strands
    tree = cKDTree(corners.mean(1), balanced_tree=False, compact_nodes=False)
    depth, way = _depth(asked, corners, normals, tree, head)
    deep = (depth > DEEPEST_M) & (depth < ABOUT_M)
    at, asked, depth, way = at[deep], asked[deep], depth[deep], way[deep]
    if len(at) == 0:
        return strands
    moved = asked + way * (depth + MOVED_TO_M)[:, None]
    still, _ = _depth(moved, corners, normals, tree, head)
    points[at] = moved
    out = strands.copy()
    out[:, 1:] = points.reshape(n, m - 1, 3)
    # The rest is drawn together to where the strand comes out.
    gone = np.unique(at[still > DEEPEST_M] // (m - 1))
    out[gone, 1:] = _first_free(out[gone], gone, at[still > DEEPEST_M], m)
    return out


def _first_free(
    strands: F32Array, rows: NDArray[np.intp], deep: NDArray[np.intp], m: int
) -> F32Array:
    """(k, m - 1, 3) all at the first point of each strand that is not among the ``deep`` ones."""
    free = np.ones((len(rows), m), bool)
    free[:, 0] = False
    free[np.searchsorted(rows, deep // (m - 1)), deep % (m - 1) + 1] = False
    place = strands[np.arange(len(rows)), free.argmax(1)][:, None]
    way = np.linspace(0.0, HAIRSBREADTH_M, m - 1, dtype=np.float32)[None, :, None]
    return np.asarray(place + way * unit(place - strands[:, :1]), np.float32)


def _in_mouth(head: SkullHead, field: DistanceField, points_m: F32Array) -> NDArray[np.intp]:
    """Which of points (n, 3) are where the mouth is: between the lips planes say nothing."""
    walls = head.vertices_m[head.masks["inside-mouth"] > 0.5]
    if len(walls) == 0:
        return np.zeros(0, np.intp)
    at = in_box(points_m, walls.min(axis=0), walls.max(axis=0))
    return np.asarray(at[~field.is_clear(points_m[at], ASKED_M)])


def _skin(head: SkullHead, points_m: F32Array) -> tuple[F32Array, F32Array]:
    """Corners (t, 3, 3) of all triangles of skin about points (n, 3), and their outward (t, 3).

    The nearest triangle to a point is among them if it is within ``ABOUT_M``.
    """
    first = head.vertices_m.take(head.faces[:, 0], axis=0)
    low = np.minimum(points_m.min(0), first.min(0)) - 2 * ABOUT_M
    shape = np.ceil((np.maximum(points_m.max(0), first.max(0)) - low) / ABOUT_M).astype(int) + 2
    about = np.zeros(shape, bool)
    about[tuple(((points_m - low) / ABOUT_M).astype(np.intp).T)] = True
    for axis in range(3):
        about |= np.roll(about, 1, axis) | np.roll(about, -1, axis)
    kept = about[tuple(((first - low) / ABOUT_M).astype(np.intp).T)]
    faces: I32Array = head.faces[kept]
    walls = head.masks["inside-mouth"]
    faces = faces[np.maximum.reduce([walls.take(faces[:, k]) for k in range(4)]) <= 0.5]
    triangles = np.concatenate([faces[:, [0, 1, 2]], faces[:, [0, 2, 3]]])
    return head.vertices_m[triangles], head.normals[triangles].sum(1)


def _depth(
    points_m: F32Array, corners_m: F32Array, normals: F32Array, tree: cKDTree, head: SkullHead
) -> tuple[F32Array, F32Array]:
    """How deep points (n, 3) lie, metres, less than zero outside, and the way out (n, 3)."""
    _, near = tree.query(points_m, k=min(TRIANGLES, len(corners_m)))
    near = near.reshape(len(points_m), -1)
    rows = np.arange(len(points_m))
    foot = _closest(points_m[:, None], corners_m[near])
    away = foot - points_m[:, None]
    square = np.einsum("ntk,ntk->nt", away, away)
    best = square.argmin(1)
    way = away[rows, best]
    side = np.einsum("nk,nk->n", way, normals[near[rows, best]])
    depth = np.copysign(np.sqrt(square[rows, best]), side)
    out = unit(way * np.where(side < 0, -1.0, 1.0)[:, None])
    for eye in head.eyes_m:
        off = points_m - eye
        within = head.eye_radius_m - np.linalg.norm(off, axis=1)
        nearer = within > depth
        depth = np.where(nearer, within, depth)
        out = np.where(nearer[:, None], unit(off), out)
    return np.asarray(depth, np.float32), np.asarray(out, np.float32)


def _closest(points_m: F32Array, corners_m: F32Array) -> F32Array:
    """Points (n, t, 3) of the triangles (n, t, 3, 3) that are nearest to points (n, 1, 3).

    Within the triangle where the foot of the perpendicular is, else on the nearest edge.
    """
    p = points_m.astype(np.float64)
    a, b, c = (corners_m[:, :, k].astype(np.float64) for k in range(3))
    u, v, w = b - a, c - a, p - a
    uu, uv, vv = _dot(u, u), _dot(u, v), _dot(v, v)
    wu, wv = _dot(w, u), _dot(w, v)
    area = np.maximum(uu * vv - uv * uv, SLIVER)
    s, t = (vv * wu - uv * wv) / area, (uu * wv - uv * wu) / area
    inner = (s >= 0) & (t >= 0) & (s + t <= 1)
    foot = a + u * s[..., None] + v * t[..., None]
    nearest = np.where(inner, _square(foot, p), np.inf)
    for start, edge in ((a, u), (a, v), (b, c - b)):
        share = np.clip(_dot(p - start, edge) / np.maximum(_dot(edge, edge), SLIVER), 0.0, 1.0)
        here = start + edge * share[..., None]
        square = _square(here, p)
        closer = square < nearest
        foot = np.where(closer[..., None], here, foot)
        nearest = np.where(closer, square, nearest)
    return np.asarray(foot, np.float32)


def _dot(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    total = a[..., 0] * b[..., 0]
    total += a[..., 1] * b[..., 1]
    total += a[..., 2] * b[..., 2]
    return total


def _square(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    off = a - b
    return _dot(off, off)
