from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from sampler.streams import Draws

WHOLE = Draws(seed=3, split="train", component="pose", start=0, n=400)


@given(start=st.integers(0, 380), n=st.integers(0, 20), width=st.integers(1, 9))
def test_a_row_does_not_depend_on_where_the_window_lies(start: int, n: int, width: int) -> None:
    window = replace(WHOLE, start=start, n=n)
    whole = WHOLE.uniforms("yaw", width)
    assert np.array_equal(window.uniforms("yaw", width), whole[start : start + n])


def test_far_rows_are_reached_at_once() -> None:
    far = replace(WHOLE, start=10**12, n=3)
    beside = replace(WHOLE, start=10**12 + 1, n=2)
    assert np.array_equal(far.uniform("yaw")[1:], beside.uniform("yaw"))


@pytest.mark.parametrize("change", [{"seed": 4}, {"split": "test"}, {"component": "camera"}])
def test_every_part_of_the_key_matters(change: dict[str, object]) -> None:
    other = replace(WHOLE, **change)  # type: ignore[arg-type]
    assert abs(np.corrcoef(WHOLE.uniform("yaw"), other.uniform("yaw"))[0, 1]) < 0.2


def test_fields_are_independent() -> None:
    assert abs(np.corrcoef(WHOLE.uniform("yaw"), WHOLE.uniform("pitch"))[0, 1]) < 0.2


def test_uniforms_are_uniform_and_strictly_inside() -> None:
    u = Draws(0, "train", "x", 5, 100_000).uniform("a")
    assert 0 < u.min() < 1e-3
    assert 1 - 1e-3 < u.max() < 1
    assert kstest(u, "uniform").pvalue > 1e-4


def test_seeds_fill_32_bits() -> None:
    seeds = Draws(0, "train", "x", 0, 20_000).seeds("seed")
    assert seeds.min() >= 0
    assert 2**32 - 2**20 < seeds.max() < 2**32


def test_the_streams_are_pinned() -> None:
    """A change here breaks every manifest drawn so far: it must be meant."""
    got = Draws(1, "test", "pose", 2, 2).uniform("yaw")
    assert got.tolist() == [0.5254470616346225, 0.17441001592669636]
