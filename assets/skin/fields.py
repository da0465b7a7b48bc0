"""What all skins share: patterns over the head's UV window, computed once and cached.

The patterns are fixed; :func:`assets.skin.compose` makes each person's own out of them by
blends, offsets and thresholds that the spec's seed gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from assets.geometry import F32Array, I32Array
from assets.noise import ValueNoise
from assets.skin.constants import FieldConstants, Nostril, constants
from assets.skin.field_cache import Arrays, cached
from assets.skin.head_mesh import HeadMesh
from assets.skin.regions import blobs, smoothstep
from assets.skin.spots import SpotTexels, scatter
from assets.skin.uv_raster import BoolArray, UvRaster, draw_quads
from assets.skin.vertex_colour import BaseColours, neighbour_average
from assets.skin.wrinkles import wrinkle_patterns

if TYPE_CHECKING:
    from assets.store import Store

__all__ = ["NOISE_VARIANTS", "REGIONS", "BodyPixels", "SkinFields", "compute_arrays"]

NOISE_VARIANTS = 3
"""Variants of each noise; people differ by how they are blended."""

_BLEND_MARGIN = 0.03
"""Inside the window's border the body is coloured too, for a renderer that blends there."""

REGIONS = (
    "flush", "under_eye", "oily", "porous", "shave", "downy", "cheeks", "cheekbone", "forehead",
    "spotty", "sweaty",
)  # fmt: skip
"""Soft regions that the constants place by ellipsoids."""

_SPOTS = ("freckle", "mole", "blemish", "age_spot", "acne", "drop")
_CONCAVE_REACH = (0.02, 0.14)
"""Depth of a vertex below its neighbours' mean, in edge lengths: where shading begins, is full."""

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
    mid: F32Array
    """(variants, P) the finer mottling, and the relief."""
    mid_mirrored: F32Array
    """(variants, P) the same on the other side of the body."""
    neck: F32Array
    """(P,) the pattern of the neck's lines, -1 in a groove."""
    cavity: F32Array
    """(P,) depth into the mouth, 0 at the lips to 1; -1 outside the mouth."""
    socket: F32Array
    """(P,) depth behind the lids' rims, 0 to 1; -1 elsewhere."""
    resolution: int

    @cached_property
    def operator(self) -> sparse.csr_matrix:
        """(P, V) float32: from vertices to texels."""
        count, vertices = len(self.index), int(self.vertex.max()) + 1
        rows = np.arange(0, 3 * count + 1, 3)
        values = (self.weight.ravel(), self.vertex.ravel(), rows)
        return sparse.csr_matrix(values, shape=(count, vertices), dtype=np.float32)

    @cached_property
    def in_cavity(self) -> NDArray[np.intp]:
        """Those of the P texels that lie in the mouth."""
        return np.flatnonzero(self.cavity >= 0)

    @cached_property
    def in_socket(self) -> NDArray[np.intp]:
        """Those of the P texels that lie behind the lids."""
        return np.flatnonzero(self.socket >= 0)


@dataclass(frozen=True)
class SkinFields:
    """Patterns over the window, row 0 at the bottom, and what colours the rest of the body.

    ``maps`` holds float32 (N, N) arrays by name: ``mid0-2``, ``broad0-2`` and ``fine`` noises
    (about 0); ``pore``; ``wrinkle_*`` (grooves negative); the regions of
    :data:`REGIONS` and ``face``, ``lips``, ``eyelids``, ``ears`` (0-1); ``lip_lines``; ``fade``,
    which is 0 where the window meets the body; ``reach``, 0 where the window shows no skin at
    all; ``lining`` and ``rim``, 1 at the inner edge of lips and lids; ``liner`` and ``crease``,
    round the eye; ``veins`` and ``capillaries``, 1 on a vessel; ``concave``, 1 in creases and
    nostrils; ``nostril`` on the ceilings of those; ``upper_lip``; ``left``, 1 on the left side.
    """

    window: tuple[float, float, float, float]
    maps: Mapping[str, F32Array]
    spots: Mapping[str, SpotTexels]
    """``freckle``, ``mole``, ``blemish``, ``age_spot``, ``acne`` and ``drop``."""
    rest_quarter_m: F32Array
    """(N/4, N/4, 3) rest position, metres, hm08."""
    half: UvRaster
    """The mesh's vertices over the window at N/2."""
    body: BodyPixels
    base: BaseColours

    @cached_property
    def lined(self) -> Mapping[str, tuple[NDArray[np.intp], ...]]:
        """Rows and columns of the texels that show ``lining``, ``rim`` or ``nostril``."""
        return {name: np.nonzero(self.maps[name] > 0.004) for name in ("lining", "rim", "nostril")}

    @cached_property
    def of_all(self) -> dict[str, F32Array]:
        """Maps that follow from these alone, whoever wears them; filled by who makes them."""
        return {}

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
        spots=MappingProxyType(
            {
                name: SpotTexels(
                    arrays[f"spot.{name}.index"],
                    arrays[f"spot.{name}.profile"],
                    arrays[f"spot.{name}.identity"],
                    resolution,
                )
                for name in _SPOTS
            }
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
            mid=arrays["body.mid"],
            mid_mirrored=arrays["body.mid_mirrored"],
            neck=arrays["body.neck"],
            cavity=arrays["body.cavity"],
            socket=arrays["body.socket"],
            resolution=c.window.body_resolution,
        ),
        base=BaseColours(store, HeadMesh.of(store), c),
    )


