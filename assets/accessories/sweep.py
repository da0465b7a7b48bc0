"""Meshes from curves: tubes along paths, grids and blobs. Float64 in, metres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from assets.accessories.fit import F64Array
from assets.geometry import I32Array

__all__ = [
    "Piece",
    "closed_curve",
    "ellipsoid",
    "grid_faces",
    "joined",
    "open_curve",
    "resampled",
    "rounded_box_section",
    "tube",
]


@dataclass(frozen=True)
class Piece:
    """Vertices (V, 3) and quads (F, 4), -1 last for triangles."""

    points_m: F64Array
    faces: I32Array


def joined(pieces: list[Piece]) -> Piece:
    """All pieces as one."""
    faces, start = [], 0
    for piece in pieces:
        faces.append(np.where(piece.faces < 0, -1, piece.faces + start))
        start += len(piece.points_m)
    return Piece(
        np.concatenate([p.points_m for p in pieces]), np.concatenate(faces).astype(np.int32)
    )


def closed_curve(points: F64Array, n: int) -> F64Array:
    """(n, D) points evenly along the smooth closed curve through ``points``."""
    loop = np.concatenate([points, points[:1]])
    chord = np.sqrt(np.linalg.norm(np.diff(loop, axis=0), axis=1))
    spline = CubicSpline(np.concatenate([[0.0], np.cumsum(chord)]), loop, bc_type="periodic")
    fine = spline(np.linspace(0, spline.x[-1], 8 * n + 1))
    return resampled(fine, n + 1)[:-1]


def open_curve(points: F64Array, n: int) -> F64Array:
    """(n, D) points evenly along the smooth curve through ``points``."""
    chord = np.sqrt(np.linalg.norm(np.diff(points, axis=0), axis=1))
    spline = CubicSpline(np.concatenate([[0.0], np.cumsum(chord)]), points, bc_type="natural")
    return resampled(spline(np.linspace(0, spline.x[-1], 8 * n)), n)


def resampled(polyline: F64Array, n: int) -> F64Array:
    """(n, D) points at even distances along a polyline."""
    length = np.linalg.norm(np.diff(polyline, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(length)])
    at = np.linspace(0, along[-1], n)
    return np.stack([np.interp(at, along, polyline[:, k]) for k in range(polyline.shape[1])], 1)


def rounded_box_section(n: int = 12, squareness: float = 3.5) -> F64Array:
    """(n, 2) a superellipse within ±1, anticlockwise."""
    angle = np.arange(n) * (2 * np.pi / n)
    c, s = np.cos(angle), np.sin(angle)
    radius = (np.abs(c) ** squareness + np.abs(s) ** squareness) ** (-1 / squareness)
    return np.stack([c * radius, s * radius], 1)


def tube(
    path_m: F64Array,
    side: F64Array,
    up: F64Array,
    section: F64Array,
    half_m: F64Array,
    closed: bool,
) -> Piece:
    """A section swept along a path (n, 3).

    ``side`` and ``up`` (n, 3) are the section's axes, ``half_m`` (n, 2) its half sizes. Open
    ends are closed by domes of two rings and a point.
    """
    half = np.broadcast_to(half_m, (len(path_m), 2))
    if not closed:
        path_m, side, up, half = _domed(path_m, side, up, half)
    n, m = len(path_m), len(section)
    across = section[None, :, :1] * half[:, None, :1] * side[:, None]
    along_up = section[None, :, 1:] * half[:, None, 1:] * up[:, None]
    points = (path_m[:, None] + across + along_up).reshape(-1, 3)
    faces = grid_faces(n, m, closed_rows=closed, closed_columns=True)
    if closed:
        return Piece(points, faces)
    ends = []
    for row, tip in ((0, len(points)), (n - 1, len(points) + 1)):
        ring = row * m + np.arange(m)
        following = np.roll(ring, -1)
        pair = (following, ring) if row == 0 else (ring, following)
        ends.append(np.stack([*pair, np.full(m, tip), np.full(m, -1)], 1))
    points = np.concatenate([points, path_m[[0, -1]]])
    return Piece(points, np.concatenate([faces, *ends]).astype(np.int32))


def _domed(
    path: F64Array, side: F64Array, up: F64Array, half: F64Array
) -> tuple[F64Array, F64Array, F64Array, F64Array]:
    """Rounded ends: two more rings at each end, of lesser size."""
    before, after = path[0] - path[1], path[-1] - path[-2]
    before, after = before / np.linalg.norm(before), after / np.linalg.norm(after)
    bulge = np.array([0.5, 0.35])[:, None]
    shrink = np.array([0.45, 0.85])[:, None]
    first, last = half[0].min(), half[-1].min()
    return (
        np.concatenate(
            [
                path[0] + before * first * bulge,
                path,
                path[-1] + after * last * bulge[::-1],
            ]
        ),
        np.concatenate([side[[0, 0]], side, side[[-1, -1]]]),
        np.concatenate([up[[0, 0]], up, up[[-1, -1]]]),
        np.concatenate([half[0] * shrink, half, half[-1] * shrink[::-1]]),
    )


def grid_faces(
    rows: int, columns: int, closed_rows: bool = False, closed_columns: bool = False
) -> I32Array:
    """(F, 4) quads of a grid of vertices, row by row."""
    r = np.arange(rows if closed_rows else rows - 1)[:, None]
    c = np.arange(columns if closed_columns else columns - 1)[None, :]
    r2, c2 = (r + 1) % rows, (c + 1) % columns
    quads = np.stack([r * columns + c, r * columns + c2, r2 * columns + c2, r2 * columns + c], -1)
    return quads.reshape(-1, 4).astype(np.int32)


def ellipsoid(centre_m: F64Array, axes_m: F64Array, n: int = 10) -> Piece:
    """An ellipsoid; the rows of ``axes_m`` (3, 3) are its half axes, right-handed."""
    polar = np.linspace(0, np.pi, n)[:, None]
    turn = (np.arange(2 * n) * (np.pi / n))[None, :]
    unit = np.stack(
        [np.sin(polar) * np.cos(turn), np.sin(polar) * np.sin(turn), np.cos(polar) + 0 * turn], -1
    )
    points = centre_m + unit.reshape(-1, 3) @ axes_m
    # Poles are rings of no size: kept, as their quads still have an area at the far edge.
    return Piece(points, grid_faces(n, 2 * n, closed_columns=True)[:, [0, 3, 2, 1]])
