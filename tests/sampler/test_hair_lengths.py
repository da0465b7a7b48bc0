"""Who wears hair long: shares by sex and age, and what loss of hair does to them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from assets.hair.data import groom_data
from sampler import Inputs, Sampler, SamplerConfig

N = 8192


@pytest.fixture(scope="module")
def people(config: SamplerConfig, inputs: Inputs) -> dict[str, NDArray[Any]]:
    table = Sampler(config, inputs, 23, "train").draw(0, N)
    hair, identity = (table.column(name).combine_chunks() for name in ("hair", "identity"))
    styles = groom_data().styles
    classes = [
        styles[s].length_class if s in styles else "" for s in hair.field("style").to_pylist()
    ]
    return {
        "long": np.isin(classes, ["long", "tied"]),
        "grown": np.isin(classes, ["medium", "long", "tied"]),
        "man": np.asarray(identity.field("sex"), np.float64) > 0.9,
        "woman": np.asarray(identity.field("sex"), np.float64) < 0.1,
        "age": np.asarray(identity.field("age_years"), np.float64),
        "lost": np.asarray(hair.field("recession"), np.float64),
    }


def test_long_hair_is_that_of_young_women(people: dict[str, NDArray[Any]]) -> None:
    young, old = people["age"] < 35, people["age"] > 65
    share = {
        who: people["long"][people[sex] & age].mean()
        for who, sex, age in (
            ("young women", "woman", young),
            ("old women", "woman", old),
            ("young men", "man", young),
            ("old men", "man", old),
        )
    }
    assert share["young women"] > 0.4
    assert share["old women"] < 0.3
    assert share["young men"] < 0.15
    assert share["old men"] < 0.04


def test_men_who_lost_half_of_it_wear_none_long(people: dict[str, NDArray[Any]]) -> None:
    bare = people["man"] & (people["lost"] >= 0.5)
    assert bare.sum() > 200
    assert people["grown"][bare].mean() < 0.03
