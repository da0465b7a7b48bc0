"""Inside the mouth: teeth with gums, and tongue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assets.geometry import F32Array, I32Array, Mesh, SurfaceMaterial
from assets.mouth.colour import painted_shading, teeth_colour
from assets.mouth.constants import mouth_constants, teeth_sets
from assets.mouth.placing import HasMouth, place_teeth, place_tongue
from assets.mouth.tongue import papillae_mm, tongue_surface
from spec_schema.classes import SegmentationClass
from spec_schema.errors import AssetError, nearest
from spec_schema.spec import SceneSpec

if TYPE_CHECKING:
    from assets.store import Store

__all__ = ["build_mouth"]


def build_mouth(spec: SceneSpec, head: HasMouth, store: Store) -> list[Mesh]:
    """Teeth with gums, and tongue, in the world frame.

    Raises:
        AssetError: the spec names a set of teeth that there is not.
    """
    c, sets, chosen = mouth_constants(), teeth_sets(), spec.mouth.teeth
    if chosen not in sets:
        raise AssetError(f"mouth.teeth is {chosen!r}: no such set; {nearest(chosen, sets)}")
    teeth, back_m = sets[chosen].proxy, sets[chosen].back_m
    enamel = SurfaceMaterial(
        colour=(1.0, 1.0, 1.0),
        roughness=c.teeth.roughness,
        colour_map=teeth_colour(spec, teeth, store),
        subsurface=0.35,
        subsurface_scale_m=0.0015,
        coat=0.25,
        coat_roughness=0.10,
    )
    flesh = SurfaceMaterial(
        colour=c.tongue.colour,
        roughness=c.tongue.roughness,
        colour_map=painted_shading(c.tongue.proxy, store, c.tongue.shading),
        height_map_mm=papillae_mm(),
        subsurface=0.6,
        subsurface_scale_m=0.003,
        coat=0.25,
        coat_roughness=0.22,
    )
    corners = store.array(f"proxies/{teeth}/face_uv")
    rows = np.asarray(store.array(f"proxies/{teeth}/faces"), np.int32)
    uv = store.array(f"proxies/{teeth}/uv")[np.maximum(corners, 0)]
    tongue = tongue_surface(c.tongue.proxy, store)
    lying = place_tongue(spec.mouth.tongue_raise, head, store)
    return [
        _mesh("teeth", place_teeth(teeth, back_m, head, store), rows, uv, enamel),
        _mesh("tongue", lying, tongue.faces, tongue.uv, flesh),
    ]


def _mesh(
    name: str, vertices_m: F32Array, faces: I32Array, uv: F32Array, material: SurfaceMaterial
) -> Mesh:
    return Mesh(
        name=name,
        vertices_m=vertices_m,
        faces=faces,
        face_class=np.full(len(faces), SegmentationClass.MOUTH_INTERIOR, np.uint8),
        material=material,
        uv=np.asarray(uv, np.float32),
    )
