from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampler import SamplerConfig, camera, framing, load_config
from sampler.streams import Draws
from spec_schema import frames as rotations

POINTS = np.random.Generator(np.random.Philox(3)).normal(0, 0.04, (3, 68, 1))


@given(
    size=st.floats(0.05, 0.8),
    x=st.floats(0.2, 0.8),
    y=st.floats(0.2, 0.8),
    ratio=st.floats(0.9, 8),
)
def test_the_box_is_hit(size: float, x: float, y: float, ratio: float) -> None:
    wanted = np.array([size]), np.array([[x, y]]), np.array([ratio])
    position = framing.solve(POINTS, *wanted)
    got_size, got_centre = framing.box(POINTS, position, wanted[2])
    assert abs(got_size - size) * 640 < 0.5
    assert np.abs(got_centre - [x, y]).max() * 640 < 0.5
    assert (POINTS[2] + position[:, 2]).min() > 0


def test_a_start_that_fits_is_kept() -> None:
    args = np.array([0.4]), np.array([[0.5, 0.5]]), np.array([2.0])
    position = framing.solve(POINTS, *args)
    assert np.array_equal(framing.solve(POINTS, *args, position), position)


def test_a_box_by_hand() -> None:
    points = np.array([[[-0.1], [0.1]], [[0.0], [0.3]], [[0.0], [0.0]]])
    size, centre = framing.box(points, np.array([[0.0, 0.0, 2.0]]), np.array([2.0]))
    assert size == pytest.approx([0.3])
    assert centre == pytest.approx(np.array([[0.5, 0.65]]))


def drawn(config: SamplerConfig) -> camera.Framing:
    return camera.draw_framing(config.camera, Draws(0, "train", "camera", 0, 20_000))


def test_boxes_keep_to_the_picture(config: SamplerConfig) -> None:
    framed = drawn(config)
    reach = framed.face_size[:, None] / 2 + config.camera.margin
    assert (framed.centre >= reach - 1e-9).all()
    assert (framed.centre <= 1 - reach + 1e-9).all()
    assert framed.accepted.mean() > 0.999


def test_an_unlikely_framing_is_bent_rather_than_broken() -> None:
    config = load_config(
        overrides=["camera.centre_x={kind='constant',value=0.95}", "camera.min_distance_m=3"]
    )
    framed = drawn(config)
    assert framed.accepted.sum() == 0
    reach = framed.face_size / 2 + config.camera.margin
    assert framed.centre[:, 0] == pytest.approx(1 - reach)
    assert (framed.focal_ratio * 0.125 / framed.face_size).min() > 2.999


def test_a_head_from_behind_is_in_focus() -> None:
    """The lens is set on what it sees: the eyes of a face, the crown of a head turned away."""
    config = load_config("full-range")
    landmarks = np.zeros((3, 68, 3), np.float32)
    turned = rotations.camera_from_head_rotation(np.array([0.0, 80.0, 180.0]), 0.0, 0.0)
    position = np.array([[0.0, 0.0, 1.0]] * 3)
    ones = np.ones(3)
    framed = camera.Framing(
        0.4 * ones, 0.5 * np.ones((3, 2)), 2 * ones, np.ones(3, np.int64), np.ones(3, bool)
    )
    draws = Draws(0, "train", "camera", 0, 3)
    lens = camera.solve_lens(config.camera, draws, framed, turned, landmarks, position)
    assert lens.focus_distance_m == pytest.approx([1.0, 1.0, 1.0 - 0.09 - 0.095])
