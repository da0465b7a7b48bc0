"""From a spec to the files of a sample."""

from __future__ import annotations

import io
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from assets.geometry import SceneGeometry
from renderer import sample
from renderer.sample import encode_mask, render_sample
from renderer.settings import RenderSettings
from spec_schema import SceneSpec, SegmentationClass, spec_hash, unpackb
from tests.renderer.specs import row_spec

SETTINGS = RenderSettings(size_px=16, samples=1)
CAMERA = np.diag([1.0, -1.0, -1.0, 1.0])


@dataclass
class Pixels:
    image_png: bytes
    mask: NDArray[np.uint8]


class Painter:
    """A backend that remembers what it was given."""

    seen: tuple[Any, ...] = ()

    def render(
        self, geometry: SceneGeometry, spec: SceneSpec, camera_from_world: ArrayLike
    ) -> Pixels:
        self.seen = (geometry, spec, camera_from_world)
        mask = np.arange(256, dtype=np.uint8).reshape(16, 16) % len(SegmentationClass)
        return Pixels(b"png", mask.astype(np.uint8))


@pytest.fixture(autouse=True)
def _scene(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(spec: SceneSpec, settings: RenderSettings) -> SimpleNamespace:
        labels = {"face_box_px": np.array([1.0, 2.0, 3.0, settings.size_px])}
        return SimpleNamespace(
            geometry=SceneGeometry((), ()), camera_from_world=CAMERA, labels=labels
        )

    monkeypatch.setattr(sample, "build_scene", build)


def test_files_of_a_sample() -> None:
    spec, phases, painter = row_spec(41), [], Painter()
    files = render_sample(7, spec, SETTINGS, painter, phases.append)
    assert sorted(files) == [".msgpack", ".png", "_mask.png"]
    assert files[".png"] == b"png"
    assert painter.seen[1] is spec
    np.testing.assert_array_equal(painter.seen[2], CAMERA)
    assert phases == ["geometry", "render", "encode"]
    record = unpackb(files[".msgpack"])
    assert (record["row"], record["index"], record["size_px"]) == (7, 41, 16)
    assert record["spec_hash"] == spec_hash(spec)
    np.testing.assert_array_equal(record["face_box_px"], [1, 2, 3, 16])
    assert render_sample(7, spec, SETTINGS, Painter()) == files


def test_a_mask_is_read_back_value_by_value() -> None:
    mask = Painter().render(SceneGeometry((), ()), row_spec(0), CAMERA).mask
    with Image.open(io.BytesIO(encode_mask(mask, 16))) as image:
        assert (image.mode, image.size) == ("L", (16, 16))
        np.testing.assert_array_equal(np.asarray(image), mask)
    flipped = np.flipud(mask)
    with Image.open(io.BytesIO(encode_mask(flipped, 16))) as image:
        np.testing.assert_array_equal(np.asarray(image), flipped)


@pytest.mark.parametrize("shape", [(16, 15), (8, 8), (16, 16, 1)])
def test_a_mask_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected uint8"):
        encode_mask(np.zeros(shape, np.uint8), 16)
