from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sampler import SamplerConfig, load_config, pose, preset_names
from sampler.pose import Pose
from sampler.streams import Draws
from spec_schema.frames import (
    angles_from_camera_from_head,
    camera_from_world_rotation,
    rotation_x,
    rotation_y,
    rotation_z,
    world_from_head_rotation,
)

N = 20_000


def drawn(config: SamplerConfig) -> Pose:
    return pose.draw(config.pose, Draws(1, "train", "pose", 0, N))


def turn_deg(p: Pose) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    camera = camera_from_world_rotation(p.azimuth_deg, p.elevation_deg, p.camera_roll_deg)
    return pose.turn_angles_deg(world_from_head_rotation(camera, p.camera_from_head))


def test_turn_angles_read_back_what_they_are_made_of() -> None:
    angles = np.radians([[20.0, -10.0, 5.0], [-50.0, 25.0, -12.0]])
    made = rotation_y(angles[:, 0]) @ rotation_x(-angles[:, 1]) @ rotation_z(angles[:, 2])
    assert pose.turn_angles_deg(made) == pytest.approx(np.degrees(angles))


def test_the_label_has_the_declared_distribution(config: SamplerConfig) -> None:
    p = drawn(config)
    for values, loc, scale, low, high in (
        (p.yaw_deg, 0, 33, -90, 90),
        (p.pitch_deg, 5, 13, -40, 45),
        (p.roll_deg, 0, 10, -30, 30),
    ):
        oracle = stats.truncnorm((low - loc) / scale, (high - loc) / scale, loc, scale)
        assert stats.kstest(values, oracle.cdf).pvalue > 0.01 / 3


def test_the_label_is_the_rotation(config: SamplerConfig) -> None:
    p = drawn(config)
    label = np.stack([p.yaw_deg, p.pitch_deg, p.roll_deg], axis=-1)
    assert angles_from_camera_from_head(p.camera_from_head) == pytest.approx(label, abs=1e-9)


@pytest.mark.parametrize("preset", preset_names())
def test_no_neck_is_wrung(preset: str) -> None:
    config = load_config(preset)
    limits = config.pose.turn_limits
    axes = np.array([limits.yaw_deg, limits.pitch_deg, limits.roll_deg])
    reach = np.sqrt(((turn_deg(drawn(config)) / axes) ** 2).sum(axis=1))
    assert reach.max() <= 1 + 1e-9
    assert reach.mean() > 0.2, "the neck shall take its part"


def test_the_horizon_is_level_unless_asked(config: SamplerConfig) -> None:
    assert not drawn(config).camera_roll_deg.any()
    tilted = drawn(
        load_config(overrides=["pose.camera_roll={kind='uniform',low_deg=5,high_deg=9}"])
    )
    assert np.median(tilted.camera_roll_deg) == pytest.approx(7, abs=0.3)


def test_the_camera_rolls_only_where_the_neck_can_not() -> None:
    p = drawn(load_config("wide"))
    gentle = np.abs(p.roll_deg) < 20
    assert np.count_nonzero(p.camera_roll_deg[gentle]) == 0
    assert np.median(np.abs(p.camera_roll_deg[np.abs(p.roll_deg) > 35])) > 5


def test_a_turn_to_the_camera_is_told_from_an_orbit() -> None:
    """All of the yaw by the neck: the camera faces the chest. None: the head is straight."""
    for share, wrung in ((0, False), (1, True)):
        still = [
            f"pose.head_share_{a}={{kind='constant',value={share}}}" for a in ("yaw", "pitch")
        ] + [f"pose.{a}_jitter={{kind='constant',value_deg=0}}" for a in ("azimuth", "elevation")]
        p = drawn(load_config("frontal", still))
        turn = turn_deg(p)
        small = (np.abs(p.yaw_deg) < 30) & (np.abs(p.pitch_deg) < 12) & (np.abs(p.roll_deg) < 8)
        if wrung:
            assert np.abs(p.azimuth_deg[small]).max() < 1e-6
            # +yaw turns the nose to image-left, which is the subject's right.
            assert np.corrcoef(turn[:, 0], p.yaw_deg)[0, 1] < -0.9
        else:
            assert np.abs(turn[:, :2]).max() < 1e-6
            assert p.azimuth_deg == pytest.approx(p.yaw_deg)
