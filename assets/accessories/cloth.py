"""Bump maps of fabric, one repeat each, and cloth materials."""

from __future__ import annotations

from functools import cache

import numpy as np

from assets.accessories.data import Cloth, HeadwearStyle
from assets.geometry import F32Array, SurfaceMaterial
from assets.noise import Stream
from spec_schema.spec import Item

__all__ = ["cloth_material", "height_map"]

PIXELS = 64


def cloth_material(style: HeadwearStyle, item: Item) -> SurfaceMaterial:
    """The fabric of an item in its colour; the UVs of the mesh count repeats."""
    low, high = style.roughness
    return SurfaceMaterial(
        colour=(item.red, item.green, item.blue),
        roughness=low + (high - low) * item.roughness,
        height_map_mm=height_map(style.cloth),
        sheen=style.cloth.sheen,
        specular=0.25,
    )


@cache
def height_map(cloth: Cloth) -> F32Array:
    """(N, N) relief of one repeat in millimetres, the same at opposite edges."""
    v, u = (np.mgrid[:PIXELS, :PIXELS] + 0.5) / PIXELS
    wave = 2 * np.pi
    match cloth.weave:
        case "rib":
            # One column of stitches: a round rib, with the V of each stitch on it.
            rib = np.abs(np.sin(np.pi * u)) ** 0.6
            lean = np.abs(u - 0.5) * 1.2
            field = 0.9 * rib + 0.1 * np.sin(wave * (4 * v + lean))
        case "knit":
            lean = np.abs(u - 0.5) * 1.2
            field = 0.55 * np.abs(np.sin(np.pi * u)) + 0.45 * np.sin(wave * (2 * v + lean))
        case "twill":
            field = 0.7 * np.sin(wave * (2 * u + 2 * v)) + 0.3 * np.sin(wave * 4 * u)
        case "felt":
            noise = Stream(0, "felt").normal((PIXELS, PIXELS)).astype(np.float64)
            rows = np.fft.fftfreq(PIXELS)[:, None] ** 2 + np.fft.fftfreq(PIXELS)[None] ** 2
            field = np.real(np.fft.ifft2(np.fft.fft2(noise) * np.exp(-rows * 120)))
            field = field / np.abs(field).max()
    return np.asarray(field * cloth.relief_mm * 0.5, np.float32)
