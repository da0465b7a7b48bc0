"""Cutting cloth from the skin along the zero of a field."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array, I32Array

__all__ = ["Cut", "boundary_edges", "cut_along"]

F64Array = NDArray[np.float64]


@dataclass(frozen=True)
class Cut:
    """A piece of a quad mesh whose rim lies on the field's zero."""

    source: NDArray[np.int64]
    """(n,) vertex of the whole mesh that each vertex came from."""
    toward: NDArray[np.int64]
    """(n,) the vertex inside towards which it was moved; itself where it was not."""
    share: F64Array
    """(n,) how far: 0 stays, 1 is there."""
    faces: I32Array
    """(m, 4)"""
    face_source: NDArray[np.int64]
    """(m,)"""
    on_rim: NDArray[np.bool_]
    """(n,) moved onto the zero."""

    def blend(self, values: NDArray[np.floating]) -> F64Array:
        """Values (N, ...) of the whole mesh at the piece's vertices."""
        share = self.share.reshape(-1, *[1] * (values.ndim - 1))
        return np.asarray(values[self.source] * (1 - share) + values[self.toward] * share)


def cut_along(faces: I32Array, field: F64Array) -> Cut:
    """Faces with a vertex inside (field > 0); their outer vertices slide in to the zero."""
    inside = field > 0
    kept = np.flatnonzero(inside[faces].any(1))
    quads = faces[kept]
    # Each outer corner slides towards the deepest inner vertex of a face that they share.
    toward = np.arange(len(field))
    depth = np.full(len(field), -np.inf)
    rim_faces = quads[~inside[quads].all(1)]
    for a in range(4):
        for b in (1, 3, 2):
            outer, inner = rim_faces[:, a], rim_faces[:, (a + b) % 4]
            fit = ~inside[outer] & inside[inner]
            # Neighbours along an edge are better than across the face.
            rank = field[inner] - (10.0 if b == 2 else 0.0)
            order = np.argsort(rank[fit], kind="stable")
            o, i, r = outer[fit][order], inner[fit][order], rank[fit][order]
            better = r > depth[o]
            toward[o[better]] = i[better]
            depth[o[better]] = r[better]
    used = np.unique(quads)
    local = np.full(len(field), -1)
    local[used] = np.arange(len(used))
    target = toward[used]
    moved = target != used
    share = np.zeros(len(used))
    out, into = field[used[moved]], field[target[moved]]
    share[moved] = -out / np.maximum(into - out, 1e-9)
    return Cut(used, target, share, local[quads].astype(np.int32), kept, moved)


def boundary_edges(faces: I32Array) -> NDArray[np.int64]:
    """(e, 2) edges of one face only, along that face's sense."""
    start, end = faces.ravel().astype(np.int64), np.roll(faces, -1, 1).ravel().astype(np.int64)
    top = int(faces.max()) + 1
    key = np.minimum(start, end) * top + np.maximum(start, end)
    _, index, count = np.unique(key, return_index=True, return_counts=True)
    alone = index[count == 1]
    return np.stack([start[alone], end[alone]], 1)


def hemmed(
    points: F64Array, faces: I32Array, uv: F32Array, normals: F64Array, thickness_m: float
) -> tuple[F64Array, I32Array, F32Array]:
    """Points, faces and UVs with the open rim turned inwards by the cloth's thickness."""
    edges = boundary_edges(faces)
    rim, at = np.unique(edges, return_inverse=True)
    inner = points[rim] - thickness_m * normals[rim]
    at = at.reshape(edges.shape) + len(points)
    strip = np.stack([edges[:, 1], edges[:, 0], at[:, 0], at[:, 1]], 1)
    corner = np.zeros((len(strip), 4, 2), np.float32)
    return (
        np.concatenate([points, inner]),
        np.concatenate([faces, strip]).astype(np.int32),
        np.concatenate([uv, corner]),
    )
