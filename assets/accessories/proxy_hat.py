"""Hats of the packs: fitted to the cage by their binding, then eased until no skin shows."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.sparse import csr_matrix

from assets.accessories.data import HeadwearStyle
from assets.accessories.fit import F64Array, HeadFit, Skin
from assets.geometry import F32Array, I32Array, Mesh, SurfaceMaterial
from assets.head.model import Head
from assets.skin.tone import linear_from_srgb
from assets.store import Store
from assets.subdivision import catmull_clark, subdivide_corners
from spec_schema.classes import SegmentationClass
from spec_schema.errors import AssetError
from spec_schema.spec import Item

__all__ = ["build_proxy_hat"]

CLEARANCE_M = 0.0008
BAND_GAP_M = 0.001
SECTORS = 36
SECTOR = 2 * np.pi / SECTORS
TILT_LIMIT_DEG = 8.0


def build_proxy_hat(style: HeadwearStyle, item: Item, head: Head, store: Store) -> tuple[Mesh, ...]:
    """The hat in the world frame, its texture tinted by the item's colour."""
    if style.proxy is None:
        raise AssetError(f"headwear {item.id!r}: its kind is 'proxy' but it names no proxy")
    fit = HeadFit(head)
    hat = _bound(style.proxy, fit.skull(np.asarray(head.cage_m, np.float64)), store)
    operator, faces, uv = _refined(style.proxy, store)
    scalp = fit.scalp(ears=False)
    points = _drawn_in(_tilted(operator @ hat, item.tilt_deg), scalp)
    points = scalp.pushed_out(points, CLEARANCE_M)
    low, high = style.roughness
    material = SurfaceMaterial(
        colour=(item.red, item.green, item.blue),
        roughness=low + (high - low) * item.roughness,
        colour_map=_shading(style.proxy, store),
        sheen=style.cloth.sheen,
        specular=0.25,
    )
    return (
        Mesh(
            name="headwear-hat",
            vertices_m=fit.world(points),
            faces=faces,
            face_class=np.full(len(faces), SegmentationClass.HEADWEAR, np.uint8),
            material=material,
            uv=uv,
        ),
    )


def _tilted(points_m: F64Array, tilt_deg: float) -> F64Array:
    """Rolled about the middle of the hat's lower part; towards the subject's right if positive."""
    angle = np.deg2rad(np.clip(tilt_deg, -TILT_LIMIT_DEG, TILT_LIMIT_DEG))
    pivot = np.array([points_m[:, 0].mean(), np.quantile(points_m[:, 1], 0.3), 0.0])
    c, s = np.cos(angle), np.sin(angle)
    roll = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    return np.asarray((points_m - pivot) @ roll.T + pivot)


def _drawn_in(points_m: F64Array, scalp: Skin) -> F64Array:
    """Each side of the hat moved towards the skull or from it, until its band lies on."""
    middle = scalp.points_m.mean(0)
    for _ in range(5):
        away = points_m - middle
        away[:, 1] = 0.0
        radius = np.linalg.norm(away, axis=1, keepdims=True)
        away /= np.maximum(radius, 1e-6)
        turn = np.arctan2(away[:, 0], away[:, 2])
        distance, _, normal = scalp.nearest(points_m)
        level = (np.abs(normal[:, 1]) < 0.85) & (radius[:, 0] > 0.03)
        gap = np.empty(SECTORS)
        for k in range(SECTORS):
            apart = np.abs((turn - k * SECTOR + np.pi) % (2 * np.pi) - np.pi)
            gap[k] = distance[level & (apart < 0.8 * SECTOR)].min()
        inward = gaussian_filter1d(gap - BAND_GAP_M, 0.4, mode="wrap")
        shift = np.interp(
            turn % (2 * np.pi), np.arange(SECTORS + 1) * SECTOR, np.append(inward, inward[0])
        )
        points_m = points_m - away * (shift * np.clip(radius[:, 0] / 0.05, 0, 1))[:, None]
    return points_m


def _bound(proxy: str, cage_m: F64Array, store: Store) -> F64Array:
    """(n, 3) MakeHuman's fit of weighted references, in the skull frame."""
    refs = store.array(f"proxies/{proxy}/refs")
    weights = store.array(f"proxies/{proxy}/weights").astype(np.float64)
    scale = np.ones(3)
    for axis, (a, b, denominator_m) in enumerate(store.json(f"proxies/{proxy}")["scale"] or ()):
        scale[axis] = abs(cage_m[a, axis] - cage_m[b, axis]) / denominator_m
    offsets = store.array(f"proxies/{proxy}/offsets") * scale
    return np.asarray((cage_m[refs] * weights[..., None]).sum(1) + offsets)


@lru_cache(maxsize=8)
def _refined(proxy: str, store: Store) -> tuple[csr_matrix, I32Array, F32Array]:
    faces = np.asarray(store.array(f"proxies/{proxy}/faces"), np.int32)
    corners = store.array(f"proxies/{proxy}/face_uv")
    uv = np.asarray(store.array(f"proxies/{proxy}/uv")[np.maximum(corners, 0)], np.float32)
    count = len(store.array(f"proxies/{proxy}/refs"))
    operator, quads = catmull_clark(faces, count)
    return operator, quads, subdivide_corners(faces, uv)


@lru_cache(maxsize=8)
def _shading(proxy: str, store: Store) -> F32Array:
    """(H, W, 3) the painted texture's brightness by its mean, row 0 at the bottom."""
    pixels = store.array(f"proxies/{proxy}/texture/diffuse")[::-1, :, :3]
    grey = linear_from_srgb(np.asarray(pixels, np.float32) / 255).mean(-1)
    ratio = np.clip(grey / grey[grey > 0.02].mean(), 0.15, 2.0)
    return np.asarray(np.repeat(ratio[..., None], 3, -1), np.float32)
