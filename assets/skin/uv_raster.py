"""Mesh quantities drawn into a window of UV space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from assets.geometry import F32Array, I32Array

__all__ = ["BoolArray", "UvRaster", "draw_quads"]

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class UvRaster:
    """Which mesh point each texel shows. Row 0 is at the bottom (least v)."""

    vertex: I32Array
    """(N, N, 3) mesh vertices."""
    weight: F32Array
    """(N, N, 3) barycentric weights of them."""
    quad: I32Array
    """(N, N) index of the quad shown."""
    gutter_texels: F32Array
    """(N, N) 0 inside a quad; elsewhere how far the nearest drawn texel is, whose content a
    texel outside all quads takes."""

    def draw(self, values: F32Array) -> F32Array:
        """(V, C) vertex values to (N, N, C)."""
        out = values[self.vertex[..., 0]] * self.weight[..., :1]
        for k in (1, 2):
            out += values[self.vertex[..., k]] * self.weight[..., k : k + 1]
        return np.asarray(out, np.float32)


def draw_quads(
    quads: I32Array,
    quad_uv: F32Array,
    window: tuple[float, float, float, float],
    resolution: int,
) -> UvRaster:
    """Rasterise quads ``(F, 4)`` with corner coordinates ``quad_uv`` (F, 4, 2).

    Each quad is drawn as two triangles. Texels outside all quads take the nearest drawn one,
    so that filtering at an island's border finds no hole.
    """
    u0, u1, v0, v1 = window
    texel = (np.asarray(quad_uv, np.float64) - [u0, v0]) / [u1 - u0, v1 - v0] * resolution - 0.5
    low, high = texel.min(1), texel.max(1)
    inside = ((high >= 0) & (low <= resolution - 1)).all(1)
    vertex = np.zeros((resolution, resolution, 3), np.int32)
    weight = np.zeros((resolution, resolution, 3), np.float32)
    quad = np.full((resolution, resolution), -1, np.int32)
    for q in np.nonzero(inside)[0]:
        for corners in ([0, 1, 2], [0, 2, 3]):
            _draw_triangle(texel[q, corners], quads[q, corners], int(q), vertex, weight, quad)
    gutter, (rows, columns) = distance_transform_edt(quad < 0, return_indices=True)
    at = (rows, columns)
    return UvRaster(vertex[at], weight[at], quad[at], np.asarray(gutter, np.float32))


def _draw_triangle(
    corner: NDArray[np.float64],
    corner_vertex: I32Array,
    q: int,
    vertex: I32Array,
    weight: F32Array,
    quad: I32Array,
) -> None:
    size = quad.shape[0]
    x0, y0 = np.maximum(np.ceil(corner.min(0) - 1e-6).astype(int), 0)
    x1, y1 = np.minimum(np.floor(corner.max(0) + 1e-6).astype(int), size - 1)
    if x1 < x0 or y1 < y0:
        return
    (ax, ay), (bx, by), (cx, cy) = corner
    area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
    if abs(area) < 1e-12:
        return
    x = np.arange(x0, x1 + 1)[None, :]
    y = np.arange(y0, y1 + 1)[:, None]
    w1 = ((x - ax) * (cy - ay) - (cx - ax) * (y - ay)) / area
    w2 = ((bx - ax) * (y - ay) - (x - ax) * (by - ay)) / area
    w0 = 1 - w1 - w2
    hit = (w0 >= -1e-6) & (w1 >= -1e-6) & (w2 >= -1e-6)
    rows, columns = np.nonzero(hit)
    rows, columns = rows + y0, columns + x0
    vertex[rows, columns] = corner_vertex
    weight[rows, columns] = np.stack([w0[hit], w1[hit], w2[hit]], -1)
    quad[rows, columns] = q
