"""An order of points in which neighbours come one after another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array

__all__ = ["by_cell"]

SPREAD = np.array([sum((v >> b & 1) << 3 * b for b in range(4)) for v in range(16)], np.uint16)
"""The bits of a cell's number, each at every third place."""


def by_cell(keys: F32Array) -> NDArray[np.intp]:
    """Order (n,) of keys (n, *) along a Morton curve through the first three columns."""
    code = np.zeros(len(keys), np.uint16)
    for axis in range(min(3, keys.shape[1])):
        from_low = keys[:, axis] - keys[:, axis].min(initial=np.inf)
        scale = (len(SPREAD) - 0.01) / max(float(from_low.max(initial=0.0)), 1e-6)
        cell = (from_low * np.float32(scale)).astype(np.uint8)
        code |= SPREAD.take(cell) << np.uint16(axis)
    return np.argsort(code, kind="stable")
