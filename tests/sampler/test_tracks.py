"""Head-motion tracks: what moves, how fast, and what stays."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from numpy.typing import NDArray
from scipy import stats

from sampler import Inputs, Sampler, load_config
from sampler.motion import Waves, minimum_jerk, unit_uniform, waves
from sampler.motion_model import Band
from sampler.scene import BLOCK_ROWS
from sampler.streams import Draws
from spec_schema.arrow import row_to_spec
from spec_schema.frames import camera_from_head_rotation, direction_from_angles
from spec_schema.spec import ARKIT_UNITS
from tests.sampler.tables import column, stack, values

F64 = NDArray[np.float64]
RESTING = {"kind": "constant", "value_s": 1000.0}


def tracks(inputs: Inputs, count: int, **layout: Any) -> tuple[pa.Table, int]:
    config = load_config("sequence", {"layout": layout})
    frames = config.layout.rows_an_identity
    return Sampler(config, inputs, 5, "train").draw(0, count * frames), frames


def rotations(table: pa.Table) -> F64:
    return camera_from_head_rotation(
        *(values(table, f"pose.{a}_deg") for a in ("yaw", "pitch", "roll"))
    )


def speeds_deg_s(rotation: F64, frames: int, rate_hz: float) -> F64:
    """Angular speed between frames ``(tracks, frames - 1)``."""
    r = rotation.reshape(-1, frames, 3, 3)
    between = np.swapaxes(r[:, :-1], -1, -2) @ r[:, 1:]
    cosine = (np.trace(between, axis1=-2, axis2=-1) - 1) / 2
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1, 1))) * rate_hz)


@pytest.fixture(scope="module")
def shipped(inputs: Inputs) -> pa.Table:
    return tracks(inputs, 30)[0]


def test_a_frame_can_be_computed_alone(shipped: pa.Table, inputs: Inputs) -> None:
    fresh = Sampler(load_config("sequence"), inputs, 5, "train")
    for start, n in ((BLOCK_ROWS + 77, 1), (8, 5), (299, 2), (BLOCK_ROWS - 2, 4)):
        part = fresh.draw(start, n).combine_chunks()
        assert part == shipped.slice(start, n).combine_chunks(), start


@pytest.mark.parametrize("frames", [1, 7, 5000])
def test_tracks_of_any_length(inputs: Inputs, frames: int) -> None:
    table, _ = tracks(inputs, max(2, 400 // frames), frames=frames)
    again = Sampler(load_config("sequence", {"layout": {"frames": frames}}), inputs, 5, "train")
    last = len(table) - 3
    assert again.draw(last, 3).combine_chunks() == table.slice(last, 3).combine_chunks()
    assert values(table, "sample.frame").max() == frames - 1


def test_track_frame_and_time_columns(shipped: pa.Table) -> None:
    index = np.arange(len(shipped))
    assert np.array_equal(values(shipped, "sample.track_id"), index // 300)
    assert np.array_equal(values(shipped, "sample.identity_id"), index // 300)
    assert np.array_equal(values(shipped, "sample.frame"), index % 300)
    assert values(shipped, "sample.time_s") == pytest.approx(index % 300 / 30, abs=1e-6)
    assert not values(shipped, "sample.variation").any()


def test_one_person_one_camera_and_one_light_a_track(shipped: pa.Table) -> None:
    moving = {"sample", "pose", "expression", "gaze", "render_seed"}
    for name in set(shipped.column_names) - moving:
        rows = shipped.column(name).combine_chunks()
        first = pa.array(np.arange(len(rows)) // 300 * 300)
        # A camera keeps what it is; how far the head turns in an exposure follows the head.
        fields = [f.name for f in rows.type if not f.name.startswith("turn_")]
        for field in fields:
            column = pc.struct_field(rows, field)
            assert column == column.take(first), f"{name}.{field}"


def test_frames_are_scene_specs(shipped: pa.Table) -> None:
    specs = [row_to_spec(row, "row").sample for row in shipped.slice(295, 10).to_pylist()]
    assert [s.track_id for s in specs] == [0] * 5 + [1] * 5
    assert [s.frame for s in specs] == [295, 296, 297, 298, 299, 0, 1, 2, 3, 4]


def test_time_and_not_frames_decides_the_pose(inputs: Inputs) -> None:
    slow, fast = (
        values(tracks(inputs, 40, frames=n, frame_rate_hz=rate)[0], "pose.yaw_deg").reshape(40, n)
        for n, rate in ((31, 10.0), (61, 20.0))
    )
    # Frames between may make the neck ask for less motion in a few tracks.
    assert np.mean(np.abs(slow - fast[:, ::2]).max(axis=1) < 1e-4) > 0.9


@pytest.mark.parametrize("preset", ["sequence", "facesynthetics"])
def test_poses_over_all_tracks_follow_the_declared_distribution(
    inputs: Inputs, preset: str
) -> None:
    """At any time, though each track by itself moves in a part of it."""
    layout = load_config("sequence").layout.model_dump()
    layout |= {"frames": 4, "frame_rate_hz": 0.25}
    config = load_config(preset, {"layout": layout})
    table = Sampler(config, inputs, 1, "train").draw(0, 4 * BLOCK_ROWS)
    for angle in ("yaw", "pitch", "roll"):
        declared = getattr(config.pose, angle)
        grid = declared.ppf(np.linspace(1e-6, 1 - 1e-6, 20_001))
        drawn = values(table, f"pose.{angle}_deg").reshape(-1, 4)
        for frame in (0, 3):
            result = stats.kstest(drawn[:, frame], lambda x, g=grid: np.searchsorted(g, x) / len(g))
            assert result.pvalue > 0.01 / 12, (angle, frame, result)
        assert drawn.std(axis=1).mean() > 0.4 * drawn.std()


def test_heads_turn_smoothly_and_no_faster_than_declared(shipped: pa.Table) -> None:
    speed = speeds_deg_s(rotations(shipped), 300, 30)
    assert speed.max() < 240
    assert np.median(speed.max(axis=1)) > 25  # they do move
    assert np.mean(speed < 5) > 0.1  # and rest
    acceleration = np.diff(speed, axis=1) * 30
    assert np.abs(acceleration).max() < 1500


def test_a_speed_limit_slows_a_track_down(inputs: Inputs) -> None:
    table, frames = tracks(inputs, 20, motion={"pose": {"max_speed_deg_s": 20.0}})
    assert speeds_deg_s(rotations(table), frames, 30).max() < 20


def test_heads_shift_as_necks_let_them(shipped: pa.Table) -> None:
    position = stack(shipped, "pose", ("x_m", "y_m", "z_m")).astype(np.float64).reshape(30, 300, 3)
    speed = np.linalg.norm(np.diff(position, axis=1), axis=-1) * 30
    assert 0.02 < np.median(speed) < 0.3
    assert speed.max() < 0.8
    # The turn about the neck moves the eyes to the side that the nose turns to.
    yaw = values(shipped, "pose.yaw_deg").reshape(30, 300)
    sideways = [np.corrcoef(y, p[:, 0])[0, 1] for y, p in zip(yaw, position, strict=True)]
    assert np.median(sideways) < -0.8


def test_without_motion_a_head_stands_still(inputs: Inputs) -> None:
    still = {"pose": {"spread": 0.0}, "sway": {"scale_m": 0.0}}
    table, frames = tracks(inputs, 3, frames=50, motion=still)
    for name in ("yaw_deg", "pitch_deg", "roll_deg", "x_m", "z_m"):
        rows = values(table, f"pose.{name}").reshape(-1, frames)
        assert np.ptp(rows, axis=1).max() < 1e-5, name


def blinks(closure: F64, rate_hz: float) -> list[tuple[float, float, float]]:
    """(start, peak, end) in seconds of each run above 0."""
    edges = np.flatnonzero(np.diff((closure > 1e-4).astype(int)))
    return [
        (a / rate_hz, (a + closure[a:b].argmax()) / rate_hz, b / rate_hz)
        for a, b in itertools.pairwise(edges)
        if closure[a + 1] > 1e-4
    ]


def test_blinks_have_the_rate_and_shape_of_real_ones(inputs: Inputs) -> None:
    table, frames = tracks(
        inputs, 12, frames=6000, frame_rate_hz=200.0, motion={"expression": {"interval": RESTING}}
    )
    left = values(table, "expression.eyeBlinkLeft").reshape(-1, frames)
    both = np.abs(left - values(table, "expression.eyeBlinkRight").reshape(-1, frames))
    assert both.max() == 0
    found = [b for row in left for b in blinks(row, 200)]
    per_minute = len(found) / (12 * 30 / 60)
    assert 13 < per_minute < 22
    durations = np.array([end - start for start, _, end in found])
    assert durations.min() > 0.18
    assert durations.max() < 0.42
    closing = np.array([peak - start for start, peak, _ in found])
    assert np.mean(closing < durations / 2) > 0.95  # they close faster than they open
    assert np.mean([row.max() for row in left]) == pytest.approx(1, abs=1e-3)


def test_expressions_come_and_go(inputs: Inputs) -> None:
    table, frames = tracks(inputs, 10, frames=1500, frame_rate_hz=50.0)
    units = [u for u in ARKIT_UNITS if not u.startswith("eye")]
    weights = stack(table, "expression", tuple(units)).reshape(10, frames, -1)
    total = weights.max(axis=-1)
    assert 0.1 < np.mean(total < 0.05) < 0.6  # at rest
    assert 0.15 < np.mean(total > 0.3) < 0.8  # at work
    # An onset of 0.2 s and full weight changes by 1.875 / 0.2 s at its steepest.
    assert np.abs(np.diff(weights, axis=1)).max() * 50 < 1.05 * 1.875 / 0.2 * 1.5
    blink, wide, squint = (
        values(table, f"expression.eye{name}Left") for name in ("Blink", "Wide", "Squint")
    )
    assert np.minimum(blink, wide).max() == 0
    assert (blink + squint).max() < 1.1 + 1e-6
    smiles = weights[:, :, units.index("mouthSmileLeft")]
    assert (np.diff((smiles > 0.05).astype(int), axis=1) == 1).sum() > 5


def test_eyes_hold_what_they_look_at_and_jump_between(inputs: Inputs) -> None:
    table, frames = tracks(inputs, 20, frames=1000, frame_rate_hz=100.0)
    ahead = direction_from_angles(values(table, "gaze.yaw_deg"), values(table, "gaze.pitch_deg"))
    in_camera = np.einsum("nij,nj->ni", rotations(table), ahead).reshape(20, frames, 3)
    cosine = (in_camera[:, 1:] * in_camera[:, :-1]).sum(axis=-1)
    speed = np.degrees(np.arccos(np.clip(cosine, -1, 1))) * 100
    saccade = speed > 100
    assert 0.01 < saccade.mean() < 0.15
    # Between saccades the eyes hold on: against a head that turns on, they stay on the spot.
    assert np.median(speed[~saccade]) < 1.5
    starts = (np.diff(saccade.astype(int), axis=1) == 1).sum(axis=1) / 10
    assert 0.5 < starts.mean() < 3
    assert speed.max() < 1000


def test_waves_are_standard_normal_and_band_limited() -> None:
    drawn = waves(Draws(0, "train", "x", 0, 4000), "w", Band(low_hz=0.1, high_hz=1.0))
    track = np.arange(4000)
    for time_s in (0.0, 3.7):
        assert stats.kstest(drawn.at(track, np.full(4000, time_s)), "norm").pvalue > 0.001
    one = np.zeros(4096, np.int64)
    spectrum = np.abs(np.fft.rfft(drawn.at(one, np.arange(4096) / 16) * np.hanning(4096)))
    frequency = np.fft.rfftfreq(4096, 1 / 16)
    assert spectrum[frequency > 1.05].max() < 1e-3 * spectrum.max()
    steps = np.diff(drawn.at(one, np.arange(4096) / 64)) * 64
    assert np.abs(steps).max() <= drawn.max_speed[0]


def test_a_moving_uniform_stays_uniform() -> None:
    draws = Draws(0, "train", "x", 0, 20_000)
    moving = Waves(np.ones((1, 1)), np.ones((1, 1)), np.zeros((1, 1)))
    assert moving.at(np.zeros(1, np.int64), np.array([0.25]))[0] == pytest.approx(0, abs=1e-12)
    normal = stats.norm.ppf(draws.uniform("b"))
    for spread in (0.0, 0.6, 1.0):
        u = unit_uniform(draws.uniform("a"), normal, np.full(20_000, spread))
        assert stats.kstest(u, "uniform").pvalue > 0.001


def test_the_step_of_least_jerk() -> None:
    x = np.array([-1.0, 0.0, 0.5, 1.0, 2.0])
    assert minimum_jerk(x) == pytest.approx([0, 0, 0.5, 1, 1])
    fine = minimum_jerk(np.linspace(0, 1, 1001))
    assert np.diff(fine).max() * 1000 == pytest.approx(1.875, abs=1e-3)
    assert np.diff(fine).min() >= 0


def test_held_columns_of_a_track_are_those_of_a_still(inputs: Inputs) -> None:
    stills = Sampler(load_config("frontal"), inputs, 5, "train").draw(0, 4)
    table, _ = tracks(inputs, 4)
    ages = values(table, "identity.age_years")[::300]
    assert np.array_equal(ages, values(stills, "identity.age_years"))
    assert (
        column(table, "hair.style").to_pylist()[::300] == column(stills, "hair.style").to_pylist()
    )
