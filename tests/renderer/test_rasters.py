"""Pixel labels as files, read back by other means."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from PIL import Image

from renderer.rasters import MATTES, encode_exr, encode_grey, mattes
from spec_schema.classes import SegmentationClass as C


def test_an_exr_holds_the_floats_bit_for_bit(tmp_path: Path) -> None:
    rows, columns = np.indices((5, 7)).astype(np.float32)
    depth = 0.5 + rows / 3 + columns / 7
    depth[1, 2] = np.inf
    path = tmp_path / "planes.exr"
    path.write_bytes(encode_exr({"Z": depth, "U": -np.ones_like(depth)}))
    with OpenEXR.File(str(path), separate_channels=True) as exr:
        channels = exr.channels()
        assert sorted(channels) == ["U", "Z"]
        assert channels["Z"].pixels.dtype == np.float32
        np.testing.assert_array_equal(channels["Z"].pixels, depth)
        np.testing.assert_array_equal(channels["U"].pixels, -1)


def test_equal_planes_give_equal_bytes() -> None:
    plane = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    assert encode_exr({"Z": plane}) == encode_exr({"Z": plane.copy()})
    assert encode_exr({"Z": plane}) == encode_exr({"Z": np.asfortranarray(plane)})


def test_mattes_are_shares() -> None:
    coverage = np.zeros((len(C), 1, 4), np.float32)
    coverage[C.HAIR, 0] = 0, 0.25, 0.5, 1
    coverage[C.BEARD, 0, 0] = 0.1
    coverage[C.RIGHT_BROW, 0, 2:] = 0.25, 0.5
    coverage[C.LEFT_BROW, 0, 3] = 0.25
    coverage[C.GLASSES, 0, 1] = 0.75
    coverage[C.BACKGROUND, 0] = 0.9, 0, 0.5, 0
    found = mattes(coverage)
    assert tuple(found) == MATTES
    assert found["hair"].tolist() == [[0, 64, 128, 255]]
    assert found["beard"].tolist() == [[26, 0, 0, 0]]
    assert found["brows"].tolist() == [[0, 0, 64, 191]]
    assert found["glasses"].tolist() == [[0, 191, 0, 0]]
    assert found["person"].tolist() == [[26, 255, 128, 255]]


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_matte_is_read_back_value_by_value(value: int) -> None:
    pixels = np.full((3, 4), value, np.uint8)
    pixels[0, 0] = 7
    with Image.open(io.BytesIO(encode_grey(pixels))) as image:
        assert image.mode == "L"
        np.testing.assert_array_equal(np.asarray(image), pixels)
