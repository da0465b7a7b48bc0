"""Equal arguments give equal bytes, whatever was rendered before and by how many threads."""

from __future__ import annotations

import numpy as np
import pytest

from assets.geometry import SceneGeometry, SkinMaterial, SurfaceMaterial
from renderer.blender.render import Images, Renderer
from spec_schema.spec import SceneSpec
from tests.renderer.blender.scenes import (
    Settings,
    camera_matrix,
    make_spec,
    scene,
    sphere,
    tuft,
)

pytestmark = pytest.mark.blender


def _sky(hdri_id: str) -> np.ndarray:
    rows, columns = np.indices((16, 32)).astype(np.float32)
    tilt = 1.0 if hdri_id == "left" else -1.0
    return np.stack([1.5 - rows / 12, 0.4 + 0 * rows, 0.6 + tilt * columns / 80], axis=-1)


def _skin() -> SkinMaterial:
    rows, columns = np.indices((32, 32)).astype(np.float32)
    return SkinMaterial(
        colour=np.stack([0.6 + 0 * rows, 0.3 + rows / 200, 0.25 + columns / 300], axis=-1),
        height_mm=np.sin(rows) * 0.3,
        roughness=np.full((32, 32), 0.45, np.float32),
        window=(0.2, 0.8, 0.1, 0.9),
        body_colour=np.full((16, 16, 3), 0.4, np.float32),
        body_height_mm=np.zeros((16, 16), np.float32),
        subsurface_scale_m=0.01,
        specular=0.8 + 0 * rows,
        film=0.1 + 0 * rows,
        deep=0.5 + 0 * rows,
        fuzz=0.5 + 0 * rows,
        fuzz_strength=0.1,
    )


def _first() -> tuple[SceneGeometry, SceneSpec]:
    light = {
        "power_w": 3,
        "azimuth_deg": -50,
        "elevation_deg": 20,
        "distance_m": 1,
        "size_m": 0.3,
        "temperature_k": 5000,
    }
    spec = make_spec(
        camera__azimuth_deg=20,
        camera__f_number=4,
        environment__hdri="left",
        environment__key_light=light,
        render_seed=11,
    )
    return scene(sphere((0, 0, 0), 0.12, 1, _skin()), tuft()), spec


def _second() -> tuple[SceneGeometry, SceneSpec]:
    cloth = SurfaceMaterial(colour=(0.2, 0.4, 0.3), roughness=0.5, subsurface=0.2)
    spec = make_spec(
        camera__elevation_deg=15, environment__hdri="right", environment__exposure_ev=1
    )
    return scene(sphere((0.05, 0, 0), 0.1, 15, cloth), tuft(melanin=0.1)), spec


def _render(renderer: Renderer, case: tuple[SceneGeometry, SceneSpec]) -> Images:
    geometry, spec = case
    return renderer.render(geometry, spec, camera_matrix(spec))


def test_history_and_threads_change_no_byte() -> None:
    two = Renderer(Settings(48, samples=4, threads=2), _sky)
    first, second = _render(two, _first()), _render(two, _second())
    assert first.image_png != second.image_png
    again = [_render(two, _second()), _render(two, _first())]
    one = Renderer(Settings(48, samples=4, threads=1), _sky)
    again += [_render(one, _second()), _render(one, _first())]
    for before, after in zip([second, first, second, first], again, strict=True):
        assert before.image_png == after.image_png
        np.testing.assert_array_equal(before.mask, after.mask)


def test_seed_changes_the_noise() -> None:
    renderer = Renderer(Settings(48, samples=1), _sky)
    geometry, spec = _first()
    other = spec.model_copy(update={"render_seed": 2**31 + 5})
    assert _render(renderer, (geometry, spec)).image_png != (
        _render(renderer, (geometry, other)).image_png
    )


def test_nothing_is_left_behind() -> None:
    import bpy

    renderer = Renderer(Settings(16, samples=1), _sky)
    _render(renderer, _first())
    for blocks in (bpy.data.meshes, bpy.data.hair_curves, bpy.data.materials, bpy.data.worlds):
        assert len(blocks) == 0
    assert [i.name for i in bpy.data.images if i.type != "RENDER_RESULT"] == []
