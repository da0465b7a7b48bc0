"""Class masks from Cryptomatte passes (Friedman and Jones, Cryptomatte specification 1.2).

Each pixel holds pairs of a material's hash, stored as the bits of a float, and the share of
the pixel that it covers. Shares count camera rays, so they are as smooth as the picture and
the ids in them are exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_schema.classes import SegmentationClass

__all__ = ["class_coverage", "class_mask", "float_bits", "winner"]

_MASK32: Final = 0xFFFFFFFF

_SPARSE: Final[dict[SegmentationClass, float]] = {
    SegmentationClass.RIGHT_BROW: 5.0,
    SegmentationClass.LEFT_BROW: 5.0,
    SegmentationClass.BEARD: 3.0,
}
"""Growth through which skin shows is still one region to a person who marks it: a brow wins a
pixel from a sixth of its area on, a beard from a quarter."""


def _murmur3_32(data: bytes) -> int:
    """MurmurHash3 x86_32 with seed 0 (Austin Appleby, public domain)."""

    def rotate(x: int, r: int) -> int:
        return ((x << r) | (x >> (32 - r))) & _MASK32

    def scramble(k: int) -> int:
        return rotate(k * 0xCC9E2D51 & _MASK32, 15) * 0x1B873593 & _MASK32

    h = 0
    whole = len(data) & ~3
    for i in range(0, whole, 4):
        h ^= scramble(int.from_bytes(data[i : i + 4], "little"))
        h = (rotate(h, 13) * 5 + 0xE6546B64) & _MASK32
    if whole < len(data):
        h ^= scramble(int.from_bytes(data[whole:], "little"))
    h ^= len(data)
    h = (h ^ (h >> 16)) * 0x85EBCA6B & _MASK32
    h = (h ^ (h >> 13)) * 0xC2B2AE35 & _MASK32
    return h ^ (h >> 16)


def float_bits(name: str) -> int:
    """The bits of the float that stands for a name: its hash, kept a finite normal number."""
    h = _murmur3_32(name.encode())
    exponent = (h >> 23) & 0xFF
    if exponent in (0, 0xFF):
        h ^= 1 << 23
    return h


def class_coverage(ranks: NDArray[np.float32], class_of: Mapping[str, int]) -> NDArray[np.float32]:
    """Share of each pixel that each class covers.

    Args:
        ranks: (H, W, 2 * depth) float32: hash, share, hash, share, ...
        class_of: class id by material name.

    Returns:
        (number of classes, H, W) float32; what no material covers is background.
    """
    known = sorted((float_bits(name), class_id) for name, class_id in class_of.items())
    keys = np.array([bits for bits, _ in known], np.uint32)
    classes = np.array([class_id for _, class_id in known], np.intp)
    count, pixels = len(SegmentationClass), ranks[..., 0].size
    coverage = np.zeros((count, *ranks.shape[:2]), np.float32)
    if not known:
        coverage[SegmentationClass.BACKGROUND] = 1.0
        return coverage
    flat, covered = coverage.reshape(-1), np.zeros(ranks.shape[:2], np.float32)
    for rank in range(0, ranks.shape[-1], 2):
        share = np.ascontiguousarray(ranks[..., rank + 1]).reshape(-1)
        # Most pixels show one material: the later ranks are nearly empty.
        at = np.flatnonzero(share)
        bits = np.ascontiguousarray(ranks[..., rank]).view(np.uint32).reshape(-1).take(at)
        key = np.minimum(np.searchsorted(keys, bits), len(keys) - 1)
        # A pixel has one material a rank, so no place is added to twice at once.
        found = np.where(keys[key] == bits, share.take(at), np.float32(0))
        flat[classes[key] * pixels + at] += found
    for class_id in sorted({int(c) for c in classes}):
        covered += coverage[class_id]
    coverage[SegmentationClass.BACKGROUND] += np.maximum(1.0 - covered, 0.0)
    return coverage


def class_mask(ranks: NDArray[np.float32], class_of: Mapping[str, int]) -> NDArray[np.uint8]:
    """The class of each pixel, (H, W) uint8; the smaller id on a tie.

    The class that covers most of the pixel, where brows count five times and beards three times.
    """
    return winner(class_coverage(ranks, class_of))


def winner(coverage: NDArray[np.float32]) -> NDArray[np.uint8]:
    """:func:`class_mask` from the shares (number of classes, H, W)."""
    most, mask = np.zeros(coverage.shape[1:], np.float32), np.zeros(coverage.shape[1:], np.uint8)
    for class_id, share in enumerate(coverage):
        if share.any():
            weighted = share * np.float32(_SPARSE.get(SegmentationClass(class_id), 1.0))
            mask[weighted > most] = class_id
            np.maximum(most, weighted, out=most)
    return mask
