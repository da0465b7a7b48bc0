"""Moustaches that are combed to their ends and waxed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from assets.geometry import F32Array
from assets.hair.roots import Roots
from assets.hair.vectors import smoothstep, unit

__all__ = ["waxed"]

WAXED = 0.9
"""How far the ends come together."""
FEWEST = 12
OFF_CHEEK = 0.45
FULL_TURN = 2.6
"""Angle in radians to which an end turns at most."""


def waxed(roots: Roots, length: F32Array, points: int, curl: float, up: F32Array) -> F32Array:
    """A moustache combed along the lip to both sides, whose ends meet and turn up.

    Each strand runs beside the middle line of its half, ever nearer to it. ``roots`` and
    ``length`` (n,) in metres are those of the upper lip; ``curl`` says how far the ends turn to
    the unit vector ``up``. Returns (n, points, 3).
    """
    n, m = len(roots), points
    out = np.empty((n, m, 3), np.float32)
    s = np.linspace(0.0, 1.0, m, dtype=np.float32)
    for on_left in (False, True):
        half = np.flatnonzero((roots.rest_dm[:, 0] > 0) == on_left)
        if len(half) < FEWEST:
            out[half] = (
                roots.point_m[half, None]
                + 0.5 * (s[:, None] * length[half, None, None]) * (roots.normal[half, None])
            )
            continue
        line = _Line.of(roots.point_m[half], roots.normal[half], up, curl)
        root = roots.point_m[half]
        place = line.place(root)
        offset = root - line.at(place)
        way = place[:, None] + length[half, None] * s
        # Beyond the corner of the mouth all of it is one strand of wax.
        loose = 1 - WAXED * smoothstep(way, 0.3 * line.end_m, 1.35 * line.end_m)
        rise = 0.0035 * np.sin(np.minimum(3.0 * s, 0.5 * np.pi))
        out[half] = line.at(way) + offset[:, None] * loose[..., None]
        out[half] += rise[None, :, None] * roots.normal[half, None]
    return out


@dataclass(frozen=True)
class _Line:
    """The middle line of half a moustache over the lip, and where its waxed end goes."""

    points_m: F32Array
    """(k, 3) from the middle of the lip outward."""
    out: F32Array
    up: F32Array
    end_m: float
    """Length of the part over the lip."""
    curl: float

    @staticmethod
    def of(roots_m: F32Array, normals: F32Array, up: F32Array, curl: float) -> _Line:
        """The line through the middle of roots (n, 3) with their normals."""
        far = np.abs(roots_m[:, 0] - roots_m[np.abs(roots_m[:, 0]).argmin(), 0])
        powers = np.arange(3)
        run = far[:, None].astype(np.float64) ** powers
        # Normal equations: sums whose order no number of threads changes.
        fit = np.linalg.solve(
            np.einsum("ni,nj->ij", run, run),
            np.einsum("ni,nk->ik", run, roots_m.astype(np.float64)),
        )
        ends = np.linspace(0.0, float(np.quantile(far, 0.97)), 12)
        points = np.asarray(ends[:, None] ** powers @ fit, np.float32)
        outer = normals[np.argsort(far)[-max(len(far) // 8, 1) :]].mean(0)
        # Off the cheek, which turns back here.
        away = unit(unit(points[-1] - points[-4]) + OFF_CHEEK * unit(outer))
        span = float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())
        return _Line(points, away, up, span, curl)

    def place(self, points_m: F32Array) -> F32Array:
        """Arc (n,) of the place on the line that is nearest to points (n, 3)."""
        _, index = cKDTree(self.points_m).query(points_m)
        return np.asarray(index / (len(self.points_m) - 1) * self.end_m, np.float32)

    def at(self, arc_m: F32Array) -> F32Array:
        """Points ``(*, 3)`` at arcs ``(*)``."""
        step = np.linspace(0.0, self.end_m, len(self.points_m))
        on = np.stack([np.interp(arc_m, step, self.points_m[:, k]) for k in range(3)], -1)
        beyond = np.maximum(arc_m - self.end_m, 0.0)
        arcs = np.linspace(0.0, 0.08, 65)
        angle = np.minimum(self.curl * 1.9 * (arcs / 0.03) ** 1.2, FULL_TURN)
        across = np.interp(beyond, arcs, np.cumsum(np.cos(angle)) * arcs[1] - arcs[1])
        along = np.interp(beyond, arcs, np.cumsum(np.sin(angle)) * arcs[1])
        end = across[..., None] * self.out + along[..., None] * self.up
        return np.asarray(on + end, np.float32)
