"""What all skins share: patterns over the head's UV window, computed once and cached.

The patterns are fixed; :func:`assets.skin.compose` makes each person's own out of them by
blends, offsets and thresholds that the spec's seed gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from assets.geometry import F32Array, I32Array
from assets.noise import ValueNoise
from assets.skin.constants import SkinConstants, constants
from assets.skin.field_cache import Arrays, cached
from assets.skin.head_mesh import HeadMesh
from assets.skin.regions import blobs, smoothstep
from assets.skin.spots import scatter
from assets.skin.uv_raster import BoolArray, UvRaster, draw_quads
from assets.skin.vertex_colour import BaseColours
from assets.skin.wrinkles import wrinkle_patterns

if TYPE_CHECKING:
    from assets.store import Store

__all__ = ["NOISE_VARIANTS", "BodyPixels", "SkinFields", "compute_arrays"]

NOISE_VARIANTS = 3
"""Variants of each noise; people differ by how they are blended."""

_BLEND_MARGIN = 0.03
"""Inside the window's border the body is coloured too, for a renderer that blends there."""

_MASKS = ("face", "lips", "eyelids", "ears")


@dataclass(frozen=True)
class BodyPixels:
    """The texels of the whole UV square that show upper body, mouth or eye sockets."""

    index: I32Array
    """(P,) into the flattened (M, M) map."""
    vertex: I32Array
    """(P, 3)"""
    weight: F32Array
    """(P, 3)"""
    broad: F32Array
    """(variants, P) the broad mottling."""
    cavity: F32Array
    """(P,) depth into the mouth, 0 at the lips to 1; -1 outside the mouth."""
    socket: F32Array
    """(P,) depth behind the lids' rims, 0 to 1; -1 elsewhere."""
    resolution: int


@dataclass(frozen=True)
class SkinFields:
    """Patterns over the window, row 0 at the bottom, and what colours the rest of the body.

    ``maps`` holds float32 (N, N) arrays by name: ``mid0-2``, ``broad0-2`` and ``fine`` noises
    (about 0); ``freckle``, ``mole``, ``blemish``, ``age_spot`` profiles with their ``*_id``;
    ``pore``; ``wrinkle_*`` (grooves negative); regions ``flush``, ``under_eye``, ``oily``,
    ``porous``, ``face``, ``lips``, ``eyelids``, ``ears`` (0-1); ``lip_lines``; ``fade``, which
    is 0 where the window meets the body; ``reach``, 0 where the window shows no skin at all;
    ``lining`` and ``rim``, 1 at the inner edge of lips and lids.
    """

    window: tuple[float, float, float, float]
    maps: Mapping[str, F32Array]
    rest_quarter_m: F32Array
    """(N/4, N/4, 3) rest position, metres, hm08."""
    half: UvRaster
    """The mesh's vertices over the window at N/2."""
    body: BodyPixels
    base: BaseColours

    @property
    def resolution(self) -> int:
        """N, the maps' size."""
        return int(self.maps["fade"].shape[0])

    @staticmethod
    def load(store: Store, resolution: int = 1024, folder: Path | None = None) -> SkinFields:
        """The fields of a store, from memory, from disk, or computed and put there.

        ``folder`` is where they are cached: beside the compiled store unless told otherwise.
        """
        return _load(store, resolution, store.path.parent if folder is None else folder)


@lru_cache(maxsize=3)
def _load(store: Store, resolution: int, folder: Path) -> SkinFields:
    arrays = cached(
        folder, store.lock, resolution, lambda: compute_arrays(store, resolution, constants())
    )
    c = constants()
    return SkinFields(
        window=c.window.uv,
        maps=MappingProxyType(
            {k.removeprefix("map."): v for k, v in arrays.items() if k.startswith("map.")}
        ),
        rest_quarter_m=arrays["rest_quarter"],
        half=UvRaster(
            arrays["half.vertex"],
            arrays["half.weight"],
            arrays["half.quad"],
            arrays["half.gutter_texels"],
        ),
        body=BodyPixels(
            index=arrays["body.index"],
            vertex=arrays["body.vertex"],
            weight=arrays["body.weight"],
            broad=arrays["body.broad"],
            cavity=arrays["body.cavity"],
            socket=arrays["body.socket"],
            resolution=c.window.body_resolution,
        ),
        base=BaseColours(store, HeadMesh.of(store), c),
    )


