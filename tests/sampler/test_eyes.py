"""Iris colours by ancestry."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import sampler
from sampler.pupil import pupil_diameter_mm

N = 8192


@cache
def brown_by_ancestry() -> dict[str, float]:
    """Share of dark brown irises among people of mostly one ancestry."""
    table = sampler.draw(sampler.load_config("facesynthetics"), 0, N)
    identity = table["identity"].combine_chunks()
    iris = np.array(table["eyes"].combine_chunks().field("iris").to_pylist())
    out = {}
    for ancestry in ("african", "asian", "european"):
        mostly = np.array(identity.field(ancestry).to_pylist()) > 0.8
        out[ancestry] = float((iris[mostly] == "brown").mean())
    return out


def test_brown_prevails_but_among_europeans() -> None:
    brown = brown_by_ancestry()
    assert brown["african"] > 0.9
    assert brown["asian"] > 0.85
    assert 0.25 < brown["european"] < 0.55


def test_pigment_effect_of_nothing_gives_the_catalogue() -> None:
    config = sampler.load_config("facesynthetics")
    eyes = config.eyes.model_copy(update={"pigment_effect": 0.0, "shares": {"blue": 1e6}})
    table = sampler.draw(config.model_copy(update={"eyes": eyes}), 0, 512)
    iris = np.array(table["eyes"].combine_chunks().field("iris").to_pylist())
    assert (iris == "blue").mean() > 0.99


@pytest.mark.parametrize(
    ("luminance", "age", "diameter"),
    # Without light 7.75 mm, in endless light 2 mm, at 846 cd a field of one square degree
    # 7.75 - 5.75 / 3; age turns them by 0.02132 - 0.009562 D a year.
    [(0.0, 28.58, 7.75), (1e15, 28.58, 2.0), (846.0, 28.58, 5.8333), (846.0, 78.58, 4.1103)],
)
def test_pupils_are_those_of_the_formula(luminance: float, age: float, diameter: float) -> None:
    drawn = pupil_diameter_mm(np.array([luminance]), 1.0, np.array([age]))
    assert drawn == pytest.approx([diameter], abs=2e-3)


def test_pupils_are_wide_in_the_dark_and_narrow_in_age() -> None:
    table = sampler.draw(sampler.load_config("facesynthetics"), 0, N)
    pupil = np.array(table["eyes"].combine_chunks().field("pupil_ratio"))
    scheme = np.array(table["environment"].combine_chunks().field("scheme").to_pylist())
    age = np.array(table["identity"].combine_chunks().field("age_years"))
    dim, sun = scheme == "low_light", scheme == "sun"
    assert pupil[dim].mean() > 1.6 * pupil[sun].mean()
    assert pupil[dim & (age < 35)].mean() > 1.15 * pupil[dim & (age > 60)].mean()
    assert 0.25 < pupil.mean() < 0.42
    assert ((pupil > 0.15) & (pupil < 0.75)).all()
