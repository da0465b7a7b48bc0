"""The front of the neck by sex and age: Adam's apple, cords, slack skin and folds.

The pack's macro targets leave it smooth. Everything here lies under the chin, away from all
landmarks, so that it is no affair of the sampler's landmark model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array
from assets.head.facts import NeckFacts
from spec_schema.spec import IdentitySpec

__all__ = ["NeckShapes", "neck_shapes"]


@dataclass(frozen=True)
class NeckShapes:
    """Displacements ``(V, 3)`` in metres at full amount, upright rest pose."""

    apple: F32Array
    slack: F32Array
    facts: NeckFacts

    def at(self, vertices: NDArray[np.int64]) -> NeckShapes:
        """The same for some cage vertices only."""
        return NeckShapes(self.apple[vertices], self.slack[vertices], self.facts)

    def of(self, identity: IdentitySpec) -> F32Array:
        """``(V, 3)`` what an identity's neck has of both."""
        f = self.facts
        lean = 1 - f.padding * identity.weight
        apple = (f.apple_of_women + (1 - f.apple_of_women) * identity.sex**2) * lean
        span = f.slack_full_years - f.slack_from_years
        slack = float(np.clip((identity.age_years - f.slack_from_years) / span, 0, 1)) * lean
        return np.asarray(np.float32(apple) * self.apple + np.float32(slack) * self.slack)


def neck_shapes(base: F32Array, facts: NeckFacts) -> NeckShapes:
    """The shapes on a base mesh ``(V, 3)`` in metres."""
    x, y, z = base.astype(np.float64).T
    low, high = facts.span_y_m
    front = (np.abs(x) < facts.half_width_m) & (z > facts.axis_z_m) & (z < facts.front_z_m)
    # To nothing at both ends and at the sides.
    end = np.clip(np.minimum(y - low, high - y) / facts.fade_m, 0, 1)
    side = np.clip((facts.half_width_m - np.abs(x)) / facts.fade_m, 0, 1)
    fade = front * end * side
    out = np.stack([x, np.zeros_like(x), z - facts.axis_z_m], -1)
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)

    def bell(v: NDArray[np.float64], width: float) -> NDArray[np.float64]:
        return np.asarray(np.exp(-((v / width) ** 2)))

    above = y - facts.apple_y_m
    width = np.where(above > 0, facts.apple_up_m, facts.apple_down_m)
    apple = facts.apple_m * bell(x, facts.apple_half_width_m) * np.exp(-((above / width) ** 2))
    cords = bell(np.abs(x) - facts.cord_x_m, facts.cord_half_width_m)
    cords = facts.cord_m * (cords - facts.between_cords * bell(x, facts.cord_half_width_m))
    rows = y - facts.fold_rise * np.abs(x) - facts.fold_y_m
    folds = -facts.fold_m * np.cos(2 * np.pi * rows / facts.fold_pitch_m)
    wattle = facts.wattle_m * bell(x, facts.wattle_half_width_m)
    wattle = wattle * np.clip((y - facts.apple_y_m) / (high - facts.apple_y_m), 0, 1)
    slack = cords + folds + wattle
    return NeckShapes(
        np.asarray((fade * apple)[:, None] * out, np.float32),
        np.asarray((fade * slack)[:, None] * out, np.float32),
        facts,
    )
