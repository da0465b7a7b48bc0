"""Weaves as bump tiles and prints as colour tiles, over a square of cloth."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from assets.clothing.entries import Fabric
from assets.geometry import F32Array, SurfaceMaterial
from assets.noise import Stream, ValueNoise
from spec_schema.errors import AssetError, nearest
from spec_schema.spec import Item

__all__ = ["TILE_M", "cloth_material"]

TILE_M = 0.16
TILE_PX = 512

WEAVES: dict[str, tuple[float, float, float]] = {
    # threads a tile across and along, relief in millimetres
    "jersey": (96, 72, 0.10),
    "woven": (112, 112, 0.07),
    "pique": (64, 64, 0.16),
    "rib": (64, 0, 0.35),
    "knit": (32, 40, 0.3),
    "fleece": (128, 128, 0.12),
    "twill": (80, 80, 0.10),
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
        colour_map=_print(fabric, item) if printed and item.pattern > 0 else None,
        height_map_mm=_weave(weave),
        sheen=fabric.sheen,
        specular=0.3,
    )


@lru_cache(maxsize=16)
def _weave(name: str) -> F32Array:
    """(P, P) relief in millimetres; periodic."""
    if name not in WEAVES:
        hint = nearest(name, WEAVES)
        raise AssetError(f"clothing.toml: weave is {name!r}: no such weave; {hint}")
    across, along, relief = WEAVES[name]
    v, u = np.meshgrid(_phase(), _phase(), indexing="ij")
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
        case "fleece":
            height = _cloud(7, 60.0)
        case _:
            height = 0.5 + 0.5 * np.cos(2 * np.pi * across * u) * np.cos(2 * np.pi * along * v)
    return np.asarray(height * relief, np.float32)


def _phase() -> F32Array:
    return np.asarray((np.arange(TILE_PX) + 0.5) / TILE_PX, np.float32)


def _cloud(seed: int, frequency: float) -> F32Array:
    """Periodic noise (P, P) about 0.5: on a torus, so that the tile has no seams."""
    v, u = np.meshgrid(_phase(), _phase(), indexing="ij")
    angle_u, angle_v = 2 * np.pi * u, 2 * np.pi * v
    points = np.stack([np.cos(angle_u), np.sin(angle_u) + np.cos(angle_v), np.sin(angle_v)], -1)
    noise = ValueNoise(seed, "clothing/cloud")
    return 0.5 + 0.5 * noise(np.asarray(points, np.float32), frequency / 6.3, octaves=3)


def _print(fabric: Fabric, item: Item) -> F32Array:
    """(P, P, 3) factors on the item's colour."""
    draw = Stream(item.seed, "clothing/print")
    kind = fabric.prints[int(draw.integers(len(fabric.prints)))]
    second = _second_colour(item, draw)
    count = int(3 + draw.integers(8))
    v, u = np.meshgrid(_phase(), _phase(), indexing="ij")
    width = float(draw.uniform((), 0.15, 0.5))
    soft = np.float32(1.5 * count / TILE_PX)

    def bar(t: F32Array) -> F32Array:
        apart = np.abs((t * count) % 1 - 0.5)
        return np.asarray(np.clip((width / 2 - apart) / soft + 0.5, 0, 1), np.float32)

    match kind:
        case "stripes":
            mask = bar(v)
        case "pinstripes":
            width = 0.08
            mask = bar(u)
        case "checks":
            mask = 0.5 * bar(u) + 0.5 * bar(v)
        case "dots":
            du, dv = (u * count) % 1 - 0.5, (v * count) % 1 - 0.5
            mask = np.clip((0.12 + 0.4 * width - np.hypot(du, dv)) / soft + 0.5, 0, 1)
        case "floral":
            petals = _cloud(item.seed, 40.0)
            mask = np.clip((np.abs(petals - 0.5) - 0.12) / 0.04, 0, 1)
        case "melange":
            mask = np.clip(_cloud(item.seed, 120.0), 0, 1)
        case _:
            raise AssetError(f"clothing.toml: prints has {kind!r}, which is no print")
    mask = np.asarray(mask, np.float32)[..., None] * np.float32(item.pattern)
    return np.asarray(1 - mask + mask * second, np.float32)


def _second_colour(item: Item, draw: Stream) -> F32Array:
    """(3,) factor that turns the item's colour into the print's."""
    own = np.array([item.red, item.green, item.blue], np.float32)
    light = float(own.max()) < 0.25
    other = draw.uniform(3, 0.25, 0.75) if light else draw.uniform(3, 0.01, 0.2)
    grey = np.full(3, other.mean(), np.float32)
    other = grey + (other - grey) * draw.uniform((), 0, 1)
    return np.asarray(np.clip(other / np.maximum(own, 0.01), 0.0, 60.0), np.float32)
