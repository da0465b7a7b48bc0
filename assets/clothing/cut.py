"""Cutting a piece out of a quad mesh exactly along the zero line of a field."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from assets.geometry import F32Array, I32Array

__all__ = ["Cut", "cut_mesh"]

IntArray = NDArray[np.int64]
LEAST_M = 3e-4


@dataclass(frozen=True)
class Cut:
    """The piece where the field is positive. N vertices, M faces."""

    operator: sparse.csr_matrix
    """(N, V) float32: vertices of the piece from those of the mesh."""
    faces: I32Array
    """(M, 4), a triangle with -1 in its last place."""
    parent: IntArray
    """(M,) the face that each came from."""
    edge: F32Array
    """(N,) 1 for vertices on the cut."""
    loops: tuple[IntArray, ...]
    """Closed cut lines as vertices of the piece; the piece lies to the left of each."""


def cut_mesh(faces: I32Array, field: F32Array) -> Cut:
    """Keep what has a positive ``field`` (V,), in metres. ``faces`` is (F, 4), quads.

    Values within :data:`LEAST_M` of the line are moved off it, so that no sliver arises.
    """
    f = field.astype(np.float64)
    near = np.abs(f) < LEAST_M
    f[near] = np.where(f[near] >= 0, LEAST_M, -LEAST_M)
    n = len(f)
    inside = (f > 0)[faces]
    whole = inside.all(1)
    crossed = np.flatnonzero(inside.any(1) & ~whole)
    triangles = np.concatenate([faces[crossed][:, [0, 1, 2]], faces[crossed][:, [0, 2, 3]]])
    source = np.concatenate([crossed, crossed])
    kept = (f > 0)[triangles]
    count = kept.sum(1)

    untouched = count == 3
    odd = np.where(count == 1, kept.argmax(1), (~kept).argmax(1))
    order = (odd[:, None] + np.arange(3)) % 3
    a, b, c = np.take_along_axis(triangles, order, 1).T.astype(np.int64)
    ab, ac = _key(a, b, n), _key(a, c, n)
    mixed = (count == 1) | (count == 2)
    keys = np.unique(np.concatenate([ab[mixed], ac[mixed]]))
    first, second = keys // n, keys % n
    t = f[first] / (f[first] - f[second])

    def point(key: IntArray) -> IntArray:
        return n + np.searchsorted(keys, key)

    one, two = count == 1, count == 2
    none = np.full(len(a), -1)
    pieces = [
        faces[whole].astype(np.int64),
        np.stack([a, b, c, none], 1)[untouched],
        np.stack([a[one], point(ab[one]), point(ac[one]), none[one]], 1),
        np.stack([point(ab[two]), b[two], c[two], point(ac[two])], 1),
    ]
    parent = np.concatenate([np.flatnonzero(whole), source[untouched], source[one], source[two]])
    joined = np.concatenate(pieces)
    used = np.unique(joined[joined >= 0])
    local = np.full(n + len(keys) + 1, -1)
    local[used] = np.arange(len(used))
    new_faces = local[joined]

    m = len(keys)
    rows = np.concatenate([np.arange(n), n + np.arange(m), n + np.arange(m)])
    columns = np.concatenate([np.arange(n), first, second])
    values = np.concatenate([np.ones(n), 1 - t, t])
    operator = sparse.csr_matrix((values, (rows, columns)), shape=(n + m, n), dtype=np.float32)
    edge = (used >= n).astype(np.float32)
    return Cut(
        operator=operator[used].tocsr(),
        faces=new_faces.astype(np.int32),
        parent=parent,
        edge=edge,
        loops=_loops(new_faces, edge > 0),
    )


def _key(a: IntArray, b: IntArray, n: int) -> IntArray:
    return np.asarray(np.minimum(a, b) * n + np.maximum(a, b))


def _loops(faces: IntArray, on_cut: NDArray[np.bool_]) -> tuple[IntArray, ...]:
    """Closed chains of border edges whose ends both lie on the cut."""
    size = np.where(faces[:, 3] < 0, 3, 4)
    starts, ends = [], []
    for k in range(4):
        has = size > k
        following = np.where(k + 1 == size, 0, (k + 1) % 4)
        starts.append(faces[has, k])
        ends.append(faces[np.flatnonzero(has), following[has]])
    a, b = np.concatenate(starts), np.concatenate(ends)
    n = len(on_cut)
    border = ~np.isin(a * n + b, b * n + a) & on_cut[a] & on_cut[b]
    following_of = dict(zip(a[border].tolist(), b[border].tolist(), strict=True))
    loops = []
    while following_of:
        start, _ = next(iter(following_of.items()))
        chain, at = [], start
        while at in following_of:
            chain.append(at)
            at = following_of.pop(at)
        if at == start and len(chain) > 8:
            loops.append(np.array(chain, np.int64))
    return tuple(loops)
