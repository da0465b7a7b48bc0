"""Weaves as bump tiles and prints as colour tiles, over a square of cloth."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from assets.clothing.entries import Fabric
from assets.clothing.prints import TILE_M, cloud, phase, print_map
from assets.geometry import F32Array, SurfaceMaterial
from spec_schema.errors import AssetError, nearest
from spec_schema.spec import Item

__all__ = ["TILE_M", "cloth_material"]

WEAVES: dict[str, tuple[float, float, float]] = {
    # threads a tile across and along, relief in millimetres
    "jersey": (96, 72, 0.10),
    "woven": (112, 112, 0.07),
    "pique": (64, 64, 0.16),
    "rib": (64, 0, 0.35),
    "knit": (32, 40, 0.3),
    "fleece": (128, 128, 0.12),
    "twill": (80, 80, 0.10),
    "felt": (128, 128, 0.08),
    "straw": (40, 40, 0.6),
    "leather": (96, 96, 0.05),
}


def cloth_material(
    fabric: Fabric, item: Item, weave: str, shade: float = 1.0, printed: bool = True
) -> SurfaceMaterial:
    """Material of a piece of cloth whose UVs count tiles of :data:`TILE_M`."""
    low, high = fabric.roughness
    colour = tuple(float(np.clip(c * shade, 0, 1)) for c in (item.red, item.green, item.blue))
    return SurfaceMaterial(
        colour=(colour[0], colour[1], colour[2]),
        roughness=low + (high - low) * float(item.roughness),
        colour_map=print_map(item) if printed else None,
        height_map_mm=_weave(weave),
        sheen=fabric.sheen,
        specular=0.2,
    )


@lru_cache(maxsize=16)
def _weave(name: str) -> F32Array:
    """(P, P) relief in millimetres; periodic."""
    if name not in WEAVES:
        hint = nearest(name, WEAVES)
        raise AssetError(f"clothing.toml: weave is {name!r}: no such weave; {hint}")
    across, along, relief = WEAVES[name]
    v, u = np.meshgrid(phase(), phase(), indexing="ij")
    match name:
        case "rib":
            height = np.cos(np.pi * across * u) ** 2
        case "knit" | "jersey":
            # Stocking stitch: columns of V, each leg slanting down to the column's middle.
            column = across * u
            slant = np.abs(column % 1 - 0.5)
            loop = 0.5 + 0.5 * np.cos(2 * np.pi * (along * v + 1.2 * slant))
            height = np.sin(np.pi * (column % 1)) ** 2 * (0.5 + 0.5 * loop)
        case "twill":
            height = 0.5 + 0.5 * np.cos(2 * np.pi * (across * u + along * v))
        case "fleece" | "felt" | "leather":
            height = cloud(7, 60.0)
        case _:
            height = 0.5 + 0.5 * np.cos(2 * np.pi * across * u) * np.cos(2 * np.pi * along * v)
    return np.asarray(height * relief, np.float32)
