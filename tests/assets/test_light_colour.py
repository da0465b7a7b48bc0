"""Colours of light by temperature."""

from __future__ import annotations

import numpy as np
import pytest

from assets.light_colour import (
    NEUTRAL_K,
    REC709_LUMINANCE,
    correlated_temperature_k,
    temperature_rgb,
    tint_rgb,
)


@pytest.mark.parametrize("kelvin", [2400, 3200, 4500, 5600, 6504, 9000])
def test_a_temperature_is_found_again(kelvin: float) -> None:
    # McCamy's formula and the locus each have some tens of kelvin of error.
    assert correlated_temperature_k(temperature_rgb(kelvin)) == pytest.approx(kelvin, rel=0.02)


def test_candles_are_red_and_skies_blue() -> None:
    rgb = temperature_rgb(np.array([1900.0, 6504.0, 15000.0]))
    assert rgb[0, 0] > 2 * rgb[0, 1] > 2 * rgb[0, 2]
    np.testing.assert_allclose(rgb[1], 1, atol=0.05)
    assert rgb[2, 2] > rgb[2, 1] > rgb[2, 0]
    np.testing.assert_allclose(rgb @ REC709_LUMINANCE, 1)


def test_white_is_the_colour_of_sixty_five_hundred_kelvin() -> None:
    assert correlated_temperature_k(np.ones(3)) == pytest.approx(6504, abs=15)
    np.testing.assert_allclose(tint_rgb(NEUTRAL_K), 1)
    assert tint_rgb(3000) @ REC709_LUMINANCE == pytest.approx(1)
