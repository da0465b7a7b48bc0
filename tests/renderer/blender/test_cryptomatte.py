"""Class masks from Cryptomatte pairs, without rendering."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.blender.cryptomatte import class_coverage, class_mask, float_bits
from spec_schema.classes import SegmentationClass


@pytest.mark.parametrize(
    ("name", "bits"),
    # From the manifest that Blender 4.5 writes into its own files.
    [
        ("default_surface", 0x78D05529),
        ("default_volume", 0xB331280E),
        ("default_light", 0xFE269F93),
        ("default_background", 0xDBA7EC85),
        ("x", 0x3E9A9B1B),
    ],
)
def test_hash_is_blenders(name: str, bits: int) -> None:
    assert float_bits(name) == bits


@given(st.text(max_size=40))
def test_hash_is_a_finite_normal_float(name: str) -> None:
    value = np.array([float_bits(name)], np.uint32).view(np.float32)[0]
    assert np.isfinite(value)
    assert abs(value) >= np.finfo(np.float32).tiny


def _pixel(*pairs: tuple[str, float]) -> np.ndarray:
    ranks = np.zeros((1, 1, 12), np.float32)
    for i, (name, share) in enumerate(pairs):
        ranks[0, 0, 2 * i] = np.array([float_bits(name)], np.uint32).view(np.float32)[0]
        ranks[0, 0, 2 * i + 1] = share
    return ranks


CLASS_OF = {"hair a": 13, "hair b": 13, "skin": 1}


def test_materials_of_one_class_add_up() -> None:
    ranks = _pixel(("skin", 0.4), ("hair a", 0.3), ("hair b", 0.3))
    assert class_mask(ranks, CLASS_OF)[0, 0] == SegmentationClass.HAIR
    coverage = class_coverage(ranks, CLASS_OF)
    assert coverage[13, 0, 0] == pytest.approx(0.6)
    assert coverage[0, 0, 0] == pytest.approx(0.0, abs=1e-6)


def test_what_nothing_covers_is_background() -> None:
    ranks = _pixel(("skin", 0.3), ("hair a", 0.15))
    assert class_mask(ranks, CLASS_OF)[0, 0] == SegmentationClass.BACKGROUND
    ranks = _pixel(("skin", 0.6))
    assert class_mask(ranks, CLASS_OF)[0, 0] == SegmentationClass.SKIN
