"""SciPy's word on what a config declares, and p-values for what was drawn of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel
from scipy import stats

from sampler import distributions as d
from sampler.config_model import Within
from sampler.quantities import Happens

F64 = NDArray[np.float64]


def declared(
    model: BaseModel, mark: type[Within] | type[Happens], path: str = ""
) -> Iterator[tuple[str, Any]]:
    """(path, value) of everything in a config that carries a mark."""
    for name, info in type(model).model_fields.items():
        value = getattr(model, name)
        if any(isinstance(m, mark) for m in info.metadata):
            yield path + name, value
        elif isinstance(value, BaseModel):
            yield from declared(value, mark, f"{path}{name}.")
        elif isinstance(value, dict):
            for key, item in value.items():
                if isinstance(item, BaseModel):
                    yield from declared(item, mark, f"{path}{name}.{key}.")


def cdf(of: Any, x: F64) -> F64:
    """The cumulative distribution of a declaration without single points, by SciPy."""
    match of:
        case d.Uniform():
            return np.asarray(stats.uniform(of.low, of.high - of.low).cdf(x))
        case d.LogUniform():
            return np.asarray(stats.loguniform(of.low, of.high).cdf(x))
        case d.Normal():
            return np.asarray(stats.norm(of.loc, of.scale).cdf(x))
        case d.TruncatedNormal():
            ends = ((of.low - of.loc) / of.scale, (of.high - of.loc) / of.scale)
            return np.asarray(stats.truncnorm(*ends, of.loc, of.scale).cdf(x))
        case d.Beta():
            c = of.concentration
            return np.asarray(stats.beta(c, c, of.low, of.high - of.low).cdf(x))
        case d.VonMises():
            # From -180 degrees on, wherever the mode lies.
            circle = stats.vonmises(of.concentration, np.radians(of.loc))
            return np.asarray(circle.cdf(np.radians(x)) - circle.cdf(-np.pi))
        case d.Cosine():
            grid = np.radians(np.linspace(of.low, of.high, 100_001))
            density = np.abs(np.cos(grid))
            run = np.concatenate([[0.0], np.cumsum(density[1:] + density[:-1])])
            return np.interp(np.radians(x), grid, run / run[-1])
        case d.Histogram():
            steps = np.concatenate([[0.0], np.cumsum(of.weights)])
            return np.interp(x, of.edges, steps / steps[-1])
        case d.Mixture():
            parts = [(w, p) for w, p in zip(of.weights, of.of, strict=True) if not _point(p)]
            total = sum(w for w, _ in parts)
            return np.asarray(sum(w / total * cdf(p, x) for w, p in parts))
    raise TypeError(f"no oracle for {type(of).__name__}")


def _point(of: Any) -> bool:
    return isinstance(of, d.Constant)


def _ks(values: F64, of: Any) -> float:
    return float(stats.kstest(values, lambda x: cdf(of, x), method="asymp").pvalue)


def continuous(values: F64, of: Any, precision: float = 0.0) -> list[float]:
    """p-values of values against their declaration: the continuous part by Kolmogorov-Smirnov,
    how often each single value comes by its binomial.

    Args:
        precision: absolute, for columns that were rounded.
    """
    if _point(of):
        np.testing.assert_allclose(values, of.value, atol=precision)
        return []
    if not isinstance(of, d.Mixture):
        return [_ks(values, of)]
    out = []
    for weight, part in zip(of.weights, of.of, strict=True):
        if _point(part):
            here = np.abs(values - part.value) <= precision
            out.append(chance(here, weight / sum(of.weights)))
            values = values[~here]
    return [*out, _ks(values, of)]


def chance(happened: NDArray[np.bool_], probability: F64 | float) -> float:
    """p-value of how often something happened, for a probability a row."""
    p = np.broadcast_to(np.asarray(probability, np.float64), happened.shape)
    spread = float(np.sqrt((p * (1 - p)).sum()))
    if spread == 0:
        np.testing.assert_array_equal(happened, p > 0.5)
        return 1.0
    return float(2 * stats.norm.sf(abs(happened.sum() - p.sum()) / spread))


def categorical(codes: NDArray[np.int64], probability: F64) -> float:
    """p-value by chi-square, for probabilities ``(K,)`` or one row of them a draw ``(n, K)``.

    With one row a draw the counts' covariance is the sum of the rows'; for equal rows that is
    Pearson's statistic.
    """
    p = np.broadcast_to(probability, (len(codes), np.shape(probability)[-1]))
    p = p / p.sum(axis=1, keepdims=True)
    surprise = np.bincount(codes, minlength=p.shape[1]) - p.sum(axis=0)
    kept = p.sum(axis=0) > 5
    assert not surprise[p.sum(axis=0) == 0].any(), "something came that can't"
    covariance = (np.diag(p.sum(axis=0)) - p.T @ p)[np.ix_(kept, kept)]
    inverse = np.linalg.pinv(covariance, rcond=1e-9, hermitian=True)
    freedom = np.linalg.matrix_rank(covariance, tol=1e-9 * np.trace(covariance), hermitian=True)
    return float(stats.chi2.sf(surprise[kept] @ inverse @ surprise[kept], freedom))


def surprising(p_values: dict[str, float], level: float = 0.01) -> dict[str, float]:
    """Those that Holm's correction for their number refuses."""
    out = {}
    for k, (name, p) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        if not p <= level / (len(p_values) - k):
            break
        out[name] = p
    return out
