"""The strip of buttons down the front of a shirt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from assets.clothing.entries import Placket
from assets.clothing.pattern import Pattern
from assets.clothing.trim import Surface, Swept
from assets.geometry import F32Array, I32Array

__all__ = ["buttons", "placket_strip"]

STEP_M = 0.004
SECTION = ((-1.0, -0.5), (-1.0, 0.7), (-0.9, 1.1), (0.9, 1.1), (1.0, 0.7), (1.0, -0.5))
"""Across in half widths, and off the cloth in millimetres."""
FIRST_BUTTON_M = 0.02
SEGMENTS = 16
PROFILE = ((1.0, -0.6), (1.0, 1.0), (0.85, 1.8), (0.6, 1.7), (0.5, 1.3), (0.0, 1.3))
"""Of a button: radius in shares, height in millimetres."""


def placket_strip(
    placket: Placket, pattern: Pattern, cloth_m: F32Array, normals: F32Array, top_y_m: float
) -> Swept:
    """The strip, from the rest height ``top_y_m`` downwards."""
    rows = np.arange(int(placket.length_m / STEP_M)) * STEP_M
    across = np.array([s[0] for s in SECTION]) * placket.width_mm / 2000
    height = np.array([s[1] for s in SECTION]) / 1000
    down, facing = _on_front(
        pattern, cloth_m, normals, np.stack([np.zeros(len(rows)), top_y_m - rows], 1)
    )
    # Straight, however the cloth is stretched: its width is measured on the posed body.
    right = np.cross(facing, np.gradient(down, axis=0))
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    beside = down[:, None] + across[None, :, None] * right[:, None]
    at, normal = Surface(cloth_m, normals).project(beside.reshape(-1, 3).astype(np.float32))
    grid = at + normal * np.tile(height, len(rows))[:, None]
    n, k = len(rows), len(across)
    index = np.arange(n * k).reshape(n, k)
    quads = np.stack([index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]], -1)
    faces = quads.reshape(-1, 4).astype(np.int32)
    y, x = np.meshgrid(top_y_m - rows, across, indexing="ij")
    flat = np.stack([x.ravel(), y.ravel()], 1)
    return Swept(grid.astype(np.float32), faces, flat[faces].astype(np.float32))


def buttons(
    placket: Placket, pattern: Pattern, cloth_m: F32Array, normals: F32Array, top_y_m: float
) -> tuple[F32Array, I32Array]:
    """All buttons: vertices (V, 3) in metres and faces (F, 4)."""
    y = top_y_m - np.arange(FIRST_BUTTON_M, placket.length_m, placket.button_spacing_m)
    middle, _ = _on_front(pattern, cloth_m, normals, np.stack([np.zeros_like(y), y], 1))
    centre, normal = Surface(cloth_m, normals).project(middle.astype(np.float32))
    right = np.cross(normal, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    up = np.cross(right, normal)
    angle = np.arange(SEGMENTS) * 2 * np.pi / SEGMENTS
    radius = np.array([p[0] for p in PROFILE]) * placket.button_mm / 2000
    height = np.array([p[1] for p in PROFILE]) / 1000 + 0.0012
    # (buttons, profile, round, 3)
    spokes = (
        np.cos(angle)[:, None] * right[:, None, None] + np.sin(angle)[:, None] * up[:, None, None]
    )
    points = (
        centre[:, None, None]
        + radius[None, :, None, None] * spokes
        + height[None, :, None, None] * normal[:, None, None]
    )
    k = len(PROFILE)
    index = np.arange(len(y) * k * SEGMENTS).reshape(len(y), k, SEGMENTS)
    ahead = np.roll(index, -1, 2)
    quads = np.stack([index[:, :-1], ahead[:, :-1], ahead[:, 1:], index[:, 1:]], -1)
    return points.reshape(-1, 3).astype(np.float32), quads.reshape(-1, 4).astype(np.int32)


def _on_front(
    pattern: Pattern, cloth_m: F32Array, normals: F32Array, rest_xy: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places and normals (N, 3) of the cloth before rest coordinates (N, 2) of the breast."""
    rest = pattern.rest_m
    front = np.flatnonzero((np.abs(rest[:, 0]) < 0.06) & (rest[:, 2] > 0.03))
    distance, index = cKDTree(rest[front][:, :2]).query(rest_xy, k=12)
    weight = 1 / (distance**2 + 1.6e-5)
    weight /= weight.sum(1, keepdims=True)
    chosen = front[index]
    # First-order: each neighbour's place, moved by what separates it in x and y.
    shift = rest_xy[:, None] - rest[chosen][..., :2]
    near = cloth_m[chosen].astype(np.float64)
    normal = (normals[chosen] * weight[..., None]).sum(1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    near[..., :2] += shift
    near[..., 2] -= (shift * normal[:, None, :2]).sum(-1) / np.maximum(normal[:, None, 2], 0.3)
    return np.asarray((near * weight[..., None]).sum(1)), normal
