"""Prints: colour tiles over a square of cloth, periodic, from an item's seed and two colours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from assets.geometry import F32Array
from assets.noise import Stream, ValueNoise
from spec_schema.errors import AssetError, nearest
from spec_schema.spec import PLAIN_PRINT, Item

__all__ = ["PRINTS", "TILE_M", "TILE_PX", "cloud", "phase", "print_map"]

TILE_M: Final = 0.16
TILE_PX: Final = 512


@dataclass(frozen=True)
class _Tile:
    u: F32Array
    v: F32Array
    count: int
    """Repeats a tile."""
    width: float
    """Of a stripe, in repeats."""
    seed: int

    def bar(self, t: F32Array, count: int | None = None, width: float | None = None) -> F32Array:
        n = self.count if count is None else count
        soft = np.float32(1.5 * n / TILE_PX)
        apart = np.abs((t * n) % 1 - 0.5)
        half = (self.width if width is None else width) / 2
        return np.asarray(np.clip((half - apart) / soft + 0.5, 0, 1), np.float32)

    def disc(self, u: F32Array, v: F32Array, radius: float) -> F32Array:
        soft = np.float32(1.5 * self.count / TILE_PX)
        return np.asarray(np.clip((radius - np.hypot(u, v)) / soft + 0.5, 0, 1), np.float32)


def _checks(t: _Tile) -> F32Array:
    return np.asarray(0.5 * t.bar(t.u) + 0.5 * t.bar(t.v), np.float32)


def _tartan(t: _Tile) -> F32Array:
    broad = 0.4 * t.bar(t.u, 4, 0.45) + 0.4 * t.bar(t.v, 4, 0.45)
    fine = np.maximum(t.bar(t.u + 0.09, 4, 0.06), t.bar(t.v + 0.09, 4, 0.06))
    return np.asarray(np.maximum(broad, fine), np.float32)


def _dots(t: _Tile) -> F32Array:
    row = np.floor(t.v * t.count * 2).astype(int) % 2
    half = (t.u * t.count + 0.5 * row) % 1 - 0.5
    return t.disc(half, (t.v * t.count * 2) % 1 * 0.5 - 0.25, 0.08 + 0.25 * t.width)


def _floral(t: _Tile) -> F32Array:
    """Flowers of five petals, scattered and turned, over leaves of noise."""
    draw = Stream(t.seed, "clothing/floral")
    n = 10 + int(draw.integers(14))
    at = draw.uniform((n, 2))
    size = draw.uniform(n, 0.035, 0.085)
    turn = draw.uniform(n, 0, 6.28)
    mask = np.clip((cloud(t.seed, 24.0) - 0.66) / 0.03, 0, 0.6)
    for k in range(n):
        du = (t.u - at[k, 0] + 0.5) % 1 - 0.5
        dv = (t.v - at[k, 1] + 0.5) % 1 - 0.5
        r, angle = np.hypot(du, dv) / size[k], np.arctan2(dv, du) + turn[k]
        petal = np.clip((0.62 + 0.38 * np.cos(5 * angle) - r) / 0.08 + 0.5, 0, 1)
        heart = np.clip((0.2 - r) / 0.08 + 0.5, 0, 1)
        mask = np.maximum(mask, petal) * (1 - 0.7 * heart)
    return np.asarray(mask, np.float32)


def _camouflage(t: _Tile) -> F32Array:
    low, high = cloud(t.seed, 12.0), cloud(t.seed + 1, 16.0)
    return np.asarray(0.5 * (low > 0.55) + 0.5 * (high > 0.6), np.float32)


def _chevron(t: _Tile) -> F32Array:
    zig = np.abs((t.u * t.count) % 1 - 0.5) / t.count
    return t.bar(np.asarray(t.v + 1.6 * zig, np.float32))


def _argyle(t: _Tile) -> F32Array:
    u, v = ((t.u * 3) % 1 - 0.5), ((t.v * 2) % 1 - 0.5)
    lozenge = np.clip((0.5 - np.abs(u) - np.abs(v)) / 0.01 + 0.5, 0, 1)
    line = np.abs(np.abs(u) - np.abs(v)) < 0.012
    return np.asarray(np.maximum(0.7 * lozenge, line), np.float32)


def _emblem(t: _Tile) -> F32Array:
    """One sign in each repeat, of a ring, bars and a star: the sign of nobody."""
    draw = Stream(t.seed, "clothing/emblem")
    u, v = ((t.u * 2) % 1 - 0.5) * 2, ((t.v * 2) % 1 - 0.5) * 2
    r, angle = np.hypot(u, v), np.arctan2(v, u)
    points = 3 + int(draw.integers(5))
    star = 0.2 + 0.14 * np.cos(points * angle + draw.uniform((), 0, 6.28))
    ring = np.abs(r - draw.uniform((), 0.45, 0.55)) < draw.uniform((), 0.03, 0.09)
    bars = (np.abs((v * 6) % 1 - 0.5) < 0.22) & (np.abs(u) < 0.6) & (np.abs(v) < 0.62)
    which = int(draw.integers(3))
    mark = [(r < star) | ring, bars & (r > star + 0.1), ring & (np.abs(v) > 0.1) | (r < star)]
    return np.asarray(mark[which], np.float32)


PRINTS: Final[Mapping[str, Callable[[_Tile], F32Array]]] = {
    "stripes": lambda t: t.bar(t.v),
    "pinstripes": lambda t: t.bar(t.u, t.count + 6, 0.08),
    "broad_stripes": lambda t: t.bar(t.v, 2, 0.5),
    "diagonal": lambda t: t.bar(np.asarray(t.u + t.v, np.float32)),
    "checks": _checks,
    "tartan": _tartan,
    "dots": _dots,
    "floral": _floral,
    "melange": lambda t: np.clip(cloud(t.seed, 120.0), 0, 1),
    "camouflage": _camouflage,
    "chevron": _chevron,
    "argyle": _argyle,
    "emblem": _emblem,
}
"""(P, P) 0-1: where the second colour stands."""


@lru_cache(maxsize=4)
def print_map(item: Item) -> F32Array | None:
    """(P, P, 3) factors on the item's colour, or None where it is plain.

    Raises:
        AssetError: the item names a print that there is not.
    """
    if item.print == PLAIN_PRINT or item.pattern <= 0:
        return None
    if item.print not in PRINTS:
        raise AssetError(f"print is {item.print!r}: no such print; {nearest(item.print, PRINTS)}")
    draw = Stream(item.seed, "clothing/print")
    v, u = np.meshgrid(phase(), phase(), indexing="ij")
    count, width = 3 + int(draw.integers(8)), float(draw.uniform((), 0.15, 0.5))
    mask = PRINTS[item.print](_Tile(u, v, count, width, item.seed))
    own = np.array([item.red, item.green, item.blue], np.float32)
    second = np.array([item.second_red, item.second_green, item.second_blue], np.float32)
    factor = np.clip(second / np.maximum(own, 0.01), 0.0, 60.0)
    share = np.asarray(mask, np.float32) * np.float32(item.pattern)
    out = np.empty((*share.shape, 3), np.float32)
    for k in range(3):
        out[..., k] = 1 - share + share * factor[k]
    out.setflags(write=False)
    return out


def phase() -> F32Array:
    """(P,) place in the tile, 0-1."""
    return np.asarray((np.arange(TILE_PX) + 0.5) / TILE_PX, np.float32)


def cloud(seed: int, frequency: float) -> F32Array:
    """Periodic noise (P, P) about 0.5: on a torus, so that the tile has no seams."""
    v, u = np.meshgrid(phase(), phase(), indexing="ij")
    angle_u, angle_v = 2 * np.pi * u, 2 * np.pi * v
    points = np.stack([np.cos(angle_u), np.sin(angle_u) + np.cos(angle_v), np.sin(angle_v)], -1)
    noise = ValueNoise(seed, "clothing/cloud")
    return 0.5 + 0.5 * noise(np.asarray(points, np.float32), frequency / 6.3, octaves=3)
