"""Catmull–Clark subdivision as a sparse operator that is made once for a topology.

Refined positions are ``operator @ positions``. The order of what comes out is part of the
contract: refined vertices are the old vertices, then one for each edge, then one for each
face; a face of n corners becomes n quads, which stand together in the face's order, and quad k
starts at the face's corner k. So old vertex i stays vertex i, at a smoothed place.

Source of the rules: E. Catmull, J. Clark, *Recursively generated B-spline surfaces on
arbitrary topological meshes*, CAD 10(6), 1978; boundaries as cubic B-spline curves, as in
Pixar's OpenSubdiv.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from assets.geometry import F32Array, I32Array

__all__ = ["catmull_clark", "face_parents", "subdivide_corners"]

IntArray = NDArray[np.int64]


def catmull_clark(faces: I32Array, n_vertices: int) -> tuple[sparse.csr_matrix, I32Array]:
    """One level of subdivision.

    ``faces`` is (F, 4), a triangle with -1 in its last place. Returns the operator, float64
    of shape (V2, n_vertices), and the refined quads (F2, 4). An edge of one face, or of more
    than two, is a crease: it is refined as a curve. A vertex in which other than two creases
    meet stays where it is, and so does one that no face uses.
    """
    corner = _Corners.of(faces)
    n_faces = len(faces)
    following = corner.vertex[corner.next]
    low, high = np.minimum(corner.vertex, following), np.maximum(corner.vertex, following)
    keys, edge = np.unique(low * n_vertices + high, return_inverse=True)
    edge = edge.reshape(-1)  # the edge that leaves each corner; numpy 2.0 gives it a shape
    ends = np.stack([keys // n_vertices, keys % n_vertices], 1)
    n_edges = len(keys)
    crease = np.bincount(edge, minlength=n_edges) != 2

    share = 1.0 / np.bincount(corner.face, minlength=n_faces)
    face_points = _matrix(share[corner.face], corner.face, corner.vertex, (n_faces, n_vertices))
    midpoints = _matrix(0.5, np.repeat(np.arange(n_edges), 2), ends.ravel(), (n_edges, n_vertices))
    beside = _matrix(0.5, edge, corner.face, (n_edges, n_faces)) @ face_points
    edge_points = _scaled(np.where(crease, 1.0, 0.5), midpoints) + _scaled(
        np.where(crease, 0.0, 0.5), beside
    )
    smooth = _smooth_vertices(corner, ends, crease, midpoints, face_points, n_vertices)

    operator = sparse.vstack([smooth, edge_points, face_points]).tocsr()
    operator.eliminate_zeros()
    operator.sort_indices()
    quads = np.stack(
        [
            corner.vertex,
            n_vertices + edge,
            n_vertices + n_edges + corner.face,
            n_vertices + edge[corner.previous],
        ],
        axis=1,
    )
    return operator, quads.astype(np.int32)


def subdivide_corners(faces: I32Array, values: F32Array) -> F32Array:
    """Per-corner values (F, 4, C), such as UVs, on the faces that :func:`catmull_clark` makes.

    Linear along edges and to the centre, so that seams stay seams. Returns (F2, 4, C).
    """
    corner = _Corners.of(faces)
    here = values[corner.face, corner.place]
    ahead = 0.5 * (here + here[corner.next])
    behind = ahead[corner.previous]
    triangle = (faces[:, 3] < 0)[:, None]
    mean = np.where(triangle, values[:, :3].mean(1), values.mean(1))
    return np.asarray(np.stack([here, ahead, mean[corner.face], behind], axis=1), np.float32)


def face_parents(faces: I32Array) -> I32Array:
    """(F2,) the face that each refined face lies in."""
    return _Corners.of(faces).face.astype(np.int32)


@dataclass(frozen=True)
class _Corners:
    """The corners of all faces in a row, face by face."""

    face: IntArray
    place: IntArray
    """Column of the corner in ``faces``."""
    vertex: IntArray
    next: IntArray
    """Index of the following corner of the same face."""
    previous: IntArray

    @staticmethod
    def of(faces: I32Array) -> _Corners:
        used = faces >= 0
        face, place = np.nonzero(used)
        size = used.sum(1)
        start = np.cumsum(size) - size
        step = place + 1
        following = start[face] + np.where(step == size[face], 0, step)
        preceding = start[face] + np.where(place == 0, size[face], place) - 1
        return _Corners(face, place, faces[used].astype(np.int64), following, preceding)


def _smooth_vertices(
    corner: _Corners,
    ends: IntArray,
    crease: NDArray[np.bool_],
    midpoints: sparse.csr_matrix,
    face_points: sparse.csr_matrix,
    n_vertices: int,
) -> sparse.csr_matrix:
    """The rows of the operator that move the old vertices."""
    n_edges = len(ends)
    edge_index = np.repeat(np.arange(n_edges), 2)
    valence = np.bincount(ends.ravel(), minlength=n_vertices)
    creases = np.bincount(ends[crease].ravel(), minlength=n_vertices)
    n_faces_at = np.bincount(corner.vertex, minlength=n_vertices)
    inside = (valence > 0) & (creases == 0)
    on_curve = creases == 2
    fixed = ~(inside | on_curve)

    n = np.maximum(valence, 1).astype(np.float64)
    faces_at = _matrix(1.0, corner.vertex, corner.face, (n_vertices, face_points.shape[0]))
    edges_at = _matrix(1.0, ends.ravel(), edge_index, (n_vertices, n_edges))
    # (mean of face points + 2 × mean of edge midpoints + (n - 3) × vertex) / n
    face_weight = np.where(inside, 1.0 / (n * np.maximum(n_faces_at, 1)), 0.0)
    edge_weight = np.where(inside, 2.0 / (n * n), 0.0)
    own = np.where(fixed, 1.0, np.where(on_curve, 0.5, (n - 3.0) / n))
    curve = edges_at @ sparse.diags(crease.astype(np.float64)) @ midpoints
    identity = sparse.identity(n_vertices, format="csr")
    return (
        _scaled(face_weight, faces_at @ face_points)
        + _scaled(edge_weight, edges_at @ midpoints)
        + _scaled(np.where(on_curve, 0.25, 0.0), curve)
        + _scaled(own, identity)
    ).tocsr()


def _matrix(
    values: float | NDArray[np.float64], rows: IntArray, columns: IntArray, shape: tuple[int, int]
) -> sparse.csr_matrix:
    data = np.broadcast_to(np.asarray(values, np.float64), rows.shape)
    return sparse.csr_matrix((data, (rows, columns)), shape=shape)


def _scaled(weights: NDArray[np.float64], matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    return (sparse.diags(weights) @ matrix).tocsr()
