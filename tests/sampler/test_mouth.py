"""Teeth: sets by share, shade and stain by age."""

from __future__ import annotations

import numpy as np
import pytest

import sampler
from assets.mouth import teeth_sets
from spec_schema import SpecError

N = 8192


def columns(**changes: object) -> dict[str, np.ndarray]:
    config = sampler.load_config("facesynthetics")
    mouth = config.mouth.model_copy(update=changes)
    table = sampler.draw(config.model_copy(update={"mouth": mouth}), 0, N)
    rows = table["mouth"].combine_chunks()
    out = {name: np.array(rows.field(name).to_pylist()) for name in ("teeth", "shade", "stain")}
    out["age"] = np.array(table["identity"].combine_chunks().field("age_years").to_pylist())
    return out


def test_sets_come_by_their_shares() -> None:
    drawn = columns()["teeth"]
    sets = teeth_sets()
    total = sum(s.share for s in sets.values())
    for id_, one in sets.items():
        expected = one.share / total
        error = 4 * np.sqrt(expected * (1 - expected) / N)
        assert (drawn == id_).mean() == pytest.approx(expected, abs=error)


def test_teeth_darken_with_age() -> None:
    drawn = columns()
    young, old = drawn["age"] < 25, drawn["age"] > 65
    assert drawn["shade"][old].mean() > drawn["shade"][young].mean() + 0.2
    assert drawn["stain"][old].mean() > drawn["stain"][young].mean() + 0.1
    assert drawn["shade"].max() <= 1


def test_age_changes_nothing_where_it_should_not() -> None:
    drawn = columns(shade_of_age=0.0)
    assert abs(np.corrcoef(drawn["age"], drawn["shade"])[0, 1]) < 0.05


def test_a_share_of_an_unknown_set_is_told() -> None:
    with pytest.raises(SpecError, match=r"mouth\.shares.*'gab'.*did you mean 'gap'"):
        columns(shares={"gab": 1.0})