def compute_arrays(store: Store, resolution: int, c: SkinConstants) -> Arrays:
    """All cached arrays, named as in the cache: ``map.*``, ``half.*``, ``body.*``."""
    mesh = HeadMesh.of(store)
    raster = draw_quads(mesh.quads, mesh.quad_uv, c.window.uv, resolution)
    half = draw_quads(mesh.quads, mesh.quad_uv, c.window.uv, resolution // 2)
    quarter = draw_quads(mesh.quads, mesh.quad_uv, c.window.uv, resolution // 4)
    rest = raster.draw(mesh.rest_m)
    fields: Arrays = {}
    fields |= _seam_maps(mesh, raster, rest, c)
    fields |= _noise_maps(rest, c)
    fields |= _region_maps(store, rest, resolution, c)
    fields |= {f"wrinkle_{k}": v for k, v in wrinkle_patterns(rest).items()}
    on_head = np.isin(mesh.island[raster.quad], mesh.islands["head"])
    on_head &= raster.gutter_texels == 0
    fields |= _spot_maps(rest, on_head, fields, c)
    out = {f"map.{name}": np.asarray(value, np.float32) for name, value in fields.items()}
    out["rest_quarter"] = quarter.draw(mesh.rest_m)
    out |= {f"half.{k}": getattr(half, k) for k in ("vertex", "weight", "quad", "gutter_texels")}
    return out | {f"body.{k}": v for k, v in _body_arrays(mesh, c).items()}


def _noise_maps(rest: F32Array, c: SkinConstants) -> Arrays:
    maps: Arrays = {}
    for k in range(NOISE_VARIANTS):
        maps[f"broad{k}"] = _broad(k, rest, c)
        maps[f"mid{k}"] = ValueNoise(k, "skin/mid")(rest, c.mottle.mid.frequency_per_m, 3, 0.6)
    maps["fine"] = ValueNoise(0, "skin/fine")(rest, c.mottle.fine.frequency_per_m, 3, 0.6)
    # Lines of the lips run up and down: fast in x, slow in y.
    stretched = rest * np.array([1.0, 0.14, 0.4], np.float32)
    maps["lip_lines"] = ValueNoise(0, "skin/lip-lines")(stretched, 950.0, 2)
    return maps


def _broad(variant: int, rest: F32Array, c: SkinConstants) -> F32Array:
    return ValueNoise(variant, "skin/broad")(rest, c.mottle.broad.frequency_per_m, 3, 0.55)


def _region_maps(store: Store, rest: F32Array, resolution: int, c: SkinConstants) -> Arrays:
    maps = {name: _mask(store, name, resolution, c) for name in _MASKS}
    maps["flush"] = np.minimum(blobs(rest, c.flush) + 0.3 * maps["ears"], 1)
    maps["under_eye"] = blobs(rest, c.under_eye)
    maps["oily"] = blobs(rest, c.oily)
    maps["porous"] = blobs(rest, c.porous)
    return maps


def _mask(store: Store, name: str, resolution: int, c: SkinConstants) -> F32Array:
    """A painted mask over the window, softened by about a millimetre."""
    from PIL import Image, ImageFilter

    pixels = store.array(f"head/mask/{name}")
    size = pixels.shape[0]
    u0, u1, v0, v1 = c.window.uv
    image = Image.fromarray(np.asarray(pixels)).filter(ImageFilter.GaussianBlur(size / 600))
    box = (u0 * size, (1 - v1) * size, u1 * size, (1 - v0) * size)
    small = image.resize((resolution, resolution), Image.Resampling.BILINEAR, box=box)
    value = np.asarray(small, np.float32)[::-1] / 255
    # The masks are JPEGs: faint ringing far from the region must not count.
    return np.asarray(np.clip((value - 0.06) / 0.88, 0, 1), np.float32)


def _seam_maps(mesh: HeadMesh, raster: UvRaster, rest: F32Array, c: SkinConstants) -> Arrays:
    flat = rest.reshape(-1, 3)

    def distance(points: F32Array) -> F32Array:
        found, _ = cKDTree(points).query(flat, distance_upper_bound=0.05)
        return np.asarray(np.minimum(found, 1.0), np.float32).reshape(rest.shape[:2])

    on_head = np.isin(mesh.island[raster.quad], mesh.islands["head"])
    size = raster.quad.shape[0]
    reach = smoothstep(raster.gutter_texels, size / 96, size / 192)
    reach = reach * (rest[..., 1] > c.window.body_lowest_y_m)
    return {
        "reach": reach,
        "fade": smoothstep(distance(mesh.seam_m("body")), 0.0015, 0.020) * on_head * reach,
        "lining": smoothstep(distance(mesh.seam_m("mouth")), c.mouth.lining_reach_m, 0.0),
        "rim": smoothstep(distance(mesh.seam_m("socket")), c.lid.rim_reach_m, 0.0),
    }


def _spot_maps(rest: F32Array, on_head: BoolArray, maps: Arrays, c: SkinConstants) -> Arrays:
    texels = np.nonzero(on_head)
    points = rest[texels]
    area = _texel_area(rest)[texels]
    wobble = 0.35 * maps["mid0"][texels] + 0.3 * maps["fine"][texels]
    out: Arrays = {}
    for name in ("freckle", "mole", "blemish", "age_spot", "pore"):
        size: F32Array | float = 1.0
        rim = wobble * (1.5 if name == "age_spot" else 0.6)
        if name == "pore":
            size = 0.55 + 0.45 * maps["porous"][texels]
            rim = np.zeros_like(rim)
        profile, identity = scatter(name, getattr(c.spots, name), points, area, size, rim)
        for suffix, values in (("", profile), ("_id", identity)):
            grid = np.zeros(on_head.shape, np.float32)
            grid[texels] = values
            out[name + suffix] = grid
    del out["pore_id"]
    out["pore"] *= 0.25 + 0.75 * maps["porous"]
    return out


def _texel_area(rest: F32Array) -> F32Array:
    """Surface that each texel covers, m²; seams and gutters are capped."""
    along = np.gradient(rest, axis=1)
    across = np.gradient(rest, axis=0)
    area = np.linalg.norm(np.cross(along, across), axis=-1)
    return np.asarray(np.minimum(area, np.quantile(area, 0.98)), np.float32)


def _inside(window: tuple[float, float, float, float], size: int, margin: float) -> BoolArray:
    """(size, size) texels of the whole UV square that lie in the window."""
    centre = (np.arange(size) + 0.5) / size
    half_texel = 0.5 / size
    across = (centre > window[0] + margin - half_texel) & (centre < window[1] - margin + half_texel)
    up = (centre > window[2] + margin - half_texel) & (centre < window[3] - margin + half_texel)
    return np.asarray(up[:, None] & across[None, :])


def _body_arrays(mesh: HeadMesh, c: SkinConstants) -> Arrays:
    raster = draw_quads(mesh.quads, mesh.quad_uv, (0.0, 1.0, 0.0, 1.0), c.window.body_resolution)
    rest = raster.draw(mesh.rest_m)
    wanted = (rest[..., 1] > c.window.body_lowest_y_m) & (raster.gutter_texels < 6)
    wanted &= ~_inside(c.window.uv, c.window.body_resolution, _BLEND_MARGIN)
    # The mouth's island lies close below the window, and its gutter must not run into it.
    mouth_gutter = np.isin(mesh.island[raster.quad], mesh.islands["mouth"])
    mouth_gutter &= raster.gutter_texels > 0
    wanted &= ~(mouth_gutter & _inside(c.window.uv, c.window.body_resolution, 0.0))
    points = rest[wanted]
    island = mesh.island[raster.quad[wanted]]

    def depth(name: str, reach_m: float) -> F32Array:
        inside = np.isin(island, mesh.islands[name])
        found = np.zeros(len(points), np.float32)
        if inside.any():
            found[inside] = cKDTree(mesh.seam_m(name)).query(points[inside])[0]
        return np.asarray(np.where(inside, smoothstep(found, 0.0, reach_m), -1), np.float32)

    return {
        "index": np.nonzero(wanted.ravel())[0].astype(np.int32),
        "vertex": raster.vertex[wanted],
        "weight": raster.weight[wanted],
        "broad": np.stack([_broad(k, points, c) for k in range(NOISE_VARIANTS)]),
        "cavity": depth("mouth", c.mouth.deep_reach_m),
        "socket": depth("socket", c.lid.socket_reach_m),
    }
