"""How the lids move: what the pack's expression units leave out.

The sampler's landmark model and the mesh both go through here, so they stay equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from assets.geometry import F32Array
from assets.head.calibration import Targets
from assets.head.facts import LidFacts
from spec_schema.spec import ARKIT_UNITS

__all__ = ["fitted_blinks", "lid_units"]

_COLUMN: Final = {unit: i for i, unit in enumerate(ARKIT_UNITS)}
_SIDES: Final = tuple(
    tuple(_COLUMN[f"eye{part}{side}"] for part in ("Blink", "LookUp", "LookDown", "Wide"))
    for side in ("Left", "Right")
)


def lid_units(weights: F32Array, facts: LidFacts) -> F32Array:
    """Weights ``(n, 52)`` as the lids take them, in the order of ``ARKIT_UNITS``.

    The pack's eyeLookUp and eyeLookDown move the upper lid by 4° and 12° about the ball's centre
    at 30° of gaze, where people's lids go most of the way with the eye; the rest comes from
    eyeWide and eyeBlink. A closing lid leaves the look behind: the sum of both would carry it
    past the lower lid, or leave it open.
    """
    out = np.array(weights, np.float32)
    for blink, up, down, wide in _SIDES:
        if not weights[:, (up, down, wide)].any():
            continue
        left_open = 1 - np.clip(out[:, blink], 0, 1)
        out[:, up] *= left_open
        out[:, down] *= left_open
        out[:, wide] = out[:, wide] * left_open + np.float32(facts.wide_by_look_up) * out[:, up]
        out[:, blink] += np.float32(facts.blink_by_look_down) * out[:, down]
    return out


def fitted_blinks(
    base: F32Array, targets: Targets, blinks: Sequence[int], facts: LidFacts
) -> Targets:
    """With the units that close the lids scaled along the opening, so that the lids meet.

    As made they carry the upper lid 4 mm over the lower one in the middle and leave a slit
    toward the nose.

    Args:
        base: ``(V, 3)`` m.
        targets: all targets.
        blinks: those that close the lids.
        facts: where the corners of the left opening are, and the gains between them.
    """
    delta = np.array(targets.delta, np.float32)
    inner, outer = (abs(float(base[v, 0])) for v in facts.corners)
    for target in blinks:
        span = slice(int(targets.offsets[target]), int(targets.offsets[target + 1]))
        share = (np.abs(base[targets.vertex[span], 0]) - inner) / (outer - inner)
        gain = np.interp(share, facts.blink_at, facts.blink_gain).astype(np.float32)
        delta[span] *= gain[:, None]
    return Targets(targets.offsets, targets.vertex, delta)
