"""The photograph is the image's alone: labels stay, and the raw picture gives it again."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from renderer.photo import developed
from renderer.sample import render_sample
from renderer.settings import RenderSettings
from tests.renderer import test_sample
from tests.renderer.photo.test_photo import CLEAN
from tests.renderer.specs import row_spec

SETTINGS = RenderSettings(size_px=16, samples=1, outputs=("raw",))
SPEC = row_spec(41, photo={**CLEAN, "electrons": 200.0, "jpeg_quality": 70})

_scene = test_sample._scene


class Painter(test_sample.Painter):
    """Gives a picture that can be read."""

    def render(self, *args: Any) -> test_sample.Pixels:
        pixels = super().render(*args)
        buffer = io.BytesIO()
        ramp = np.arange(768, dtype=np.uint16).reshape(16, 16, 3) // 3
        Image.fromarray(ramp.astype(np.uint8)).save(buffer, "PNG")
        pixels.image_png = buffer.getvalue()
        return pixels


@pytest.mark.parametrize("suffix", ["_mask.png", "_raw.png", ".msgpack"])
def test_nothing_but_the_image_differs(suffix: str) -> None:
    files = render_sample(7, SPEC, SETTINGS, Painter())
    plain = render_sample(7, SPEC, SETTINGS.model_copy(update={"photo": False}), Painter())
    assert files[suffix] == plain[suffix]
    assert files[".png"] != plain[".png"]
    assert plain[".png"] == plain["_raw.png"]


def test_the_raw_picture_gives_the_photograph_again() -> None:
    files = render_sample(7, SPEC, SETTINGS, Painter())
    raw, mask, image = (
        np.asarray(Image.open(io.BytesIO(files[s]))) for s in ("_raw.png", "_mask.png", ".png")
    )
    assert SPEC.photo is not None
    np.testing.assert_array_equal(developed(raw, SPEC.photo, SPEC.render_seed, mask), image)


def test_no_photograph_where_the_spec_has_none() -> None:
    files = render_sample(7, row_spec(41), SETTINGS, Painter())
    assert files[".png"] == files["_raw.png"]


def test_with_and_without_are_two_datasets() -> None:
    assert SETTINGS.content() != SETTINGS.model_copy(update={"photo": False}).content()
