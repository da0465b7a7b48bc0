"""How finely a scene is built, by how large the head is in the image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from renderer.settings import RenderSettings
from spec_schema.spec import SceneSpec

__all__ = ["Detail", "detail_of", "pixels_per_metre"]

_SKIN_LEVELS: Final = ((1050.0, 512), (4200.0, 1024))
"""Up to so many pixels a metre, maps of so many texels a side; above, 2048. At 1024 a texel of
the face is 0.48 mm wide."""
_FINEST_SKIN: Final = 2048
_FULL_HAIR: Final = 2200.0
"""Pixels a metre from which every strand is drawn, 0.3 to 0.6 pixels wide: a face of some 310."""
_LEAST_HAIR: Final = 0.3


@dataclass(frozen=True)
class Detail:
    """What a scene is built with."""

    skin_texels: int
    """Side of the skin maps."""
    hair: float
    """Strands, as a multiple; fewer are as much thicker, so that the same part of the skin
    shows. Below :data:`_FULL_HAIR` a strand keeps its width in pixels."""


def pixels_per_metre(spec: SceneSpec, size_px: int) -> float:
    """Pixels that a metre across the line of sight takes at the head's distance."""
    camera = spec.camera
    return size_px * camera.focal_length_mm / camera.sensor_width_mm / spec.pose.z_m


def detail_of(spec: SceneSpec, settings: RenderSettings) -> Detail:
    """The detail that a head of this size in the image can show."""
    scale = pixels_per_metre(spec, settings.size_px)
    texels = next((side for most, side in _SKIN_LEVELS if scale <= most), _FINEST_SKIN)
    share = min(max(scale / _FULL_HAIR, _LEAST_HAIR), 1.0)
    # Drafts of small heads are not thinned twice: strands would grow wider than a pixel.
    hair = max(share * settings.hair_detail, min(_LEAST_HAIR, settings.hair_detail))
    return Detail(skin_texels=texels, hair=hair)
