"""Shaders and upload: colours where the maps say, relief true to scale, faults refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from assets.geometry import (
    ClearMaterial,
    F32Array,
    Material,
    Mesh,
    SkinMaterial,
    SurfaceMaterial,
)
from renderer.blender.render import Renderer
from tests.renderer.blender.scenes import (
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
WALL_M = [(-0.3, -0.3, 0.0), (0.3, -0.3, 0.0), (0.3, 0.3, 0.0), (-0.3, 0.3, 0.0)]
"""A wall that fills most of the picture; its UVs run with the picture's left to right, up."""


def _wall(material: Material, corners_m: object = WALL_M) -> Mesh:
    """The wall in 4 by 4 quads, so that a window of UV space can hold some of them."""
    whole = sheet(corners_m, 1, material)
    at = np.linspace(0, 1, 5, dtype=np.float32)
    u, v = (grid.ravel()[:, None] for grid in np.meshgrid(at, at))
    a, b, c, d = whole.vertices_m
    points = (1 - u) * (1 - v) * a + u * (1 - v) * b + u * v * c + (1 - u) * v * d
    first = np.array([5 * row + column for row in range(4) for column in range(4)])
    faces = (first[:, None] + [0, 1, 6, 5]).astype(np.int32)
    return dataclasses.replace(
        whole,
        vertices_m=points,
        faces=faces,
        face_class=np.ones(16, np.uint8),
        uv=np.concatenate([u, v], 1)[faces],
    )


def _look(material: Material, samples: int = 16) -> NDArray[np.float64]:
    spec = make_spec()
    renderer = Renderer(Settings(SIZE_PX, samples), even_light)
    images = renderer.render(scene(_wall(material)), spec, camera_matrix(spec))
    return picture(images.image_png)


def _skin(**changes: object) -> SkinMaterial:
    plain = SkinMaterial(
        colour=np.full((32, 32, 3), 0.4, np.float32),
        height_mm=np.zeros((32, 32), np.float32),
        roughness=np.full((32, 32), 0.5, np.float32),
        window=(0.25, 0.75, 0.25, 1.0),
        body_colour=np.full((16, 16, 3), 0.4, np.float32),
        body_height_mm=np.zeros((16, 16), np.float32),
        subsurface_scale_m=0.001,
        specular=np.ones((32, 32), np.float32),
        film=np.zeros((32, 32), np.float32),
        deep=np.zeros((32, 32), np.float32),
        fuzz=np.zeros((32, 32), np.float32),
        fuzz_strength=0.0,
    )
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]


def test_skin_maps_fill_their_window_and_no_more() -> None:
    # Window: lower left green, upper left red, right blue. Body: grey.
    colour = np.zeros((32, 32, 3), np.float32)
    colour[:16, :16, 1] = colour[16:, :16, 0] = colour[:, 16:, 2] = 0.6
    seen = _look(_skin(colour=colour))
    # u = .25..75 is columns 18.7..45.3 here, v = 0..1 rows 58.7..5.3.
    red, green, blue, body = seen[16, 24], seen[40, 24], seen[30, 40], seen[30, 10]
    assert red[0] > red[1] + 40
    assert green[1] > green[0] + 40
    assert blue[2] > blue[0] + 40
    assert np.ptp(body) < 12
    assert np.ptp(seen[50, 24]) < 12  # under the window


def test_no_seam_where_window_and_body_agree() -> None:
    seen = _look(_skin(), samples=32)[8:56, 8:56]
    assert np.ptp(seen.mean(axis=0)) < 8


def _ramp_mm(side: int) -> F32Array:
    """600 mm of width rise by 173 mm toward the picture's right."""
    at = (np.arange(side, dtype=np.float32) + 0.5) / side
    return np.broadcast_to(173.2 * at, (side, side)).astype(np.float32)


@pytest.mark.parametrize("kind", ["surface", "skin of the head", "skin of the body"])
def test_relief_is_true_to_scale(kind: str) -> None:
    """A ramp of 16 degrees in the height map shades like a wall turned by 16 degrees."""

    def sun(_: str) -> NDArray[np.float32]:
        pixels = np.zeros((32, 64, 3), np.float32)
        pixels[14:18, 51:53] = 400.0  # to the right, 68 degrees off the wall's normal
        return pixels

    def brightness(material: Material, corners: object) -> float:
        spec = make_spec(environment__exposure_ev=-1)
        renderer = Renderer(Settings(32, 16), sun)
        images = renderer.render(scene(_wall(material, corners)), spec, camera_matrix(spec))
        return float(picture(images.image_png)[14:18, 14:18].mean())

    plain, raised = _surface_pair() if kind == "surface" else _skin_pair(kind.endswith("head"))
    flat = brightness(plain, WALL_M)
    bumped = brightness(raised, WALL_M)
    turned = brightness(plain, [(x, y, 0.0866 * np.sign(x)) for x, y, _ in WALL_M])
    assert turned < flat - 30
    assert bumped == pytest.approx(turned, abs=0.15 * abs(turned - flat))


