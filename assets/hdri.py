"""Brightness of HDR environments, and where Blender keeps its own."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assets.light_colour import REC709_LUMINANCE as _REC709_LUMINANCE
from assets.light_colour import correlated_temperature_k
from spec_schema.frames import direction_from_angles

__all__ = [
    "HdriMeasure",
    "blender_hdri_path",
    "harmonics",
    "irradiance_harmonics",
    "mean_luminance",
    "measure",
    "sphere_luminance",
    "wall_irradiance",
]

_SAMPLED_ROWS: Final = 64


@dataclass(frozen=True)
class HdriMeasure:
    """What is measured of an environment once, when it is added."""

    width_px: int
    mean_luminance: float
    """Plain mean over the pixels, Rec. 709."""
    sphere_luminance: float
    """Mean over the sphere, weighted by solid angle."""
    peak_luminance: float
    key_azimuth_deg: float
    """Direction that gives most light to a matt surface turned to it, at rotation 0: to the
    subject's left of world +z."""
    key_elevation_deg: float
    contrast: float
    """Light on a matt surface turned to the key, by that on one turned away; at most 100."""
    temperature_k: float
    """Correlated colour temperature of the mean over the sphere."""
    irradiance: tuple[float, ...]
    """Nine coefficients of :func:`irradiance_harmonics`."""


def measure(radiance: NDArray[np.floating[Any]]) -> HdriMeasure:
    """Measure an (H, W, 3) linear equirectangular image, row 0 at the top."""
    coefficients = irradiance_harmonics(radiance)
    azimuth, elevation = np.meshgrid(np.arange(-180, 180, 2.0), np.arange(-88, 89, 2.0))
    directions = direction_from_angles(azimuth.ravel(), elevation.ravel())
    light = harmonics(directions) @ coefficients
    key = int(light.argmax())
    away = float((harmonics(-directions[key]) @ coefficients).item())
    rows = radiance.astype(np.float64).mean(axis=1)
    edges = np.sin(np.linspace(np.pi / 2, -np.pi / 2, len(rows) + 1))
    colour = ((edges[:-1] - edges[1:])[:, None] * rows).sum(0) / 2
    return HdriMeasure(
        width_px=radiance.shape[1],
        mean_luminance=mean_luminance(radiance),
        sphere_luminance=sphere_luminance(radiance),
        peak_luminance=float((radiance.astype(np.float64) @ _REC709_LUMINANCE).max()),
        key_azimuth_deg=float(azimuth.ravel()[key]),
        key_elevation_deg=float(elevation.ravel()[key]),
        contrast=min(float(light[key]) / max(away, float(light[key]) / 100), 100.0),
        temperature_k=correlated_temperature_k(colour),
        irradiance=tuple(coefficients.tolist()),
    )


def wall_irradiance(
    radiance: NDArray[np.floating[Any]], normal: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Linear RGB (3,) that a white matt wall shows in an environment.

    Args:
        radiance: (H, W, 3), row 0 at the top.
        normal: (3,) unit, of the wall, in the picture's frame: middle at -z, right toward +x.
    """
    height = radiance.shape[0]
    rows = np.linspace(0, height, min(_SAMPLED_ROWS, height) + 1).astype(int)[:-1]
    small = np.add.reduceat(radiance.astype(np.float32), rows, axis=0)
    small /= np.diff(np.append(rows, height))[:, None, None].astype(np.float32)
    azimuth, elevation, solid_angle = _pixels(len(rows), small.shape[1])
    facing = (
        normal[0] * np.sin(azimuth) * np.cos(elevation)[:, None]
        + normal[1] * np.sin(elevation)[:, None]
        - normal[2] * np.cos(azimuth) * np.cos(elevation)[:, None]
    )
    weight = np.maximum(facing, 0) * solid_angle[:, None] / np.pi
    return np.asarray(np.einsum("hw,hwc->c", weight, small.astype(np.float64)))


def _pixels(
    height: int, width: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Azimuth (width,), elevation (height,) and solid angle (height,) of a picture's pixels."""
    edges = np.linspace(np.pi / 2, -np.pi / 2, height + 1)
    azimuth = (np.arange(width) + 0.5) / width * 2 * np.pi - np.pi
    solid_angle = (np.sin(edges[:-1]) - np.sin(edges[1:])) * 2 * np.pi / width
    return azimuth, (edges[:-1] + edges[1:]) / 2, solid_angle


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
    azimuth, elevation, solid_angle = _pixels(height, width)
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
