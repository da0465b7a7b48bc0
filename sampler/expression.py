"""Expressions as combinations that faces make, over the 52 ARKit units."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sampler.expression_model import (
    COLUMN,
    ExpressionConfig,
    ExpressionKind,
    LookLimits,
    Repertoire,
    columns,
)
from sampler.streams import F64, Draws
from spec_schema.spec import ARKIT_UNITS

__all__ = ["BLINK", "ExpressionConfig", "ExpressionKind", "close_lids", "draw", "look", "settle"]

BLINK: Final = [COLUMN["eyeBlinkLeft"], COLUMN["eyeBlinkRight"]]
"""Columns of the units that close the lids."""
_WIDE: Final = [COLUMN["eyeWideLeft"], COLUMN["eyeWideRight"]]
_SQUINT: Final = [COLUMN["eyeSquintLeft"], COLUMN["eyeSquintRight"]]
_LOOK: Final = [i for i, u in enumerate(ARKIT_UNITS) if u.startswith("eyeLook")]
_MIRROR: Final = np.array(
    [
        COLUMN[u.replace("Left", "Right") if "Left" in u else u.replace("Right", "Left")]
        for u in ARKIT_UNITS
    ]
)


@lru_cache(maxsize=1)
def _side_signs() -> F64:
    """``(52,)``: 1 for left units, -1 for right ones, 0 for the middle (jawLeft is no side)."""
    signs = [
        1.0 if u.endswith("Left") else -1.0 if u.endswith("Right") else 0.0 for u in ARKIT_UNITS
    ]
    for unit in ("jawLeft", "jawRight", "mouthLeft", "mouthRight"):
        signs[COLUMN[unit]] = 0.0
    return np.array(signs)


def _played(repertoire: Repertoire, draws: Draws, name: str, rows: NDArray[np.int64]) -> F64:
    """What some rows do of a repertoire: weights ``(m, 52)`` at intensity."""
    kind, _ = repertoire.shares.codes(draws.uniform(name)[rows])
    intensity_u = draws.uniform(f"{name}/intensity")[rows]
    parts = [
        draws.uniform(f"{name}/part-{k}")[rows] for k in range(max(map(len, repertoire.parts)))
    ]
    weights = repertoire.weights[kind]
    for i, declared in enumerate(repertoire.kinds):
        here = np.flatnonzero(kind == i)
        for u, part, added in zip(parts, declared.parts, repertoire.parts[i], strict=False):
            taking = here[u[here] < part.chance]
            # Below the chance a uniform is even again.
            amount = part.amount.ppf(u[taking] / part.chance) if taking.size else u[taking]
            weights[taking] += amount[:, None] * added
        weights[here] *= declared.intensity.ppf(intensity_u[here])[:, None]

    # A one-sided kind is declared on the left; half of the faces play it on the right.
    flip = repertoire.one_sided[kind] & (draws.uniform(f"{name}/side")[rows] < 0.5)
    weights[flip] = weights[flip][:, _MIRROR]
    return weights


def draw(config: ExpressionConfig, draws: Draws) -> F64:
    """Weights ``(n, 52)`` without the eyeLook units."""
    is_random = draws.uniform("random") < config.random_share
    free = np.flatnonzero(is_random)
    weights = _played(config.repertoire, draws, "kind", np.arange(draws.n))
    mixed = np.flatnonzero((draws.uniform("mixed") < config.mixed_share) & ~is_random)
    second = _played(config.repertoire, draws, "second", mixed)
    come = config.mixed_intensity.ppf(draws.uniform("mixed_intensity")[mixed])[:, None]
    # Between two faces that people make lies one that they make on the way.
    weights[mixed] += come * (second - weights[mixed])
    weights[free] = 0
    for region, repertoire in config.regions.items():
        weights[free] += _played(repertoire, draws, f"gesture/{region}", free)

    weights *= _factors(config, draws)
    weights += _strays(config, draws)
    asymmetry = config.asymmetry.ppf(draws.uniform("asymmetry"))
    weights *= 1 + asymmetry[:, None] * _side_signs()
    weights[:, BLINK] += config.blink.ppf(draws.uniform("blink"))[:, None]
    return settle(config, weights)


def _factors(config: ExpressionConfig, draws: Draws) -> F64:
    """``(n, 52)`` by how much more or less each unit moves than its kind says."""

    def spread(name: str, deviation: float) -> F64:
        even = draws.uniforms(name, len(ARKIT_UNITS))
        even -= 0.5
        even *= 2 * np.sqrt(3) * deviation
        even += 1
        return even

    right = np.flatnonzero(_side_signs() < 0)
    both = spread("unit_jitter", config.unit_jitter)
    both[:, right] = both[:, _MIRROR[right]]
    both *= spread("side_jitter", config.side_jitter)
    return both


def _strays(config: ExpressionConfig, draws: Draws) -> F64:
    """``(n, 52)`` small movements that belong to no expression."""
    out = np.zeros((draws.n, len(ARKIT_UNITS)))
    left = np.flatnonzero((config.stray_scale > 0) & (_side_signs() >= 0))
    u = draws.uniforms("stray", len(ARKIT_UNITS))[:, left]
    row, place = np.nonzero(u < config.stray_share)
    if row.size:
        unit = left[place]
        amount = config.stray.ppf(u[row, place] / config.stray_share) * config.stray_scale[unit]
        out[row, unit] = amount
        sided = _side_signs()[unit] > 0
        out[row[sided], _MIRROR[unit[sided]]] = amount[sided]
    return out


def settle(config: ExpressionConfig, weights: F64) -> F64:
    """Apply what a face can't do: opposites, what gives way to what, sums, closed lips over a
    closed jaw, limits.

    Changes ``weights`` ``(n, 52)`` and returns them.
    """
    for a, b in config.exclusive:
        for i, j in zip(columns([a]), columns([b]), strict=True):
            both = np.minimum(weights[:, i], weights[:, j])
            weights[:, i] -= both
            weights[:, j] -= both
    for rule in config.yields:
        giving, to = columns(rule.units), columns(rule.to)
        room = np.maximum(rule.limit - rule.slope * weights[:, to].max(axis=1), 0)
        weights[:, giving] = np.minimum(weights[:, giving], room[:, None])
    for limit in config.sum_limits:
        together = columns(limit.units)
        total = weights[:, together].sum(axis=1)
        weights[:, together] *= np.minimum(1, limit.limit / np.maximum(total, 1e-9))[:, None]
    # ARKit: mouthClose closes the lips independent of the jaw, so it can't exceed jawOpen.
    close, jaw = COLUMN["mouthClose"], COLUMN["jawOpen"]
    weights[:, close] = np.minimum(weights[:, close], weights[:, jaw])
    weights[:, _LOOK] = 0
    return np.clip(weights, 0, config.highest, out=weights)


def close_lids(weights: F64, closure: F64) -> F64:
    """Bring the lids from where an expression holds them to closed, by ``closure`` ``(n,)`` 0-1.

    What is closed is neither wide nor squinting. Changes ``weights`` ``(n, 52)`` and returns
    them.
    """
    lids = weights[:, BLINK] - weights[:, _WIDE]
    lids += closure[:, None] * (1 - lids)
    weights[:, BLINK], weights[:, _WIDE] = np.maximum(lids, 0), np.maximum(-lids, 0)
    weights[:, _SQUINT] *= 1 - closure[:, None]
    return weights


def look(limits: LookLimits, weights: F64, gaze_yaw_deg: F64, gaze_pitch_deg: F64) -> F64:
    """The weights with the eyeLook units that go with a gaze, so that lids follow the eyes.

    Args:
        weights: ``(n, 52)``.
        gaze_yaw_deg: ``(n,)`` to the subject's left.
        gaze_pitch_deg: ``(n,)`` up.
    """
    out = weights.copy()
    left, right = np.maximum(gaze_yaw_deg, 0), np.maximum(-gaze_yaw_deg, 0)
    up, down = np.maximum(gaze_pitch_deg, 0), np.maximum(-gaze_pitch_deg, 0)
    for unit, angle, limit in (
        ("eyeLookOutLeft", left, limits.out_deg),
        ("eyeLookInRight", left, limits.in_deg),
        ("eyeLookInLeft", right, limits.in_deg),
        ("eyeLookOutRight", right, limits.out_deg),
        ("eyeLookUpLeft", up, limits.up_deg),
        ("eyeLookUpRight", up, limits.up_deg),
        ("eyeLookDownLeft", down, limits.down_deg),
        ("eyeLookDownRight", down, limits.down_deg),
    ):
        out[:, COLUMN[unit]] = np.clip(angle / limit, 0, 1)
    return out
