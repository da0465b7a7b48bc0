"""A whole scene on the real assets: labels against pixels, and the same bytes again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from renderer.sample import render_sample
from renderer.scene import build_labels, build_scene
from renderer.settings import RenderSettings
from spec_schema import SceneSpec, packb, unpackb
from spec_schema.classes import SegmentationClass as C
from tests.make_specs import make_spec

pytestmark = pytest.mark.blender
SETTINGS = RenderSettings(size_px=160, samples=2, threads=2)


def spec_of(yaw: float, pitch: float, roll: float, **changes: Any) -> SceneSpec:
    return make_spec(
        pose={"yaw_deg": yaw, "pitch_deg": pitch, "roll_deg": roll, "z_m": 0.75},
        camera={"azimuth_deg": yaw / 2},
        expression={"jawOpen": 0.3, "mouthSmileLeft": 0.4},
        **changes,
    )


@pytest.fixture(scope="module")
def backend() -> Any:
    render = pytest.importorskip("renderer.blender.render")
    return render.Renderer(SETTINGS)


@pytest.mark.parametrize(("yaw", "pitch", "roll"), [(0, 0, 0), (32, 9, 12), (-28, -4, -15)])
def test_landmarks_lie_on_their_regions(
    backend: Any, yaw: float, pitch: float, roll: float
) -> None:
    spec = spec_of(yaw, pitch, roll)
    scene = build_scene(spec, SETTINGS)
    mask = backend.render(scene.geometry, spec, scene.camera_from_world).mask
    points = scene.labels["landmarks"]["image_px"]

    def at(index: int) -> C:
        x, y = np.floor(points[index]).astype(int)
        return C(int(mask[y, x]))

    assert at(68) == C.RIGHT_EYE
    assert at(69) == C.LEFT_EYE
    assert at(29) == C.NOSE
    assert at(51) in (C.TOP_LIP, C.SKIN)
    # The middle of the open mouth, and of the lower lip.
    inner = np.floor((points[62] + points[66]) / 2).astype(int)
    assert mask[inner[1], inner[0]] == C.MOUTH_INTERIOR
    lower = np.floor((points[66] + points[57]) / 2).astype(int)
    assert mask[lower[1], lower[0]] == C.BOTTOM_LIP


def test_an_extreme_lip_row_agrees_with_the_mask(backend: Any) -> None:
    """Half a pixel of shift in either axis would show in the mean border of the lips."""
    spec = spec_of(0, 0, 0)
    settings = SETTINGS.model_copy(update={"size_px": 320})
    render = pytest.importorskip("renderer.blender.render")
    scene = build_scene(spec, settings)
    mask = render.Renderer(settings).render(scene.geometry, spec, scene.camera_from_world).mask
    skin = scene.geometry.meshes[0]
    k = scene.labels["camera"]["intrinsics"]
    world = skin.vertices_m[np.unique(skin.faces[skin.face_class == C.BOTTOM_LIP])]
    camera = world @ scene.camera_from_world[:3, :3].T + scene.camera_from_world[:3, 3]
    image = (camera @ k.T)[:, :2] / (camera @ k.T)[:, 2:]
    rows, columns = np.nonzero(mask == C.BOTTOM_LIP)
    # Pixel centres are at +0.5, so the region's pixels span from their first edge to their last.
    assert columns.min() == pytest.approx(image[:, 0].min(), abs=1.5)
    assert columns.max() + 1 == pytest.approx(image[:, 0].max(), abs=1.5)
    assert rows.max() + 1 == pytest.approx(image[:, 1].max(), abs=1.5)


def test_same_row_same_bytes_whatever_came_before(backend: Any) -> None:
    spec = spec_of(10, 5, -5, hair={"style": "short_crop"})
    other = spec_of(-20, 0, 5)
    first = render_sample(3, spec, SETTINGS, backend)
    render_sample(4, other, SETTINGS, backend)
    again = render_sample(3, spec, SETTINGS, backend)
    assert first == again


def test_labels_alone_equal_those_of_a_render(backend: Any) -> None:
    spec = spec_of(10, 5, -5)
    rendered = unpackb(render_sample(0, spec, SETTINGS, backend)[".msgpack"])
    alone = build_labels(spec, SETTINGS)
    for points in ("landmarks", "dense_landmarks"):
        del rendered[points]["covered_by"]  # which needs the pixels
    assert packb({key: rendered[key] for key in alone}) == packb(alone)
