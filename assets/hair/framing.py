"""How falling hair frames the face."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array
from assets.hair.combing import Mask
from assets.hair.groom import Groom
from assets.hair.growth import Push
from assets.hair.vectors import smoothstep

__all__ = ["round_the_face"]


def round_the_face(groom: Groom, fringe: Mask, index: NDArray[np.intp]) -> Push:
    """Falling hair goes to the side of the face, and before or behind the shoulders."""
    head, fall = groom.head, groom.style.fall
    rest = groom.roots.rest_dm[index]
    on_left = groom.combed_dm[index, 0] > groom.part_x_dm[index]
    side = np.where(on_left, groom.variation.mirror, -groom.variation.mirror)
    before = groom.azimuth_deg[index] < 78 + 25 * groom.noise(rest, 2.5)
    free = np.asarray(~fringe[index], np.float32)
    eye, middle = head.eye_m, head.centre_m

    def push(p: F32Array, _: float) -> F32Array:
        low = smoothstep(eye[1] - 0.05 - p[:, 1], 0.0, 0.05)
        at_face = smoothstep(p[:, 2] - middle[2] - 0.03, 0.0, 0.03)
        at_face = at_face * smoothstep(eye[1] + 0.045 - p[:, 1], 0.0, 0.05)
        at_face = at_face * (1 - smoothstep(np.abs(p[:, 0]), 0.07, 0.1)) * free
        out = np.zeros_like(p)
        out[:, 0] = 0.5 * at_face * np.where(p[:, 0] > 0, 1.0, -1.0)
        out[:, 0] -= 0.06 * low * side * before
        out[:, 2] = low * np.where(before, 0.14, -0.10)
        if fall.tucks:
            under = smoothstep(eye[1] - 0.03 - p[:, 1], 0.0, 0.05) * free
            out[:, 0] -= fall.tucks * np.sign(p[:, 0]) * under
        return out * np.float32(fall.frames_face)

    return push
