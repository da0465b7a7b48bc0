"""Backgrounds are pictures of their own spec alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from assets.background import KINDS, background
from spec_schema.spec import BackgroundSpec

PLAIN: dict[str, Any] = {
    "red": 0.5, "green": 0.4, "blue": 0.3, "second_red": 0.1, "second_green": 0.2,
    "second_blue": 0.3, "light_ev": 0.0, "blur": 0.04, "clutter": 0.7, "seed": 11,
}  # fmt: skip


def make(kind: str, **changes: Any) -> BackgroundSpec:
    return BackgroundSpec.model_validate({**PLAIN, "kind": kind, **changes})


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_spec_is_a_picture(kind: str) -> None:
    first = background(make(kind))
    assert first.dtype == np.float32
    assert first.shape[0] == first.shape[1] >= 256
    assert np.isfinite(first).all()
    assert first.min() >= 0
    assert 0.02 < first.mean() < 3
    other = background(make(kind, seed=12))
    np.testing.assert_array_equal(background(make(kind)), first)
    assert not np.array_equal(other, first)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_nothing_is_sharp(kind: str) -> None:
    """Neighbouring pixels differ little beside what a picture holds: no stairs, no ringing."""
    for seed in range(6):
        picture = background(make(kind, blur=0.025, clutter=1.0, seed=seed))
        steps = abs(np.diff(np.log(picture + 0.05), axis=1))
        assert np.quantile(steps, 0.99) < 0.35
        assert steps.max() < 0.8


@pytest.mark.parametrize("kind", ["crowd", "outdoors", "room"])
def test_clutter_fills_the_picture(kind: str) -> None:
    def detail(clutter: float) -> float:
        pictures = [background(make(kind, clutter=clutter, seed=k)) for k in range(5)]
        return float(np.mean([abs(np.diff(np.log(p + 0.05), axis=1)).mean() for p in pictures]))

    assert detail(1.0) > 1.2 * detail(0.0)
