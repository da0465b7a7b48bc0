"""A second renderer, in numpy: which class is in front, and how far, without Blender.

Triangles are tested at the centres of cells finer than the picture's pixels, one of which is
the pixel's own centre, and each cell keeps what is nearest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.geometry import Mesh

__all__ = ["Raster", "rasterise"]

CELLS = 3
"""Cells a pixel, each way; odd, so that a pixel and a cell share their centre."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Raster:
    """Cells (CELLS * size, CELLS * size) of the picture's plane."""

    depth_m: Array
    """+inf where nothing is."""
    classes: NDArray[np.uint8]
    mesh: NDArray[np.int32]
    """Which of the meshes is in front, -1 where none is."""
    triangle: NDArray[np.int32]
    """Of that mesh: its faces cut from corner 0, then the second halves of its quads."""
    weights: Array
    """(..., 3) of the triangle's corners."""

    def centres(self) -> Raster:
        """The same at the pixels' centres alone."""
        every = slice(CELLS // 2, None, CELLS)
        arrays = (self.depth_m, self.classes, self.mesh, self.triangle, self.weights)
        return Raster(*(a[every, every] for a in arrays))

    def interpolated(self, index: int, per_corner: Array) -> Array:
        """Corner values (F, 4, C) of a mesh's faces where it is in front, (H, W, C), else NaN."""
        quad = ~np.isnan(per_corner[:, 3]).any(axis=-1)
        values = np.concatenate([per_corner[:, :3], per_corner[quad][:, [0, 2, 3]]])
        out = np.full((*self.mesh.shape, per_corner.shape[-1]), np.nan)
        here = self.mesh == index
        out[here] = np.einsum("nc,nck->nk", self.weights[here], values[self.triangle[here]])
        return out

    def coverage(self, class_id: int) -> Array:
        """(size, size) share of each pixel that a class covers."""
        size = len(self.classes) // CELLS
        cells = (self.classes == class_id).reshape(size, CELLS, size, CELLS)
        return np.asarray(cells.mean(axis=(1, 3)))


def rasterise(meshes: Sequence[Mesh], camera_from_world: Array, k: Array, size_px: int) -> Raster:
    """Draw meshes as a pinhole camera sees them (OpenCV axes, pixel centres at +0.5)."""
    side = size_px * CELLS
    found: list[tuple[NDArray[np.int64], Array, NDArray[np.int64], Array, int]] = []
    for number, mesh in enumerate(meshes):
        points = mesh.vertices_m.astype(float) @ camera_from_world[:3, :3].T
        points += camera_from_world[:3, 3]
        quad = mesh.faces[:, 3] >= 0
        triangles = np.concatenate([mesh.faces[:, :3], mesh.faces[quad][:, [0, 2, 3]]])
        corners = points[triangles]
        flat = corners @ k.T
        # Cell centres are whole numbers here.
        flat = flat[..., :2] / flat[..., 2:] * CELLS - 0.5
        first = np.maximum(np.ceil(flat.min(axis=1)), 0).astype(int)
        last = np.minimum(np.floor(flat.max(axis=1)), side - 1).astype(int)
        reach = (last - first).max(axis=1) + 1
        seen = (corners[..., 2] > 0.02).all(axis=1) & (last >= first).all(axis=1)
        for step in np.unique(reach[seen]):
            chosen = np.flatnonzero(seen & (reach == step))
            for part in np.array_split(chosen, 1 + len(chosen) * step**2 // 4_000_000):
                at, w, owner = _inside(flat[part], corners[part, :, 2], first[part], int(step))
                inside = (at < side).all(axis=1)
                cell, w, owner = (
                    (at[:, 1] * side + at[:, 0])[inside],
                    w[inside],
                    part[owner[inside]],
                )
                depth = (w * corners[owner, :, 2]).sum(axis=-1)
                found.append((cell, depth, owner, w, number))
    return _nearest(meshes, found, side)


def _nearest(
    meshes: Sequence[Mesh],
    found: Sequence[tuple[NDArray[np.int64], Array, NDArray[np.int64], Array, int]],
    side: int,
) -> Raster:
    cell, depth, owner, weights = (np.concatenate([f[i] for f in found]) for i in range(4))
    mesh = np.concatenate([np.full(len(f[0]), f[4], np.int32) for f in found])
    order = np.lexsort((-depth, cell))  # of equal cells the nearest comes last, and stays
    last = np.append(np.flatnonzero(np.diff(cell[order])), len(cell) - 1)
    kept = order[last]
    classes = [np.concatenate([m.face_class, m.face_class[m.faces[:, 3] >= 0]]) for m in meshes]
    out = Raster(
        np.full(side * side, np.inf),
        np.zeros(side * side, np.uint8),
        np.full(side * side, -1, np.int32),
        np.zeros(side * side, np.int32),
        np.zeros((side * side, 3)),
    )
    at = cell[kept]
    out.depth_m[at], out.mesh[at], out.triangle[at] = depth[kept], mesh[kept], owner[kept]
    out.weights[at] = weights[kept]
    for number, of_class in enumerate(classes):
        here = out.mesh == number
        out.classes[here] = of_class[out.triangle[here]]
    return Raster(
        *(
            a.reshape(side, side, *a.shape[1:])
            for a in (out.depth_m, out.classes, out.mesh, out.triangle, out.weights)
        )
    )


def _inside(
    flat: Array, z_m: Array, first: NDArray[np.int64], step: int
) -> tuple[NDArray[np.int64], Array, NDArray[np.int64]]:
    """Cells (M, 2) whose centres lie in triangles (N, 3, 2), the corners' weights there, and in
    which triangle.

    Only a block of ``step`` cells each way from ``first`` (N, 2) is looked at.
    """
    block = np.stack(np.meshgrid(np.arange(step), np.arange(step)), axis=-1).reshape(-1, 2)
    at = first[:, None] + block

    def twice_area(a: Array, b: Array, c: Array) -> Array:
        d, e = b - a, c - a
        return np.asarray(d[..., 0] * e[..., 1] - d[..., 1] * e[..., 0])

    a, b, c = (flat[:, None, i] for i in range(3))
    whole = twice_area(a, b, c)
    whole = np.where(np.abs(whole) < 1e-12, np.inf, whole)
    weights = np.stack([twice_area(b, c, at), twice_area(c, a, at), twice_area(a, b, at)], axis=-1)
    weights /= whole[..., None]
    hit = (weights >= 0).all(axis=-1) & np.isfinite(whole)
    owner, place = np.nonzero(hit)
    in_space = weights[owner, place] / z_m[owner]
    return at[owner, place], in_space / in_space.sum(axis=-1, keepdims=True), owner
