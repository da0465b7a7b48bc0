"""Seams where sleeves are set in."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from scipy import sparse

from assets.clothing.cut import cut_mesh
from assets.clothing.entries import Garment, Trim
from assets.clothing.pattern import Pattern, load_pattern
from assets.clothing.trim import Surface, Swept, sweep
from assets.geometry import F32Array
from assets.store import Store

__all__ = ["sleeve_seams"]

LINE_M: Final = ((0.38, 0.166), (0.43, 0.160), (0.50, 0.168), (0.55, 0.184), (0.60, 0.200))
"""(y, |x|) at rest."""
SECTION_MM: Final = ((-1.3, -0.9), (-0.9, 0.2), (0.0, 0.6), (4.4, 0.45), (5.0, -0.9))
"""The allowance lies folded on the side of the body, under the cloth."""
ROUND_M: Final = (0.13, 0.23)
LEAST_POINTS: Final = 30


def sleeve_seams(
    garment: Garment, item_id: str, cloth_m: F32Array, surface: Surface, store: Store
) -> tuple[Swept, ...]:
    """A welt round each shoulder on cloth (E, 3); none where there is no sleeve."""
    if garment.armhole is not None:
        return ()
    trim = Trim(section_mm=SECTION_MM)
    return tuple(
        sweep(trim, np.asarray(line @ cloth_m, np.float32), surface)
        for line in _lines(item_id, store)
    )


@lru_cache(maxsize=24)
def _lines(item_id: str, store: Store) -> tuple[sparse.csr_matrix, ...]:
    """For each shoulder, the line's points from the pattern's support."""
    pattern: Pattern = load_pattern(item_id, store)
    rest = pattern.rest_m
    x = np.abs(rest[:, 0])
    line = np.array(LINE_M)
    field = np.interp(rest[:, 1], line[:, 0], line[:, 1]) - x
    cut = cut_mesh(pattern.support_faces, np.asarray(field, np.float32))
    places = cut.operator @ rest
    return tuple(
        cut.operator[loop]
        for loop in cut.loops
        if len(loop) > LEAST_POINTS
        and (np.abs(places[loop, 0]) > ROUND_M[0]).all()
        and (np.abs(places[loop, 0]) < ROUND_M[1]).all()
        and (cut.operator[loop] @ pattern.depth_m > 0).all()
    )
