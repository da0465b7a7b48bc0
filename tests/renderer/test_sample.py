"""From a spec to the files of a sample."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from assets.geometry import SceneGeometry
from renderer import sample
from renderer.description import OUTPUT_FILES
from renderer.phases import Phase, say_nothing
from renderer.sample import encode_mask, render_sample
from renderer.settings import OUTPUTS, RenderSettings
from spec_schema import SceneSpec, SegmentationClass, spec_hash, unpackb
from tests.renderer.specs import row_spec

SETTINGS = RenderSettings(size_px=16, samples=1)
CAMERA = np.diag([1.0, -1.0, -1.0, 1.0])


@dataclass
class Pixels:
    image_png: bytes
    mask: NDArray[np.uint8]
    coverage: NDArray[np.float32]
    cover_m: NDArray[np.float32]
    depth_m: NDArray[np.float32] | None = None
    normals: NDArray[np.float32] | None = None
    uv: NDArray[np.float32] | None = None
    layers: NDArray[np.uint8] | None = None


class Painter:
    """A backend that remembers what it was given."""

    seen: tuple[Any, ...] = ()

    def render(
        self,
        geometry: SceneGeometry,
        spec: SceneSpec,
        camera_from_world: ArrayLike,
        phase: Phase = say_nothing,
    ) -> Pixels:
        phase("paths")
        self.seen = (geometry, spec, camera_from_world)
        mask = np.arange(256, dtype=np.uint8).reshape(16, 16) % len(SegmentationClass)
        coverage = np.eye(len(SegmentationClass), dtype=np.float32)[mask].transpose(2, 0, 1)
        ramp = np.linspace(0.5, 1, 256, dtype=np.float32).reshape(16, 16)
        return Pixels(
            b"png",
            mask.astype(np.uint8),
            coverage,
            cover_m=np.full((16, 16), 0.4, np.float32),
            depth_m=np.where(mask == 0, np.float32(np.inf), ramp),
            normals=np.stack([ramp, -ramp, 0 * ramp], axis=-1),
            uv=np.stack([ramp, np.full_like(ramp, -1)], axis=-1),
            layers=mask.astype(np.uint8),
        )


@pytest.fixture(autouse=True)
def _scene(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(spec: SceneSpec, settings: RenderSettings, phase: Phase) -> SimpleNamespace:
        phase("geometry")
        # Pixel 1 of the first row shows skin, 13 hair; rows 3 to 13 of columns 1 and 2 a face.
        image_px = np.array([[1.5, 0.5], [13.5, 0.5], [13.5, 40.0]])
        points = {"camera_m": np.ones((3, 3)), "image_px": image_px}
        labels = {
            "face_box_px": np.array([1.0, 2.0, 3.0, settings.size_px]),
            "landmarks": points,
            "dense_landmarks": {k: v.astype(np.float32) for k, v in points.items()},
        }
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
    assert phases == ["geometry", "paths", "encode"]
    record = unpackb(files[".msgpack"])
    assert (record["row"], record["index"], record["size_px"]) == (7, 41, 16)
    assert record["spec_hash"] == spec_hash(spec)
    np.testing.assert_array_equal(record["face_box_px"], [1, 2, 3, 16])
    for key in ("landmarks", "dense_landmarks"):
        covered = record[key]["covered_by"]
        assert covered.dtype == np.uint8
        np.testing.assert_array_equal(covered, [0, SegmentationClass.HAIR, 0])
    np.testing.assert_array_equal(record["visible_face_box_px"], [1, 3, 3, 14])
    assert render_sample(7, spec, SETTINGS, Painter()) == files


@pytest.mark.parametrize("name", OUTPUTS)
def test_an_output_adds_its_files_and_changes_no_other(name: str) -> None:
    plain = render_sample(7, row_spec(41), SETTINGS, Painter())
    settings = SETTINGS.model_copy(update={"outputs": (name,)})
    files = render_sample(7, row_spec(41), settings, Painter())
    assert {s: files[s] for s in plain} == plain
    assert files.keys() - plain.keys() == OUTPUT_FILES[name].keys()
    assert render_sample(7, row_spec(41), settings, Painter()) == files


def test_a_backend_must_render_what_is_asked_for() -> None:
    class Idle(Painter):
        def render(self, *args: Any) -> Pixels:
            return replace(super().render(*args), depth_m=None)

    settings = SETTINGS.model_copy(update={"outputs": ("depth",)})
    with pytest.raises(ValueError, match="no depth"):
        render_sample(7, row_spec(41), settings, Idle())


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
