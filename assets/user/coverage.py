"""Which roots of hair lie under a thing: rays from the scalp outwards."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from assets.accessories.fit import F64Array
from assets.user.reference import Fitted

__all__ = ["covered_roots"]

_LOW_M: Final = 0.64
"""Rest height above which hair grows."""
_REACH_M: Final = 0.10
_STEP: Final = 64
_INSIDE_M: Final = 0.010
"""Rays begin this deep, so that a thing that touches the skin counts."""


def covered_roots(
    points_m: F64Array, faces: NDArray[np.int32], head: Fitted, n_cage: int
) -> NDArray[np.uint8]:
    """(n_cage,) per cent of cover at each vertex of the base mesh; 255 where no hair grows.

    Args:
        points_m: (N, 3) of the thing on ``head``.
        faces: (F, 4), a triangle with -1 in its last place.
        head: the reference head.
        n_cage: vertices of the base mesh.
    """
    surface = head.surface
    count = len(surface.cage_index)
    grows = (surface.rest_m[:count, 1] > _LOW_M) & (surface.masks["inside-mouth"][:count] < 0.1)
    rows = np.flatnonzero(grows)
    out = np.full(n_cage, 255, np.uint8)
    quad = faces[:, 3] >= 0
    triangles = np.concatenate([faces[:, :3], faces[quad][:, [0, 2, 3]]])
    a, b, c = (points_m[triangles[:, k]] for k in range(3))
    for start in range(0, len(rows), _STEP):
        own = rows[start : start + _STEP]
        way = head.normals[own]
        hit = _hits(head.points_m[own] - _INSIDE_M * way, way, a, b - a, c - a)
        out[surface.cage_index[own]] = np.where(hit, 100, 0)
    return out


def _hits(
    origin: F64Array, way: F64Array, a: F64Array, ab: F64Array, ac: F64Array
) -> NDArray[np.bool_]:
    """(R,) whether each ray meets a triangle within reach (Möller and Trumbore, 1997)."""
    p = np.cross(way[:, None], ac[None])
    determinant = np.einsum("rti,ti->rt", p, ab)
    safe = np.where(np.abs(determinant) < 1e-14, np.inf, determinant)
    to_origin = origin[:, None] - a[None]
    u = np.einsum("rti,rti->rt", to_origin, p) / safe
    q = np.cross(to_origin, ab[None])
    v = np.einsum("ri,rti->rt", way, q) / safe
    along = np.einsum("rti,ti->rt", q, ac) / safe
    inside = (u >= 0) & (v >= 0) & (u + v <= 1) & (along >= 0) & (along < _REACH_M + _INSIDE_M)
    return np.asarray((inside & np.isfinite(safe)).any(1))
