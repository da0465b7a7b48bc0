"""From a spec to everything that is rendered and labelled. Chooses nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.eyes import build_eyes
from assets.geometry import Mesh, SceneGeometry, Strands
from assets.hair import (
    HeadSurface,
    beard_tint,
    eyebrows,
    eyelashes,
    facial_hair,
    scalp_hair,
    scalp_tint,
)
from assets.head import Head, HeadModel, load_head_model
from assets.mouth import build_mouth
from assets.skin import SkinFields, compose
from assets.store import Store, open_store
from renderer.labels import geometric_labels
from renderer.settings import RenderSettings
from spec_schema.spec import SceneSpec

__all__ = ["BuiltScene", "build_labels", "build_scene"]


@dataclass(frozen=True)
class BuiltScene:
    """One scene, ready to be rendered."""

    geometry: SceneGeometry
    camera_from_world: NDArray[np.float64]
    """(4, 4)"""
    labels: dict[str, Any]
    """The label record without row and hash (docs/labels.md)."""


def build_labels(spec: SceneSpec, settings: RenderSettings) -> dict[str, Any]:
    """The geometric labels alone, some forty milliseconds of work."""
    model = load_head_model(open_store())
    return geometric_labels(spec, model.build(spec), model, settings.size_px)


def build_scene(spec: SceneSpec, settings: RenderSettings) -> BuiltScene:
    """Geometry, materials and labels of a spec.

    Raises:
        AssetError: the spec names something that the assets lack.
    """
    store = open_store()
    model = load_head_model(store)
    head = model.build(spec)
    surface = _hair_surface(head)
    meshes = [
        _skin(spec, head, model, store),
        *build_eyes(spec, head, store),
        *build_mouth(spec, head, store),
    ]
    grown: list[Strands | None] = [
        scalp_hair(spec, surface),
        facial_hair(spec, surface),
        *eyebrows(spec, surface),
        eyelashes(spec, surface),
    ]
    return BuiltScene(
        geometry=SceneGeometry(tuple(meshes), tuple(s for s in grown if s is not None)),
        camera_from_world=head.camera_from_world,
        labels=geometric_labels(spec, head, model, settings.size_px),
    )


def _skin(spec: SceneSpec, head: Head, model: HeadModel, store: Store) -> Mesh:
    fields = SkinFields.load(store)
    material = compose(spec, fields, partial(scalp_tint, spec), partial(beard_tint, spec))
    return Mesh(
        name="skin",
        vertices_m=head.vertices_m,
        faces=head.faces,
        face_class=head.face_class,
        material=material,
        uv=head.uv,
    )


def _hair_surface(head: Head) -> HeadSurface:
    return HeadSurface(
        vertices_m=head.vertices_m,
        faces=head.faces,
        rest_m=head.rest_m,
        masks=head.masks,
        world_from_skull=head.world_from_skull,
        cage_m=head.cage_m,
        right_eye_m=head.eyes["right"].centre_m.astype(np.float32),
        left_eye_m=head.eyes["left"].centre_m.astype(np.float32),
        eye_radius_m=head.eyes["left"].radius_m,
    )
