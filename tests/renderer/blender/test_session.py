"""The process around the pictures: files, devices, bundled environments."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest

from assets.catalog import Catalog
from assets.hdri import mean_luminance
from renderer.blender.devices import DEVICE_KINDS, list_devices
from renderer.blender.hdri import _bundled, catalogue_hdri
from renderer.blender.render import Renderer
from renderer.phases import PhaseClock
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


def test_phases_are_told_in_order() -> None:
    spec, clock, told = make_spec(), PhaseClock(), []

    def phase(name: str) -> None:
        told.append(name)
        clock(name)

    renderer = Renderer(Settings(64, 16), even_light)
    renderer.render(scene(), spec, camera_matrix(spec), phase)
    assert told == ["upload", "sync", "paths", "passes", "passes"]
    spent = clock.stop()
    assert list(spent) == ["upload", "sync", "paths", "passes"]
    assert all(wall > 0 and cpu >= 0 for wall, cpu in spent.values())


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


BUNDLED = [e.id for e in Catalog.load().hdris.values() if e.source == "bpy"]


@pytest.mark.parametrize("hdri_id", BUNDLED)
def test_bundled_environments_are_those_of_the_catalogue(hdri_id: str) -> None:
    pixels = catalogue_hdri(hdri_id)
    assert pixels.shape[1:] == (2 * len(pixels), 3)
    recorded = Catalog.load().hdris[hdri_id].mean_luminance
    assert mean_luminance(pixels) == pytest.approx(recorded, rel=0.01)
    # Row 0 is the top, where the light is.
    weights = pixels.mean(axis=(1, 2))
    assert weights[: len(weights) // 2].sum() > weights[len(weights) // 2 :].sum()


def test_an_unknown_environment_names_the_nearest() -> None:
    wrong = BUNDLED[0] + "x"
    with pytest.raises(AssetError, match=f"did you mean '{BUNDLED[0]}'"):
        catalogue_hdri(wrong)


def test_a_changed_environment_file_is_refused() -> None:
    with pytest.raises(AssetError, match="SHA-256"):
        _bundled("city.exr", "0" * 64)
    with pytest.raises(AssetError, match="no such file"):
        _bundled("town.exr", None)


def test_scene_arrays_are_not_changed() -> None:
    pixels = even_light("x")
    pixels.setflags(write=False)
    spec = make_spec()
    Renderer(Settings(16, 1), lambda _: pixels).render(scene(), spec, camera_matrix(spec))
    np.testing.assert_array_equal(pixels, even_light("x"))