def _surface_pair() -> tuple[Material, Material]:
    plain = SurfaceMaterial(colour=(0.5, 0.5, 0.5), roughness=1.0, specular=0.0)
    return plain, dataclasses.replace(plain, height_map_mm=_ramp_mm(256))


def _skin_pair(head: bool) -> tuple[Material, Material]:
    """The whole wall is of the head, or of the body; its mirror is off."""
    window = (0.0, 1.0, 0.0, 1.0) if head else (2.0, 3.0, 2.0, 3.0)
    plain = _skin(window=window, specular=np.zeros((32, 32), np.float32))
    if head:
        return plain, dataclasses.replace(plain, height_mm=_ramp_mm(32))
    return plain, dataclasses.replace(plain, body_height_mm=_ramp_mm(16))


def test_colour_map_is_upright_and_multiplied() -> None:
    colour_map = np.full((8, 8, 3), 0.02, np.float32)
    colour_map[:4] = 0.9  # the lower half
    material = SurfaceMaterial(colour=(1.0, 0.2, 0.2), roughness=0.9, colour_map=colour_map)
    seen = _look(material)
    assert seen[45, 32].mean() > seen[20, 32].mean() + 60
    assert seen[45, 32, 0] > seen[45, 32, 1] + 40


def test_light_reaches_what_lies_behind_a_cornea() -> None:
    spec = make_spec()
    renderer = Renderer(Settings(SIZE_PX, 32), even_light)
    iris = sphere((0, 0, 0), 0.05, 3)
    cornea = sphere((0, 0, 0), 0.06, 3, ClearMaterial(ior=1.376, roughness=0.02), name="cornea")
    bare = picture(renderer.render(scene(iris), spec, camera_matrix(spec)).image_png)
    seen = picture(renderer.render(scene(iris, cornea), spec, camera_matrix(spec)).image_png)
    assert seen[30:34, 30:34].mean() > 0.8 * bare[30:34, 30:34].mean()


def test_melanin_darkens_strands() -> None:
    spec = make_spec()
    renderer = Renderer(Settings(SIZE_PX, 16), even_light)
    means = []
    for melanin in (0.05, 0.9):
        images = renderer.render(scene(tuft(melanin=melanin)), spec, camera_matrix(spec))
        means.append(picture(images.image_png)[images.mask == 13].mean())
    assert means[0] > means[1] + 60


def test_tint_colours_strands() -> None:
    spec = make_spec()
    renderer = Renderer(Settings(SIZE_PX, 16), even_light)
    plain = tuft(melanin=0.05)
    means = []
    dye = np.broadcast_to(np.array([0.1, 0.2, 0.9], np.float32), plain.points_m.shape)
    for strands in (plain, dataclasses.replace(plain, tint=dye)):
        images = renderer.render(scene(strands), spec, camera_matrix(spec))
        means.append(picture(images.image_png)[images.mask == 13].mean(axis=0))
    red, _, blue = means[0] - means[1]
    assert red > 10
    assert abs(blue) < 4


def test_melanin_may_change_along_strands() -> None:
    spec = make_spec()
    renderer = Renderer(Settings(SIZE_PX, 16), even_light)
    plain = tuft(melanin=0.05)
    rooted = np.full(plain.radius_m.shape, 0.05, np.float32)
    rooted[:, : rooted.shape[1] // 2] = 0.95
    shown = []
    for strands in (plain, dataclasses.replace(plain, melanin=rooted)):
        images = renderer.render(scene(strands), spec, camera_matrix(spec))
        shown.append(picture(images.image_png)[images.mask == 13].mean(axis=-1))
    darkened = (shown[1] < shown[0] - 40).mean()
    assert 0.2 < darkened < 0.8


def _ball(**changes: object) -> object:
    return dataclasses.replace(sphere((0, 0, 0), 0.1), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vertices_m": np.full((362, 3), np.nan, np.float32)}, "not finite"),
        ({"faces": np.full((384, 4), 9999, np.int32)}, "outside its 362 vertices"),
        ({"face_class": np.ones(3, np.uint8)}, "3 face classes for 384 faces"),
        ({"uv": None, "material": _skin()}, "no uv"),
        ({"uv": np.zeros((5, 4, 2), np.float32)}, "uv is"),
    ],
)
def test_broken_meshes_are_refused(changes: dict[str, object], message: str) -> None:
    spec = make_spec()
    renderer = Renderer(Settings(16, 1), even_light)
    with pytest.raises(ValueError, match=f"mesh 'sphere'.*{message}"):
        renderer.render(scene(_ball(**changes)), spec, camera_matrix(spec))  # type: ignore[arg-type]


def test_broken_strands_are_refused() -> None:
    spec = make_spec()
    renderer = Renderer(Settings(16, 1), even_light)
    for changes, message in (
        ({"melanin": np.ones(3, np.float32)}, "melanin is"),
        ({"radius_m": np.full((56, 6), np.inf, np.float32)}, "not finite"),
    ):
        with pytest.raises(ValueError, match=f"strands 'tuft'.*{message}"):
            renderer.render(
                scene(dataclasses.replace(tuft(), **changes)), spec, camera_matrix(spec)
            )