def compute_arrays(store: Store, resolution: int, c: FieldConstants) -> Arrays:
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
    fields["concave"] = raster.draw(_concavity(mesh)[:, None])[..., 0]
    fields["nostril"] = _nostrils(rest, raster.draw(_normals(mesh)), c.nostril)
    fields["upper_lip"] = fields["lips"] * smoothstep(
        rest[..., 1] - _mouth_line_m(mesh, rest), -0.0004, 0.0008
    )
    fields |= _vessel_maps(rest, c)
    fields |= {f"wrinkle_{k}": v for k, v in wrinkle_patterns(rest).items()}
    on_head = np.isin(mesh.island[raster.quad], mesh.islands["head"])
    on_head &= raster.gutter_texels == 0
    spots = _spot_arrays(rest, on_head, fields, c)
    fields["pore"] = spots.pop("pore")
    out = {f"map.{name}": np.asarray(value, np.float32) for name, value in fields.items()}
    out |= {f"spot.{k}": v for k, v in spots.items()}
    out["rest_quarter"] = quarter.draw(mesh.rest_m)
    out |= {f"half.{k}": getattr(half, k) for k in ("vertex", "weight", "quad", "gutter_texels")}
    return out | {f"body.{k}": v for k, v in _body_arrays(mesh, c).items()}


def _noise_maps(rest: F32Array, c: FieldConstants) -> Arrays:
    maps: Arrays = {}
    for k in range(NOISE_VARIANTS):
        maps[f"broad{k}"] = _broad(k, rest, c)
        maps[f"mid{k}"] = _mid(k, rest, c)
    maps["fine"] = ValueNoise(0, "skin/fine")(rest, c.mottle.fine.frequency_per_m, 3, 0.6)
    # Lines of the lips run up and down: fast in x, slow in y.
    stretched = rest * np.array([1.0, 0.14, 0.4], np.float32)
    maps["lip_lines"] = ValueNoise(0, "skin/lip-lines")(stretched, 950.0, 2)
    return maps


def _broad(variant: int, rest: F32Array, c: FieldConstants) -> F32Array:
    return ValueNoise(variant, "skin/broad")(rest, c.mottle.broad.frequency_per_m, 3, 0.55)


def _mid(variant: int, rest: F32Array, c: FieldConstants) -> F32Array:
    return ValueNoise(variant, "skin/mid")(rest, c.mottle.mid.frequency_per_m, 3, 0.6)


def _concavity(mesh: HeadMesh) -> F32Array:
    """(V,) 0 on flat and bulging skin to 1 in creases, nostrils and folds of the ear."""
    average = neighbour_average(mesh)
    edge = np.linalg.norm(mesh.rest_m[mesh.quads] - mesh.rest_m[np.roll(mesh.quads, -1, 1)], axis=2)
    length = np.zeros(len(mesh.rest_m), np.float32)
    np.maximum.at(length, mesh.quads.ravel(), edge.ravel())
    below = ((average @ mesh.rest_m - mesh.rest_m) * _normals(mesh)).sum(1)
    depth = below / np.maximum(length, 1e-5)
    depth = 0.5 * depth + 0.5 * (average @ depth)
    return smoothstep(depth, *_CONCAVE_REACH)


