"""Skin: what is drawn by what a person already is."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from sampler import Sampler, SamplerConfig
from tests.sampler.tables import values


@pytest.fixture(scope="module")
def many(sampler: Sampler) -> pa.Table:
    return sampler.draw(0, 3000)


@pytest.mark.parametrize("name", ["lipstick", "eyeshadow"])
def test_shades_of_paint_go_with_the_skin(many: pa.Table, config: SamplerConfig, name: str) -> None:
    """Each is a blend of two of the palette, darkened by the declared share of its tone."""
    paint = getattr(config.skin.makeup, name)
    worn = values(many, f"skin.{name}") > 0
    tone = values(many, "skin.monk_tone")[worn]
    left = 1 - paint.deeper * (tone - 1) / 9
    palette = np.array(paint.colours)
    for k, channel in enumerate(("red", "green", "blue")):
        shade = values(many, f"skin.{name}_{channel}")[worn] / left
        assert shade.min() > palette[:, k].min() - 1e-5
        assert shade.max() < palette[:, k].max() + 1e-5
        dark, light = shade[tone > 7].mean(), shade[tone < 4].mean()
        assert dark == pytest.approx(light, rel=0.2)
