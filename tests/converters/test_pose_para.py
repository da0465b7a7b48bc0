from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from converters.pose_para import PosePara, fit_pose, up_from_edge_px
from spec_schema.frames import camera_from_head_rotation, project
from tests.factories import head_shape

HEAD = head_shape()
FACE = HEAD.vertices_m[HEAD.face_vertices]
NOSE, CHIN, RIGHT_EYE, LEFT_EYE = (
    HEAD.vertices_m[HEAD.landmark_vertices[i]] for i in (30, 8, 36, 45)
)


def pose(pitch: float = 0, yaw: float = 0, roll: float = 0) -> PosePara:
    return PosePara.from_vector([pitch, yaw, roll, 225, 225, 0, 0.0012], 450)


def test_the_edge_of_the_image_is_half_a_pixel_before_the_first_pixel() -> None:
    # The centre of the top-left pixel: (0.5, 0.5) from the edge, (1, 1) counted from 1, Y = 450.
    np.testing.assert_array_equal(up_from_edge_px([[0.5, 0.5]], 450), [[1.0, 450.0]])
    np.testing.assert_array_equal(up_from_edge_px([[449.5, 449.5]], 450), [[450.0, 1.0]])


def test_positive_pitch_looks_up_yaw_turns_to_image_left_roll_is_clockwise() -> None:
    still = pose().project(np.stack([NOSE, CHIN]))
    up = pose(pitch=0.4).project(np.stack([NOSE, CHIN]))
    assert up[0, 1] < still[0, 1] - 5
    left = pose(yaw=0.4).project(np.stack([NOSE, CHIN]))
    assert left[0, 0] < still[0, 0] - 5
    # Clockwise on the screen: the chin, below the turning point, goes to the left.
    clockwise = pose(roll=0.4).project(np.stack([NOSE, CHIN]))
    assert clockwise[1, 0] < still[1, 0] - 5


def test_the_subjects_right_eye_is_image_left_and_the_nose_is_near() -> None:
    right, left = pose().project(np.stack([RIGHT_EYE, LEFT_EYE]))
    assert right[0] < left[0]
    assert pose().view(NOSE)[2] > pose().view(RIGHT_EYE)[2]


def test_the_rotation_is_scipys_of_the_opencv_formula() -> None:
    p, y, r = 0.3, -0.8, 0.5
    expected = Rotation.from_euler("XYZ", [-p, y, r]).as_matrix()
    # There the head's axes are OpenCV's too; ours are x left, y up, z out of the face.
    opencv_head = pose(p, y, r).camera_from_head @ np.diag([1, -1, -1])
    np.testing.assert_allclose(opencv_head, expected, atol=1e-12)


@given(st.floats(-1.2, 1.2), st.floats(-1.5, 1.5), st.floats(-1.2, 1.2))
def test_vector_and_pose_are_inverse(pitch: float, yaw: float, roll: float) -> None:
    first = pose(pitch, yaw, roll)
    again = PosePara.from_vector(first.vector(), 450)
    assert first.vector().shape == (1, 7)
    assert first.vector().dtype == np.float32
    np.testing.assert_allclose(again.rotation, first.rotation, atol=2e-6)
    np.testing.assert_allclose(again.head_m(again.view(FACE)), FACE, atol=1e-9)


def _seen(x_m: float, y_m: float, z_m: float, pixels_per_m: float) -> tuple[PosePara, float]:
    rotation = camera_from_head_rotation(34.0, -13.0, 21.0)
    k = np.array([[pixels_per_m * z_m, 0, 225], [0, pixels_per_m * z_m, 225], [0, 0, 1]])
    camera_m = FACE @ rotation.T + [x_m, y_m, z_m]
    found, fit = fit_pose(FACE, project(camera_m, k), rotation, 450)
    return found, fit.rms


def test_far_away_on_the_axis_it_is_the_plain_label() -> None:
    found, rms_px = _seen(0, 0, 20_000.0, 1200.0)
    np.testing.assert_allclose(found.angles_deg, [34.0, -13.0, 21.0], atol=1e-3)
    assert rms_px < 1e-3
    assert found.scale_px_per_um == pytest.approx(1200e-6, rel=1e-4)
    np.testing.assert_allclose(found.project(np.zeros(3)), [225, 225], atol=0.01)
    assert found.view(np.zeros(3))[2] == pytest.approx(0, abs=1e-9)


def test_off_the_axis_it_is_turned_by_the_viewing_ray() -> None:
    plain = camera_from_head_rotation(34.0, -13.0, 21.0)
    right, _ = _seen(2000.0, 0.0, 20_000.0, 1200.0)
    ray = Rotation.from_rotvec([0, np.arctan2(2000.0, 20_000.0), 0]).as_matrix()
    # Seen along its ray, the head stands as if the camera had turned toward it.
    expected = ray.T @ plain
    # A flat image sees the ray's stretch too, which is of second order in the angle.
    cosine = (np.trace(expected.T @ right.camera_from_head) - 1) / 2
    off_deg = np.degrees(np.arccos(min(1.0, cosine)))
    plain_off_deg = np.degrees(np.arccos((np.trace(plain.T @ right.camera_from_head) - 1) / 2))
    assert plain_off_deg > 5
    assert off_deg < 0.5
