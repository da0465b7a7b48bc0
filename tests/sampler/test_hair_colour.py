"""Natural shades, grey, dyes and highlights come in the shares that are declared."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sampler import Inputs, Sampler, SamplerConfig
from sampler.hair_colour import VividDye
from tests.sampler.statistics import chance

N = 16384


@pytest.fixture(scope="module")
def rows(config: SamplerConfig, inputs: Inputs) -> dict[str, NDArray[np.float64]]:
    table = Sampler(config, inputs, 11, "train").draw(0, N)
    out = {}
    for struct in ("hair", "identity", "brows", "facial_hair"):
        column = table.column(struct).combine_chunks()
        for field in column.type:
            if field.name not in ("style", "shape"):
                values = column.field(field.name)
                out[f"{struct}.{field.name}"] = np.asarray(values, np.float64)
    return out


def test_natural_shades_of_europeans(
    rows: dict[str, NDArray[np.float64]], config: SamplerConfig
) -> None:
    shades = config.hair.shades
    ancestry = [rows[f"identity.{a}"] for a in ("european", "asian", "african")]
    ours = (np.argmax(ancestry, axis=0) == 0) & (rows["identity.sex"] < 0.2)
    weight = {k: s.european * s.female_factor for k, s in shades.items()}
    red = rows["hair.redness"][ours] > 0.7
    assert chance(red, weight["red"] / sum(weight.values())) > 1e-4
    fair = (rows["hair.melanin"][ours] < 0.375) & ~red
    assert 0.08 < fair.mean() < 0.16, "blond women: 12.7 % (Morgan et al. 2018)"


def test_grey_by_age_is_that_of_the_survey(rows: dict[str, NDArray[np.float64]]) -> None:
    age, grey = rows["identity.age_years"], rows["hair.grey"]
    middle = (age >= 45) & (age <= 65)
    assert 0.14 < grey[middle].mean() < 0.26, "74 % with 27 % of their hair (Panhard et al. 2012)"
    half_at_50 = (grey > 0.5)[(age > 48) & (age < 52)].mean()
    assert 0.06 < half_at_50 < 0.23
    assert grey[age < 30].mean() < 0.03
    assert grey[age > 78].mean() > 0.5


def test_dyes_are_rare_and_of_one_kind(
    rows: dict[str, NDArray[np.float64]], config: SamplerConfig
) -> None:
    dyed = rows["hair.dye"] > 0
    rgb = np.stack([rows[f"hair.dye_{c}"] for c in ("red", "green", "blue")], axis=1)
    vivid = dyed & (rgb.min(1) < 0.99)
    woman, young = rows["identity.sex"] < 0.1, rows["identity.age_years"] < 24
    assert not ((rgb < 1).any(1) & ~dyed).any()
    assert abs(vivid[woman & young].mean() - config.hair.dyes.vivid_female) < 0.02
    assert vivid.mean() < 0.03
    assert dyed[~woman & (rows["identity.sex"] > 0.9)].mean() < 0.12
    assert not (rows["hair.highlights"][vivid] > 0).any()
    lit = rows["hair.highlights"] > 0
    assert (rows["hair.regrowth_m"][~dyed & ~lit] == 0).all()


def test_women_cover_grey_more_often(rows: dict[str, NDArray[np.float64]]) -> None:
    grey, dyed = rows["hair.grey"] > 0.3, rows["hair.dye"] > 0
    woman = rows["identity.sex"] < 0.1
    man = rows["identity.sex"] > 0.9
    assert dyed[grey & woman].mean() > 3 * dyed[grey & man].mean()


def test_beards_and_brows_stay_natural(rows: dict[str, NDArray[np.float64]]) -> None:
    vivid = (rows["hair.dye"] > 0) & (rows["hair.dye_green"] < 0.9)
    off = np.abs(rows["facial_hair.melanin"] - rows["hair.melanin"])
    assert off[vivid].max() < 0.3
    undyed = rows["hair.dye"] == 0
    assert np.abs(rows["brows.melanin"] - rows["hair.melanin"])[undyed].max() < 0.26


def test_a_vivid_dye_is_read_as_srgb() -> None:
    dye = VividDye(srgb="#ff8000", share=1.0, melanin=0.0)
    np.testing.assert_allclose(dye.linear(), [1.0, 0.2158605, 0.0], atol=1e-6)
