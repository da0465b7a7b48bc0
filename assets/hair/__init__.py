"""Strand hair: scalp, beard, brows and lashes, from a spec and the head's own surface.

All results are in the world frame in metres, the same to the bit for the same spec and head.
``detail`` scales the number of strands and makes them as much thicker or thinner.
"""

from __future__ import annotations

import numpy as np

from assets.geometry import F32Array, Strands
from assets.hair.brows import BrowShape, grow_brow
from assets.hair.data import groom_data
from assets.hair.facial import grow_beard
from assets.hair.facial_map import BeardShape, beard_density
from assets.hair.lashes import grow_lashes
from assets.hair.scalp import Covered, Scalp
from assets.hair.surface import HeadSurface
from assets.hair.wig import grow_hair
from assets.noise import ValueNoise
from spec_schema.spec import SceneSpec

__all__ = [
    "Covered",
    "HeadSurface",
    "beard_tint",
    "brow_tint",
    "eyebrows",
    "eyelashes",
    "facial_hair",
    "facial_tint",
    "reaches_torso",
    "scalp_hair",
    "scalp_tint",
]


def scalp_hair(
    spec: SceneSpec, head: HeadSurface, covered: Covered | None = None, detail: float = 1.0
) -> Strands | None:
    """The hair of the scalp, or None for the bald.

    ``covered`` says how much something worn hides at rest points (n, 3) in metres, 0-1: no
    roots stand there, and round it hair lies flat.
    """
    return grow_hair(spec, head, covered, detail)


def reaches_torso(spec: SceneSpec) -> bool:
    """Whether the scalp's hair comes down to neck and shoulders."""
    hair = spec.hair
    return hair.style != "bald" and groom_data().style(hair.style).reaches_torso(hair.length_scale)


def facial_hair(spec: SceneSpec, head: HeadSurface, detail: float = 1.0) -> Strands | None:
    """Beard, moustache or stubble, or None for the shaved."""
    return grow_beard(spec, head, detail)


def eyebrows(spec: SceneSpec, head: HeadSurface, detail: float = 1.0) -> tuple[Strands, Strands]:
    """The subject's right and left brow."""
    return grow_brow(spec, head, -1.0, detail), grow_brow(spec, head, 1.0, detail)


def eyelashes(spec: SceneSpec, head: HeadSurface, detail: float = 1.0) -> Strands:
    """The lashes of both eyes; they count as skin, as in FaceSynthetics."""
    return grow_lashes(spec, head, detail)


def scalp_tint(spec: SceneSpec, rest_m: F32Array) -> F32Array:
    """(n,) 0-1: how much hair colour shows through and on the scalp at rest points (n, 3)."""
    if spec.hair.style == "bald":
        return 0.0 * rest_m[..., 0]
    style = groom_data().style(spec.hair.style)
    scalp = Scalp.of(spec)
    return (style.tint * (1 - 0.6 * spec.hair.grey) * scalp.density(rest_m * 10)).astype("f4")


def beard_tint(spec: SceneSpec, rest_m: F32Array) -> F32Array:
    """(n,) 0-1: how much the skin under facial hair is tinted at rest points (n, 3)."""
    hair = spec.facial_hair
    if hair.style == "shaved":
        return 0.0 * rest_m[..., 0]
    noise = ValueNoise(hair.seed, "beard/noise")
    shape = BeardShape.of(hair, groom_data().facial(hair.style))
    return (beard_density(rest_m * 10, shape, noise) * hair.density).astype("f4")


def facial_tint(spec: SceneSpec, rest_m: F32Array) -> F32Array:
    """(n,) 0-1: the tint of beard and brows together, where that of the beard's pigment is 1."""
    beard, brows = spec.facial_hair, spec.brows
    as_dark = (0.12 + 0.88 * brows.melanin) / (0.12 + 0.88 * beard.melanin)
    as_dark *= (1 - 0.6 * brows.grey) / (1 - 0.6 * beard.grey)
    both = beard_tint(spec, rest_m) + np.float32(as_dark) * brow_tint(spec, rest_m)
    return np.asarray(np.clip(both, 0, 1), np.float32)


def brow_tint(spec: SceneSpec, rest_m: F32Array) -> F32Array:
    """(n,) 0-1: how much the skin under the brows is tinted, by hair and by pencil."""
    brows = spec.brows
    mirrored = np.abs(rest_m * 10 * np.array([1, 0, 0], np.float32)) + rest_m * 10 * np.array(
        [0, 1, 1], np.float32
    )
    full = BrowShape.of(brows).density(mirrored)
    amount = 0.30 * min(brows.density, 1.2) * (1 - brows.grey) + 0.45 * brows.makeup
    return np.asarray(np.clip(full * amount, 0, 1), np.float32)
