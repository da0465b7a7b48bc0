"""Counter-based uniforms: the only source of chance in the product.

Each field of each component has a stream of its own, keyed by root seed, split, component and
field, and positioned by sample index. So row k is the same for any number of rows, start or
block size, and a new component or field shifts nothing else. Only the raw bits of numpy's
Philox are used, which numpy promises not to change.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sampler import sobol

if TYPE_CHECKING:
    from sampler.copula import Copula

__all__ = ["F64", "Draws"]

F64 = NDArray[np.float64]

_PER_COUNT = 8  # Philox4x64 gives four 64-bit words for each value of its counter, halved here.


@lru_cache(maxsize=4096)
def _key(seed: int, split: str, component: str, field: str) -> int:
    text = f"replicantface/{seed}/{split}/{component}/{field}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")


@lru_cache(maxsize=4096)
def _key_words(seed: int, split: str, component: str, field: str) -> NDArray[np.uint64]:
    key = _key(seed, split, component, field)
    return np.array([key % 2**64, key >> 64], np.uint64)


class _OfThread(threading.local):
    """A generator that each thread sets to what it needs: a new one costs twice as much, since
    numpy asks the system for a seed that is not used."""

    def __init__(self) -> None:
        self.bits = np.random.Philox(key=0)
        self.state: Any = self.bits.state


_OF_THREAD = _OfThread()


def _philox(key: NDArray[np.uint64], counter: int) -> np.random.Philox:
    """This thread's generator, about to give what the counter stands for."""
    counters = np.array([counter, 0, 0, 0], np.uint64)
    state: Any = {**_OF_THREAD.state, "state": {"counter": counters, "key": key}}
    _OF_THREAD.bits.state = state
    return _OF_THREAD.bits


def _unit(words: NDArray[np.uint32]) -> F64:
    """32-bit words as numbers in the open interval (0, 1): the columns hold 24 bits of them."""
    unit = words.astype(np.float64)
    unit += 0.5
    unit *= 2.0**-32
    return unit


def _long_unit(words: NDArray[np.uint64]) -> F64:
    """64-bit words as numbers in the open interval (0, 1)."""
    # 52 bits and a half: with 53 the largest value would round to 1.
    return np.asarray(((words >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52)


@dataclass(frozen=True)
class Draws:
    """The draws of one component for the rows ``start`` to ``start + n``."""

    seed: int
    split: str
    component: str
    start: int
    n: int
    repeat: int = 1
    """Rows that share a draw: row k takes the one at position ``k // repeat``."""
    even: bool = False
    """Whether the fields that have a Sobol dimension take their points from it."""
    copula: Copula | None = None
    """Which fields move together."""

    def _raw(self, field: str, width: int, start: int, n: int) -> NDArray[np.uint32]:
        first, words = start * width, n * width
        skip = first % _PER_COUNT
        key = _key_words(self.seed, self.split, self.component, field)
        bits = _philox(key, first // _PER_COUNT)
        long = np.asarray(bits.random_raw((skip + words + 1) // 2), "<u8")
        return np.asarray(long.view("<u4")[skip : skip + words], np.uint32)

    @property
    def positions(self) -> tuple[int, int]:
        """First position and number of positions that the rows take."""
        first = self.start // self.repeat
        last = (self.start + self.n - 1) // self.repeat if self.n else first - 1
        return first, last - first + 1

    def _spread(self, drawn: NDArray[Any]) -> NDArray[Any]:
        """From one entry a position to one a row."""
        if self.repeat == 1:
            return drawn
        first, _ = self.positions
        return np.asarray(drawn[np.arange(self.start, self.start + self.n) // self.repeat - first])

    def uniform(self, field: str) -> F64:
        """``(n,)`` in the open interval (0, 1): safe in any inverse CDF."""
        return self.uniforms(field, 1)[:, 0]

    def uniforms(self, field: str, width: int) -> F64:
        """``(n, width)`` in the open interval (0, 1).

        Of the fields that have a Sobol dimension only the first column is even.
        """
        if self.copula is not None and field in self.copula.names:
            return self.copula.mixed(field, lambda name: self._independent(name, width))
        return self._independent(field, width)

    def _independent(self, field: str, width: int) -> F64:
        first, n = self.positions
        unit = _unit(self._raw(field, width, first, n)).reshape(n, width)
        dimension = sobol.DIMENSIONS.get((self.component, field)) if self.even else None
        if dimension is not None:
            shift = _key(self.seed, self.split, self.component, f"{field}/shift") % 2**64
            unit[:, 0] = _long_unit(sobol.words(dimension, first, n) ^ np.uint64(shift))
        return np.asarray(self._spread(unit))

    def seeds(self, field: str) -> NDArray[np.int64]:
        """``(n,)`` integers 0 to 2**32 - 1."""
        first, n = self.positions
        return np.asarray(self._spread(self._raw(field, 1, first, n).astype(np.int64)))
