"""From a spec to everything that is rendered and labelled. Chooses nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.accessories import beard_left, build_worn, pressed
from assets.clothing import Clothing, build_clothing
from assets.eyes import build_eyes
from assets.geometry import F32Array, Mesh, SceneGeometry, Strands
from assets.hair import (
    HeadSurface,
    eyebrows,
    eyelashes,
    facial_hair,
    facial_tint,
    reaches_torso,
    scalp_hair,
    scalp_tint,
)
from assets.head import Head, load_head_model
from assets.head.surface import vertex_normals
from assets.mouth import build_mouth
from assets.skin import SkinFields, compose
from assets.store import Store, open_store
from assets.user.worn import both_covered, build_own
from renderer.detail import detail_of
from renderer.labels import geometric_labels
from renderer.phases import Phase, say_nothing
from renderer.settings import RenderSettings
from spec_schema.spec import SceneSpec

__all__ = ["BuiltScene", "build_labels", "build_scene", "hair_surface"]


@dataclass(frozen=True)
class BuiltScene:
    """One scene, ready to be rendered."""

    geometry: SceneGeometry
    camera_from_world: NDArray[np.float64]
    """(4, 4)"""
    labels: dict[str, Any]
    """The label record without row and hash (docs/labels.md)."""


def build_labels(spec: SceneSpec, settings: RenderSettings) -> dict[str, Any]:
    """The geometric labels alone, equal to those of :func:`build_scene` bit for bit.

    Only the labelled rows are built: some milliseconds of work.
    """
    model = load_head_model(open_store())
    return geometric_labels(spec, model.build_labelled(spec), model, settings.size_px)


def build_scene(
    spec: SceneSpec, settings: RenderSettings, phase: Phase = say_nothing
) -> BuiltScene:
    """Geometry, materials and labels of a spec; ``phase`` is told what is being made.

    Raises:
        AssetError: the spec names something that the assets lack.
    """
    phase("geometry")
    store = open_store()
    model = load_head_model(store)
    head = model.build(spec)
    worn, own = build_own(spec, head, store)
    clothing = None if worn.clothing is None else build_clothing(worn.clothing, head, store)
    if "clothing" in own:
        clothing = Clothing(own["clothing"].meshes, own["clothing"].hidden_faces)
    phase("skin")
    detail = detail_of(spec, settings)
    hidden = [] if clothing is None else [clothing.hidden_faces]
    hidden += [w.hidden_faces for w in own.values()]
    skin = _skin(spec, head, hidden, store, detail.skin_texels)
    phase("geometry")
    meshes = [
        skin,
        *build_eyes(spec, head, store),
        *build_mouth(spec, head, store),
    ]
    if clothing is not None:
        meshes += clothing.meshes
    things = build_worn(worn, head, store, _points(clothing))
    meshes += things.meshes
    covered = both_covered([*(w.covered for w in own.values()), *things.covers])
    for slot, thing in own.items():
        if slot != "clothing":
            meshes += thing.meshes
    phase("hair")
    below = things.over_clothes + (() if clothing is None else clothing.meshes)
    surface = hair_surface(spec, head, below)
    upon = [m for thing in own.values() if thing.over_hair for m in thing.meshes]
    hair = scalp_hair(spec, surface, covered, detail.hair)
    grown: list[Strands | None] = [
        pressed(hair, (*things.over_hair, *upon), head),
        beard_left(facial_hair(spec, surface, detail.hair), things.over_beard, head),
        *eyebrows(spec, surface),
        eyelashes(spec, surface),
    ]
    phase("labels")
    return BuiltScene(
        geometry=SceneGeometry(tuple(meshes), tuple(s for s in grown if s is not None)),
        camera_from_world=head.camera_from_world,
        labels=geometric_labels(spec, model.labelled(head), model, settings.size_px),
    )


def _skin(
    spec: SceneSpec, head: Head, hidden: list[NDArray[np.bool_]], store: Store, texels: int
) -> Mesh:
    fields = SkinFields.load(store, texels)
    material = compose(spec, fields, partial(scalp_tint, spec), partial(facial_tint, spec))
    drawn = np.ones(len(head.faces), bool)
    for faces in hidden:
        drawn &= ~faces
    return Mesh(
        name="skin",
        vertices_m=head.vertices_m,
        faces=head.faces[drawn],
        face_class=head.face_class[drawn],
        material=material,
        uv=head.uv[drawn],
        charted=load_head_model(store).surface.charted[drawn],
    )


def _points(clothing: Clothing | None) -> F32Array | None:
    """(n, 3) of the clothes, world frame."""
    if clothing is None or not clothing.meshes:
        return None
    return np.concatenate([m.vertices_m for m in clothing.meshes])


def hair_surface(spec: SceneSpec, head: Head, below: tuple[Mesh, ...]) -> HeadSurface:
    """The head as hair meets it; ``below`` are the meshes that long hair lies on."""
    points, normals = None, None
    if below:
        points = np.concatenate([m.vertices_m for m in below])
        normals = np.concatenate([_normals(m) for m in below])
    return HeadSurface(
        vertices_m=head.vertices_m,
        normals=head.normals,
        faces=head.faces,
        rest_m=head.rest_m,
        masks=head.masks,
        world_from_skull=head.world_from_skull,
        cage_m=head.cage_m,
        right_eye_m=head.eyes["right"].centre_m.astype(np.float32),
        left_eye_m=head.eyes["left"].centre_m.astype(np.float32),
        eye_radius_m=head.eyes["left"].radius_m,
        obstacle_m=points,
        obstacle_normals=normals,
        long_hair=reaches_torso(spec),
    )


def _normals(mesh: Mesh) -> F32Array:
    """Vertex normals of a mesh in which triangles end in -1."""
    last = np.where(mesh.faces[:, 3] < 0, mesh.faces[:, 0], mesh.faces[:, 3])
    quads = np.concatenate([mesh.faces[:, :3], last[:, None]], axis=1).astype(np.int32)
    return vertex_normals(mesh.vertices_m, quads)
