"""Materials of users' worn things."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from assets.geometry import ClearMaterial, F32Array, Material, SurfaceMaterial
from assets.skin.tone import linear_from_srgb
from assets.user.entry import ItemAsset
from assets.user.shelf import user_arrays
from spec_schema.spec import Item

__all__ = ["part_material"]

_LENS_IOR: Final = 1.5


def part_material(asset: ItemAsset, item: Item, k: int) -> Material:
    """Material of a part of a thing, in the item's colour as far as the thing takes it."""
    about = asset.parts[k]
    if about.clear:
        return ClearMaterial(ior=_LENS_IOR, tint=about.colour, thin=True)
    texture = _texture(item.id, asset.sha256, k)
    own = np.asarray(about.colour, np.float32)
    wanted = np.array([item.red, item.green, item.blue], np.float32)
    t = np.float32(asset.tint)
    if texture is None:
        colour, colour_map = own * (1 - t) + wanted * t, None
    else:
        colour = np.ones(3, np.float32)
        painted = texture * own
        light = painted.mean(2, keepdims=True)
        dyed = light / max(float(light.mean()), 1e-3) * wanted
        colour_map = np.clip(painted * (1 - t) + dyed * t, 0, 0.95).astype(np.float32)
    normals = _map(item.id, asset.sha256, f"normal.{k}")
    shine = _map(item.id, asset.sha256, f"shine.{k}")
    return SurfaceMaterial(
        colour=(float(colour[0]), float(colour[1]), float(colour[2])),
        roughness=about.roughness,
        metallic=about.metallic,
        colour_map=colour_map,
        normal_map=normals,
        shine_map=None if shine is None else shine[..., 1:],
    )


@lru_cache(maxsize=6)
def _texture(item_id: str, sha256: str, k: int) -> F32Array | None:
    """(H, W, 3) linear sRGB, row 0 at the bottom."""
    pixels = user_arrays(item_id).get(f"texture.{k}")
    if pixels is None:
        return None
    return linear_from_srgb(np.asarray(pixels[::-1], np.float32) / np.float32(255))


@lru_cache(maxsize=6)
def _map(item_id: str, sha256: str, name: str) -> F32Array | None:
    """(H, W, 3) plain numbers 0-1, row 0 at the bottom."""
    pixels = user_arrays(item_id).get(name)
    if pixels is None:
        return None
    return np.asarray(pixels[::-1], np.float32) / np.float32(255)
