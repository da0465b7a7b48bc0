"""What a garment is for every head: the part of the body that it covers and its cut."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from assets.clothing.cut import Cut, cut_mesh
from assets.clothing.entries import Garment, Neckline, entry
from assets.geometry import F32Array, I32Array
from assets.head.surface import load_surface, vertex_normals
from assets.skin.regions import smoothstep
from assets.store import Store

__all__ = ["Pattern", "load_pattern", "signed_field"]

BODY_TOP_Y_M = 0.612
SUPPORT_M = 0.05
"""How far the surface that carries the trims reaches beyond the cut."""
TUCK_M = 0.012
"""Skin deeper under the cloth than this is not drawn."""
SHOULDER_M = (0.18, 0.53)
ARM_DIRECTION = (0.64, -0.77)


@dataclass(frozen=True)
class Pattern:
    """A garment on the body's topology. E supporting vertices."""

    support: NDArray[np.int64]
    """(E,) rendered head vertices."""
    support_faces: I32Array
    """(Fe, 4) into the support."""
    smoothing: sparse.csr_matrix
    """(E, E) float32 mean of the neighbours."""
    border: NDArray[np.bool_]
    """(E,) outer edge of the support."""
    depth_m: F32Array
    """(E,) distance from the cut, positive under the cloth."""
    rest_m: F32Array
    """(E, 3)"""
    cut: Cut
    neck_loop: int
    hidden_faces: NDArray[np.bool_]
    """(F,) of the head's faces."""

    @cached_property
    def away(self) -> F32Array:
        """(E,) 0 at the cut to 1 well under the cloth."""
        return smoothstep(self.depth_m, 0.005, 0.06)

    @cached_property
    def forward(self) -> F32Array:
        """(E,) how far the body faces forwards at rest, -1 to 1."""
        return np.asarray(vertex_normals(self.rest_m, self.support_faces)[:, 2])

    @cached_property
    def front(self) -> F32Array:
        """(E,) 1 on the breast, where cloth hangs free, to 0 on sides, arms and back."""
        x = np.abs(self.rest_m[:, 0])
        return np.asarray(smoothstep(self.forward, 0.1, 0.6) * smoothstep(x, 0.19, 0.12))

    @cached_property
    def taut(self) -> sparse.csr_matrix:
        """(E, E) a step by which cloth spans hollows."""
        return self._towards_neighbours(0.65 * ~self.border)

    @cached_property
    def stiff(self) -> sparse.csr_matrix:
        """(E, E) the same away from the cut, by which it hides small relief."""
        return self._towards_neighbours(0.8 * self.away * ~self.border)

    def _towards_neighbours(self, share: NDArray[np.floating[Any]]) -> sparse.csr_matrix:
        """What moves each point by its share (E,) of the way to the mean of its neighbours."""
        moved = sparse.diags(share.astype(np.float32)) @ self.smoothing
        return sparse.csr_matrix(sparse.diags((1 - share).astype(np.float32)) + moved)


def signed_field(garment: Garment, rest_m: F32Array) -> F32Array:
    """Positive where there is cloth, at rest positions (V, 3); a distance only near the cut."""
    x, y = np.abs(rest_m[:, 0]), rest_m[:, 1]
    field = _neck_field(garment.neckline, rest_m)
    if garment.armhole is not None:
        outline = np.array(garment.armhole.outline_m)[::-1]
        field = np.minimum(field, np.interp(y, outline[:, 0], outline[:, 1]) - x)
    if garment.sleeve is not None:
        along = (x - SHOULDER_M[0]) * ARM_DIRECTION[0] + (y - SHOULDER_M[1]) * ARM_DIRECTION[1]
        sleeve = np.minimum(field, garment.sleeve.length_m - along)
        field = np.where(x > SHOULDER_M[0], sleeve, field)
    return np.asarray(np.where(y > BODY_TOP_Y_M + 0.02, -1.0, field), np.float32)


