"""Nothing that a preset forbids is ever in a manifest."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampler import Inputs, Sampler, load_config, load_inputs, preset_names
from sampler.acceptance import GIVE_UP_AFTER, Tally
from sampler.placement import keep_inside
from sampler.scene import BLOCK_ROWS
from spec_schema.errors import SpecError
from tests.sampler.tables import boxes, values

HARD = {
    "tight": {"camera": {"face_size": {"kind": "uniform", "low": 0.01, "high": 0.9}}},
    "aside": {"camera": {"centre_x": {"kind": "uniform", "low": 0.0, "high": 1.0}}},
    "near": {"camera": {"min_distance_m": 2.0}},
    "narrow": {"accept": {"max_yaw_deg": 25.0, "max_pitch_deg": 15.0, "max_roll_deg": 12.0}},
}


def check(preset: str, overrides: dict[str, Any], inputs: Inputs, rows: int) -> Tally:
    config = load_config(preset, overrides)
    sampler = Sampler(config, inputs, 3, "train")
    tally = Tally()
    for piece in sampler.blocks(0, rows):
        block = sampler.draw_block(*piece)
        tally += block.tally
        low, high = boxes(block.table, inputs)
        # Positions are held as float32, and boxes are solved to 2e-5.
        margin, slack = config.camera.margin, 1e-4
        assert low.min() > margin - slack
        assert high.max() < 1 - margin + slack
        assert (high - low).max(axis=1).min() > config.accept.min_face - slack
        for angle in ("yaw", "pitch", "roll"):
            limit = getattr(config.accept, f"max_{angle}_deg")
            assert np.abs(values(block.table, f"pose.{angle}_deg")).max() <= limit
        distance = values(block.table, "pose.z_m")
        assert distance.min() > config.camera.min_distance_m - 1e-3
    return tally


@pytest.mark.parametrize("preset", preset_names())
def test_no_preset_breaks_its_rules(preset: str, inputs: Inputs) -> None:
    tally = check(preset, {}, inputs, 2 * BLOCK_ROWS)
    assert tally.rows == 2 * BLOCK_ROWS
    assert tally.candidates >= tally.rows
    assert 0.3 < tally.rate <= 1


@pytest.mark.parametrize("preset", ["facesynthetics", "stability", "sequence"])
def test_no_preset_breaks_its_rules_with_the_heads_of_the_pack(preset: str) -> None:
    check(preset, {}, load_inputs(), BLOCK_ROWS)


@pytest.mark.parametrize("preset", ["facesynthetics", "stability"])
@pytest.mark.parametrize("hard", HARD)
def test_nor_does_a_config_that_asks_for_it(preset: str, hard: str, inputs: Inputs) -> None:
    tally = check(preset, HARD[hard], inputs, BLOCK_ROWS)
    assert tally.rate < 0.95


@pytest.mark.parametrize("hard", ["tight", "aside", "near"])
def test_nor_does_a_track(hard: str, inputs: Inputs) -> None:
    check("sequence", HARD[hard], inputs, BLOCK_ROWS)


def test_a_track_that_would_leave_the_limits_is_refused(inputs: Inputs) -> None:
    config = load_config("sequence", ["accept.max_yaw_deg=40"])
    with pytest.raises(SpecError, match=r"pose\.yaw.*within accept\.max_yaw_deg = 40"):
        Sampler(config, inputs, 0, "train")


def test_rejection_is_bounded_and_ends_in_a_message(inputs: Inputs) -> None:
    config = load_config("wide", ["accept.max_yaw_deg=0.001"])
    with pytest.raises(SpecError, match=f"max_yaw_deg = 0.001.*{GIVE_UP_AFTER} in a row"):
        Sampler(config, inputs, 0, "train").draw(0, 1)


def test_a_low_rate_is_enough(inputs: Inputs) -> None:
    config = load_config("wide", ["accept.max_yaw_deg=9"])
    block = Sampler(config, inputs, 0, "train").draw_block(0, BLOCK_ROWS)
    assert block.tally.rate == pytest.approx(0.1, abs=0.02)


def test_refused_poses_are_drawn_again_and_counted(inputs: Inputs) -> None:
    config = load_config("wide", ["accept.max_yaw_deg=45"])
    sampler = Sampler(config, inputs, 0, "train")
    block = sampler.draw_block(0, BLOCK_ROWS)
    # Half of the yaws are refused, so two candidates a row are expected, and framing adds some.
    assert block.tally.candidates / BLOCK_ROWS == pytest.approx(2.06, abs=0.1)
    other = Sampler(load_config("wide"), inputs, 0, "train").draw(0, BLOCK_ROWS)
    kept = np.abs(values(other, "pose.yaw_deg")) <= 45
    same = values(block.table, "pose.yaw_deg") == values(other, "pose.yaw_deg")
    assert np.array_equal(same, kept)


def test_tallies_add_up() -> None:
    total = Tally(10, 12, 1) + Tally(10, 20, 0)
    assert dataclasses.astuple(total) == (20, 32, 1)
    assert total.rate == 19 / 32
    assert str(total) == "59.38% of the candidates accepted, 1 framing bent to the rules"


coordinates = st.floats(-0.3, 0.3)


@given(
    st.lists(st.tuples(coordinates, coordinates, coordinates), min_size=2, max_size=6),
    st.tuples(st.floats(-2, 2), st.floats(-2, 2), st.floats(0.35, 3)),
    st.floats(0.5, 8),
    st.floats(-0.1, 0.3),
)
def test_boxes_are_always_brought_inside(
    corners: list[tuple[float, float, float]],
    position: tuple[float, float, float],
    ratio: float,
    margin: float,
) -> None:
    points = np.array(corners).T[:, :, None]
    low, high = points, points + 0.02
    at, moved = keep_inside(low, high, np.array([position]), np.array([ratio]), margin)
    for x in (low, high):
        for z in (low, high):
            image = (x[:2] + at.T[:2, None]) / (z[2] + at[0, 2]) * ratio + 0.5
            assert image.min() > margin - 1e-3
            assert image.max() < 1 - margin + 1e-3
    if not moved[0]:
        assert np.array_equal(at, np.array([position]))
