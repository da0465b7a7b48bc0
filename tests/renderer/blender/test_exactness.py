"""Labels and pixels agree: random heads over all poses, expressions, gazes and perspectives."""

from __future__ import annotations

import numpy as np
import pytest

from assets.head import load_head_model
from assets.store import open_store
from renderer.blender import world
from renderer.blender.render import Renderer
from tests.renderer.blender import proofs
from tests.renderer.blender.emitters import NightRenderer, groups, landmark_places, seen_at
from tests.renderer.blender.scenes import even_light
from tests.renderer.blender.truth import (
    SETTINGS,
    Shot,
    built,
    close_up,
    encoded,
    random_spec,
    taken,
)

pytestmark = pytest.mark.blender

SPECS = {"random 0": random_spec(0), "random 3": random_spec(3), "close up": close_up()}


@pytest.fixture(scope="module", autouse=True)
def _even_light_needs_no_map() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world, "IMPORTANCE_MAP_PX", 16)
        yield


@pytest.fixture(scope="module", params=SPECS)
def shot(request: pytest.FixtureRequest) -> Shot:
    spec = SPECS[request.param]
    scene = built(spec)
    images = Renderer(SETTINGS, even_light).render(scene.geometry, spec, scene.camera_from_world)
    return taken(spec, scene, encoded(spec, scene, images))


def test_the_labelled_vertices_are_rows_of_the_mesh_that_is_drawn(shot: Shot) -> None:
    dense = load_head_model(open_store()).surface.dense
    drawn = shot.geometry.meshes[0].vertices_m[dense].astype(float)
    camera_from_world = shot.record["camera"]["camera_from_world"]
    np.testing.assert_allclose(camera_from_world, shot.camera_from_world, atol=1e-12)
    in_camera = drawn @ camera_from_world[:3, :3].T + camera_from_world[:3, 3]
    np.testing.assert_allclose(in_camera, shot.record["vertices"]["camera_m"], atol=2e-7)


def test_passes_meet_the_labelled_mesh(shot: Shot) -> None:
    proofs.passes_meet_the_labelled_mesh(shot)


def test_passes_meet_the_dense_vertices(shot: Shot) -> None:
    proofs.passes_meet_the_dense_vertices(shot)


def test_mask_meets_the_regions(shot: Shot) -> None:
    proofs.mask_meets_the_regions(shot)


def test_emitters_at_the_landmarks_are_seen_where_they_are_labelled() -> None:
    """All 70, through the picture's own lens, blur and pixel filter."""
    size = 128
    settings = SETTINGS.model_copy(update={"size_px": size, "samples": 8, "outputs": ()})
    spec = random_spec(1)
    scene = built(spec, settings)
    labels = scene.labels["landmarks"]
    labelled_px = labels["image_px"]
    scale = scene.labels["camera"]["intrinsics"][0, 0] / labels["camera_m"][:, 2]
    places = landmark_places(scene, spec)
    whole = np.flatnonzero(((labelled_px > 4) & (labelled_px < size - 4)).all(axis=1))
    assert len(whole) > 60
    renderer = NightRenderer(settings)
    for group in groups(labelled_px, whole):
        seen = seen_at(renderer, places[group], spec, scene.camera_from_world, scale[group])
        proofs.emitters_meet_the_landmarks(seen, labelled_px[group])
