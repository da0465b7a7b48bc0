"""Meshes swept along curves: rims, temples, bands, hems."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline, PchipInterpolator

from assets.geometry import F32Array, I32Array
from assets.wear.surface import unit

__all__ = [
    "Shape",
    "closed_curve",
    "ellipsoid",
    "grid_faces",
    "grid_uv",
    "joined",
    "open_curve",
    "outward",
    "sweep",
]

F64Array = NDArray[np.float64]


@dataclass(frozen=True)
class Shape:
    """Vertices (n, 3), faces (m, 4) with -1 last for triangles, corner UVs (m, 4, 2)."""

    vertices: F64Array
    faces: I32Array
    uv: F32Array


def joined(shapes: list[Shape]) -> Shape:
    """Several shapes as one."""
    start = np.cumsum([0] + [len(s.vertices) for s in shapes[:-1]])
    faces = [
        np.where(s.faces < 0, -1, s.faces + offset)
        for s, offset in zip(shapes, start, strict=True)
    ]
    return Shape(
        np.concatenate([s.vertices for s in shapes]),
        np.concatenate(faces).astype(np.int32),
        np.concatenate([s.uv for s in shapes]),
    )


def closed_curve(points: F64Array, samples: int) -> F64Array:
    """(samples, d) along the closed cubic spline through points (n, d), even in length."""
    ring = np.concatenate([points, points[:1]])
    chord = np.linalg.norm(np.diff(ring, axis=0), axis=1) ** 0.5  # centripetal
    t = np.concatenate([[0.0], np.cumsum(chord)])
    spline = CubicSpline(t, ring, bc_type="periodic")
    return _even(spline(np.linspace(0, t[-1], 1024)), samples, endpoint=False)


def open_curve(points: F64Array, samples: int) -> F64Array:
    """(samples, d) along a shape-preserving curve through points (n, d), even in length."""
    t = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    curve = PchipInterpolator(t, points)
    return _even(curve(np.linspace(0, t[-1], 1024)), samples, endpoint=True)


def _even(dense: F64Array, samples: int, endpoint: bool) -> F64Array:
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(dense, axis=0), axis=1))])
    at = np.linspace(0, length[-1], samples, endpoint=endpoint)
    return np.stack([np.interp(at, length, dense[:, k]) for k in range(dense.shape[1])], -1)


def grid_faces(rows: int, columns: int, wrap: bool, start: int = 0) -> I32Array:
    """Quads (m, 4) of a grid of vertices stored row by row; ``wrap`` joins last column to first."""
    index = start + np.arange(rows * columns).reshape(rows, columns)
    if wrap:
        index = np.concatenate([index, index[:, :1]], axis=1)
    quads = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], -1)
    return quads.reshape(-1, 4).astype(np.int32)


def grid_uv(rows: int, columns: int, wrap: bool, u: F64Array, v: F64Array) -> F32Array:
    """Corner UVs of :func:`grid_faces`: u over columns (columns + wrap,), v over rows (rows,)."""
    uu, vv = np.meshgrid(u, v)
    corners = np.stack([uu, vv], -1)
    quads = [corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1]]
    return np.stack(quads, 2).reshape(-1, 4, 2).astype(np.float32)


def sweep(
    path: F64Array,
    up: F64Array,
    half_sizes: F64Array,
    *,
    closed: bool,
    squareness: float = 2.5,
    sections: int = 14,
) -> Shape:
    """A tube along path (n, 3) with a super-elliptic section.

    ``up`` (3,) or (n, 3) fixes the section's second axis; ``half_sizes`` (n, 2) are half width
    across and half height along it. Open ends are rounded off.
    """
    n = len(path)
    if closed:
        tangent = unit(np.roll(path, -1, 0) - np.roll(path, 1, 0))
    else:
        tangent = unit(np.gradient(path, axis=0))
    up = np.broadcast_to(up, path.shape)
    across = unit(np.cross(up, tangent))
    along = np.cross(tangent, across)
    angle = 2 * np.pi * np.arange(sections) / sections
    power = 2.0 / squareness
    c = np.copysign(np.abs(np.cos(angle)) ** power, np.cos(angle))
    s = np.copysign(np.abs(np.sin(angle)) ** power, np.sin(angle))
    if not closed:
        path, across, along, half_sizes = _rounded_ends(path, tangent, across, along, half_sizes)
        n = len(path)
    rings = (
        path[:, None]
        + across[:, None] * (half_sizes[:, :1] * c)[..., None]
        + along[:, None] * (half_sizes[:, 1:] * s)[..., None]
    )
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    round_about = np.linspace(0, 1, sections + 1) * 4 * float(half_sizes.mean())
    if closed:
        rings = np.concatenate([rings, rings[:1]])
        length = np.append(length, length[-1] + np.linalg.norm(path[0] - path[-1]))
    faces = grid_faces(n + closed, sections, wrap=True)
    uv = grid_uv(n + closed, sections, True, round_about, length)
    vertices = rings.reshape(-1, 3)
    if closed:
        count = n * sections
        return outward(Shape(vertices[:count], (faces % count).astype(np.int32), uv))
    none = np.full(sections, -1)
    for row, centre in ((0, path[0]), (n - 1, path[-1])):
        ring = row * sections + np.arange(sections)
        fan = np.stack([np.full(sections, len(vertices)), np.roll(ring, -1), ring, none], 1)
        if row:
            fan = fan[:, [0, 2, 1, 3]]
        faces = np.concatenate([faces, fan]).astype(np.int32)
        uv = np.concatenate([uv, np.full((sections, 4, 2), length[row], np.float32)])
        vertices = np.concatenate([vertices, centre[None]])
    return outward(Shape(vertices, faces, uv))


def outward(shape: Shape) -> Shape:
    """A closed, consistently wound shape with its faces turned outward."""
    v = shape.vertices - shape.vertices.mean(0)
    f = shape.faces
    a, b, c = v[f[:, 0]], v[f[:, 1]], v[f[:, 2]]
    d = np.where((f[:, 3] < 0)[:, None], c, v[f[:, 3]])
    volume = np.einsum("ij,ij->", a, np.cross(b, c)) + np.einsum("ij,ij->", a, np.cross(c, d))
    if volume >= 0:
        return shape
    order = np.where((f[:, 3] < 0)[:, None], [2, 1, 0, 3], [3, 2, 1, 0])
    uv = np.take_along_axis(shape.uv, order[..., None], axis=1)
    return Shape(shape.vertices, np.take_along_axis(f, order, axis=1), uv)


def _rounded_ends(
    path: F64Array, tangent: F64Array, across: F64Array, along: F64Array, half_sizes: F64Array
) -> tuple[F64Array, F64Array, F64Array, F64Array]:
    """Rings that close the ends over a quarter turn."""
    bend = np.radians([20.0, 45.0, 68.0])
    radius = half_sizes.min(1)
    head = path[0] - tangent[0] * (radius[0] * np.sin(bend[::-1]))[:, None]
    tail = path[-1] + tangent[-1] * (radius[-1] * np.sin(bend))[:, None]
    small = np.cos(bend)[:, None]

    def extended(a: F64Array) -> F64Array:
        return np.concatenate([np.repeat(a[:1], 3, 0), a, np.repeat(a[-1:], 3, 0)])

    sizes = np.concatenate([half_sizes[:1] * small[::-1], half_sizes, half_sizes[-1:] * small])
    return np.concatenate([head, path, tail]), extended(across), extended(along), sizes


def ellipsoid(
    centre: F64Array, axes: F64Array, radii: F64Array, rows: int = 9, columns: int = 14
) -> Shape:
    """An ellipsoid with unit ``axes`` (3, 3) in rows and ``radii`` (3,); poles on the last axis."""
    polar = np.linspace(0.12, np.pi - 0.12, rows)
    turn = 2 * np.pi * np.arange(columns) / columns
    local = np.stack(
        [
            np.sin(polar)[:, None] * np.cos(turn),
            np.sin(polar)[:, None] * np.sin(turn),
            np.repeat(np.cos(polar)[:, None], columns, 1),
        ],
        -1,
    ).reshape(-1, 3)
    local = np.concatenate([local, [[0, 0, 1], [0, 0, -1]]])
    faces = grid_faces(rows, columns, wrap=True)
    ring = np.arange(columns)
    top, bottom = len(local) - 2, len(local) - 1
    none = np.full(columns, -1)
    last = (rows - 1) * columns + ring
    caps = [
        np.stack([np.full(columns, top), np.roll(ring, -1), ring, none], 1),
        np.stack([np.full(columns, bottom), last, np.roll(last, -1), none], 1),
    ]
    faces = np.concatenate([faces, *caps]).astype(np.int32)
    uv = np.zeros((len(faces), 4, 2), np.float32)
    return outward(Shape(centre + (local * radii) @ axes, faces, uv))
