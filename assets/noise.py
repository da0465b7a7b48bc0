"""Deterministic draws and fields for what a spec seeds (strand jitter, pores, freckles).

Only the raw bits of numpy's Philox are used: those are promised not to change between numpy
versions, unlike the streams of ``Generator``'s distributions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from assets.lattice import trilinear

__all__ = ["Stream", "ValueNoise"]

F32Array = NDArray[np.float32]

_PERIOD = 48


class Stream:
    """A named stream of numbers: equal (seed, name) gives equal numbers, for ever."""

    def __init__(self, seed: int, name: str) -> None:
        digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
        self._bits = np.random.Philox(key=int.from_bytes(digest[:16], "little"))

    def uniform(
        self, shape: int | Sequence[int] = (), low: float = 0.0, high: float = 1.0
    ) -> F32Array:
        """float32 in (low, high), strictly inside for finite use in inverse CDFs."""
        size = (shape,) if isinstance(shape, int) else tuple(shape)
        raw = self._bits.random_raw(int(np.prod(size, dtype=np.int64)))
        unit = ((np.asarray(raw) >> np.uint64(41)).astype(np.float32) + 0.5) * np.float32(2.0**-23)
        return (np.float32(low) + np.float32(high - low) * unit).reshape(size)

    def normal(self, shape: int | Sequence[int] = (), scale: float = 1.0) -> F32Array:
        """float32 normal deviates by inverse CDF."""
        unit = self.uniform(shape).astype(np.float64)
        return np.asarray(ndtri(unit) * scale, np.float32)

    def integers(self, n: int, shape: int | Sequence[int] = ()) -> NDArray[np.int64]:
        """Integers 0 to n - 1."""
        drawn = (self.uniform(shape).astype(np.float64) * n).astype(np.int64)
        return np.asarray(np.minimum(drawn, n - 1))


@lru_cache(maxsize=24)
def _lattice(seed: int, name: str) -> F32Array:
    """(49, 49, 49) values of a noise; one scene asks for some of them several times."""
    values = Stream(seed, name).uniform((_PERIOD,) * 3)
    # One more cell a side, so that a position below the period needs no wrapping.
    lattice = np.ascontiguousarray(np.pad(values, (0, 1), mode="wrap"))
    lattice.setflags(write=False)
    return lattice


class ValueNoise:
    """Periodic value noise on a lattice of 48³ random values, trilinear."""

    def __init__(self, seed: int, name: str) -> None:
        self._lattice = _lattice(seed, name)

    def __call__(
        self, points: F32Array, frequency: float, octaves: int = 2, gain: float = 0.5
    ) -> F32Array:
        """Noise about 0, mostly within ±1, at points ``(*, 3)``; frequency in cells a unit."""
        flat = np.asarray(points, np.float32).reshape(-1, 3)
        total, amplitude, weight = np.zeros(len(flat), np.float32), 1.0, 0.0
        for k in range(octaves):
            at = flat * np.float32(frequency * 2.0**k / _PERIOD) + np.float32(13.1 * k / _PERIOD)
            at -= np.floor(at)
            at *= np.float32(_PERIOD)
            layer = trilinear(self._lattice, at)
            layer *= np.float32(amplitude)
            total += layer
            weight += amplitude
            amplitude *= gain
        return np.asarray((total / weight - 0.5) * 2.2, np.float32).reshape(points.shape[:-1])

    def on_square(
        self, side: int, frequency: float, octaves: int = 2, gain: float = 0.5
    ) -> F32Array:
        """Noise (side, side) at the middles of a unit square's cells, x along columns, z = 0.

        As at those points one by one, but for rounding, in a tenth of the time.
        """
        middles = (np.arange(side, dtype=np.float32) + 0.5) / side
        total, amplitude, weight = np.zeros((side, side), np.float32), 1.0, 0.0
        for k in range(octaves):
            scale, shift = frequency * 2.0**k / _PERIOD, 13.1 * k / _PERIOD
            along = _tents(middles * np.float32(scale) + np.float32(shift))
            z = _tents(np.array([shift], np.float32))[0]
            total += np.float32(amplitude) * (along @ (self._lattice @ z).T @ along.T)
            weight += amplitude
            amplitude *= gain
        return np.asarray((total / weight - 0.5) * 2.2, np.float32)

    def on_prism(
        self,
        across: F32Array,
        heights: F32Array,
        frequency: float,
        octaves: int = 2,
        gain: float = 0.5,
    ) -> F32Array:
        """Noise (n, m) at every height (n,) over every place (m, 2): z by x and y.

        As at those points one by one, but for rounding, in a tenth of the time.
        """
        total = np.zeros((len(heights), len(across)), np.float32)
        amplitude, weight = 1.0, 0.0
        flat = self._lattice.reshape(-1, _PERIOD + 1)
        for k in range(octaves):
            scale = np.float32(frequency * 2.0**k / _PERIOD)
            shift = np.float32(13.1 * k / _PERIOD)
            at = across * scale + shift
            at -= np.floor(at)
            at *= np.float32(_PERIOD)
            cell = np.minimum(at.astype(np.int32), _PERIOD - 1)
            part = at - cell
            base = cell[:, 0] * (_PERIOD + 1) + cell[:, 1]
            columns = np.zeros((len(across), _PERIOD + 1), np.float32)
            for x in (0, 1):
                for y in (0, 1):
                    share = np.abs(1 - x - part[:, 0]) * np.abs(1 - y - part[:, 1])
                    columns += share[:, None] * flat.take(base + x * (_PERIOD + 1) + y, axis=0)
            total += np.float32(amplitude) * (_tents(heights * scale + shift) @ columns.T)
            weight += amplitude
            amplitude *= gain
        return np.asarray((total / weight - 0.5) * 2.2, np.float32)


def _tents(periods: F32Array) -> F32Array:
    """(n, 49) weights by which positions (n,) in periods mix the values along one axis."""
    at = (periods - np.floor(periods)) * np.float32(_PERIOD)
    away = np.abs(at[:, None] - np.arange(_PERIOD + 1, dtype=np.float32))
    return np.asarray(np.maximum(1 - away, 0), np.float32)
