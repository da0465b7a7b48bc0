"""The rigid motion between two sets of points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["rigid_between", "rotation_between"]

F64Array = NDArray[np.float64]


def rotation_between(a: F64Array, b: F64Array, weight: F64Array | None = None) -> F64Array:
    """Rotation (3, 3) that brings centred points ``a`` (N, 3) nearest to centred points ``b``.

    Least squares, weighted by ``weight`` (N,) if given. Never a reflection.

    Source:
        W. Kabsch, "A solution for the best rotation to relate two sets of vectors", 1976.
    """
    weighted = a if weight is None else a * weight[:, None]
    u, _, vt = np.linalg.svd(weighted.T @ b)
    flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    return np.asarray((u @ flip @ vt).T)


def rigid_between(a: F64Array, b: F64Array) -> tuple[F64Array, F64Array]:
    """Rotation (3, 3) and translation (3,) that bring points ``a`` (N, 3) nearest to ``b``."""
    middle_a, middle_b = a.mean(0), b.mean(0)
    turn = rotation_between(a - middle_a, b - middle_b)
    return turn, middle_b - turn @ middle_a
