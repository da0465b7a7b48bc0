"""Roots at even distances: blue noise instead of the gaps and heaps of plain chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from assets.geometry import F32Array
from assets.noise import Stream

__all__ = ["OVERSAMPLED", "evenly_spaced"]

OVERSAMPLED = 1.9
"""How many candidates there should be for each point that is kept."""
NEIGHBOURS = 7
ROUNDS = 6


def evenly_spaced(points_m: F32Array, stream: Stream) -> NDArray[np.intp]:
    """Indices of points (n, 3) of which none is much nearer to another than the rest are.

    Dart throwing in parallel: a candidate stays when its lot is the lowest within its own
    radius, which follows the density of candidates round it. The order is one of chance, so
    that its first part is spread like the whole.
    """
    n = len(points_m)
    if n <= NEIGHBOURS:
        return np.arange(n)
    far, index = cKDTree(points_m).query(points_m, k=NEIGHBOURS)
    # Candidates lie 1.77 far / sqrt(6) apart on average; the square root takes out chance.
    spacing = far[:, -1] * np.sqrt(np.pi / (NEIGHBOURS - 1)) * np.sqrt(OVERSAMPLED)
    radius = 0.63 * spacing
    lot = stream.uniform(n).astype(np.float64) + np.arange(n) * 1e-9
    # A radius is less than the distance to the last of the neighbours: who is within it is known.
    a, b = np.repeat(np.arange(n), NEIGHBOURS), index.ravel()
    close = (far.ravel() < 0.5 * (radius[a] + radius[b])) & (a != b)
    a, b = a[close], b[close]
    undecided, kept = np.ones(n, bool), np.zeros(n, bool)
    for _ in range(ROUNDS):
        lowest = np.full(n, np.inf)
        both = undecided[a] & undecided[b]
        np.minimum.at(lowest, a[both], lot[b[both]])
        np.minimum.at(lowest, b[both], lot[a[both]])
        new = undecided & (lot < lowest)
        kept |= new
        undecided &= ~new
        undecided[b[new[a]]] = False
        undecided[a[new[b]]] = False
        if not undecided.any():
            break
    chosen = np.nonzero(kept)[0]
    return chosen[np.argsort(stream.uniform(len(chosen)), kind="stable")]
