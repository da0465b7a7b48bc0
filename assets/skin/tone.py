"""Skin tone: the Monk scale as a continuous albedo, and pigments as absorbance.

Everything that colours skin is an amount of a pigment; albedo is
``tone * exp(-(amount * absorbance))``. So one freckle or flush looks right on every tone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array
from assets.skin.constants import constants

__all__ = ["Tone", "lab_from_linear", "linear_from_lab", "linear_from_srgb", "tone_of"]

F64Array = NDArray[np.float64]

# sRGB primaries, D65: IEC 61966-2-1.
_XYZ_FROM_RGB = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
     [0.0193339, 0.1191920, 0.9503041]]
)  # fmt: skip
_WHITE = _XYZ_FROM_RGB.sum(1)
_RGB_FROM_XYZ = np.linalg.inv(_XYZ_FROM_RGB)


def linear_from_lab(lab: F64Array) -> F64Array:
    """CIE Lab (D65) ``(*, 3)`` to linear sRGB, not clipped."""
    f_y = (lab[..., 0] + 16) / 116
    f = np.stack([f_y + lab[..., 1] / 500, f_y, f_y - lab[..., 2] / 200], -1)
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * _WHITE
    return np.asarray(xyz @ _RGB_FROM_XYZ.T)


def lab_from_linear(rgb: F64Array) -> F64Array:
    """Linear sRGB ``(*, 3)`` to CIE Lab (D65)."""
    t = np.asarray(rgb) @ _XYZ_FROM_RGB.T / _WHITE
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1
    )


def linear_from_srgb(encoded: F32Array) -> F32Array:
    """sRGB 0-1 to linear."""
    low = encoded / np.float32(12.92)
    high = ((encoded + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4)
    return np.asarray(np.where(encoded <= 0.04045, low, high), np.float32)


@dataclass(frozen=True)
class Tone:
    """One person's skin as optics. Vectors are (3,) float64 in R, G, B."""

    albedo: F64Array
    """Mean linear albedo of the face."""
    lab: F64Array
    melanin: F64Array
    """Absorbance of one unit of melanin, green = 1."""
    haemoglobin: F64Array
    ink: F64Array
    darkness: float
    """0 at the lightest tone to 1 at the darkest."""


@cache
def melanin_absorbance() -> tuple[float, float, float]:
    """Absorbance of one unit of melanin: the direction of the tone table, green = 1."""
    table = np.log(linear_from_lab(np.array(constants().tone.albedo_lab)))
    step = table[2] - table[7]
    r, g, b = (step / step[1]).tolist()
    return r, g, b


def tone_of(monk_tone: float, undertone: float) -> Tone:
    """The tone at a continuous place on the Monk scale (1-10); undertone cool -1 to warm 1."""
    c = constants().tone
    table = np.array(c.albedo_lab)
    steps = np.arange(1, len(table) + 1)
    lab = np.array([np.interp(monk_tone, steps, table[:, k]) for k in range(3)])
    shift = np.array(c.warm_lab if undertone > 0 else c.cool_lab) * abs(undertone)
    darkness = float((table[0, 0] - lab[0]) / (table[0, 0] - table[-1, 0]))
    # Hue shows less the darker the skin, so the shift shrinks with lightness.
    lab = lab + shift * (1.0 - 0.5 * darkness)
    pigment = constants().pigment
    blood = [np.array(b) for b in (pigment.haemoglobin, pigment.haemoglobin_dark)]
    return Tone(
        albedo=np.clip(linear_from_lab(lab), 0.004, 0.95),
        lab=lab,
        melanin=np.array(melanin_absorbance()),
        haemoglobin=(1 - darkness) * blood[0] + darkness * blood[1],
        ink=np.array(pigment.ink),
        darkness=darkness,
    )
