"""How much of the forehead lies under hair: a measure of a groom."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.spatial import cKDTree

from assets.geometry import Strands
from assets.hair.surface import HeadSurface

__all__ = ["forehead_cover"]

LOW_DM: Final = 7.5
HIGH_DM: Final = 7.85
HALF_WIDTH_DM: Final = 0.42
BEHIND_DM: Final = 1.0
ACROSS_M: Final = 0.0008
"""A point is covered where a strand passes so near to it, seen from the front."""
SPACING_M: Final = 0.0008


def forehead_cover(strands: Strands, head: HeadSurface) -> float:
    """Share 0-1 of the skin between brows and hairline that strands hide from the front.

    The region is that of the landmarks over the brows: rest heights 7.50-7.85 dm, 0.42 dm to both
    sides of the middle.
    """
    x, y, z = head.rest_m.T * 10
    region = (np.abs(x) < HALF_WIDTH_DM) & (y > LOW_DM) & (y < HIGH_DM) & (z > BEHIND_DM)
    turn = head.world_from_skull[:3, :3].astype(np.float32)
    skin = head.vertices_m[region] @ turn
    points = strands.points_m @ turn
    low, high = skin.min(0) - 0.01, skin.max(0) + 0.01
    low[2], high[2] = skin[:, 2].min(), np.inf
    here = ((points[:, 1:] > low) & (points[:, 1:] < high)).all(-1)
    start, end = points[:, :-1][here], points[:, 1:][here]
    if len(start) == 0:
        return 0.0
    pieces = int(np.ceil(np.linalg.norm(end - start, axis=1).max() / SPACING_M)) + 1
    way = np.linspace(0.0, 1.0, pieces, dtype=np.float32)[:, None, None]
    along = (start * (1 - way) + end * way).reshape(-1, 3)
    distance, index = cKDTree(along[:, :2]).query(skin[:, :2])
    front = along[index, 2] > skin[:, 2] - 0.001
    return float(((distance < ACROSS_M) & front).mean())
