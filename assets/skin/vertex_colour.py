"""The painted skin textures, read as pigments on the mesh's vertices.

The packs' textures are small (the face is about 130 texels wide) and painted with hair, make-up
and light. What is kept is their slow variation, as pigment amounts at vertices: that has no
seam where UV islands meet, and carries over to any skin tone. Painted hair and lips are
replaced from their surroundings. A texture may have any size; what it holds beside that is
:class:`Detail`, in which large ones keep their own pores and marks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.sparse import coo_matrix, csr_matrix, diags

from assets.geometry import F32Array
from assets.skin.constants import SkinConstants
from assets.skin.enlarging import doubled
from assets.skin.head_mesh import HeadMesh
from assets.skin.regions import blobs, hairline_side, smoothstep
from assets.skin.tone import linear_from_srgb, melanin_absorbance
from assets.skin.uv_raster import BoolArray, UvRaster
from spec_schema.errors import AssetError, nearest

if TYPE_CHECKING:
    from assets.store import Store

__all__ = ["BaseColours", "Detail", "neighbour_average"]

_FILL_STEPS = 250
_FINE_TEXELS = 1024
"""Textures from this size show pores and marks of their own; smaller ones only blotches."""
_DARKEST = 0.004


@dataclass(frozen=True)
class Detail:
    """What a texture paints finer than the mesh's vertices, in pigment units."""

    melanin: F32Array
    """(N, N)"""
    haemoglobin: F32Array | None
    """(N, N); None where the texture is too small to tell colours of small things apart."""


