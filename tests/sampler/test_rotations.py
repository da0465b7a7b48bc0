"""Rotations that are even over SO(3), and heads all round, tested on the matrices."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.transform import Rotation

from sampler import load_config, pose
from sampler.streams import Draws
from spec_schema.frames import angles_from_camera_from_head
from tests.sampler.statistics import surprising

N = 50_000
WHOLE = [
    "pose.yaw={kind='cosine',low_deg=-180,high_deg=180}",
    "pose.pitch={kind='uniform',low_deg=-90,high_deg=90}",
    "pose.roll={kind='uniform',low_deg=-180,high_deg=180}",
]


def rotations(preset: str, overrides: list[str] | None = None) -> np.ndarray:
    config = load_config(preset, overrides or []).pose
    return pose.draw(config, Draws(2, "train", "pose", 0, N)).camera_from_head


def test_without_limits_rotations_are_haar() -> None:
    """Of an even rotation every column is even on the sphere, so that each entry is even in -1
    to 1 (Archimedes), the angle has density (1 - cos)/pi, and a fixed turn from either side
    changes nothing."""
    drawn = rotations("uniform-so3", WHOLE)
    fixed = Rotation.from_euler("XYZ", [0.7, -1.1, 2.3]).as_matrix()
    p_values = {}
    for name, r in (("as is", drawn), ("left", fixed @ drawn), ("right", drawn @ fixed)):
        for i, j in itertools.product(range(3), repeat=2):
            p_values[f"{name} {i}{j}"] = stats.kstest(r[:, i, j], stats.uniform(-1, 2).cdf).pvalue
        angle = np.arccos(np.clip((np.trace(r, axis1=1, axis2=2) - 1) / 2, -1, 1))
        p_values[f"{name} angle"] = stats.kstest(angle, lambda x: (x - np.sin(x)) / np.pi).pvalue
    assert not surprising(p_values)


def test_the_preset_is_haar_cut_to_its_limits() -> None:
    """The same as even rotations of SciPy's, of which those beyond the limits are dropped."""
    config = load_config("uniform-so3").pose
    limits = np.array([getattr(config, a).support() for a in ("yaw", "pitch", "roll")])
    even = Rotation.random(600_000, random_state=4).as_matrix()
    angles = angles_from_camera_from_head(even)
    theirs = even[((angles >= limits[:, 0]) & (angles <= limits[:, 1])).all(axis=1)]
    assert len(theirs) > 50_000
    mine = rotations("uniform-so3")
    p_values = {
        f"{i}{j}": stats.ks_2samp(mine[:, i, j], theirs[:, i, j]).pvalue
        for i, j in itertools.product(range(3), repeat=2)
    }
    p_values["angle"] = stats.ks_2samp(
        np.trace(mine, axis1=1, axis2=2), np.trace(theirs, axis1=1, axis2=2)
    ).pvalue
    assert not surprising(p_values)


def test_even_angles_would_be_noticed() -> None:
    """The mistake that the preset avoids: an even yaw gathers rotations at its poles."""
    drawn = rotations(
        "uniform-so3", [*WHOLE, "pose.yaw={kind='uniform',low_deg=-180,high_deg=180}"]
    )
    assert stats.kstest(drawn[:, 0, 2], stats.uniform(-1, 2).cdf).pvalue < 1e-9


def test_full_range_looks_from_all_round() -> None:
    facing_away = rotations("full-range")[:, 2, 2] > 0
    assert np.mean(facing_away) == pytest.approx(0.5, abs=0.01)
    config = load_config("full-range").pose
    drawn = pose.draw(config, Draws(2, "train", "pose", 0, N))
    assert stats.kstest(drawn.yaw_deg, stats.uniform(-180, 360).cdf).pvalue > 1e-3
