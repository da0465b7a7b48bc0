"""Brightness of HDR environments, and where Blender keeps its own."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["blender_hdri_path", "mean_luminance", "sphere_luminance"]

_REC709_LUMINANCE: Final = np.array([0.2126, 0.7152, 0.0722])


def mean_luminance(radiance: NDArray[np.floating[Any]]) -> float:
    """Plain mean luminance of the pixels of an (H, W, 3) linear equirectangular image."""
    return float((radiance.astype(np.float64) @ _REC709_LUMINANCE).mean())


def sphere_luminance(radiance: NDArray[np.floating[Any]]) -> float:
    """Mean luminance over the sphere: pixels weighted by the solid angle that they cover."""
    rows = (radiance.astype(np.float64) @ _REC709_LUMINANCE).mean(axis=1)
    edges = np.sin(np.linspace(np.pi / 2, -np.pi / 2, len(rows) + 1))
    return float((rows * (edges[:-1] - edges[1:])).sum() / 2)


def blender_hdri_path(file: str) -> Path | None:
    """Where the installed ``bpy`` keeps one of its environments; does not load ``bpy``."""
    spec = importlib.util.find_spec("bpy")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for path in sorted(Path(folder).glob(f"*/datafiles/studiolights/world/{file}")):
            return path
    return None
