"""Depth, normals, UVs, mattes and layers: what they say of simple scenes and of a dressed head."""

from __future__ import annotations

import dataclasses
import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from assets.geometry import ClearMaterial, SkinMaterial
from renderer.blender import world
from renderer.blender.render import Images, Renderer
from renderer.pixel_labels import REMOVABLE
from renderer.sample import render_sample
from renderer.settings import OUTPUTS, RenderSettings
from spec_schema import unpackb
from spec_schema.classes import SegmentationClass as C
from spec_schema.frames import intrinsics
from tests.make_specs import make_spec as make_head_spec
from tests.renderer.blender.scenes import (
    Settings,
    camera_matrix,
    even_light,
    make_spec,
    scene,
    sheet,
    sphere,
    tuft,
)
from tests.renderer.blender.truth import read_exr

pytestmark = pytest.mark.blender

SIZE_PX = 64


@pytest.fixture(scope="module", autouse=True)
def _even_light_needs_no_map() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world, "IMPORTANCE_MAP_PX", 16)
        yield


def _measured(*parts: Any, samples: int = 4, **spec_changes: Any) -> Images:
    spec = make_spec(**spec_changes)
    renderer = Renderer(Settings(SIZE_PX, samples, outputs=OUTPUTS), even_light)
    return renderer.render(scene(*parts), spec, camera_matrix(spec))


def test_depth_is_metres_along_the_axis_at_each_pixels_centre() -> None:
    """A wall that leans back, and nothing beside it, whatever the blur of the picture."""
    low, high = 0.1, -0.2  # the wall's z at its lower and upper edge, metres
    wall = sheet([(-0.2, -0.2, low), (0.1, -0.2, low), (0.1, 0.2, high), (-0.2, 0.2, high)], 15)
    images = _measured(wall, camera__f_number=2.0, camera__focus_distance_m=0.5)
    assert images.depth_m is not None
    rows, columns = np.indices((SIZE_PX, SIZE_PX)) + 0.5
    k = intrinsics(50, 36, SIZE_PX)
    slope_x, slope_y = (columns - k[0, 2]) / k[0, 0], (rows - k[1, 2]) / k[1, 1]
    # World y up is -camera y, and z is 1 - depth: 1 - d = a + b * (-slope_y * d).
    b, a = (high - low) / 0.4, (high + low) / 2
    depth = (1 - a) / (1 - b * slope_y)
    inside = (np.abs(slope_y * depth) < 0.2) & (slope_x * depth > -0.2) & (slope_x * depth < 0.1)
    np.testing.assert_array_equal(np.isfinite(images.depth_m), inside)
    np.testing.assert_allclose(images.depth_m[inside], depth[inside], atol=2e-6)
    assert np.isposinf(images.depth_m[~inside]).all()


def test_normals_are_in_the_camera_frame() -> None:
    # A ball seen by a camera that is turned: its normals point from its middle outwards.
    angles = {"camera__azimuth_deg": 40.0, "camera__elevation_deg": 25.0, "camera__roll_deg": 15.0}
    images = _measured(sphere((0, 0, 0), 0.2, 15), **angles)
    assert images.normals is not None
    assert images.depth_m is not None
    rows, columns = np.indices((SIZE_PX, SIZE_PX)) + 0.5
    k = intrinsics(50, 36, SIZE_PX)
    ray = np.stack([columns - k[0, 2], rows - k[1, 2], 0 * rows + k[0, 0]], axis=-1) / k[0, 0]
    seen = np.isfinite(images.depth_m)
    outwards = ray[seen] * images.depth_m[seen][:, None] - [0, 0, 1]
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
    off = np.degrees(np.arccos(np.clip((outwards * images.normals[seen]).sum(axis=1), -1, 1)))
    assert np.median(off) < 2
    assert np.quantile(off, 0.95) < 8
    np.testing.assert_allclose(np.linalg.norm(images.normals[seen], axis=1), 1, atol=1e-5)
    assert (images.normals[~seen] == 0).all()


