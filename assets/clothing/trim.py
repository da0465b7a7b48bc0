"""Collars, bands and hems: a section swept along an edge over the cloth's surface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree

from assets.clothing.entries import Trim
from assets.geometry import F32Array, I32Array
from assets.noise import ValueNoise

__all__ = ["Skirt", "Surface", "Swept", "sweep", "walk"]

F64Array = NDArray[np.float64]

STEP_M = 0.0025
WAVE_M = 0.003
UNEVEN = 0.4
"""How uneven a trim is far from its seam: the line of its edge, and how far it stands off."""


class Surface:
    """Smooth look-up of the nearest place on a cloud of points with normals."""

    def __init__(self, points_m: F32Array, normals: F32Array) -> None:
        self._points, self._normals = points_m, normals
        self._tree = cKDTree(points_m, balanced_tree=False, compact_nodes=False)

    def project(self, at: F32Array) -> tuple[F32Array, F32Array]:
        """Nearest places and unit normals, (N, 3) each."""
        distance, index = self._tree.query(at, k=6)
        weight = 1 / (distance**2 + 2.5e-6)
        weight /= weight.sum(1, keepdims=True)
        normal = (self._normals[index] * weight[..., None]).sum(1)
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
        centre = (self._points[index] * weight[..., None]).sum(1)
        off = ((at - centre) * normal).sum(1, keepdims=True)
        return np.asarray(at - off * normal, np.float32), np.asarray(normal, np.float32)


@dataclass(frozen=True)
class Skirt:
    """Places along the surface on both sides of an edge. N round, S across."""

    s_m: F32Array
    """(S,) rising; 0 on the edge."""
    points_m: F32Array
    """(S, N, 3)"""
    normals: F32Array
    arc_m: F32Array
    """(N,) along the edge."""


@dataclass(frozen=True)
class Swept:
    """A trim as a mesh."""

    vertices_m: F32Array
    faces: I32Array
    uv_m: F32Array
    """(F, 4, 2): along the edge and along the section, metres."""


def walk(line_m: F32Array, surface: Surface, low_m: float, high_m: float) -> Skirt:
    """Walk away from a closed line to both sides, at right angles, along the surface."""
    line = _even(line_m)
    base, normal = surface.project(line)
    tangent = np.roll(base, -1, 0) - np.roll(base, 1, 0)
    across = _unit(_around(_unit(np.cross(normal, tangent)), 3.0))
    edges = np.linalg.norm(np.roll(base, -1, 0) - base, axis=1)
    arc = np.concatenate([[0.0], np.cumsum(edges[:-1])])
    sides = []
    for sign, reach in ((-1.0, -low_m), (1.0, high_m)):
        at, n, direction = base, normal, across * sign
        places = []
        for _ in range(max(int(np.ceil(reach / STEP_M)), 0)):
            at, n = surface.project(np.asarray(at + STEP_M * direction, np.float32))
            at = _around(at, 1.0)
            direction = _unit(direction - (direction * n).sum(1, keepdims=True) * n)
            direction = _unit(_around(direction, 2.0))
            places.append((at, n))
        sides.append(places)
    ordered = [*reversed(sides[0]), (base, normal), *sides[1]]
    s = (np.arange(len(ordered)) - len(sides[0])) * STEP_M
    return Skirt(
        s_m=s.astype(np.float32),
        points_m=np.stack([p for p, _ in ordered]).astype(np.float32),
        normals=np.stack([_around(n, 2.0) for _, n in ordered]).astype(np.float32),
        arc_m=arc.astype(np.float32),
    )


def sweep(
    trim: Trim,
    line_m: F32Array,
    surface: Surface,
    front: F32Array | None = None,
    seed: int | None = None,
) -> Swept:
    """Sweep a trim along a closed line (R, 3).

    ``front`` is the world position at which a neck trim is at its front. A ``seed`` makes it
    uneven, as what is worn is.
    """
    front_mm = trim.section_mm if trim.front_mm is None else trim.front_mm
    section, at_front = _finer(np.array(trim.section_mm) / 1000, np.array(front_mm) / 1000)
    both = np.concatenate([section, at_front])
    skirt = walk(line_m, surface, float(both[:, 0].min()), float(both[:, 0].max()) + STEP_M)
    n = len(skirt.arc_m)
    share = np.zeros(n)
    middle = 0
    length = float(skirt.arc_m[-1] + skirt.arc_m[1])
    if front is not None:
        edge = skirt.points_m[np.searchsorted(skirt.s_m, 0.0)]
        middle = int(np.linalg.norm(edge - front, axis=1).argmin())
        apart = np.abs((skirt.arc_m - skirt.arc_m[middle] + length / 2) % length - length / 2)
        share = np.exp(-((apart / length * 2 * trim.front_sharpness) ** 2))
    mixed = section[None] * (1 - share[:, None, None]) + at_front[None] * share[:, None, None]
    shape = np.asarray(mixed, np.float64)
    if seed is not None:
        shape = _worn(shape, seed)
    ahead = np.roll(np.arange(n), middle)[:, None] + 0.0
    side = np.where(ahead < n / 2, 1.0, -1.0)
    slant = trim.spread * side * share[:, None] * np.maximum(shape[..., 0], 0) / STEP_M
    places, normals = _at(skirt, shape[..., 0], slant)
    vertices = places + normals * shape[..., 1:]
    order = np.roll(np.arange(n), -middle)
    vertices = vertices[order]
    closed = trim.gap_mm <= 0
    if not closed:
        keep = trim.gap_mm / 2000
        along = np.arange(n) * length / n
        inside = (along >= keep) & (along <= length - keep)
        vertices = vertices[inside]
    return _mesh(np.asarray(vertices, np.float32), closed, length)


def _worn(shape: F64Array, seed: int) -> F64Array:
    """A section (N, K, 2) round a ring, standing off here more and there less, its edge waved."""
    turn = np.arange(len(shape)) * (2 * np.pi / len(shape))
    ring = np.stack([np.cos(turn), np.sin(turn), 0 * turn], 1).astype(np.float32)
    noise = ValueNoise(seed, "clothing/collar")
    lift, edge = (
        gaussian_filter1d(noise(ring + k, 2.6), 4.0, mode="wrap")[:, None] for k in (0.0, 0.5)
    )
    s, h = shape[..., 0], shape[..., 1]
    far = np.abs(s) / max(float(np.abs(s).max()), 1e-6)
    return np.stack([s + WAVE_M * edge * far, h * (1 + UNEVEN * lift * far)], -1)


def _mesh(grid: F32Array, closed: bool, length: float) -> Swept:
    """Quads of a grid (N, K, 3); open ends are capped by a fan."""
    n, k = grid.shape[:2]
    index = np.arange(n * k).reshape(n, k)
    a = index if closed else index[:-1]
    b = np.roll(index, -1, 0) if closed else index[1:]
    quads = np.stack([a[:, :-1], a[:, 1:], b[:, 1:], b[:, :-1]], -1)
    lengths = np.linalg.norm(np.diff(grid, axis=1), axis=2).mean(0)
    v = np.concatenate([[0.0], np.cumsum(lengths)])
    u = np.arange(n + 1) * length / n
    row, column = np.meshgrid(np.arange(len(a)), np.arange(k - 1), indexing="ij")
    corner_u = u[np.stack([row, row, row + 1, row + 1], -1)]
    corner_v = v[np.stack([column, column + 1, column + 1, column], -1)]
    faces = quads.reshape(-1, 4)
    uv = np.stack([corner_u, corner_v], -1).reshape(-1, 4, 2)
    return Swept(grid.reshape(-1, 3), faces.astype(np.int32), uv.astype(np.float32))


def _finer(section: F64Array, other: F64Array) -> tuple[F64Array, F64Array]:
    """Two sections (K, 2) with their segments split alike, so that no piece is long."""
    longest = np.maximum(
        np.linalg.norm(np.diff(section, axis=0), axis=1),
        np.linalg.norm(np.diff(other, axis=0), axis=1),
    )
    pieces = np.maximum(np.ceil(longest / STEP_M), 1).astype(int)
    at = [0.0] + [i + (j + 1) / count for i, count in enumerate(pieces) for j in range(count)]
    knots = np.arange(len(section))

    def split(corners: F64Array) -> F64Array:
        return np.stack([np.interp(at, knots, corners[:, k]) for k in range(2)], 1)

    return split(section), split(other)


def _at(skirt: Skirt, s_m: F64Array, slant: F64Array) -> tuple[F32Array, F32Array]:
    """Places and normals (N, K, 3) at distances (N, K) across the edge.

    ``slant`` (N, K) moves them along the edge, in steps of the ring.
    """
    where = np.clip((s_m - skirt.s_m[0]) / STEP_M, 0, len(skirt.s_m) - 1.001)
    low = where.astype(int)
    t = (where - low)[..., None]
    ring = np.arange(s_m.shape[0])[:, None] + slant
    first = np.floor(ring).astype(int)
    r = (ring - first)[..., None]
    n = s_m.shape[0]
    first, second = first % n, (first + 1) % n

    def blend(values: F32Array) -> F32Array:
        here = values[low, first] * (1 - r) + values[low, second] * r
        farther = values[low + 1, first] * (1 - r) + values[low + 1, second] * r
        return np.asarray(here * (1 - t) + farther * t, np.float32)

    return blend(skirt.points_m), _unit(blend(skirt.normals))


def _even(line_m: F32Array) -> F32Array:
    """Resample a closed line evenly, by about :data:`STEP_M`, lightly smoothed."""
    closed = np.concatenate([line_m, line_m[:1]])
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    n = max(int(arc[-1] / STEP_M), 16)
    at = np.arange(n) * arc[-1] / n
    out = np.stack([np.interp(at, arc, closed[:, k]) for k in range(3)], 1)
    return _around(np.asarray(out, np.float32), 3.0)


def _around(values: F32Array, sigma: float) -> F32Array:
    return np.asarray(gaussian_filter1d(values, sigma, axis=0, mode="wrap"), np.float32)


def _unit(v: NDArray[Any]) -> F32Array:
    return np.asarray(v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-9), np.float32)
