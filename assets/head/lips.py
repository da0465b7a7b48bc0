"""How the lips move: what the pack's expression units leave out.

The sampler's landmark model and the mesh both go through here, so they stay equal.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from assets.geometry import F32Array
from spec_schema.spec import ARKIT_UNITS

__all__ = ["lip_units"]

_COLUMN: Final = {unit: i for i, unit in enumerate(ARKIT_UNITS)}
_SIDES: Final = tuple(
    (_COLUMN[f"mouthSmile{side}"], _COLUMN[f"mouthLowerDown{side}"]) for side in ("Left", "Right")
)


def lip_units(weights: F32Array, lower_by_smile: float) -> F32Array:
    """Weights ``(n, 52)`` as the lips take them, in the order of ``ARKIT_UNITS``.

    The pack's mouthSmile lifts the middle of the lower lip by 6 mm and that of the upper one by
    3: smiles pressed the lips together, and open ones showed no teeth. mouthLowerDown takes the
    difference back.
    """
    out = np.array(weights, np.float32)
    for smile, lower in _SIDES:
        out[:, lower] += np.float32(lower_by_smile) * out[:, smile]
    return out