def _nostrils(rest: F32Array, normal: F32Array, c: Nostril) -> F32Array:
    """1 on the ceilings of the nostrils, at rest positions and normals ``(*, 3)``."""
    x = np.abs(rest[..., 0]) - np.float32(c.centre_xz_m[0])
    z = rest[..., 2] - np.float32(c.centre_xz_m[1])
    along, across = (
        (x * np.float32(dx) + z * np.float32(dz)) / np.float32(radius)
        for (dx, dz), radius in zip(
            (c.axis_xz, (-c.axis_xz[1], c.axis_xz[0])), c.radii_m, strict=True
        )
    )
    # Nothing else there faces down but the ceilings: the nose's tip is before them.
    down = smoothstep(-normal[..., 1], 0.2, 0.6) * (np.abs(rest[..., 1] - 0.686) < 0.006)
    return np.asarray(smoothstep(np.hypot(along, across), 1.15, 0.55) * down, np.float32)


def _mouth_line_m(mesh: HeadMesh, rest: F32Array) -> F32Array:
    """Height of the line between the lips, by distance from the midline."""
    seam = mesh.seam_m("mouth")
    order = np.argsort(np.abs(seam[:, 0]))
    side, height = np.abs(seam[order, 0]), seam[order, 1]
    bins = np.linspace(0, side[-1], 13)
    which = np.clip(np.searchsorted(bins, side, side="right") - 1, 0, 11)
    mean = np.bincount(which, height, 12) / np.maximum(np.bincount(which, minlength=12), 1)
    return np.asarray(np.interp(np.abs(rest[..., 0]), (bins[1:] + bins[:-1]) / 2, mean), np.float32)


def _normals(mesh: HeadMesh) -> F32Array:
    """(V, 3) unit normals of the skin at rest."""
    a, b, c, d = (mesh.rest_m[mesh.quads[:, k]] for k in range(4))
    across = np.cross(c - a, d - b)
    total = np.zeros_like(mesh.rest_m)
    for k in range(4):
        np.add.at(total, mesh.quads[:, k], across)
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12))


def _vessel_maps(rest: F32Array, c: FieldConstants) -> Arrays:
    """Lines along which a noise changes its sign: they branch and wander as vessels do."""
    v = c.vessels

    def lines(name: str, frequency: float, width: float) -> F32Array:
        bent = rest + 0.0025 * np.stack(
            [ValueNoise(k, "skin/vessel-bend")(rest, 110.0, 2) for k in range(3)], -1
        )
        noise = ValueNoise(0, f"skin/{name}")(bent, frequency, 2, 0.4)
        return np.asarray(np.exp(-((noise / width) ** 2)), np.float32)

    broken = ValueNoise(1, "skin/vessel-broken")(rest, 60.0, 2)
    seen = np.clip(0.55 + 0.9 * broken, 0, 1)
    return {
        "veins": lines("veins", v.vein_per_m, v.vein_width) * seen * blobs(rest, c.veined),
        "capillaries": lines("capillaries", v.capillary_per_m, 0.12)
        * np.clip(0.2 + 1.2 * broken, 0, 1)
        * blobs(rest, c.thready),
    }


def _region_maps(store: Store, rest: F32Array, resolution: int, c: FieldConstants) -> Arrays:
    maps = {name: _mask(store, name, resolution, c) for name in _MASKS}
    maps |= {name: blobs(rest, getattr(c, name)) for name in REGIONS}
    maps["flush"] = np.minimum(maps["flush"] + 0.3 * maps["ears"], 1)
    maps["shave"] = maps["shave"] * (1 - maps["lips"])
    bare = (1 - maps["lips"]) * (1 - maps["eyelids"]) * (1 - maps["porous"])
    maps["downy"] = bare * (c.reach.fuzz_least + (1 - c.reach.fuzz_least) * maps["downy"])
    maps["left"] = smoothstep(rest[..., 0], -0.010, 0.010)
    return maps


def _mask(store: Store, name: str, resolution: int, c: FieldConstants) -> F32Array:
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