def _skin() -> SkinMaterial:
    flat = np.full((8, 8), 0.5, np.float32)
    colour = np.full((8, 8, 3), 0.4, np.float32)
    return SkinMaterial(
        colour=colour,
        height_mm=0 * flat,
        roughness=flat,
        window=(0.2, 0.8, 0.2, 0.8),
        body_colour=colour,
        body_height_mm=0 * flat,
        specular=flat,
        film=0 * flat,
        deep=flat,
        fuzz=0 * flat,
        subsurface_scale_m=0.001,
        fuzz_strength=0.0,
    )


def test_uvs_are_those_of_charted_skin_alone() -> None:
    corners = [(-0.3, -0.2, 0), (0.0, -0.2, 0), (0.0, 0.2, 0), (-0.3, 0.2, 0)]
    skin = dataclasses.replace(sheet(corners, 1, _skin()), charted=np.array([True]))
    beyond = [(x + 0.3, y, z) for x, y, z in corners]
    body = dataclasses.replace(sheet(beyond, 1, _skin(), "body"), charted=np.array([False]))
    lens = sheet(
        [(-0.3, 0.1, 0.1), (0.3, 0.1, 0.1), (0.3, 0.2, 0.1), (-0.3, 0.2, 0.1)],
        C.GLASSES,
        ClearMaterial(ior=1.5, thin=True),
        "lens",
    )
    uv = _measured(skin, body, lens).uv
    assert uv is not None
    k = intrinsics(50, 36, SIZE_PX)
    rows, columns = np.indices((SIZE_PX, SIZE_PX)) + 0.5
    x, y = (columns - k[0, 2]) / k[0, 0], -(rows - k[1, 2]) / k[1, 1]
    behind_lens = y > 0.1 / 0.9
    charted = (x < 0) & (x > -0.3) & (np.abs(y) < 0.2) & ~behind_lens
    np.testing.assert_array_equal(uv[..., 0] >= 0, charted)
    expected = np.stack([(x + 0.3) / 0.3, (y + 0.2) / 0.4], axis=-1)
    np.testing.assert_allclose(uv[charted], expected[charted], atol=1e-5)
    assert (uv[~charted] == -1).all()


def test_strands_have_their_own_depth_and_no_uv() -> None:
    """Pixels that the mask gives to hair have the hair's depth, all others the surface's."""
    wall = sheet([(-0.3, -0.3, -0.4), (0.3, -0.3, -0.4), (0.3, 0.3, -0.4), (-0.3, 0.3, -0.4)], 15)
    images = _measured(tuft(), wall, samples=16)
    assert images.depth_m is not None
    hair = images.mask == C.HAIR
    assert hair.sum() > 100
    assert images.depth_m[hair].min() > 0.94
    assert images.depth_m[hair].max() < 1.06
    np.testing.assert_allclose(images.depth_m[images.mask == C.CLOTHING], 1.4, atol=1e-5)
    assert images.normals is not None
    assert (images.normals[hair][:, 2] < 0).mean() > 0.95  # towards the camera


def test_layers_show_what_is_beneath_and_elsewhere_the_mask() -> None:
    wall = sheet([(-0.3, -0.3, -0.2), (0.3, -0.3, -0.2), (0.3, 0.3, -0.2), (-0.3, 0.3, -0.2)], 12)
    ball = sphere((0, 0, 0), 0.1, 1)
    hat = sphere((0, 0.1, 0.05), 0.08, C.HEADWEAR, name="hat")
    shirt = sphere((0.1, -0.15, 0.1), 0.05, C.CLOTHING, name="shirt")
    images = _measured(wall, ball, hat, shirt, tuft(), samples=16)
    bare = _measured(wall, ball, shirt, samples=16)
    assert images.layers is not None
    removed = np.isin(images.mask, REMOVABLE)
    assert removed.sum() > 200
    assert not np.isin(images.layers, REMOVABLE).any()
    np.testing.assert_array_equal(images.layers[~removed], images.mask[~removed])
    assert (images.layers[removed] == bare.mask[removed]).mean() > 0.99
    assert {1, 12} <= set(np.unique(images.layers[removed]))


