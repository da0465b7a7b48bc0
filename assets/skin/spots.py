"""Spots scattered evenly over the skin: freckles, moles, pores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from assets.geometry import F32Array, I32Array
from assets.noise import Stream
from assets.skin.constants import Spots

__all__ = ["SpotTexels", "scatter"]


@dataclass(frozen=True)
class SpotTexels:
    """The texels that spots of one kind may cover."""

    index: I32Array
    """(P,) into a flattened (N, N) map."""
    profile: F32Array
    """(P,) 1 in the middle of a spot, falling to 0."""
    identity: F32Array
    """(P,) in (0, 1), one number for each spot."""
    resolution: int

    def shown(self, offset: float, share: float, mirrored: bool) -> tuple[I32Array, F32Array]:
        """Texels and amounts (0-1) of the part of the spots that one person has.

        Strengths differ from spot to spot. ``mirrored`` takes the other side of the head.
        """
        if share <= 0:
            return np.zeros(0, np.int32), np.zeros(0, np.float32)
        place = (self.identity + np.float32(offset)) % np.float32(1)
        strength = np.clip((np.float32(share) - place) / np.float32(0.6 * share), 0, 1)
        kept = strength > 0
        index = self.index[kept]
        if mirrored:
            n = self.resolution
            index = (n - 1 - index // n) * n + index % n
        return index, np.asarray(self.profile[kept] * strength[kept], np.float32)


def scatter(
    name: str,
    spots: Spots,
    rest_m: F32Array,
    area_m2: F32Array,
    size: F32Array | float = 1.0,
    wobble: F32Array | float = 0.0,
) -> tuple[F32Array, F32Array]:
    """Profile and identity of the spots at texels ``rest_m`` (P, 3).

    Spots fall evenly by surface area (``area_m2`` is each texel's). ``size`` scales their
    radius by place, ``wobble`` (about 0) makes their rims uneven. The profile is 1 in the
    middle of a spot and 0 outside; the identity is one number in (0, 1) for each spot, by
    which a person's own share of the spots is chosen.
    """
    draw = Stream(0, f"skin/{name}")
    ladder = np.cumsum(area_m2, dtype=np.float64)
    at = np.searchsorted(ladder, draw.uniform(spots.count).astype(np.float64) * ladder[-1])
    low, high = spots.radius_m
    radius = low + (high - low) * draw.uniform(spots.count) ** 3
    identity = draw.uniform(spots.count)
    centres = rest_m[np.minimum(at, len(rest_m) - 1)]
    distance, nearest = cKDTree(centres).query(rest_m, workers=1)
    ratio = distance.astype(np.float32) / (radius[nearest] * size) * (1 + wobble)
    profile = np.clip(1.5 - 1.25 * ratio, 0, 1)
    return (
        np.asarray(profile * profile * (3 - 2 * profile), np.float32),
        np.asarray(identity[nearest], np.float32),
    )
