"""Folds of cloth: drags from the armpit, drapes below the shoulder, creases of a sleeve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from assets.clothing.entries import Garment
from assets.clothing.pattern import ARM_DIRECTION, SHOULDER_M, Pattern
from assets.geometry import F32Array
from assets.noise import Stream, ValueNoise
from assets.skin.regions import smoothstep
from spec_schema.spec import Item

__all__ = ["crumples", "folds"]

Pair = tuple[float, float]

ARMPIT_M: Final[Pair] = (0.168, 0.425)
"""Where drags begin, rest x and y."""
ARMS_M: Final[Pair] = (0.17, 0.20)
RELIEF: Final = 1.3
"""Of an entry's ``folds_mm``: that of a fold of strength 1."""
REACH: Final = 5.0
"""A fold is nought so many widths from its line."""
MOST_MM: Final = 7.0
"""Where folds cross they do not add up to more."""
LEAN: Final[Pair] = (-0.45, 0.45)
"""By how much one flank may be steeper than the other."""


@dataclass(frozen=True)
class _Family:
    """Folds alike; ranges are drawn evenly. Lengths in rest metres, angles in degrees."""

    count: int
    """On each side of the body, before and behind."""
    start_m: tuple[Pair, Pair]
    """x, outwards, and y; on an arm: along it from the shoulder, and outwards across it."""
    angle_deg: Pair
    """0 towards the middle, 90 upwards."""
    length_m: Pair
    width_m: Pair
    height_mm: Pair
    bend: Pair
    """How far a fold curves, in shares of its length."""
    on_arm: bool = False


_X, _Y = ARMPIT_M
FAMILIES: Final = (
    # Drags: from the armpit to the neck, the breast and the side.
    _Family(5, ((_X - 0.012, _X + 0.01), (_Y - 0.02, _Y + 0.02)), (-40.0, 75.0), (0.06, 0.15),
            (0.0045, 0.008), (1.0, 2.6), (-0.12, 0.12)),
    # Drapes: cloth hangs from the neckline and the shoulder.
    _Family(4, ((0.01, 0.15), (0.50, 0.58)), (-115.0, -65.0), (0.09, 0.22), (0.008, 0.017),
            (0.8, 2.4), (-0.1, 0.1)),
    # Pulls: from beside the neck outwards to the armpit.
    _Family(3, ((0.075, 0.12), (0.53, 0.59)), (-150.0, -112.0), (0.07, 0.15), (0.006, 0.011),
            (0.7, 1.9), (-0.15, 0.15)),
    # Creases across a sleeve, from its inner side.
    _Family(8, ((0.0, 0.19), (-0.055, 0.0)), (110.0, 165.0), (0.04, 0.09), (0.005, 0.010),
            (0.9, 2.6), (-0.2, 0.2), on_arm=True),
)  # fmt: skip


def folds(garment: Garment, pattern: Pattern, item: Item) -> F32Array:
    """How far folds lift the cloth (E,) off where it would lie, metres; in valleys below 0."""
    stream = Stream(item.seed, "clothing/folds")
    rest = pattern.rest_m
    x, y, z = rest[:, 0], rest[:, 1], rest[:, 2]
    arm = smoothstep(np.abs(x), *ARMS_M)
    front = smoothstep(z, -0.025, 0.03)
    total = np.zeros(len(rest), np.float32)
    # On the flanks, where x and y run together, a fold would become a spike.
    broadside = smoothstep(np.abs(pattern.forward), 0.1, 0.5)
    for before in (front * broadside, (1 - front) * broadside):
        for side in (-1.0, 1.0):
            shown = before * smoothstep(side * x, -0.05, 0.01)
            for family in FAMILIES:
                where = shown * (arm if family.on_arm else 1 - 0.6 * arm)
                total += where * _laid(family, stream, np.stack([side * x, y], 1))
    crumpled = crumples(item.seed, rest) * garment.fabric.crispness
    much = garment.folds_mm / RELIEF * float(stream.uniform(low=0.6, high=1.35))
    # A collar and a band hold the cloth flat beside them.
    free = smoothstep(pattern.depth_m, 0.004, 0.03)
    piled = MOST_MM * np.tanh((much * total + crumpled) / MOST_MM)
    return np.asarray(free * piled / 1000, np.float32)


def _laid(family: _Family, stream: Stream, at: F32Array) -> F32Array:
    """All folds of a family at (E, 2) outward x and y, millimetres."""
    out = np.zeros(len(at), np.float32)
    for start, angle, length, width, height, bend, lean in _drawn(family, stream):
        along = np.array([-np.cos(angle), np.sin(angle)], np.float32)
        away = at - np.array(start, np.float32)
        s = away @ along
        d = away @ np.array([-along[1], along[0]], np.float32)
        near = (s > 0) & (s < length) & (np.abs(d) < REACH * width + abs(bend) * length)
        t = s[near] / np.float32(length)
        # Narrow where it is pulled, broad where it runs out; one flank is the steeper.
        broad = width * (0.75 + 0.6 * t)
        off = (d[near] - np.float32(4 * bend * length) * t * (1 - t)) / broad
        off = off * (1 + lean * np.tanh(off))
        ridge = np.exp(-(off**2)) - 0.4 * np.exp(-((np.abs(off) - 1.9) ** 2))
        out[near] += np.float32(height) * ridge * smoothstep(t, 0, 0.25) * smoothstep(t, 1, 0.5)
    return out


def _drawn(
    family: _Family, stream: Stream
) -> Iterator[tuple[Pair, float, float, float, float, float, float]]:
    ranges = np.array((*family.start_m, family.angle_deg, family.length_m, family.width_m,
                       family.height_mm, family.bend, LEAN))  # fmt: skip
    for _ in range(family.count):
        drawn = ranges[:, 0] + np.ptp(ranges, axis=1) * stream.uniform(len(ranges))
        x, y, angle, length, width, height, bend, lean = drawn.tolist()
        if family.on_arm:
            (ex, ey), (sx, sy) = ARM_DIRECTION, SHOULDER_M
            x, y = sx + x * ex - y * ey, sy + x * ey + y * ex
        yield (x, y), float(np.radians(angle)), length, width, height, bend, lean


def crumples(seed: int, rest_m: F32Array) -> F32Array:
    """(E,) fine creases of crisp cloth, millimetres."""
    noise = ValueNoise(seed, "clothing/crumples")
    bent = rest_m + 0.02 * np.stack(
        [noise(rest_m + k, 14.0, octaves=1) for k in (0.3, 0.7, 0.1)], 1
    )
    ridged = 1 - np.abs(noise(np.asarray(bent, np.float32), 17.0, octaves=1)) * 2.2
    fine = noise(np.asarray(bent, np.float32), 42.0, octaves=1)
    return np.asarray(2.4 * np.maximum(ridged, 0) ** 2 + 0.6 * fine, np.float32)
