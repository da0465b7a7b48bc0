"""Pigment along strands: variation, grey, weathering, dyes, regrowth, highlights."""

from __future__ import annotations

import numpy as np
import pytest

from assets.geometry import F32Array
from assets.hair.colour import Coat, coat_of, greys_first, pigment
from assets.noise import Stream, ValueNoise
from spec_schema.spec import HairSpec
from tests.make_specs import PLAIN

N, M, LENGTH_M = 4000, 21, 0.3
ARC = np.linspace(0, LENGTH_M, M)
STRANDS = np.zeros((N, M, 3), np.float32)
STRANDS[:, :, 1] = -ARC
CLUMP = (np.arange(N) // 10).astype(np.int32)
NONE = np.zeros(N, np.float32)
WEFT = ((np.arange(N) // 40) * 0.618 % 1).astype(np.float32)


def lots(name: str) -> Stream:
    return Stream(7, name)


def coat(**hair: float) -> Coat:
    spec = HairSpec.model_validate({**PLAIN["hair"], **hair})
    return coat_of(spec, STRANDS, lots, CLUMP, NONE, WEFT)


def concentration(melanin: F32Array) -> F32Array:
    return np.asarray(-np.log1p(-melanin.astype(np.float64)))


@pytest.mark.parametrize("melanin", [0.15, 0.6, 0.95])
def test_strands_and_clumps_vary_in_concentration(melanin: float) -> None:
    value, _ = pigment(melanin, 0.3, 0.0, N, lots, CLUMP)
    logarithm = np.log(concentration(value))
    assert np.median(logarithm) == pytest.approx(np.log(concentration(np.array(melanin))), abs=0.05)
    between = logarithm.reshape(-1, 10).mean(1).std()
    assert 0.1 < between < 0.2
    assert (logarithm.reshape(-1, 10) - logarithm.reshape(-1, 10).mean(1)[:, None]).std() > 0.15


def test_grey_is_a_mix_of_white_and_pigmented_strands() -> None:
    value, _ = pigment(0.8, 0.3, 0.4, N, lots, CLUMP)
    white, full = value < 0.04, value > 0.5
    assert white.mean() == pytest.approx(0.4 * 0.92, abs=0.03)
    assert full.mean() == pytest.approx(0.6, abs=0.02)


def test_men_grey_at_the_temples_first() -> None:
    rest = np.stack([Stream(1, "x").uniform(N, -0.8, 0.8), np.where(np.arange(N) % 2, 7.2, 8.3),
                     np.full(N, 0.5)], 1).astype(np.float32)  # fmt: skip
    low = rest[:, 1] < 8
    share = []
    for sex in (0.0, 1.0):
        early = greys_first(rest, sex, ValueNoise(1, "n"))
        value, _ = pigment(0.8, 0.3, 0.3, N, lots, None, early)
        share.append((value[low] < 0.2).mean() / (value[~low] < 0.2).mean())
    assert share[1] > 1.5
    assert share[1] > share[0] > 1


def test_fewer_strands_have_the_colours_of_the_first_of_many() -> None:
    few, _ = pigment(0.6, 0.3, 0.0, 100, lots)
    many, _ = pigment(0.6, 0.3, 0.0, 1000, lots)
    np.testing.assert_array_equal(few, many[:100])


def test_roots_are_darker_and_ends_weathered() -> None:
    plain, worn = coat(weathering=0.0).melanin, coat(weathering=1.0).melanin
    ratio = concentration(plain).mean(0) / concentration(plain).mean(0)[-1]
    assert 1.1 < ratio[0] < 1.25
    assert (np.diff(ratio) < 1e-6).all()
    lost = concentration(worn).mean(0) / concentration(plain).mean(0)
    assert lost[0] == pytest.approx(1)
    assert 0.45 < lost[-1] < 0.7


def test_undyed_hair_has_no_tint_and_dyes_of_natural_shades_neither() -> None:
    assert coat().tint is None
    assert coat(dye=1.0, dye_melanin=0.2).tint is None


def test_a_dye_covers_all_but_the_regrowth() -> None:
    made = coat(melanin=0.9, grey=0.5, dye=1.0, dye_melanin=0.05, dye_red=0.02, dye_green=0.1,
                dye_blue=0.8, regrowth_m=0.06)  # fmt: skip
    assert made.tint is not None
    new, old = ARC < 0.04, ARC > 0.09
    np.testing.assert_allclose(made.tint[:, new], 1, atol=1e-6)
    blue = made.tint[:, old].reshape(-1, 3).mean(0)
    assert blue[2] > blue[1] > blue[0]
    roots = made.melanin[:, new]
    assert (roots < 0.1).mean() == pytest.approx(0.5, abs=0.08), "white roots of the grey"
    assert made.melanin[:, old].max() < 0.15


def test_highlights_take_whole_wefts() -> None:
    made = coat(melanin=0.8, highlights=0.4, highlight_melanin=0.15)
    ends = made.melanin[:, -1]
    lit = ends < 0.5
    assert lit.mean() == pytest.approx(0.4, abs=0.06)
    each = lit.reshape(-1, 40).mean(1)
    assert ((each < 0.25) | (each > 0.75)).mean() > 0.95


def test_balayage_begins_halfway() -> None:
    foils = coat(melanin=0.8, highlights=0.5, highlight_melanin=0.15).melanin.mean(0)
    late = coat(
        melanin=0.8, highlights=0.5, highlight_melanin=0.15, highlight_start=0.5
    ).melanin.mean(0)
    assert late[4] > foils[4] + 0.15
    assert late[-1] == pytest.approx(foils[-1], abs=0.03)


def test_nothing_leaves_its_bounds() -> None:
    made = coat(melanin=1.0, redness=1.0, grey=0.3, weathering=1.0, highlights=1.0, dye=0.5,
                dye_red=0.0, dye_green=0.0, dye_blue=0.0)  # fmt: skip
    for array in (made.melanin, made.redness, made.tint):
        assert array is not None
        assert array.dtype == np.float32
        assert np.isfinite(array).all()
        assert array.min() >= 0
        assert array.max() <= 1