def _neck_field(neckline: Neckline, rest_m: F32Array) -> F32Array:
    x, y, z = np.abs(rest_m[:, 0]), rest_m[:, 1], rest_m[:, 2]
    if neckline.plane_y_m is not None:
        plane = neckline.plane_y_m - neckline.plane_slope * (z - 0.02) - y
        return np.asarray(plane, np.float32)
    front = smoothstep(z, -0.015, 0.045)
    depth = neckline.side_y_m - (neckline.back_y_m * (1 - front) + neckline.front_y_m * front)
    power = neckline.back_power * (1 - front) + neckline.front_power * front
    across = x / neckline.half_width_m
    down = np.maximum(neckline.side_y_m - y, 0) / depth
    radius = (across**power + down**power) ** (1 / power)
    field = (radius - 1) * neckline.half_width_m
    # Above the shoulders all is neck and head.
    above = -np.maximum(np.abs(field), 0.02)
    return np.asarray(np.where(y > BODY_TOP_Y_M, above, field), np.float32)


@lru_cache(maxsize=24)
def load_pattern(item_id: str, store: Store) -> Pattern:
    """The pattern of a procedural garment, kept for the life of the process."""
    garment = entry(item_id)
    assert isinstance(garment, Garment)
    surface = load_surface(store)
    rest = surface.rest_m
    body = np.flatnonzero(
        (rest[surface.faces][:, :, 1].max(1) < BODY_TOP_Y_M + 0.035)
        & (surface.masks["inside-mouth"][surface.faces].max(1) < 0.3)
    )
    raw = signed_field(garment, rest)
    body = body[_largest_part(surface.faces[body])]
    faces = surface.faces[body]
    first = cut_mesh(faces, raw)
    line = (first.operator @ rest)[first.edge > 0]
    distance, _ = cKDTree(line).query(rest)
    depth = np.where(raw > 0, distance, -distance).astype(np.float32)

    near = (depth[faces] > -SUPPORT_M).all(1)
    support, local = np.unique(faces[near], return_inverse=True)
    support_faces = local.reshape(-1, 4).astype(np.int32)
    whole = cut_mesh(support_faces, raw[support])
    part = _largest_part(whole.faces)
    del part
    heights = [float((whole.operator[loop] @ rest[support])[:, 1].mean()) for loop in whole.loops]
    hidden = np.zeros(len(surface.faces), bool)
    hidden[body] = (depth[faces] > TUCK_M).all(1)
    smoothing, border = _smoothing(support_faces, len(support))
    return Pattern(
        support=support.astype(np.int64),
        support_faces=support_faces,
        smoothing=smoothing,
        border=border,
        depth_m=depth[support],
        rest_m=rest[support],
        cut=whole,
        neck_loop=int(np.argmax(heights)),
        hidden_faces=hidden,
    )


def _largest_part(faces: I32Array) -> NDArray[np.bool_]:
    """Mask (F,) of the faces of the largest connected part."""
    n = int(faces.max()) + 1
    last = np.where(faces[:, 3] < 0, faces[:, 2], faces[:, 3])
    rows = np.concatenate([faces[:, 0], faces[:, 1], faces[:, 2]])
    columns = np.concatenate([faces[:, 1], faces[:, 2], last])
    graph = sparse.coo_matrix((np.ones(len(rows), np.int8), (rows, columns)), shape=(n, n))
    _, label = connected_components(graph, directed=False)
    mine = label[faces[:, 0]]
    return np.asarray(mine == np.bincount(mine).argmax())


def _smoothing(faces: I32Array, n: int) -> tuple[sparse.csr_matrix, NDArray[np.bool_]]:
    a = faces.ravel().astype(np.int64)
    b = np.roll(faces, -1, axis=1).ravel().astype(np.int64)
    key, count = np.unique(np.minimum(a, b) * n + np.maximum(a, b), return_counts=True)
    low, high = key // n, key % n
    border = np.zeros(n, bool)
    border[low[count == 1]] = True
    border[high[count == 1]] = True
    rows, columns = np.concatenate([low, high]), np.concatenate([high, low])
    degree = np.maximum(np.bincount(rows, minlength=n), 1)
    values = (1.0 / degree)[rows]
    return sparse.csr_matrix((values, (rows, columns)), shape=(n, n), dtype=np.float32), border
