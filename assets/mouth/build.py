"""Inside the mouth: teeth with gums, and tongue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assets.geometry import F32Array, Mesh, SurfaceMaterial
from assets.mouth.colour import painted_shading, teeth_colour
from assets.mouth.constants import mouth_constants, teeth_sets
from assets.mouth.placing import HasMouth, place_teeth, place_tongue
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
        subsurface=0.6,
        subsurface_scale_m=0.003,
        coat=0.25,
        coat_roughness=0.22,
    )
    return [
        _mesh("teeth", teeth, place_teeth(teeth, back_m, head, store), store, enamel),
        _mesh(
            "tongue",
            c.tongue.proxy,
            place_tongue(spec.mouth.tongue_raise, head, store),
            store,
            flesh,
        ),
    ]


def _mesh(
    name: str, proxy: str, vertices_m: F32Array, store: Store, material: SurfaceMaterial
) -> Mesh:
    corners = store.array(f"proxies/{proxy}/face_uv")
    faces = np.asarray(store.array(f"proxies/{proxy}/faces"), np.int32)
    uv = store.array(f"proxies/{proxy}/uv")[np.maximum(corners, 0)]
    return Mesh(
        name=name,
        vertices_m=vertices_m,
        faces=faces,
        face_class=np.full(len(faces), SegmentationClass.MOUTH_INTERIOR, np.uint8),
        material=material,
        uv=np.asarray(uv, np.float32),
    )
