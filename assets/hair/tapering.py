"""Thickness along strands."""

from __future__ import annotations

import numpy as np

from assets.geometry import F32Array

__all__ = ["tapered"]

THICKEST_UM = 470.0
"""Of the thickest style at the least detail."""


def tapered(
    radius_um: F32Array, points: int, tip: float, detail: float, power: float = 2.0
) -> F32Array:
    """Radii (n, points) in metres from the roots' (n,), down to ``tip`` of them at the end.

    ``detail`` below 1 has fewer strands, which are as much thicker, so that the same part of
    the picture is covered.
    """
    s = np.linspace(0.0, 1.0, points, dtype=np.float32)[None]
    root = np.minimum(radius_um / detail, THICKEST_UM)[:, None]
    return np.asarray(1e-6 * root * (1 - (1 - tip) * s**power), np.float32)
