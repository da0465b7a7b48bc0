"""Counter-based uniforms: the only source of chance in the product.

Each field of each component has a stream of its own, keyed by root seed, split, component and
field, and positioned by sample index. So row k is the same for any number of rows, start or
block size, and a new component or field shifts nothing else. Only the raw bits of numpy's
Philox are used, which numpy promises not to change.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["F64", "Draws"]

F64 = NDArray[np.float64]

_PER_COUNT = 4  # Philox4x64 gives four 64-bit words for each value of its counter.


@lru_cache(maxsize=4096)
def _key(seed: int, split: str, component: str, field: str) -> int:
    text = f"replicantface/{seed}/{split}/{component}/{field}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")


@dataclass(frozen=True)
class Draws:
    """The draws of one component for the rows ``start`` to ``start + n``."""

    seed: int
    split: str
    component: str
    start: int
    n: int

    def _raw(self, field: str, width: int) -> NDArray[np.uint64]:
        first, words = self.start * width, self.n * width
        skip = first % _PER_COUNT
        bits = np.random.Philox(
            key=_key(self.seed, self.split, self.component, field), counter=first // _PER_COUNT
        )
        return np.asarray(bits.random_raw(skip + words)[skip:], np.uint64)

    def uniform(self, field: str) -> F64:
        """``(n,)`` in the open interval (0, 1): safe in any inverse CDF."""
        return self.uniforms(field, 1)[:, 0]

    def uniforms(self, field: str, width: int) -> F64:
        """``(n, width)`` in the open interval (0, 1)."""
        # 52 bits and a half: with 53 the largest value would round to 1.
        unit = (self._raw(field, width) >> np.uint64(12)).astype(np.float64)
        unit += 0.5
        unit *= 2.0**-52
        return unit.reshape(self.n, width)

    def seeds(self, field: str) -> NDArray[np.int64]:
        """``(n,)`` integers 0 to 2**32 - 1."""
        return (self._raw(field, 1) >> np.uint64(32)).astype(np.int64)