class BaseColours:
    """Pigment variation of each skin texture; a few are kept in memory."""

    def __init__(self, store: Store, mesh: HeadMesh, constants: SkinConstants) -> None:
        self._store = store
        self._mesh = mesh
        self._constants = constants
        self._uv, self._corner_vertex = mesh.quad_uv.reshape(-1, 2), mesh.quads.ravel()
        self._trusted = self._find_trusted()
        self._average = neighbour_average(mesh)
        self.pigments = lru_cache(maxsize=32)(self._pigments)
        self.detail = lru_cache(maxsize=8)(self._detail)
        # Both ask for it, one after the other.
        self._painted = lru_cache(maxsize=1)(self._load_painted)

    def _find_trusted(self) -> BoolArray:
        """(V,) vertices whose painted colour is bare skin."""
        mesh, c = self._mesh, self._constants
        # The ears' backs lie above the painted hairline, but are bare.
        ears, lips = self._vertex_mask("ears"), self._vertex_mask("lips")
        hair = (hairline_side(mesh.rest_m, c.base) > -0.006) & (ears < 0.5)
        hidden = mesh.quads[np.isin(mesh.island, [*mesh.islands["mouth"], *mesh.islands["socket"]])]
        trusted = ~hair & (lips < 0.2)
        trusted[np.unique(hidden)] = False
        return np.asarray(trusted)

    def _vertex_mask(self, name: str) -> F32Array:
        pixels = np.asarray(self._store.array(f"head/mask/{name}"))
        sampled = _sample(pixels[..., None] / np.float32(255), self._uv)[:, 0]
        out = np.zeros(len(self._mesh.rest_m), np.float32)
        np.maximum.at(out, self._corner_vertex, sampled)
        return out

    def _load_painted(self, texture: str) -> tuple[F32Array, F32Array]:
        """Linear colours (S, S, 3) of a texture, and logarithms (V, 3) of them at vertices."""
        linear = self._texture(texture)
        return linear, self._vertex_log_colour(linear)

    def _texture(self, texture: str) -> F32Array:
        name = f"skins/{texture}"
        if not self._store.has(name):
            known = [n.removeprefix("skins/") for n in self._store.names("skins/")]
            raise AssetError(
                f"skin.texture is {texture!r}: no such skin texture; {nearest(texture, known)}"
            )
        return linear_from_srgb(np.asarray(self._store.array(name), np.float32) / 255)

    def _pigments(self, texture: str) -> F32Array:
        """(V, 2) melanin and haemoglobin about the face's mean, in pigment units."""
        c = self._constants.base
        _, log_colour = self._painted(texture)
        face = self._vertex_mask("face") > 0.9
        known = self._trusted
        centre = log_colour[face & known].mean(0)
        basis = np.stack([melanin_absorbance(), self._constants.pigment.haemoglobin])
        amount = -(log_colour - centre) @ np.linalg.pinv(basis)
        amount = c.limit * np.tanh(amount * [c.melanin, c.haemoglobin] / c.limit)
        filled = np.where(known[:, None], amount, 0).astype(np.float32)
        unknown = np.flatnonzero(~known)
        average = self._average[unknown]
        for _ in range(_FILL_STEPS):
            filled[unknown] = average @ filled
        filled -= filled[face].mean(0)
        filled *= 1 - blobs(self._mesh.rest_m, self._constants.painted)[:, None]
        # The painted trunk is paler than the face by more than skin is.
        below = smoothstep(self._mesh.rest_m[:, 1], 0.66, 0.50)
        filled *= (1 - (1 - c.trunk) * below)[:, None]
        return np.asarray(filled, np.float32)

    def _vertex_log_colour(self, texture: F32Array) -> F32Array:
        size = texture.shape[0]
        soft = gaussian_filter(texture, (size / 400, size / 400, 0))
        sampled = np.log(np.maximum(_sample(soft, self._uv), 0.004))
        total = np.zeros((len(self._mesh.rest_m), 3), np.float64)
        np.add.at(total, self._corner_vertex, sampled)
        count = np.bincount(self._corner_vertex, minlength=len(total))
        return np.asarray(total / np.maximum(count, 1)[:, None], np.float32)

    def _detail(self, texture: str, half: UvRaster) -> Detail:
        """What the vertices are too coarse for, about 0."""
        linear, log_colour = self._painted(texture)
        self._painted.cache_clear()  # a texture that the user added may be large
        c, resolution = self._constants, 2 * half.quad.shape[0]
        trusted = self._trusted * (1 - blobs(self._mesh.rest_m, c.painted))
        trust = smoothstep(half.draw(trusted.astype(np.float32)[:, None])[..., 0], 0.5, 1.0)
        trust = trust * np.isin(self._mesh.island[half.quad], self._mesh.islands["head"])
        if linear.shape[0] < _FINE_TEXELS:
            grey = np.log(np.maximum(linear.mean(-1, keepdims=True), _DARKEST))
            painted = _sample(grey, _grid(c.window.uv, resolution // 2), order=3)
            slow = np.log(np.maximum(half.draw(np.exp(log_colour)).mean(-1), _DARKEST))
            fast = np.clip(slow - painted.reshape(slow.shape), -0.2, 0.3) * trust
            return Detail(doubled(np.asarray(c.base.residual * fast, np.float32)), None)
        grid = _grid(c.window.uv, resolution)
        painted = _sample(np.log(np.maximum(linear, _DARKEST)), grid)
        slow = half.draw(log_colour)
        basis = np.linalg.pinv(np.stack([melanin_absorbance(), c.pigment.haemoglobin]))
        planes = [
            doubled(np.ascontiguousarray(slow[..., k])) - painted[:, k].reshape((resolution,) * 2)
            for k in range(3)
        ]
        weight = c.base.fine_residual * doubled(np.asarray(trust, np.float32))
        limit = c.base.fine_limit
        melanin, haemoglobin = (
            weight
            * np.clip(sum(np.float32(basis[k, j]) * planes[k] for k in range(3)), -limit, limit)
            for j in range(2)
        )
        return Detail(np.asarray(melanin, np.float32), np.asarray(haemoglobin, np.float32))


def _grid(window: tuple[float, float, float, float], n: int) -> F32Array:
    """(n * n, 2) UV points at the centres of the window's texels."""
    u0, u1, v0, v1 = window
    at = (np.arange(n) + 0.5) / n
    grid = np.stack(np.meshgrid(u0 + at * (u1 - u0), v0 + at * (v1 - v0)), -1)
    return np.asarray(grid.reshape(-1, 2), np.float32)


def _sample(pixels: F32Array, uv: F32Array, order: int = 1) -> F32Array:
    """(P, C) values of an image ``(H, W, C)``, row 0 at the top, at UV points (P, 2)."""
    height, width = pixels.shape[:2]
    at = np.stack([(1 - uv[:, 1]) * height - 0.5, uv[:, 0] * width - 0.5])
    channels = [
        map_coordinates(pixels[..., k], at, order=order, mode="nearest", output=np.float32)
        for k in range(pixels.shape[2])
    ]
    return np.stack(channels, -1)


def neighbour_average(mesh: HeadMesh) -> csr_matrix:
    """Each vertex's neighbours in equal parts."""
    count = len(mesh.rest_m)
    a, b = mesh.quads.ravel(), np.roll(mesh.quads, -1, 1).ravel()
    ones = np.ones(2 * len(a), np.float32)
    graph = coo_matrix((ones, (np.r_[a, b], np.r_[b, a])), shape=(count, count)).tocsr()
    degree = np.maximum(np.asarray(graph.sum(1)).ravel(), 1)
    return csr_matrix(diags(1 / degree).astype(np.float32) @ graph)
