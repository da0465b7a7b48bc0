"""What a scene is made of, as plain arrays: the hand-over from assets to renderer.

Everything is in the world frame in metres (x subject's left, y up, z out of the chest), in
the final pose. Nothing here is random and nothing here knows Blender. The arrays that are
labelled are these very arrays.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spec_schema.classes import SegmentationClass

__all__ = [
    "ClearMaterial",
    "F32Array",
    "HairMaterial",
    "I32Array",
    "Material",
    "Mesh",
    "SceneGeometry",
    "SkinMaterial",
    "Strands",
    "SurfaceMaterial",
    "U8Array",
]

F32Array = NDArray[np.float32]
I32Array = NDArray[np.int32]
U8Array = NDArray[np.uint8]


@dataclass(frozen=True)
class SkinMaterial:
    """Skin: maps over a window of the head's UV space, lit with subsurface scattering.

    Maps have row 0 at the *bottom* (v grows with the row), as Blender stores images.
    """

    colour: F32Array
    """(N, N, 3) linear sRGB albedo inside the window."""
    height_mm: F32Array
    """(N, N) displacement along the normal, for bump."""
    roughness: F32Array
    """(N, N)"""
    window: tuple[float, float, float, float]
    """u0, u1, v0, v1 of the window in UV space."""
    body_colour: F32Array
    """(M, M, 3) linear sRGB albedo over the whole UV square, used outside the window."""
    body_height_mm: F32Array
    """(M, M) displacement of the body, which meets ``height_mm`` at their seam."""
    specular: F32Array
    """(N, N) share of a smooth surface's reflection, 0-1."""
    film: F32Array
    """(N, N) share of the reflection that a thin, smooth film gives, 0-1."""
    deep: F32Array
    """(N, N) how much of the light spreads deep under the skin, 0-1."""
    fuzz: F32Array
    """(N, N) how much of the sheen of fine hair there is, 0-1."""
    subsurface_scale_m: float
    fuzz_strength: float
    """Albedo that fine hair adds where the surface turns away from the eye."""
    kind: Literal["skin"] = "skin"


@dataclass(frozen=True)
class SurfaceMaterial:
    """An opaque surface: cloth, plastic, metal, teeth, tongue, eyeball, felt."""

    colour: tuple[float, float, float]
    """Linear sRGB; multiplies ``colour_map`` where there is one."""
    roughness: float
    metallic: float = 0.0
    colour_map: F32Array | None = None
    """(H, W, 3) linear sRGB by the mesh's UVs, row 0 at the bottom."""
    height_map_mm: F32Array | None = None
    """(H, W) bump height by the mesh's UVs, row 0 at the bottom; repeats."""
    normal_map: F32Array | None = None
    """(H, W, 3) tangent-space normals as 0-1, green up the v axis, row 0 at the bottom."""
    shine_map: F32Array | None = None
    """(H, W, 2) factors on roughness and metallic, row 0 at the bottom."""
    subsurface: float = 0.0
    subsurface_scale_m: float = 0.002
    coat: float = 0.0
    coat_roughness: float = 0.1
    sheen: float = 0.0
    specular: float = 0.5
    kind: Literal["surface"] = "surface"


@dataclass(frozen=True)
class ClearMaterial:
    """Cornea, lenses: refracts for the camera, lets light through unhindered."""

    ior: float
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    roughness: float = 0.0
    """Of the reflection alone; what is behind stays sharp."""
    thin: bool = False
    """A thin sheet (spectacle lens): reflects, but does not bend what is behind."""
    kind: Literal["clear"] = "clear"


@dataclass(frozen=True)
class HairMaterial:
    """Principled hair (Chiang); melanin, redness and dye come with the strands."""

    roughness: float = 0.25
    radial_roughness: float = 0.4
    kind: Literal["hair"] = "hair"


Material = SkinMaterial | SurfaceMaterial | ClearMaterial


@dataclass(frozen=True)
class Mesh:
    """A polygon mesh."""

    name: str
    vertices_m: F32Array
    """(V, 3) world frame."""
    faces: I32Array
    """(F, 4); a triangle repeats no vertex but has -1 in its last place."""
    face_class: U8Array
    """(F,) :class:`SegmentationClass` of each face."""
    material: Material
    uv: F32Array | None = None
    """(F, 4, 2) per corner; the fourth corner of a triangle is ignored."""
    smooth: bool = True
    charted: NDArray[np.bool_] | None = None
    """(F,) faces whose UVs are those of the dense label, so that a UV map may show them."""


@dataclass(frozen=True)
class Strands:
    """Hair curves of one class, all with the same number of points."""

    name: str
    points_m: F32Array
    """(N, M, 3) world frame, root first."""
    radius_m: F32Array
    """(N, M)"""
    melanin: F32Array
    """(N,) or, where it changes along strands, (N, M); 0-1"""
    redness: F32Array
    """(N,) or (N, M), 0-1"""
    strand_class: SegmentationClass
    material: HairMaterial = field(default_factory=HairMaterial)
    tint: F32Array | None = None
    """(N, M, 3) linear sRGB of a dye over the pigment, as white hair takes it; None for none."""


@dataclass(frozen=True)
class SceneGeometry:
    """All of one scene but light and camera."""

    meshes: tuple[Mesh, ...]
    strands: tuple[Strands, ...]
