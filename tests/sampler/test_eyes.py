"""Iris colours by ancestry."""

from __future__ import annotations

from functools import cache

import numpy as np

import sampler

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
