"""Both eyes of a scene: ball and cornea."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from assets.eyes.constants import eye_constants
from assets.eyes.lids import lid_rings
from assets.eyes.lining import WetParts, caruncle, lining, tear_line
from assets.eyes.shade import lid_shade
from assets.eyes.shape import Revolved, ball, opaque_ball, shell
from assets.eyes.texture import eye_textures, row_angles, wet_texture
from assets.geometry import ClearMaterial, F32Array, Material, Mesh, SurfaceMaterial
from spec_schema.classes import SegmentationClass
from spec_schema.spec import SceneSpec

if TYPE_CHECKING:
    from assets.store import Store

__all__ = ["EyePose", "HasEyes", "build_eyes"]


class EyePose(Protocol):
    """Where an eyeball is. ``world_from_eye`` turns eye axes into world axes: the eye looks
    along its own +z, y up, x the subject's left."""

    @property
    def centre_m(self) -> NDArray[Any]: ...
    @property
    def radius_m(self) -> float: ...
    @property
    def world_from_eye(self) -> NDArray[Any]: ...


class HasEyes(Protocol):
    """A head, as far as the eyes need it: poses by ``left`` and ``right`` of the subject."""

    @property
    def eyes(self) -> Mapping[str, EyePose]: ...
    @property
    def vertices_m(self) -> F32Array: ...


_CLASSES = {"right": SegmentationClass.RIGHT_EYE, "left": SegmentationClass.LEFT_EYE}


def build_eyes(spec: SceneSpec, head: HasEyes, store: Store) -> list[Mesh]:
    """Ball and clear shell of each eye, in the world frame."""
    meshes = []
    textures = eye_textures(spec, store)
    for side, label in _CLASSES.items():
        pose = head.eyes[side]
        shade = lid_shade(
            lid_rings(head, side, store),
            pose.centre_m,
            pose.world_from_eye,
            opaque_ball(pose.radius_m).radius_m,
            row_angles(),
        )
        white = SurfaceMaterial(
            colour=(1.0, 1.0, 1.0),
            roughness=0.55,
            colour_map=textures[side] * shade[..., None],
            subsurface=0.25,
            subsurface_scale_m=0.0012,
            specular=0.25,
        )
        optics = eye_constants().optics
        clear = ClearMaterial(ior=optics.cornea_ior, roughness=optics.gloss)
        meshes.append(_placed(f"eyeball-{side}", ball(), pose, label, white))
        meshes.append(_placed(f"cornea-{side}", shell(), pose, label, clear))
    return meshes + _wet_parts(spec, head, store)


def _wet_parts(spec: SceneSpec, head: HasEyes, store: Store) -> list[Mesh]:
    """Lining of the lids, caruncle and tear line of each eye."""
    c = eye_constants()
    flesh = SurfaceMaterial(
        colour=(1.0, 1.0, 1.0),
        roughness=c.wet.roughness,
        colour_map=wet_texture(spec),
        subsurface=c.wet.subsurface,
        subsurface_scale_m=c.wet.subsurface_scale_m,
        coat=1.0,
        coat_roughness=0.06,
    )
    water = ClearMaterial(ior=c.optics.tear_ior, roughness=c.optics.gloss, thin=True)
    meshes = []
    for side, label in _CLASSES.items():
        pose = head.eyes[side]
        centre, solid = np.asarray(pose.centre_m, np.float64), opaque_ball(pose.radius_m)
        rings = lid_rings(head, side, store)
        outer = pose.radius_m * c.shape.shell_scale
        meshes += [
            _wet(f"lining-{side}", lining(rings, centre, solid.radius_m), label, flesh),
            _wet(f"caruncle-{side}", caruncle(rings, centre, solid.radius_m), label, flesh),
            _wet(f"tear-{side}", tear_line(rings, centre, solid.radius_m, outer), label, water),
        ]
    return meshes


def _wet(name: str, part: WetParts, label: SegmentationClass, material: Material) -> Mesh:
    return Mesh(
        name=name,
        vertices_m=part.vertices_m,
        faces=part.faces,
        face_class=np.full(len(part.faces), label, np.uint8),
        material=material,
        uv=part.uv,
    )


def _placed(
    name: str, part: Revolved, pose: EyePose, label: SegmentationClass, material: Material
) -> Mesh:
    scale = pose.radius_m * eye_constants().shape.shell_scale
    turned = part.vertices.astype(np.float64) @ np.asarray(pose.world_from_eye, np.float64).T
    placed: F32Array = np.asarray(np.asarray(pose.centre_m) + scale * turned, np.float32)
    return Mesh(
        name=name,
        vertices_m=placed,
        faces=part.faces,
        face_class=np.full(len(part.faces), label, np.uint8),
        material=material,
        uv=part.uv,
    )
