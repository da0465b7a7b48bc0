"""What is labelled is where it is drawn: camera, world and image frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation
from scipy.spatial.transform import Rotation

from assets.background import background
from assets.geometry import SceneGeometry
from assets.light_colour import REC709_LUMINANCE
from renderer.blender import passes
from renderer.blender.render import Renderer
from spec_schema.frames import intrinsics, project
from spec_schema.spec import BackgroundSpec
from tests.renderer.blender.scenes import (
    Settings,
    camera_matrix,
    even_light,
    make_spec,
    picture,
    scene,
    sphere,
)

pytestmark = pytest.mark.blender

SIZE_PX = 64
BACKGROUND = {
    "kind": "outdoors", "red": 0.4, "green": 0.5, "blue": 0.6, "second_red": 0.1,
    "second_green": 0.2, "second_blue": 0.1, "light_ev": 0.0, "blur": 0.05, "clutter": 0.6,
    "seed": 4,
}  # fmt: skip


def _light_from_behind_the_camera(_: str) -> NDArray[np.float32]:
    """Black in the middle half of the picture, white around: rotation aims it."""
    pixels = np.zeros((16, 64, 3), np.float32)
    pixels[:, :14] = pixels[:, 50:] = 1.0
    return pixels


def _centroid_px(weight: NDArray[np.float64]) -> NDArray[np.float64]:
    rows, columns = np.indices(weight.shape) + 0.5
    total = weight.sum()
    return np.array([(columns * weight).sum() / total, (rows * weight).sum() / total])


@pytest.mark.parametrize(
    ("azimuth_deg", "elevation_deg", "roll_deg", "at_camera_m"),
    [
        (0.0, 0.0, 0.0, (0.19, -0.11, 1.0)),
        (35.0, 14.0, -8.0, (-0.16, -0.22, 0.9)),
        (-70.0, -20.0, 25.0, (0.10, 0.24, 1.1)),
    ],
)
def test_a_point_lands_where_it_projects(
    azimuth_deg: float, elevation_deg: float, roll_deg: float, at_camera_m: tuple[float, ...]
) -> None:
    spec = make_spec(
        camera__azimuth_deg=azimuth_deg,
        camera__elevation_deg=elevation_deg,
        camera__roll_deg=roll_deg,
        environment__rotation_deg=azimuth_deg,
    )
    camera_from_world = camera_matrix(spec)
    at_world_m = (np.linalg.inv(camera_from_world) @ [*at_camera_m, 1.0])[:3]
    k = intrinsics(spec.camera.focal_length_mm, spec.camera.sensor_width_mm, SIZE_PX)
    expected_px = project(at_camera_m, k)

    renderer = Renderer(Settings(SIZE_PX, samples=32), _light_from_behind_the_camera)
    images = renderer.render(scene(sphere(at_world_m, 0.045, 12)), spec, camera_from_world)

    assert set(np.unique(images.mask)) == {0, 12}
    in_mask = _centroid_px((images.mask == 12).astype(float))
    np.testing.assert_allclose(in_mask, expected_px, atol=0.25)
    linear = (picture(images.image_png).mean(axis=-1) / 255) ** 2.2
    in_picture = _centroid_px(np.where(linear > 0.02, linear, 0))
    np.testing.assert_allclose(in_picture, expected_px, atol=0.25)


def test_blur_grows_away_from_the_focus() -> None:
    def soft_pixels(f_number: float, focus_distance_m: float) -> int:
        spec = make_spec(camera__f_number=f_number, camera__focus_distance_m=focus_distance_m)
        renderer = Renderer(Settings(SIZE_PX, samples=32), even_light)
        renderer.render(scene(sphere((0.1, 0.05, 0), 0.1, 12)), spec, camera_matrix(spec))
        shares = passes.material_ranks(_passes())[..., 1::2].sum(axis=-1)
        return int(((shares > 0.03) & (shares < 0.97)).sum())

    pinhole = soft_pixels(128, 0.6)
    assert soft_pixels(0.5, 0.6) > 2.5 * pinhole
    assert soft_pixels(0.5, 1.0) < 1.5 * pinhole  # the outline is about 1 m away


def _passes() -> dict[str, NDArray[np.float32]]:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        return passes.read_passes(passes.save_passes(Path(folder)))


def _spot(_: str) -> NDArray[np.float32]:
    """A bright spot right of the middle and above the horizon, on grey."""
    pixels = np.full((64, 128, 3), 0.25, np.float32)
    pixels[24:28, 70:74] = 3.0
    return pixels


@pytest.mark.parametrize("tilt_deg", [0.0, -7.0])
def test_the_environment_stands_where_it_should(tilt_deg: float) -> None:
    rotation_deg, azimuth_deg, elevation_deg = 40.0, 28.0, -6.0
    spec = make_spec(
        environment__rotation_deg=rotation_deg,
        environment__tilt_deg=tilt_deg,
        camera__azimuth_deg=azimuth_deg,
        camera__elevation_deg=elevation_deg,
    )
    camera_from_world = camera_matrix(spec)
    Renderer(Settings(SIZE_PX, samples=16), _spot).render(scene(), spec, camera_from_world)
    seen = _passes()["Combined.R"].astype(float)

    # The middle of the picture is at world -z at rotation 0 and turns with the azimuth; from
    # inside, right of the middle is the subject's left (+x) when looking along -z.
    right_rad = np.radians((72 - 64) / 128 * 360 - rotation_deg)
    up_rad = np.radians((32 - 26) / 64 * 180)
    direction_world = np.array(
        [np.sin(right_rad) * np.cos(up_rad), np.sin(up_rad), -np.cos(right_rad) * np.cos(up_rad)]
    )
    # A positive tilt brings what is above to the front: about +x, from +y toward +z.
    direction_world = Rotation.from_euler("x", tilt_deg, degrees=True).apply(direction_world)
    direction_camera = camera_from_world[:3, :3] @ direction_world
    k = intrinsics(spec.camera.focal_length_mm, spec.camera.sensor_width_mm, SIZE_PX)
    np.testing.assert_allclose(
        _centroid_px(np.where(seen > 1, seen, 0)), project(direction_camera, k), atol=0.6
    )


def test_radiance_is_the_environments_times_its_strength() -> None:
    spec = make_spec(environment__strength=1.5)
    Renderer(Settings(16, samples=4), even_light).render(scene(), spec, camera_matrix(spec))
    np.testing.assert_allclose(_passes()["Noisy Image.G"], 0.75, rtol=1e-3)


def test_a_tint_changes_colour_and_no_luminance() -> None:
    seen = []
    for kelvin in (6504, 3200):
        spec = make_spec(environment__tint_k=kelvin)
        Renderer(Settings(16, samples=4), even_light).render(scene(), spec, camera_matrix(spec))
        seen.append([float(_passes()[f"Noisy Image.{c}"].mean()) for c in "RGB"])
    np.testing.assert_allclose(seen[0], 0.5, rtol=1e-3)
    assert seen[1][0] > 0.7 > 0.3 > seen[1][2]
    assert np.dot(seen[1], REC709_LUMINANCE) == pytest.approx(0.5, rel=1e-3)


def test_a_background_is_seen_and_gives_no_light() -> None:
    def seen(kind: str | None, subject: SceneGeometry) -> NDArray[np.float32]:
        behind = None if kind is None else {**BACKGROUND, "kind": kind}
        spec = make_spec(environment__background=behind)
        Renderer(Settings(48, samples=8), even_light).render(subject, spec, camera_matrix(spec))
        return np.asarray(_passes()["Noisy Image.G"][::-1])

    expected = background(BackgroundSpec.model_validate({**BACKGROUND, "kind": "outdoors"}))
    small = expected[..., 1].reshape(48, 8, 48, 8).mean((1, 3))
    # A wall in an even light of 0.5 shows 0.5; row 0 of the pass is the lowest.
    np.testing.assert_allclose(seen("outdoors", scene())[::-1], 0.5 * small, atol=0.03)
    ball = scene(sphere((0.0, 0.0, 0.0), 0.08, 12))
    middle = np.s_[22:26, 22:26]
    np.testing.assert_allclose(seen("outdoors", ball)[middle], seen(None, ball)[middle], rtol=0.1)


def test_exposure_brightens_the_picture() -> None:
    renderer = Renderer(Settings(16, samples=1), even_light)
    means = []
    for stops in (-2, 0, 2):
        spec = make_spec(environment__exposure_ev=stops)
        means.append(picture(renderer.render(scene(), spec, camera_matrix(spec)).image_png).mean())
    assert means[0] + 20 < means[1] < means[2] - 20


@pytest.mark.parametrize("slot", ["key_light", "fill_light", "rim_light"])
def test_a_lamp_comes_from_its_side(slot: str) -> None:
    light = {
        "power_w": 20,
        "azimuth_deg": 70,
        "elevation_deg": 30,
        "distance_m": 1,
        "size_m": 0.2,
        "temperature_k": 3000,
    }
    lit_by: dict[str, Any] = {f"environment__{slot}": light}
    spec = make_spec(environment__strength=0, pose__x_m=0.1, pose__y_m=0.05, **lit_by)
    camera_from_world = camera_matrix(spec)
    # A white ball at the head origin, which the light aims at.
    renderer = Renderer(Settings(SIZE_PX, samples=16), even_light)
    images = renderer.render(scene(sphere((0.1, -0.05, 0), 0.1)), spec, camera_from_world)
    lit = picture(images.image_png)
    rows, columns = np.nonzero(images.mask == 1)
    middle_row, middle_column = rows.mean(), columns.mean()
    right, left = columns > middle_column, columns < middle_column
    above, below = rows < middle_row, rows > middle_row
    value = lit[rows, columns].mean(axis=-1)
    # Azimuth to the subject's left is image-right for a camera that faces the subject.
    assert value[right].mean() > 2 * value[left].mean()
    assert value[above].mean() > 1.2 * value[below].mean()
    red, _, blue = lit[rows, columns].mean(axis=0)
    assert red > 1.2 * blue
    # The lamp itself is nowhere to be seen.
    away = ~binary_dilation(images.mask == 1, iterations=3)
    assert away.sum() > 1000
    assert lit[away].max() < 5