def _seam_maps(mesh: HeadMesh, raster: UvRaster, rest: F32Array, c: FieldConstants) -> Arrays:
    flat = rest.reshape(-1, 3)

    def distance(points: F32Array) -> F32Array:
        found, _ = cKDTree(points).query(flat, distance_upper_bound=0.05)
        return np.asarray(np.minimum(found, 1.0), np.float32).reshape(rest.shape[:2])

    to_lid = distance(mesh.seam_m("socket"))
    on_head = np.isin(mesh.island[raster.quad], mesh.islands["head"])
    size = raster.quad.shape[0]
    reach = smoothstep(raster.gutter_texels, size / 96, size / 192)
    reach = reach * (rest[..., 1] > c.window.body_lowest_y_m)
    return {
        "reach": reach,
        "fade": smoothstep(distance(mesh.seam_m("body")), 0.0015, 0.020) * on_head * reach,
        "lining": smoothstep(distance(mesh.seam_m("mouth")), c.reach.lining_m, 0.0),
        "rim": smoothstep(to_lid, c.reach.rim_m, 0.0),
        "liner": _liner(rest, to_lid, c),
        # Shadow is laid from the lashes to a little over the crease, more outwards.
        "crease": smoothstep(to_lid, c.reach.crease_m, 0.2 * c.reach.crease_m)
        * smoothstep(rest[..., 1] - _lid_line_m(rest), -0.0005, 0.0015),
    }


def _lid_line_m(rest: F32Array) -> F32Array:
    """Height of the line between the corners of the eye, which rises outwards."""
    return np.asarray(0.7275 + 0.10 * (np.abs(rest[..., 0]) - 0.0305), np.float32)


def _liner(rest: F32Array, to_lid: F32Array, c: FieldConstants) -> F32Array:
    """A line along the upper lid that widens outwards, and half of one below."""
    outward = smoothstep(np.abs(rest[..., 0]), 0.018, 0.042)
    upper = smoothstep(rest[..., 1] - _lid_line_m(rest), -0.0008, 0.0008)
    reach = c.reach.liner_m * (0.45 + 0.55 * outward) * (0.5 + 0.5 * upper)
    return smoothstep(to_lid / reach, 1.15, 0.65) * (0.35 + 0.65 * upper)


def _spot_arrays(rest: F32Array, on_head: BoolArray, maps: Arrays, c: FieldConstants) -> Arrays:
    """``pore`` as a map, and the texels of all other kinds as ``NAME.index`` and so on."""
    texels = np.nonzero(on_head)
    points = rest[texels]
    area = _texel_area(rest)[texels]
    wobble = 0.35 * maps["mid0"][texels] + 0.3 * maps["fine"][texels]
    flat = np.nonzero(on_head.ravel())[0].astype(np.int32)
    out: Arrays = {}
    for name in _SPOTS:
        # Age spots are blotches, drops of sweat are round.
        rim = wobble * {"age_spot": 1.5, "drop": 0.0}.get(name, 0.6)
        profile, identity = scatter(name, getattr(c.spots, name), points, area, 1.0, rim)
        covered = profile > 0
        out[f"{name}.index"] = flat[covered]
        out[f"{name}.profile"] = profile[covered]
        out[f"{name}.identity"] = identity[covered]
    size = 0.55 + 0.45 * maps["porous"][texels]
    profile, _ = scatter("pore", c.spots.pore, points, area, size)
    out["pore"] = np.zeros(on_head.shape, np.float32)
    out["pore"][texels] = profile
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


def _body_arrays(mesh: HeadMesh, c: FieldConstants) -> Arrays:
    raster = draw_quads(mesh.quads, mesh.quad_uv, (0.0, 1.0, 0.0, 1.0), c.window.body_resolution)
    rest = raster.draw(mesh.rest_m)
    wanted = (rest[..., 1] > c.window.body_lowest_y_m) & (raster.gutter_texels < 6)
    wanted &= ~_inside(c.window.uv, c.window.body_resolution, _BLEND_MARGIN)
    # The mouth's island lies close below the window, and its gutter must not run into it.
    mouth_gutter = np.isin(mesh.island[raster.quad], mesh.islands["mouth"])
    mouth_gutter &= raster.gutter_texels > 0
    wanted &= ~(mouth_gutter & _inside(c.window.uv, c.window.body_resolution, 0.0))
    points = rest[wanted]
    mirrored = points * np.array([-1, 1, 1], np.float32)
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
        "mid": np.stack([_mid(k, points, c) for k in range(NOISE_VARIANTS)]),
        "mid_mirrored": np.stack([_mid(k, mirrored, c) for k in range(NOISE_VARIANTS)]),
        "neck": wrinkle_patterns(points)["neck"],
        "cavity": depth("mouth", c.reach.mouth_deep_m),
        "socket": depth("socket", c.reach.socket_m),
    }