def test_a_mesh_that_only_partly_comes_off_is_refused() -> None:
    ball = sphere((0, 0, 0), 0.1, 1)
    classes = np.where(np.arange(len(ball.faces)) % 2, C.HAIR, C.SKIN).astype(np.uint8)
    with pytest.raises(ValueError, match="mixes classes"):
        _measured(dataclasses.replace(ball, face_class=classes))


def _grey(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(data)))


DRESSED = {
    "hair": {"style": "short_crop"},
    "facial_hair": {"style": "full_short", "length_m": 0.01, "density": 0.9},
    "pose": {"yaw_deg": 20.0, "pitch_deg": -6.0, "z_m": 0.9},
    "glasses": {
        "id": "sun_square", "red": 0.1, "green": 0.1, "blue": 0.1, "size": 1, "roughness": 0.3,
        "metallic": 0, "tilt_deg": 0, "pattern": 0, "print": "plain",
    "second_red": 0.5, "second_green": 0.5, "second_blue": 0.5, "height": 0.0,
    "thickness": 1.0, "seed": 5,
    },
}  # fmt: skip


def test_a_dressed_head() -> None:
    """Files agree with one another, and cost the picture, the mask and the record nothing."""
    spec, other = make_head_spec(**DRESSED), make_head_spec(pose={"yaw_deg": -40.0})
    asked = RenderSettings(size_px=112, samples=3, threads=2, outputs=OUTPUTS)
    renderer = Renderer(asked, even_light)
    files = render_sample(3, spec, asked, renderer)
    render_sample(4, other, asked, renderer)
    single = asked.model_copy(update={"threads": 1})
    assert render_sample(3, spec, single, Renderer(single, even_light)) == files
    plain = asked.model_copy(update={"outputs": ()})
    bare = render_sample(3, spec, plain, Renderer(plain, even_light))
    assert {suffix: files[suffix] for suffix in bare} == bare

    mask, layers = _grey(files["_mask.png"]), _grey(files["_layers.png"])
    assert {C.HAIR, C.BEARD, C.GLASSES} <= set(np.unique(mask))
    assert not np.isin(layers, REMOVABLE).any()
    assert {C.RIGHT_EYE, C.LEFT_EYE} & set(np.unique(layers[mask == C.GLASSES]))
    for name, class_id in (("hair", C.HAIR), ("beard", C.BEARD), ("glasses", C.GLASSES)):
        matte = _grey(files[f"_{name}.png"])
        assert matte[mask == class_id].mean() > 2 * matte[mask != class_id].mean()
    person = _grey(files["_person.png"])
    assert (person[mask != C.BACKGROUND] > 80).all()
    assert (person[mask == C.BACKGROUND] < 200).all()
    depth, uv = read_exr(files["_depth.exr"], "Z")[..., 0], read_exr(files["_uv.exr"], "UV")
    assert np.isfinite(depth[mask != C.BACKGROUND]).mean() > 0.98
    assert (uv[mask == C.GLASSES] == -1).mean() > 0.9
    assert (uv[mask == C.NOSE] >= 0).mean() > 0.95

    record = unpackb(files[".msgpack"])
    covered = record["landmarks"]["covered_by"]
    assert covered.shape == (70,)
    assert (covered[[37, 38, 40, 41, 68]] == C.GLASSES).all()
    assert covered[30] == 0
    assert C.BEARD in covered[[6, 7, 8, 9, 10]]
    assert len(record["dense_landmarks"]["covered_by"]) == len(record["dense_landmarks"]["head_m"])
    x0, y0, x1, y1 = record["visible_face_box_px"]
    assert 0 <= x0 < x1 <= 112
    assert 0 <= y0 < y1 <= 112
