"""How falling hair frames the face and comes to lie before or behind the shoulders."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array
from assets.hair.combing import Mask, is_before
from assets.hair.groom import Groom
from assets.hair.growth import Push
from assets.hair.vectors import smoothstep, tangent

__all__ = ["round_the_face"]

ASIDE = 0.7
"""How strongly hair is held out of the face: about as much as its own stiffness."""
OFF_THE_SHOULDER = 0.6
"""How strongly hair is drawn before or behind the shoulder, as a share of its fall."""
BESIDE_RIDGE_M = (0.015, 0.055)
"""So far from the shoulder's ridge it hangs freely, and is drawn no more."""
DRAG = 0.34
"""How far hair on a turned head stays with the chest, as a share of its fall."""


def round_the_face(groom: Groom, fringe: Mask, index: NDArray[np.intp]) -> Push:
    """Falling hair goes to the side of the face, and before or behind the shoulders.

    Below the chin directions are those of the chest: hair of a turned head is held back where
    it lies on neck and shoulders.
    """
    head, fall = groom.head, groom.style.fall
    on_left = groom.combed_dm[index, 0] > groom.part_x_dm[index]
    side = np.where(on_left, groom.variation.mirror, -groom.variation.mirror)
    before = is_before(groom)[index]
    free = np.asarray(~fringe[index], np.float32)
    eye, middle = head.eye_m, head.centre_m
    up, ridge = -head.gravity, head.shoulder_m
    slip = OFF_THE_SHOULDER * fall.gravity
    chest = tangent(head.chest, up)
    aside = np.asarray(np.cross(up, chest), np.float32)
    face = tangent(np.array([0.0, 0.0, 1.0], np.float32), up)
    turned = float(np.arctan2(face @ aside, face @ chest))

    def push(p: F32Array, _: float) -> F32Array:
        low = smoothstep(eye[1] - 0.05 - p[:, 1], 0.0, 0.05)
        at_face = smoothstep(p[:, 2] - middle[2] - 0.03, 0.0, 0.03)
        at_face = at_face * smoothstep(eye[1] + 0.07 - p[:, 1], 0.0, 0.05)
        at_face = at_face * (1 - smoothstep(np.abs(p[:, 0]), 0.05, 0.085)) * free
        out = np.zeros_like(p)
        out[:, 0] = ASIDE * at_face * np.where(p[:, 0] > 0, 1.0, -1.0)
        out -= (0.06 * low * side * before)[:, None] * aside
        out += (low * np.where(before, 0.03, -0.06))[:, None] * chest
        past = (p - middle) @ chest - ridge
        on_top = 1 - smoothstep(np.where(before, past, -past), *BESIDE_RIDGE_M)
        out += (slip * low * on_top * np.where(before, 1.0, -1.0))[:, None] * chest
        # Round the axis of the neck, back towards the chest.
        arm = p - middle
        arm = np.cross(arm, up) / 0.08
        out += (fall.gravity * DRAG * turned * low)[:, None] * arm
        if fall.tucks:
            under = smoothstep(eye[1] - 0.03 - p[:, 1], 0.0, 0.05) * free
            out[:, 0] -= fall.tucks * np.sign(p[:, 0]) * under
        return np.asarray(out * np.float32(fall.frames_face), np.float32)

    return push
