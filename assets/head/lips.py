"""Lips that stay closed: what identities and smiles do to the gap between them is taken out.

The targets stay linear, so the sampler's landmark model and the mesh stay equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from assets.geometry import F32Array
from assets.head.calibration import Targets
from assets.head.facts import LipSealFacts

__all__ = ["LipSeal", "added"]

F64Array = NDArray[np.float64]

_STILL_M: Final = 1e-6
_FADE_M: Final = 0.003
"""Beyond the last station toward the corner, the seal fades over this."""


class LipSeal:
    """The gap between the inner lips along them, and how it is closed.

    At stations along the upper lip's inner edge the gap is the height over the lower lip's edge;
    both are found in the base mesh, so that the gap of a target is linear in its displacements.
    """

    def __init__(
        self,
        base: F32Array,
        faces: NDArray[np.int64],
        mirror: NDArray[np.int64],
        facts: LipSealFacts,
    ) -> None:
        upper = _both_sides(base, facts.upper, mirror)
        lower = _both_sides(base, facts.lower, mirror)
        x = base[:, 0].astype(np.float64)
        left = np.array(facts.upper, np.int64)
        keep = dict(
            zip([*left, *mirror[left]], [*facts.corner_keep, *facts.corner_keep], strict=True)
        )
        self._taken_at_corners = 1 - np.array([keep[v] for v in upper])
        self._gap = _rows(upper, np.eye(len(upper)), len(base)) - _rows(
            lower, _hats(x[lower], x[upper]), len(base)
        )
        steps = _steps(faces, (upper, lower), len(facts.follow), len(base))
        self.vertices = np.flatnonzero((steps < len(facts.follow)).any(axis=0))
        near = steps[:, self.vertices]
        follow = np.append(np.asarray(facts.follow), 0.0)[np.minimum(near, len(facts.follow))]
        follow[near > near.min(axis=0)] = 0.0
        follow[:, near[0] == near[1]] = 0.0
        ends = x[upper][[0, -1]] + [-_FADE_M, _FADE_M]
        stations = np.concatenate([ends[:1], x[upper], ends[1:]])
        self._along = _hats(stations, x[self.vertices])[:, 1:-1]
        self._upper, self._lower = follow

    def gap(self, vertices: NDArray[np.int64], heights: F64Array) -> F64Array:
        """Of displacements of some vertices, at the stations."""
        return np.asarray(self._gap[:, vertices] @ heights)

    def closing(self, gap: F64Array, upper_share: float) -> F32Array:
        """Heights that :attr:`vertices` must move by to close a gap."""
        by = self._along @ gap
        return np.asarray(
            by * ((1 - upper_share) * self._lower - upper_share * self._upper), np.float32
        )

    def loosened(self, base: F32Array, overlap_m: float) -> F32Array:
        """A base mesh whose lips nowhere overlap by more."""
        heights = base[:, 1].astype(np.float64)
        gap = np.minimum(self.gap(np.arange(len(base)), heights) + overlap_m, 0)
        out = np.array(base, np.float32)
        out[self.vertices, 1] += self.closing(gap, 0.5)
        return out

    def sealed(
        self, targets: Targets, shares: Mapping[int, float], at_corners: Mapping[int, float]
    ) -> Targets:
        """With some targets' gaps closed, each by the share of the upper lip that is given; those
        of others toward the corners only."""
        parts = [targets.of(t) for t in range(len(targets.offsets) - 1)]
        for target, share in (*shares.items(), *at_corners.items()):
            where, delta = parts[target]
            gap = self.gap(where.astype(np.int64), delta[:, 1].astype(np.float64))
            if target in at_corners:
                gap = gap * self._taken_at_corners
            if np.abs(gap).max() < _STILL_M:
                continue
            joint = np.union1d(where, self.vertices).astype(np.int32)
            dense = np.zeros((len(joint), 3), np.float32)
            dense[np.searchsorted(joint, where)] = delta
            dense[np.searchsorted(joint, self.vertices), 1] += self.closing(gap, share)
            parts[target] = joint, dense
        return Targets.joined(parts, targets.offsets.dtype)


def added(targets: Targets, sums: Mapping[int, int], gain: float) -> Targets:
    """With ``gain`` times another target added to some.

    The pack's mouthSmile lifts the middle of the lower lip by 6 mm and that of the upper one by
    3: smiles pressed the lips together. mouthLowerDown takes the difference back.
    """
    parts = [targets.of(t) for t in range(len(targets.offsets) - 1)]
    for target, other in sums.items():
        joint = np.union1d(parts[target][0], parts[other][0]).astype(np.int32)
        dense = np.zeros((len(joint), 3), np.float32)
        for (where, delta), by in ((parts[target], 1.0), (targets.of(other), gain)):
            dense[np.searchsorted(joint, where)] += np.float32(by) * delta
        parts[target] = joint, dense
    return Targets.joined(parts, targets.offsets.dtype)


def _both_sides(
    base: F32Array, left: tuple[int, ...], mirror: NDArray[np.int64]
) -> NDArray[np.int64]:
    """A row of vertices from the right corner to the left one."""
    row = np.array(left, np.int64)
    both = np.unique(np.concatenate([row, mirror[row]]))
    return np.asarray(both[np.argsort(base[both, 0])], np.int64)


def _rows(vertices: NDArray[np.int64], weights: F64Array, count: int) -> sparse.csc_matrix:
    """``(rows, count)`` of weights ``(rows, len(vertices))``."""
    row, column = np.nonzero(weights)
    parts = (weights[row, column], (row, vertices[column]))
    return sparse.csc_matrix(parts, shape=(len(weights), count))


def _hats(stations: F64Array, at: F64Array) -> F64Array:
    """``(len(at), len(stations))`` weights of linear interpolation, held beyond the ends."""
    return np.stack([np.interp(at, stations, row) for row in np.eye(len(stations))], axis=1)


def _steps(
    faces: NDArray[np.int64], rows: tuple[NDArray[np.int64], ...], limit: int, count: int
) -> NDArray[np.int64]:
    """``(rows, count)`` edges from each row of vertices, at most ``limit``."""
    a, b = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    graph = sparse.csr_matrix((np.ones(len(a)), (a, b)), shape=(count, count))
    out = [
        csgraph.dijkstra(graph, False, row, unweighted=True, limit=limit, min_only=True)
        for row in rows
    ]
    return np.asarray(np.minimum(np.stack(out), limit), np.int64)
