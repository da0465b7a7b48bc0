from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError
from scipy import integrate, stats

from sampler import identity
from sampler.distributions import Categorical, Distribution, TruncatedNormal
from sampler.streams import Draws
from tests.sampler.statistics import continuous

N = 100_000
ADAPTER: TypeAdapter[Any] = TypeAdapter(Distribution)


def histogram_cdf(x: Any) -> Any:
    return np.interp(x, [0, 1, 3, 10], [0, 0.5, 0.75, 1.0])


def mixture_cdf(x: Any) -> Any:
    return 0.25 * stats.uniform(-1, 1).cdf(x) + 0.75 * stats.norm(5, 2).cdf(x)


def cosine_cdf(low: float, high: float) -> Any:
    """By SciPy's quadrature of the density."""
    grid = np.linspace(low, high, 20_001)
    run = integrate.cumulative_trapezoid(np.abs(np.cos(np.radians(grid))), grid, initial=0)
    return lambda x: np.interp(x, grid, run / run[-1])


CASES: list[tuple[dict[str, Any], Any]] = [
    ({"kind": "uniform", "low": -2, "high": 5}, stats.uniform(-2, 7).cdf),
    ({"kind": "log_uniform", "low": 0.2, "high": 30}, stats.loguniform(0.2, 30).cdf),
    ({"kind": "normal", "loc": 3, "scale": 2}, stats.norm(3, 2).cdf),
    (
        {"kind": "truncated_normal", "loc": 1, "scale": 2, "low": -1, "high": 6},
        stats.truncnorm(-1, 2.5, 1, 2).cdf,
    ),
    (
        {"kind": "truncated_normal", "loc": 0, "scale": 1, "low": 3, "high": 4},
        stats.truncnorm(3, 4, 0, 1).cdf,
    ),
    (
        {"kind": "beta", "concentration": 2.5, "low": -1, "high": 3},
        stats.beta(2.5, 2.5, -1, 4).cdf,
    ),
    ({"kind": "von_mises", "loc": 0, "concentration": 3}, stats.vonmises(3, 0, 180 / np.pi).cdf),
    ({"kind": "cosine", "low": -90, "high": 90}, lambda x: (np.sin(np.radians(x)) + 1) / 2),
    ({"kind": "cosine", "low": -180, "high": 180}, cosine_cdf(-180, 180)),
    ({"kind": "cosine", "low": -100, "high": 30}, cosine_cdf(-100, 30)),
    ({"kind": "beta", "concentration": 0.3, "low": 0, "high": 1}, stats.beta(0.3, 0.3).cdf),
    ({"kind": "beta", "concentration": 40, "low": 0, "high": 1}, stats.beta(40, 40).cdf),
    ({"kind": "histogram", "edges": [0, 1, 3, 10], "weights": [2, 1, 1]}, histogram_cdf),
    (
        {
            "kind": "mixture",
            "weights": [1, 3],
            "of": [
                {"kind": "uniform", "low": -1, "high": 0},
                {"kind": "normal", "loc": 5, "scale": 2},
            ],
        },
        mixture_cdf,
    ),
]


@pytest.mark.parametrize(("declared", "cdf"), CASES, ids=[c[0]["kind"] for c in CASES])
def test_draws_follow_the_declaration(declared: dict[str, Any], cdf: Any) -> None:
    name = f"{declared['kind']}{declared.get('low', '')}"
    values = ADAPTER.validate_python(declared).ppf(Draws(0, "train", "test", 0, N).uniform(name))
    assert stats.kstest(values, cdf).pvalue > 0.01 / len(CASES)


@pytest.mark.parametrize("declared", [c[0] for c in CASES], ids=lambda c: str(c["kind"]))
def test_values_stay_within_the_support(declared: dict[str, Any]) -> None:
    distribution = ADAPTER.validate_python(declared)
    low, high = distribution.support()
    extreme = distribution.ppf(np.array([2.0**-53, 0.5, 1 - 2.0**-53]))
    assert np.isfinite(extreme).all()
    assert (low <= extreme).all()
    assert (extreme <= high).all()


def test_von_mises_wraps() -> None:
    distribution = ADAPTER.validate_python({"kind": "von_mises", "loc": 170, "concentration": 4})
    values = distribution.ppf(Draws(0, "train", "test", 0, N).uniform("wrap"))
    assert -180 <= values.min() < -150
    assert 150 < values.max() <= 180
    assert continuous(values, distribution)[0] > 0.001


def test_categorical_follows_its_weights() -> None:
    declared = Categorical(weights={"a": 1, "never": 0, "b": 3, "c": 6})
    codes, within = declared.codes(Draws(0, "train", "test", 0, N).uniform("names"))
    counts = np.bincount(codes, minlength=4)
    assert counts[1] == 0
    assert stats.chisquare(counts[[0, 2, 3]], N * np.array([0.1, 0.3, 0.6])).pvalue > 0.001
    assert stats.kstest(within, "uniform").pvalue > 0.001


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"kind": "uniform", "low": 2, "high": 2}, "must be less than"),
        ({"kind": "normal", "loc": 0, "scale": 0}, "greater than 0"),
        ({"kind": "normal", "loc": float("nan"), "scale": 1}, "finite"),
        ({"kind": "histogram", "edges": [0, 1], "weights": [1, 2]}, "need 3 edges"),
        ({"kind": "histogram", "edges": [0, 2, 1], "weights": [1, 2]}, "ascend"),
        ({"kind": "mixture", "weights": [0], "of": [{"kind": "constant", "value": 1}]}, "greater"),
        ({"kind": "truncated_normal", "loc": 0, "scale": 1, "low": 9, "high": 10}, "nothing"),
        ({"kind": "uniform", "low": 0, "high": 1, "hihg": 2}, "did you mean 'high'"),
    ],
)
def test_bad_declarations_are_refused(declared: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ADAPTER.validate_python(declared)


@pytest.mark.parametrize("cut", [0.3, 2.2, 9.0])
def test_shape_tables_are_normals_that_are_cut(cut: float) -> None:
    """What is looked up equals what is computed, up to the last cells."""
    u = Draws(0, "train", "test", 0, 100_000).uniform("u")
    inner = np.abs(u - 0.5) < 0.499
    cut_normal, whole_normal, cut_off = identity._cut_normals(cut)
    exact = TruncatedNormal(loc=0, scale=1, low=-cut, high=cut).ppf(u)
    assert np.abs(cut_normal(u) - exact)[inner].max() < 2e-4
    assert np.abs(cut_off(whole_normal(u)) - exact)[inner].max() < 2e-4
    assert np.abs(cut_normal(u)).max() <= min(cut, 4.1)
    ends = (-cut, cut, 0.0, 1.0)
    assert stats.kstest(cut_normal(u), stats.truncnorm(*ends).cdf).pvalue > 0.001
    assert stats.kstest(cut_off(whole_normal(u)), stats.truncnorm(*ends).cdf).pvalue > 0.001
