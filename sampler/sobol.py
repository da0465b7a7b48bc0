"""Sobol points at any position: even coverage where a random draw would clump.

Each field that takes part has a dimension of its own, for ever: a field that is added takes the
next free one and shifts nothing else. Point k of a dimension is the XOR of the direction numbers
at the bits of k (the plain order, not Gray's: in every aligned run of a power of two the points
are the same set), so a run is reached at once wherever it starts. The caller scrambles the words
by a digital shift, which leaves any number of points as even as they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["DIMENSIONS", "words"]

DIMENSIONS: Final[Mapping[tuple[str, str], int]] = {
    ("pose", "yaw"): 0,
    ("pose", "pitch"): 1,
    ("pose", "roll"): 2,
    ("camera", "face_size"): 3,
    ("camera", "focal_length"): 4,
    ("camera", "centre_x"): 5,
    ("camera", "centre_y"): 6,
    ("environment", "hdri"): 7,
    ("environment", "rotation"): 8,
    ("environment", "jitter"): 9,
    ("environment", "scheme"): 10,
    ("environment", "key_light.azimuth_from_camera"): 11,
    ("environment", "key_light.elevation"): 12,
    ("environment", "key_light.ratio"): 13,
    ("camera", "blur"): 14,
    ("pose", "head_share_yaw"): 15,
    ("pose", "head_share_pitch"): 16,
    ("pose", "azimuth_jitter"): 17,
    ("pose", "elevation_jitter"): 18,
}
"""Dimension by component and field; the most important ones have the lowest, most even ones."""

_BITS: Final = 48
"""Positions up to 2**48 have points of their own; sample indices stay below 10**12."""
_LOW_BITS: Final = 12

U64 = NDArray[np.uint64]


@lru_cache(maxsize=1)
def _parameters() -> list[tuple[int, list[int]]]:
    """Polynomial and initial numbers by dimension."""
    text = resources.files("sampler").joinpath("data", "sobol.tsv").read_text("utf-8")
    rows = [line.split("\t") for line in text.splitlines() if line[:1].isdigit()]
    return [(int(polynomial), [int(m) for m in initial.split()]) for _, polynomial, initial in rows]


@lru_cache(maxsize=64)
def _directions(dimension: int) -> tuple[int, ...]:
    """Direction numbers of the first bits, each a binary fraction of 64 bits."""
    polynomial, initial = _parameters()[dimension]
    degree = polynomial.bit_length() - 1
    m = list(initial) if degree else [1] * _BITS
    while len(m) < _BITS:
        new = m[-degree] ^ (m[-degree] << degree)
        for k in range(1, degree):
            if polynomial >> (degree - k) & 1:
                new ^= m[-k] << k
        m.append(new)
    return tuple(number << (63 - bit) for bit, number in enumerate(m[:_BITS]))


@lru_cache(maxsize=64)
def _low_words(dimension: int) -> U64:
    """Points 0 to 2**12, whose position has low bits only."""
    words_ = np.zeros(1, np.uint64)
    for direction in _directions(dimension)[:_LOW_BITS]:
        words_ = np.concatenate([words_, words_ ^ np.uint64(direction)])
    return words_


def words(dimension: int, start: int, n: int) -> U64:
    """Points ``start`` to ``start + n`` of a dimension, ``(n,)`` binary fractions of 64 bits."""
    positions = np.arange(start, start + n, dtype=np.int64)
    out = _low_words(dimension)[positions & (2**_LOW_BITS - 1)]
    high = positions >> _LOW_BITS
    for page in range(start >> _LOW_BITS, ((start + n - 1) >> _LOW_BITS) + 1 if n else 0):
        base = 0
        for bit, direction in enumerate(_directions(dimension)[_LOW_BITS:]):
            if page >> bit & 1:
                base ^= direction
        out[high == page] ^= np.uint64(base)
    return np.asarray(out)
