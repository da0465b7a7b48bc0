"""What lies over bare skin: lips, the linings of mouth and lids, make-up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from assets.skin.constants import constants
from assets.skin.tone import F64Array, Tone, linear_from_lab
from spec_schema.spec import SceneSpec

__all__ = ["Linings", "Overlays", "cosmetics", "linings_of", "lip_shift"]


@dataclass(frozen=True)
class Overlays:
    """Make-up as change of the logarithm of albedo, (3,) each, and added blush."""

    lips: F64Array
    lids: F64Array
    blush: float


def lip_shift(spec: SceneSpec, tone: Tone) -> F64Array:
    """(3,) logarithm of the lips' albedo by the skin's."""
    lips = constants().lips
    offsets = np.array(lips.offset_lab)
    offset = np.array([np.interp(tone.lab[0], lips.skin_l, offsets[:, k]) for k in range(3)])
    lab = tone.lab + offset * (0.45 + 1.1 * spec.skin.lip_colour)
    return np.asarray(np.log(np.clip(linear_from_lab(lab), 0.01, 0.9) / tone.albedo))


def cosmetics(spec: SceneSpec, tone: Tone, choose: Callable[[str, int], int]) -> Overlays:
    """Make-up in the amount of ``skin.makeup``, in colours that the seed chooses."""
    m, amount = constants().makeup, spec.skin.makeup
    lipstick = np.log(m.lipsticks[choose("lipstick", len(m.lipsticks))])
    shadow = np.log(m.shadows[choose("eye-shadow", len(m.shadows))])
    # On dark skin the same film darkens less: it scatters light of its own.
    share = amount * (1 - 0.5 * tone.darkness)
    return Overlays(
        lips=np.asarray(share * m.lip_share * lipstick),
        lids=np.asarray(share * m.lid_share * shadow),
        blush=float(share * m.blush),
    )


@dataclass(frozen=True)
class Linings:
    """Linear albedos (3,) of what is wet: at the edge, and deep behind it."""

    mouth: F64Array
    mouth_deep: F64Array
    rim: F64Array
    socket_deep: F64Array


def linings_of(tone: Tone) -> Linings:
    """The mouth's lining and the lids' rims of one tone."""
    c, dark = constants(), tone.darkness
    rim = (1 - dark) * np.array(c.lid.rim_light) + dark * np.array(c.lid.rim_dark)
    return Linings(
        mouth=(1 - dark) * np.array(c.mouth.lining_light) + dark * np.array(c.mouth.lining_dark),
        mouth_deep=np.array(c.mouth.deep),
        rim=rim,
        socket_deep=c.lid.socket_depth * rim,
    )
