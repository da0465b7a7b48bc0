"""The process around the pictures: files, devices, bundled environments."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import bpy
import numpy as np
import pytest

from renderer.blender.devices import DEVICE_KINDS, list_devices
from renderer.blender.hdri import _bundled
from renderer.blender.render import Renderer
from renderer.settings import DEVICES, RenderSettings
from spec_schema.errors import AssetError, ToolError
from tests.renderer.blender.scenes import Settings, camera_matrix, even_light, make_spec, scene

pytestmark = pytest.mark.blender


def test_png_holds_pixels_alone() -> None:
    from PIL import Image

    spec = make_spec()
    renderer = Renderer(RenderSettings(size_px=24, samples=1), even_light)
    png = renderer.render(scene(), spec, camera_matrix(spec)).image_png
    chunks, at = [], 8
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        chunks.append(png[at + 4 : at + 8])
        at += 12 + length
    assert set(chunks) == {b"IHDR", b"IDAT", b"IEND"}
    with Image.open(io.BytesIO(png)) as image:
        assert (image.mode, image.size) == ("RGB", (24, 24))
        image.load()


def test_phases_are_timed() -> None:
    spec = make_spec()
    renderer = Renderer(Settings(16, 1), even_light)
    renderer.render(scene(), spec, camera_matrix(spec))
    assert list(renderer.timings_s) == ["upload", "render", "save", "read"]
    assert all(seconds > 0 for seconds in renderer.timings_s.values())


def test_devices_match_the_settings() -> None:
    assert set(DEVICE_KINDS) == set(DEVICES)
    assert list_devices()[0].kind == "cpu"


def test_a_missing_device_is_an_error() -> None:
    there = {d.kind for d in list_devices()}
    missing = next(k for k in ("metal", "hip", "oneapi") if k not in there)
    with pytest.raises(ToolError, match=f"'{missing}'.*found: cpu"):
        Renderer(Settings(device=missing), even_light)


def test_auto_takes_a_device_that_is_there() -> None:
    assert Renderer(Settings(device="auto"), even_light).device in {d.kind for d in list_devices()}


def _world_files() -> list[str]:
    folder = Path(bpy.utils.system_resource("DATAFILES")) / "studiolights" / "world"
    return sorted(p.name for p in folder.glob("*.exr"))


def test_bundled_environments_are_read() -> None:
    files = _world_files()
    assert len(files) == 8
    pixels = _bundled("any", files[0], None)
    assert pixels.shape[2] == 3
    assert pixels.shape[1] == 2 * pixels.shape[0]
    # The sky is up: row 0 is the top.
    forest = _bundled("forest", "forest.exr", None)
    assert forest[: len(forest) // 4].mean() > forest[-len(forest) // 4 :].mean()


def test_a_changed_environment_file_is_refused() -> None:
    with pytest.raises(AssetError, match="SHA-256"):
        _bundled("city", "city.exr", "0" * 64)
    with pytest.raises(AssetError, match="no file"):
        _bundled("city", "town.exr", None)


def test_scene_arrays_are_not_changed() -> None:
    pixels = even_light("x")
    pixels.setflags(write=False)
    spec = make_spec()
    Renderer(Settings(16, 1), lambda _: pixels).render(scene(), spec, camera_matrix(spec))
    np.testing.assert_array_equal(pixels, even_light("x"))
