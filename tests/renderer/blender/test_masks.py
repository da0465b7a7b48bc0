"""The class mask: exact ids, smooth borders, and what counts as seen."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from assets.geometry import ClearMaterial, Mesh, SceneGeometry
from renderer.blender.render import Renderer
from spec_schema.classes import SegmentationClass
from spec_schema.frames import intrinsics, project
from tests.renderer.blender.scenes import (
    WHITE,
    Settings,
    camera_matrix,
    even_light,
    make_spec,
    picture,
    scene,
    sheet,
    sphere,
    tuft,
)

pytestmark = pytest.mark.blender

SIZE_PX = 64


def _mask(geometry: SceneGeometry, samples: int = 32) -> NDArray[np.uint8]:
    spec = make_spec()
    renderer = Renderer(Settings(SIZE_PX, samples), even_light)
    return renderer.render(geometry, spec, camera_matrix(spec)).mask


def test_every_class_keeps_its_id() -> None:
    classes = list(SegmentationClass)[1:]
    columns, balls = 6, []
    at = [
        (0.1 * (i % columns) - 0.25, 0.1 * (i // columns) - 0.1, 0.0) for i in range(len(classes))
    ]
    for i, class_ in enumerate(classes):
        balls.append(sphere(at[i], 0.035, class_, name=f"ball {i}"))
    mask = _mask(scene(*balls))
    spec = make_spec()
    k = intrinsics(spec.camera.focal_length_mm, spec.camera.sensor_width_mm, SIZE_PX)
    world = np.concatenate([np.array(at), np.ones((len(at), 1))], axis=1)
    pixels = project((world @ camera_matrix(spec).T)[:, :3], k)
    seen = [int(mask[int(v), int(u)]) for u, v in pixels]
    assert seen == [int(c) for c in classes]
    assert set(np.unique(mask)) == {0, *seen}


def test_border_runs_where_half_of_a_pixel_is_covered() -> None:
    # A slanted edge between two classes, and one against the background.
    k = intrinsics(50, 36, SIZE_PX)

    def at(u: float, v: float) -> tuple[float, float, float]:
        x, y, _ = np.linalg.inv(k) @ [u, v, 1.0]
        return (x, -y, 0.0)  # at a distance of 1 m, in the world

    left = sheet([at(10, 60), at(24.2, 60), at(30.7, 4), at(10, 4)], 1, name="left")
    right = sheet([at(24.2, 60), at(52.4, 60), at(47.9, 4), at(30.7, 4)], 15, name="right")
    mask = _mask(scene(left, right), samples=256)
    rows, columns = np.indices(mask.shape) + 0.5
    t = (60 - rows) / 56
    inner = columns - (24.2 + t * (30.7 - 24.2))
    outer = columns - (52.4 + t * (47.9 - 52.4))
    inside = (rows > 6) & (rows < 58) & (columns > 12)
    expected = np.where(inner < 0, 1, np.where(outer < 0, 15, 0))
    sure = inside & (np.abs(inner) > 0.12) & (np.abs(outer) > 0.12)
    assert sure.sum() > 1500
    np.testing.assert_array_equal(mask[sure], expected[sure])


def test_one_mesh_may_hold_many_classes() -> None:
    ball = sphere((0, 0, 0), 0.2)
    upper = ball.vertices_m[ball.faces[:, :3]].mean(axis=1)[:, 1] > 0
    two = Mesh(
        name="two",
        vertices_m=ball.vertices_m,
        faces=ball.faces,
        face_class=np.where(upper, 13, 12).astype(np.uint8),
        material=WHITE,
        uv=ball.uv,
    )
    mask = _mask(scene(two))
    assert mask[26, 32] == 13
    assert mask[38, 32] == 12


def test_strands_have_their_class() -> None:
    mask = _mask(scene(tuft(SegmentationClass.BEARD)))
    assert (mask == SegmentationClass.BEARD).sum() > 100
    assert set(np.unique(mask)) == {0, int(SegmentationClass.BEARD)}


@pytest.mark.parametrize(
    ("thin", "class_id"), [(True, SegmentationClass.GLASSES), (False, SegmentationClass.LEFT_EYE)]
)
def test_clear_surfaces_count_by_their_first_hit(thin: bool, class_id: int) -> None:
    clear = ClearMaterial(ior=1.5, thin=thin)
    front = (
        sheet([(-0.1, -0.1, 0.2), (0.1, -0.1, 0.2), (0.1, 0.1, 0.2), (-0.1, 0.1, 0.2)], 16, clear)
        if thin
        else sphere((0, 0, 0.1), 0.08, class_id, clear, name="cornea")
    )
    mask = _mask(scene(sphere((0, 0, 0), 0.05, 1), front))
    assert mask[32, 32] == class_id
    assert not (mask == 1).any()


def test_a_lens_hides_and_bends_nothing() -> None:
    spec = make_spec()
    renderer = Renderer(Settings(SIZE_PX, 64), even_light)
    ball = sphere((0.03, 0.02, 0), 0.08)
    lens = sheet(
        [(-0.2, -0.2, 0.2), (0.2, -0.2, 0.2), (0.2, 0.2, 0.2), (-0.2, 0.2, 0.2)],
        16,
        ClearMaterial(ior=1.5, thin=True),
    )
    bare = picture(renderer.render(scene(ball), spec, camera_matrix(spec)).image_png)
    behind = picture(renderer.render(scene(ball, lens), spec, camera_matrix(spec)).image_png)
    # In even light the 4 % that it reflects equal what it takes away from the background.
    assert np.abs(bare - behind).mean() < 4
    assert np.percentile(np.abs(bare - behind), 99) < 16
