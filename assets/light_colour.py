"""Colour of light: temperatures as linear RGB, and back."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "NEUTRAL_K",
    "REC709_LUMINANCE",
    "correlated_temperature_k",
    "temperature_rgb",
    "tint_rgb",
]

REC709_LUMINANCE: Final = np.array([0.2126, 0.7152, 0.0722])
NEUTRAL_K: Final = 6504.0
"""Temperature of D65, the white of sRGB; a Planckian radiator of it is slightly pink."""

_RGB_FROM_XYZ: Final = np.array(
    [[3.2404542, -1.5371385, -0.4985314], [-0.9692660, 1.8760108, 0.0415560],
     [0.0556434, -0.2040259, 1.0572252]]
)  # fmt: skip
_XYZ_FROM_RGB: Final = np.linalg.inv(_RGB_FROM_XYZ)

# B. Kang, O. Moon, C. Hong, H. Lee, B. Cho, Y. Kim, *Design of advanced color temperature control
# system for HDTV applications*, 2002: x of the Planckian locus in 1000/T, and y in x.
_X_BELOW_4000: Final = (-0.2661239, -0.2343589, 0.8776956, 0.179910)
_X_ABOVE: Final = (-3.0258469, 2.1070379, 0.2226347, 0.240390)
_Y_BELOW_2222: Final = (-1.1063814, -1.34811020, 2.18555832, -0.20219683)
_Y_BELOW_4000: Final = (-0.9549476, -1.37418593, 2.09137015, -0.16748867)
_Y_ABOVE: Final = (3.0817580, -5.87338670, 3.75112997, -0.37001483)


def temperature_rgb(temperature_k: ArrayLike) -> NDArray[np.float64]:
    """Linear sRGB ``(*, 3)`` of luminance 1 of a black body; 1,667 to 25,000 K, cut beyond.

    What of deep red lies outside the primaries is cut to zero.
    """
    t = np.clip(np.asarray(temperature_k, np.float64), 1667, 25000)
    x = np.where(t <= 4000, np.polyval(_X_BELOW_4000, 1000 / t), np.polyval(_X_ABOVE, 1000 / t))
    y = np.where(
        t <= 2222,
        np.polyval(_Y_BELOW_2222, x),
        np.where(t <= 4000, np.polyval(_Y_BELOW_4000, x), np.polyval(_Y_ABOVE, x)),
    )
    xyz = np.stack([x / y, np.ones_like(x), (1 - x - y) / y], axis=-1)
    rgb = np.maximum(xyz @ _RGB_FROM_XYZ.T, 0.0)
    return np.asarray(rgb / (rgb @ REC709_LUMINANCE)[..., None])


def tint_rgb(temperature_k: float) -> NDArray[np.float64]:
    """Gains ``(3,)`` that give neutral light a temperature; white keeps its luminance."""
    gains = temperature_rgb(temperature_k) / temperature_rgb(NEUTRAL_K)
    return np.asarray(gains / (gains @ REC709_LUMINANCE))


def correlated_temperature_k(rgb: NDArray[np.floating[Any]]) -> float:
    """Correlated colour temperature of a linear sRGB colour ``(3,)``, within 1,667 to 25,000 K.

    Source: C. S. McCamy, *Correlated color temperature as an explicit function of chromaticity
    coordinates*, Color Research & Application 17, 1992.
    """
    xyz = _XYZ_FROM_RGB @ np.asarray(rgb, np.float64)
    x, y = xyz[:2] / xyz.sum()
    n = (x - 0.3320) / (0.1858 - y)
    return float(np.clip(np.polyval((449.0, 3525.0, 6823.3, 5520.33), n), 1667, 25000))
