"""Rotations, head-pose angles and projection against independent definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from spec_schema.frames import (
    CAMERA_FROM_FACING,
    angles_from_camera_from_head,
    camera_from_head_rotation,
    camera_from_world_rotation,
    direction_from_angles,
    intrinsics,
    project,
    quaternion_xyzw,
    rotation_as_seen,
    world_from_head_rotation,
)

yaw = st.floats(-89, 89)
other = st.floats(-179, 179)


@given(yaw, other, other)
def test_matches_the_definition_of_300w_lp(y: float, p: float, r: float) -> None:
    # Definition, in its own frame (x right, y up, z to the viewer), written out.
    pr, yr, rr = np.radians([p, y, r])
    rx = [[1, 0, 0], [0, np.cos(pr), np.sin(pr)], [0, -np.sin(pr), np.cos(pr)]]
    ry = [[np.cos(yr), 0, -np.sin(yr)], [0, 1, 0], [np.sin(yr), 0, np.cos(yr)]]
    rz = [[np.cos(rr), np.sin(rr), 0], [-np.sin(rr), np.cos(rr), 0], [0, 0, 1]]
    model = np.array(rx) @ np.array(ry) @ np.array(rz)
    ours = CAMERA_FROM_FACING @ camera_from_head_rotation(y, p, r)
    np.testing.assert_allclose(ours, model, atol=1e-12)


@given(yaw, other, other)
def test_matches_scipy_in_the_opencv_frame(y: float, p: float, r: float) -> None:
    expected = Rotation.from_euler("XYZ", [-p, y, r], degrees=True).as_matrix()
    ours = camera_from_head_rotation(y, p, r) @ CAMERA_FROM_FACING
    np.testing.assert_allclose(ours, expected, atol=1e-12)


@given(yaw, other, other)
def test_angles_round_trip(y: float, p: float, r: float) -> None:
    back = angles_from_camera_from_head(camera_from_head_rotation(y, p, r))
    np.testing.assert_allclose(back, [y, p, r], atol=1e-6)


def test_signs_as_people_see_them() -> None:
    nose = np.array([0.0, 0.0, 1.0])
    left_ear = np.array([1.0, 0.0, 0.0])
    crown = np.array([0.0, 1.0, 0.0])
    assert (camera_from_head_rotation(20, 0, 0) @ nose)[0] < 0  # nose to image-left
    assert (camera_from_head_rotation(0, 20, 0) @ nose)[1] < 0  # nose up (image y is down)
    assert (camera_from_head_rotation(0, 0, 20) @ crown)[0] > 0  # clockwise: crown to the right
    assert (camera_from_head_rotation(0, 0, 0) @ left_ear)[0] > 0  # subject's left: image-right


@given(other, st.floats(-80, 80), other)
def test_orbit_is_a_rotation_with_a_level_horizon(az: float, el: float, roll: float) -> None:
    r = camera_from_world_rotation(az, el, 0.0)
    np.testing.assert_allclose(r @ r.T, np.eye(3), atol=1e-12)
    assert np.isclose(np.linalg.det(r), 1)
    assert abs(r[0, 1]) < 1e-12  # the camera's x axis has no height
    rolled = camera_from_world_rotation(az, el, roll)
    np.testing.assert_allclose(rolled[2], r[2], atol=1e-12)  # roll keeps the line of sight


def test_orbit_directions() -> None:
    # The camera looks along its +z; seen from the subject's left it looks toward -x.
    assert camera_from_world_rotation(90, 0, 0)[2] == pytest.approx([-1, 0, 0])
    assert camera_from_world_rotation(0, 90, 0)[2] == pytest.approx([0, -1, 0])


@given(yaw, st.floats(-60, 60), other, other, st.floats(-60, 60))
def test_turn_closes_the_chain(y: float, p: float, r: float, az: float, el: float) -> None:
    label = camera_from_head_rotation(y, p, r)
    camera = camera_from_world_rotation(az, el, 0.0)
    turn = world_from_head_rotation(camera, label)
    np.testing.assert_allclose(camera @ turn, label, atol=1e-12)


@settings(max_examples=30)
@given(yaw, other, other)
def test_quaternion(y: float, p: float, r: float) -> None:
    m = camera_from_head_rotation(y, p, r)
    q = quaternion_xyzw(m)
    assert q[3] >= 0
    np.testing.assert_allclose(Rotation.from_quat(q).as_matrix(), m, atol=1e-12)


def test_broadcasting() -> None:
    batch = camera_from_head_rotation(np.zeros((4, 3)), 5.0, np.ones((4, 3)))
    assert batch.shape == (4, 3, 3, 3)


def test_projection_of_the_axis_is_the_centre() -> None:
    k = intrinsics(50, 36, 640)
    assert project(np.array([0.0, 0.0, 2.0]), k) == pytest.approx([320, 320])
    assert project(np.array([0.36, 0.0, 1.0]), k)[0] == pytest.approx(320 + 0.36 * 640 * 50 / 36)


def test_gaze_direction_signs() -> None:
    assert direction_from_angles(30, 0)[0] > 0
    assert direction_from_angles(0, 30)[1] > 0
    assert direction_from_angles(0, 0) == pytest.approx([0, 0, 1])


def placed(rotation: np.ndarray, at: list[float]) -> np.ndarray:
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = rotation, at
    return pose


def test_on_the_axis_a_head_is_seen_as_it_is() -> None:
    rotation = camera_from_head_rotation(33, -14, 21)
    np.testing.assert_allclose(
        rotation_as_seen(placed(rotation, [0, 0, 0.7])), rotation, atol=1e-12
    )


@pytest.mark.parametrize(
    ("at", "yaw", "pitch"),
    [([0.3, 0, 1], -1, 0), ([-0.3, 0, 1], 1, 0), ([0, 0.3, 1], 0, -1), ([0, -0.3, 1], 0, 1)],
)
def test_a_head_beside_the_axis_appears_turned_away_from_it(
    at: list[float], yaw: int, pitch: int
) -> None:
    """Facing along the axis at the picture's right, it shows more of its image-left cheek, so
    it seems turned to image-right (-yaw). In the lower half its top shows: it seems to look
    down (-pitch)."""
    seen = rotation_as_seen(placed(camera_from_head_rotation(0, 0, 0), at))
    angles = angles_from_camera_from_head(seen)
    expected = np.degrees(np.arctan(0.3)) * np.array([yaw, pitch, 0])
    np.testing.assert_allclose(angles, expected, atol=1e-9)


@given(other, other, other, st.floats(-0.6, 0.6), st.floats(-0.6, 0.6))
def test_as_seen_is_the_weak_perspective_of_a_small_head(
    yaw: float, pitch: float, roll: float, x: float, y: float
) -> None:
    """Polar decomposition of the picture's derivative at the head, taken by differences."""
    rotation = camera_from_head_rotation(yaw, pitch, roll)
    at = np.array([x, y, 1.3])
    step = 1e-6
    picture = [
        (
            project(at + step * rotation[:, i], np.eye(3))
            - project(at - step * rotation[:, i], np.eye(3))
        )
        / (2 * step)
        for i in range(3)
    ]
    u, _, vt = np.linalg.svd(np.array(picture).T, full_matrices=False)
    np.testing.assert_allclose(rotation_as_seen(placed(rotation, list(at)))[:2], u @ vt, atol=1e-6)


def test_as_seen_is_a_rotation() -> None:
    seen = rotation_as_seen(placed(camera_from_head_rotation(70, 20, -130), [0.4, -0.5, 0.6]))
    np.testing.assert_allclose(seen @ seen.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(seen) == pytest.approx(1)
