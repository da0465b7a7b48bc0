"""How the lids move: what the pack's expression units leave out.

The sampler's landmark model and the mesh both go through here, so they stay equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array
from assets.head.calibration import Targets
from assets.head.facts import LidFacts
from spec_schema.spec import ARKIT_UNITS

__all__ = ["OPENINGS", "closing_units", "fitted_blinks", "lid_units", "openings_mm"]

_COLUMN: Final = {unit: i for i, unit in enumerate(ARKIT_UNITS)}
_SIDES: Final = tuple(
    tuple(_COLUMN[f"eye{part}{side}"] for part in ("Blink", "Squint", "LookUp", "LookDown", "Wide"))
    for side in ("Left", "Right")
)
OPENINGS: Final = ((43, 47), (44, 46), (38, 40), (37, 41))
"""iBUG landmarks of the upper and the lower lid, of the left and then of the right eye, each
first toward the nose and then away from it."""
_BLINKS: Final = [blink for blink, *_ in _SIDES for _ in range(2)]


def lid_units(weights: F32Array, facts: LidFacts) -> F32Array:
    """Weights ``(n, 52)`` as the lids take them, in the order of ``ARKIT_UNITS``.

    The pack's eyeLookUp and eyeLookDown move the upper lid by 4° and 12° about the ball's centre
    at 30° of gaze, where people's lids go most of the way with the eye; the rest comes from
    eyeWide and eyeBlink. A closing lid leaves the look behind, and the lower one comes to meet
    it: left where it is, it hung in a bow 4 mm under the corners.
    """
    out = np.array(weights, np.float32)
    for blink, squint, up, down, wide in _SIDES:
        if not weights[:, (blink, up, down, wide)].any():
            continue
        left_open = 1 - np.clip(out[:, blink], 0, 1)
        out[:, up] *= left_open
        out[:, down] *= left_open
        wider = out[:, wide] * left_open + np.float32(facts.wide_by_look_up) * out[:, up]
        out[:, wide] = np.minimum(wider, np.float32(facts.most_wide))
        raised = np.float32(facts.squint_by_blink) * np.clip(out[:, blink], 0, 1)
        out[:, squint] += raised * (1 - out[:, squint])
        out[:, blink] += np.float32(facts.blink_by_look_down) * out[:, down]
    return out


def openings_mm(upright: NDArray[Any]) -> NDArray[np.float64]:
    """How far lids stand apart, ``(..., 4)`` as in :data:`OPENINGS`, mm.

    Args:
        upright: heights ``(..., 68)`` of the landmarks in the upright rest pose, m.
    """
    upper, lower = zip(*OPENINGS, strict=True)
    return np.asarray((upright[..., upper].astype(np.float64) - upright[..., lower]) * 1e3)


def closing_units(
    weights: F32Array, neutral_mm: NDArray[np.float64], by_unit: NDArray[np.float64]
) -> F32Array:
    """Weights ``(n, 4)`` of the targets that :func:`fitted_blinks` adds: a blink closes what the
    identity and the other units leave open.

    Args:
        weights: ``(n, 52)`` as the lids take them.
        neutral_mm: ``(n, 4)`` openings of the neutral face.
        by_unit: ``(52, 4)`` mm that each unit adds to them.
    """
    out = np.zeros((len(weights), len(OPENINGS)), np.float32)
    blinks = weights[:, _BLINKS]
    rows = np.flatnonzero(blinks.any(axis=1))
    if len(rows):
        moving = np.flatnonzero(weights[rows].any(axis=0))
        left = neutral_mm[rows] + weights[np.ix_(rows, moving)] @ by_unit[moving]
        out[rows] = blinks[rows] * np.maximum(left, 0)
    return out


def fitted_blinks(
    base: F32Array, targets: Targets, blinks: Sequence[int], facts: LidFacts
) -> Targets:
    """With the blinks in three parts: what the lids overlap by stays in their place, and two each
    are added at the end, for a millimetre of either opening.

    As made they carry everyone's upper lid as far down, 1 to 4 mm over the lower one in the
    middle, leave a slit toward the nose, and bring one edge into the other.

    Args:
        base: ``(V, 3)`` m.
        targets: all targets.
        blinks: those that close the left and the right eye.
        facts: where the corners of the left opening are, and the gains between them.
    """
    delta = np.array(targets.delta, np.float32)
    inner, outer = (abs(float(base[v, 0])) for v in facts.corners)
    offsets, vertices, added = [int(o) for o in targets.offsets], [targets.vertex], []
    for target in blinks:
        span = slice(offsets[target], offsets[target + 1])
        moved, made = targets.vertex[span], np.array(delta[span])
        share = (np.abs(base[moved, 0]) - inner) / (outer - inner)
        over, *parts = (
            np.interp(share, facts.blink_at, gain).astype(np.float32)[:, None] * made
            for gain in (facts.blink_over, facts.blink_by_inner, facts.blink_by_outer)
        )
        falling = np.maximum(-made[:, 1], 0)
        over[:, 2] += np.float32(facts.blink_forward_m) * falling / falling.max()
        delta[span] = over
        for part in parts:
            added.append(part)
            vertices.append(moved)
            offsets.append(offsets[-1] + len(moved))
    return Targets(
        np.asarray(offsets, targets.offsets.dtype),
        np.concatenate(vertices),
        np.concatenate([delta, *added]),
    )
