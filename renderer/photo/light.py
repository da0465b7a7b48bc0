"""Between encoded pixels and linear light, and what a sensor makes of light."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = [
    "LUMINANCE",
    "balance_gains",
    "encoded",
    "linear",
    "with_noise",
    "with_saturation",
    "with_vignette",
]

Light = NDArray[np.float32]
"""(H, W, 3) linear sRGB, 0 to 1."""

LUMINANCE: Final = np.array([0.2126, 0.7152, 0.0722], np.float32)
"""Of linear sRGB (Rec. 709)."""

_LEVELS: Final = 16384
_NORMALS: Final = 65536

# Stops of red and of blue, by green, for a mired of warmer light: between 5500 K and 4500 K on
# Planck's locus (CIE 15, in linear sRGB) they are 0.203 and -0.398 for 40 mired.
_RED_EV_A_MIRED: Final = 0.00508
_BLUE_EV_A_MIRED: Final = -0.00994
_FULL: Final = 254.5 / 255


@lru_cache(maxsize=1)
def _to_linear() -> NDArray[np.float32]:
    code = np.arange(256) / 255
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4).astype("f4")


@lru_cache(maxsize=1)
def _to_code() -> NDArray[np.uint8]:
    light = np.arange(_LEVELS) / (_LEVELS - 1)
    code = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(255 * code), np.uint8)


def linear(pixels: NDArray[np.uint8]) -> Light:
    """8-bit sRGB as linear light (IEC 61966-2-1)."""
    return np.asarray(_to_linear()[pixels])


def encoded(light: Light) -> NDArray[np.uint8]:
    """Linear light, clipped to 0 to 1, as 8-bit sRGB."""
    level = np.clip(light, 0, 1) * np.float32(_LEVELS - 1) + np.float32(0.5)
    return np.asarray(_to_code()[level.astype(np.uint16)])


def with_vignette(light: Light, loss: float) -> Light:
    """Less light toward the corners, where ``loss`` of it is missing."""
    side = light.shape[0]
    along = ((np.arange(side, dtype=np.float32) + 0.5) / side * 2 - 1) ** 2 / 2
    kept = 1 - np.float32(loss) * (along[:, None] + along)
    return light * kept[..., None]


def balance_gains(mired: float, tint_ev: float) -> NDArray[np.float32]:
    """(3,) factors on red, green and blue of a white balance that is off; grey keeps its
    luminance."""
    stops = np.array([_RED_EV_A_MIRED * mired, tint_ev, _BLUE_EV_A_MIRED * mired])
    gains = 2.0**stops
    return np.asarray(gains / (gains @ LUMINANCE.astype(float)), np.float32)


def with_saturation(light: Light, saturation: float) -> Light:
    """1 leaves the colours, 0 leaves the luminance alone."""
    grey = (light @ LUMINANCE)[..., None]
    return np.asarray(grey + np.float32(saturation) * (light - grey))


@lru_cache(maxsize=1)
def _normal_table() -> NDArray[np.float32]:
    return np.asarray(ndtri((np.arange(_NORMALS) + 0.5) / _NORMALS), np.float32)


def _normals(seed: int, count: int) -> NDArray[np.float32]:
    """``(count,)`` normal deviates to 4.3 sigma, from the raw bits of numpy's Philox."""
    bits = np.random.Philox(key=seed).random_raw(-(-count // 4))
    words = np.asarray(bits, "<u8").view("<u2")[:count]
    return np.asarray(_normal_table()[words])


def _smoothed(noise: Light) -> Light:
    """Noise whose colour, not its brightness, is spread over 3 x 3 pixels, as cameras do."""
    grey = (noise @ LUMINANCE)[..., None]
    colour = noise - grey
    for axis in (0, 1):
        ahead, behind = np.roll(colour, 1, axis), np.roll(colour, -1, axis)
        colour = (ahead + colour + behind) * np.float32(1 / 3)
    return np.asarray(grey + colour)


def with_noise(light: Light, electrons: float, read_noise: float, seed: int) -> Light:
    """Shot noise of so many electrons at white, and read noise of so many; white stays white.

    The number of electrons is Poisson's, for which a normal of the same variance stands.
    """
    signal = np.clip(light, 0, 1)
    sigma = np.sqrt(signal / np.float32(electrons) + np.float32((read_noise / electrons) ** 2))
    sigma *= signal < np.float32(_FULL)
    sigma *= _normals(seed, signal.size).reshape(signal.shape)
    return signal + _smoothed(sigma)
