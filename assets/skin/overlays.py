"""What lies over bare skin: lips, the linings of mouth and lids, make-up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from assets.geometry import F32Array
from assets.skin.constants import constants
from assets.skin.tone import F64Array, Tone, linear_from_lab
from spec_schema.spec import SceneSpec

__all__ = ["Linings", "Paint", "linings_of", "lip_shift", "paints"]

_LEAST_ALBEDO = 0.012


@dataclass(frozen=True)
class Paint:
    """A film of colour over the skin."""

    cover: F32Array
    """(N, N) opacity, 0-1."""
    log_albedo: F64Array
    """(3,) natural logarithm of the film's own linear albedo."""


def lip_shift(spec: SceneSpec, tone: Tone) -> F64Array:
    """(3,) logarithm of the lips' albedo by the skin's."""
    lips = constants().lips
    offsets = np.array(lips.offset_lab)
    offset = np.array([np.interp(tone.lab[0], lips.skin_l, offsets[:, k]) for k in range(3)])
    lab = tone.lab + offset * (0.45 + 1.1 * spec.skin.lip_colour)
    return np.asarray(np.log(np.clip(linear_from_lab(lab), 0.01, 0.9) / tone.albedo))


def paints(spec: SceneSpec, maps: Mapping[str, F32Array]) -> Iterator[Paint]:
    """Eyeshadow, eyeliner and lipstick, in the order in which they are put on."""
    skin, m = spec.skin, constants().makeup
    if skin.eyeshadow > 0:
        colour = (skin.eyeshadow_red, skin.eyeshadow_green, skin.eyeshadow_blue)
        yield _paint(np.float32(m.lid_share * skin.eyeshadow) * maps["crease"], colour)
    if skin.eyeliner > 0:
        yield _paint(np.float32(m.liner * skin.eyeliner) * maps["liner"], m.liner_albedo)
    if skin.lipstick > 0:
        colour = (skin.lipstick_red, skin.lipstick_green, skin.lipstick_blue)
        yield _paint(np.float32(m.lip_share * skin.lipstick) * maps["lips"], colour)


def _paint(cover: F32Array, albedo: tuple[float, float, float]) -> Paint:
    return Paint(
        cover=np.asarray(cover, np.float32),
        log_albedo=np.log(np.maximum(np.array(albedo, np.float64), _LEAST_ALBEDO)),
    )


@dataclass(frozen=True)
class Linings:
    """Linear albedos (3,) of what is wet or hollow: at the edge, and deep behind it."""

    mouth: F64Array
    mouth_deep: F64Array
    rim: F64Array
    socket_deep: F64Array
    nostril: F64Array


def linings_of(tone: Tone) -> Linings:
    """The mouth's lining, the lids' rims and the nostrils of one tone."""
    c, dark = constants(), tone.darkness
    rim = (1 - dark) * np.array(c.lid.rim_light) + dark * np.array(c.lid.rim_dark)
    return Linings(
        mouth=(1 - dark) * np.array(c.mouth.lining_light) + dark * np.array(c.mouth.lining_dark),
        mouth_deep=np.array(c.mouth.deep),
        rim=rim,
        socket_deep=c.lid.socket_depth * rim,
        nostril=(1 - 0.6 * dark) * np.array(c.lips.nostril),
    )
