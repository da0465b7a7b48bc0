"""Moving cloth out of the skin without tearing it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from assets.geometry import I32Array
from assets.wear.surface import Surface

__all__ = ["neighbour_mean", "pushed_out"]

F64Array = NDArray[np.float64]


def neighbour_mean(faces: I32Array, n_vertices: int) -> sparse.csr_matrix:
    """Operator (n, n): the mean of each vertex's neighbours along edges."""
    triangle = faces[:, 3] < 0
    ring = np.where(triangle[:, None], faces[:, [0, 1, 2, 0]], faces)
    start, end = ring.ravel(), np.roll(ring, -1, 1).ravel()
    proper = start != end
    rows = np.concatenate([start[proper], end[proper]])
    columns = np.concatenate([end[proper], start[proper]])
    near = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), (n_vertices, n_vertices))
    near.data[:] = 1.0
    degree = np.maximum(np.asarray(near.sum(1)).ravel(), 1.0)
    return (sparse.diags(1.0 / degree) @ near).tocsr()


def pushed_out(
    points: F64Array, faces: I32Array, skin: Surface, clearance_m: float, reach: int
) -> F64Array:
    """Vertices at least ``clearance_m`` off the skin.

    A push is shared with neighbours up to ``reach`` edges away, so that the cloth bulges
    instead of being dented.
    """
    mean = neighbour_mean(faces, len(points))
    for k in range(6):
        distance, normal = skin.signed(points)
        short = clearance_m - distance
        push = np.maximum(short, 0.0)
        if push.max() <= 1e-5:
            break
        shift = normal * push[:, None]
        if k < 4:
            spread = shift
            for _ in range(reach):
                spread = 0.5 * spread + 0.5 * (mean @ spread)
            stronger = np.linalg.norm(spread, axis=1) > push
            shift = np.where(stronger[:, None], spread, shift)
        points = points + shift
    return points
