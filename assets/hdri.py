"""Brightness of HDR environments, and where Blender keeps its own."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "blender_hdri_path",
    "harmonics",
    "irradiance_harmonics",
    "mean_luminance",
    "sphere_luminance",
]

_REC709_LUMINANCE: Final = np.array([0.2126, 0.7152, 0.0722])


def mean_luminance(radiance: NDArray[np.floating[Any]]) -> float:
    """Plain mean luminance of the pixels of an (H, W, 3) linear equirectangular image."""
    return float((radiance.astype(np.float64) @ _REC709_LUMINANCE).mean())


def sphere_luminance(radiance: NDArray[np.floating[Any]]) -> float:
    """Mean luminance over the sphere: pixels weighted by the solid angle that they cover."""
    rows = (radiance.astype(np.float64) @ _REC709_LUMINANCE).mean(axis=1)
    edges = np.sin(np.linspace(np.pi / 2, -np.pi / 2, len(rows) + 1))
    return float((rows * (edges[:-1] - edges[1:])).sum() / 2)


def harmonics(directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Real spherical harmonics of degree 0 to 2, ``(*, 9)``, of unit directions ``(*, 3)``."""
    x, y, z = np.moveaxis(directions, -1, 0)
    return np.stack(
        [
            np.full_like(x, 0.282095),
            0.488603 * y,
            0.488603 * z,
            0.488603 * x,
            1.092548 * x * y,
            1.092548 * y * z,
            0.315392 * (3 * z * z - 1),
            1.092548 * x * z,
            0.546274 * (x * x - y * y),
        ],
        axis=-1,
    )


def irradiance_harmonics(radiance: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """What an environment gives to a white matt surface, as nine coefficients.

    ``harmonics(n) @ irradiance_harmonics(image)`` is the luminance of a white Lambertian
    surface with normal n (world frame, picture at rotation 0: its middle at world -z, its
    right toward +x). Source: R. Ramamoorthi, P. Hanrahan, *An efficient representation for
    irradiance environment maps*, SIGGRAPH 2001.

    Args:
        radiance: (H, W, 3) linear equirectangular image, row 0 at the top.
    """
    height, width = radiance.shape[:2]
    edges = np.linspace(np.pi / 2, -np.pi / 2, height + 1)
    elevation = (edges[:-1] + edges[1:]) / 2
    azimuth = (np.arange(width) + 0.5) / width * 2 * np.pi - np.pi
    solid_angle = (np.sin(edges[:-1]) - np.sin(edges[1:])) * 2 * np.pi / width
    directions = np.stack(
        np.broadcast_arrays(
            np.sin(azimuth) * np.cos(elevation)[:, None],
            np.sin(elevation)[:, None],
            -np.cos(azimuth) * np.cos(elevation)[:, None],
        ),
        axis=-1,
    )
    luminance = radiance.astype(np.float64) @ _REC709_LUMINANCE
    weighted = (luminance * solid_angle[:, None]).ravel()
    radiance_harmonics = weighted @ harmonics(directions).reshape(-1, 9)
    # The cosine lobe of each degree, divided by pi for the radiance that leaves the surface.
    lobe = np.array([1.0] + [2 / 3] * 3 + [1 / 4] * 5)
    return np.asarray(radiance_harmonics * lobe)


def blender_hdri_path(file: str) -> Path | None:
    """Where the installed ``bpy`` keeps one of its environments; does not load ``bpy``."""
    spec = importlib.util.find_spec("bpy")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for path in sorted(Path(folder).glob(f"*/datafiles/studiolights/world/{file}")):
            return path
    return None
