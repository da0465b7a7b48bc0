"""What is put right in the morph targets before they are used: amplitudes, and lips that meet.

The targets stay what they were made as, linear displacements; only their size changes, and what
identity does to the gap between the lips is taken out of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from assets.geometry import F32Array
from assets.head.facts import LipCornerFacts
from assets.head.landmark_rows import landmark_rows

__all__ = ["Targets", "amplified", "with_closed_corners", "with_closed_lips"]

_PAIRS = ((61, 67), (62, 66), (63, 65))
"""iBUG landmarks of the inner lips, upper and lower."""
_STILL_M = 1e-6


@dataclass(frozen=True)
class Targets:
    """Sparse displacements: those of target ``t`` are ``offsets[t]`` to ``offsets[t + 1]``."""

    offsets: NDArray[np.int64]
    vertex: NDArray[np.int32]
    """Cage vertices, ascending within a target."""
    delta: F32Array
    """``(entries, 3)`` m, upright rest pose, y up."""

    def of(self, target: int) -> tuple[NDArray[np.int32], F32Array]:
        """Vertices and displacements of one target."""
        span = slice(int(self.offsets[target]), int(self.offsets[target + 1]))
        return self.vertex[span], self.delta[span]

    @staticmethod
    def joined(parts: Sequence[tuple[NDArray[np.int32], F32Array]], dtype: DTypeLike) -> Targets:
        """Targets of vertices and displacements each."""
        sizes = [len(where) for where, _ in parts]
        offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(dtype)
        vertex = np.concatenate([where for where, _ in parts])
        return Targets(offsets, vertex, np.concatenate([moved for _, moved in parts]))


def amplified(targets: Targets, gains: Mapping[int, float]) -> Targets:
    """With the displacements of some targets times a factor each."""
    delta = np.array(targets.delta, np.float32)
    for target, gain in gains.items():
        delta[int(targets.offsets[target]) : int(targets.offsets[target + 1])] *= np.float32(gain)
    return Targets(targets.offsets, targets.vertex, delta)


def with_closed_lips(
    base: F32Array, targets: Targets, identity: Sequence[int], closing: int, gap_m: float
) -> tuple[F32Array, Targets]:
    """A base mesh and identity targets that leave the lips ``gap_m`` apart, whatever the weights.

    The base mesh parts its lips, and identity targets part them further or push one through the
    other. The gap is linear in the weights, so each target gets just as much of the target that
    closes the lips as brings its own part of the gap to nothing.

    Args:
        base: ``(V, 3)`` m.
        targets: all targets.
        identity: which of them make an identity.
        closing: the one that closes the lips.
        gap_m: mean height of the gap between the inner lips.
    """
    vertices, closes = targets.of(closing)
    row = _gap_row(len(base))
    by_one = float(row[vertices] @ closes[:, 1])
    shut = np.array(base, np.float32)
    excess = float(row @ base[:, 1].astype(np.float64)) - gap_m
    shut[vertices] -= np.float32(excess / by_one) * closes

    count = len(targets.offsets) - 1
    parts = [targets.of(t) for t in range(count)]
    for t in identity:
        where, moved = parts[t]
        gap = float(row[where] @ moved[:, 1])
        if abs(gap) < _STILL_M:
            continue
        joint = np.union1d(where, vertices).astype(np.int32)
        dense = np.zeros((len(joint), 3), np.float32)
        dense[np.searchsorted(joint, where)] = moved
        dense[np.searchsorted(joint, vertices)] -= np.float32(gap / by_one) * closes
        parts[t] = joint, dense
    return shut, Targets.joined(parts, targets.offsets.dtype)


def with_closed_corners(
    base: F32Array,
    targets: Targets,
    identity: Sequence[int],
    facts: LipCornerFacts,
    mirror: NDArray[np.int64],
) -> tuple[F32Array, Targets]:
    """A base mesh and identity targets whose lips meet toward the corners too.

    As the gap in the middle, that of each pair of vertices is linear in the weights, and each
    target takes its own part of it back: the upper lip half of it, the lower one the other half.

    Args:
        base: ``(V, 3)`` m.
        targets: all targets.
        identity: which of them make an identity.
        facts: the vertices of the left half.
        mirror: ``(V,)`` the vertex on the other side of each.
    """
    moved, upper, lower, share = _corner_rows(facts, mirror)
    shut = np.array(base, np.float32)
    shut[moved, 1] += share * (base[upper, 1] - base[lower, 1] - np.float32(facts.gap_m))
    parts = [targets.of(t) for t in range(len(targets.offsets) - 1)]
    for t in identity:
        where, delta = parts[t]
        height = np.zeros(len(base), np.float32)
        height[where] = delta[:, 1]
        by = share * (height[upper] - height[lower])
        if np.abs(by).max() < _STILL_M:
            continue
        joint = np.union1d(where, moved).astype(np.int32)
        dense = np.zeros((len(joint), 3), np.float32)
        dense[np.searchsorted(joint, where)] = delta
        dense[np.searchsorted(joint, moved), 1] += by
        parts[t] = joint, dense
    return shut, Targets.joined(parts, targets.offsets.dtype)


def _corner_rows(
    facts: LipCornerFacts, mirror: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], F32Array]:
    """Vertices that move, the upper and the lower one of each one's gap, and its share of it."""
    rows = []
    for vertices, part in (
        (facts.upper, -0.5), (facts.upper_before, -0.25), (facts.upper_behind, -0.5),
        (facts.lower, 0.5), (facts.lower_before, 0.25), (facts.lower_behind, 0.5),
    ):  # fmt: skip
        rows += [(*v, part) for v in zip(vertices, facts.upper, facts.lower, strict=True)]
    left, share = np.array([r[:3] for r in rows]).T, np.array([r[3] for r in rows], np.float32)
    moved, upper, lower = np.concatenate([left, mirror[left]], axis=1)
    return moved, upper, lower, np.tile(share, 2)


def _gap_row(count: int) -> NDArray[np.float64]:
    """``(V,)`` weights of the vertices' heights in the mean gap between the inner lips."""
    rows = landmark_rows()
    out = np.zeros(count)
    for upper, lower in _PAIRS:
        for landmark, sign in ((upper, 1.0), (lower, -1.0)):
            np.add.at(out, rows.vertices[landmark], sign * rows.weights[landmark] / len(_PAIRS))
    return out
