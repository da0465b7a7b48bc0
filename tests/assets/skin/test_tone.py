"""The tone model: the Monk scale as albedo, and the colour conversions under it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from assets.skin.constants import constants
from assets.skin.tone import lab_from_linear, linear_from_lab, linear_from_srgb, tone_of

UNIT = st.floats(0.01, 0.99)


@given(st.tuples(UNIT, UNIT, UNIT))
def test_lab_round_trip(rgb: tuple[float, float, float]) -> None:
    linear = np.array(rgb)
    np.testing.assert_allclose(linear_from_lab(lab_from_linear(linear)), linear, atol=1e-9)


def test_lab_of_known_colours() -> None:
    # Lindbloom's calculator, sRGB and D65: white, and 8-bit (128, 64, 32).
    np.testing.assert_allclose(lab_from_linear(np.ones(3)), [100, 0, 0], atol=0.02)
    brown = linear_from_srgb(np.array([128, 64, 32], np.float32) / 255).astype(float)
    np.testing.assert_allclose(lab_from_linear(brown), [34.96, 25.51, 31.76], atol=0.6)


@given(st.floats(1, 9.9), st.floats(-1, 1))
def test_darker_along_the_scale(tone: float, undertone: float) -> None:
    lighter, darker = tone_of(tone, undertone), tone_of(tone + 0.1, undertone)
    assert (darker.albedo < lighter.albedo).all()
    assert 0 <= lighter.darkness < darker.darkness <= 1


@given(st.floats(1, 10))
def test_skin_is_red_before_green_before_blue(tone: float) -> None:
    red, green, blue = tone_of(tone, 0).albedo
    assert red > green > blue


@given(st.floats(1, 10))
def test_warm_is_yellower_than_cool(tone: float) -> None:
    assert tone_of(tone, 1).lab[2] > tone_of(tone, 0).lab[2] > tone_of(tone, -1).lab[2]


def test_order_of_the_published_swatches_is_kept() -> None:
    swatches = [
        linear_from_srgb(np.array([int(h[k : k + 2], 16) for k in (0, 2, 4)], np.float32) / 255)
        for h in constants().tone.swatches_srgb
    ]
    assert len(swatches) == len(constants().tone.albedo_lab) == 10
    published = np.array([lab_from_linear(s.astype(float))[0] for s in swatches])
    ours = np.array([lab[0] for lab in constants().tone.albedo_lab])
    # The published third swatch is a hair lighter than the second.
    assert np.corrcoef(published, ours)[0, 1] > 0.97
    assert (np.diff(ours) < 0).all()
