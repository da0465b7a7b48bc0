"""Frames, head-pose angles and pinhole projection.

A transform is named target-from-source, so that adjacent names cancel. Frames:

- ``world``: the torso's frame, metres, x to the subject's left, y up, z out of the chest.
- ``head``: rigid with the skull, x to the subject's left, y up, z out of the face, origin
  between the eyes (docs/labels.md says how its zero is fixed).
- ``camera``: OpenCV; x right, y down, z forward.
- image: pixels, (0, 0) is the top-left corner of the top-left pixel, centres at +0.5.

Angles reported to people are yaw, pitch and roll in degrees with the signs of 300W-LP:
+yaw turns the nose to image-left, +pitch looks up, +roll turns clockwise in the image.
Source of the formulas: the definition of ``Pose_Para`` in 300W-LP (docs/labels.md).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "CAMERA_FROM_FACING",
    "angles_from_camera_from_head",
    "camera_from_head_rotation",
    "camera_from_world_rotation",
    "direction_from_angles",
    "intrinsics",
    "project",
    "quaternion_xyzw",
    "rotation_as_seen",
    "rotation_x",
    "rotation_y",
    "rotation_z",
    "world_from_head_rotation",
]

Array = NDArray[np.float64]

CAMERA_FROM_FACING: Array = np.diag([1.0, -1.0, -1.0])
"""Axes of a camera that faces the subject, from y-up axes with z toward the camera."""


def _matrix(a: ArrayLike, rows: str) -> Array:
    a = np.asarray(a, np.float64)
    values = {"c": np.cos(a), "s": np.sin(a), "-": -np.sin(a), "0": np.zeros_like(a)}
    values["1"] = np.ones_like(a)
    stacked = np.stack([values[k] for k in rows], axis=-1)
    return np.asarray(stacked.reshape(*a.shape, 3, 3))


def _radians(*angles_deg: ArrayLike) -> tuple[Array, ...]:
    return tuple(np.radians(np.asarray(a, np.float64)) for a in angles_deg)


def rotation_x(angle_rad: ArrayLike) -> Array:
    """Right-handed rotations about x. ``(*)`` radians to ``(*, 3, 3)``."""
    return _matrix(angle_rad, "1000c-0sc")


def rotation_y(angle_rad: ArrayLike) -> Array:
    """Right-handed rotations about y. ``(*)`` radians to ``(*, 3, 3)``."""
    return _matrix(angle_rad, "c0s010-0c")


def rotation_z(angle_rad: ArrayLike) -> Array:
    """Right-handed rotations about z. ``(*)`` radians to ``(*, 3, 3)``."""
    return _matrix(angle_rad, "c-0sc0001")


def camera_from_head_rotation(
    yaw_deg: ArrayLike, pitch_deg: ArrayLike, roll_deg: ArrayLike
) -> Array:
    """``camera_from_head`` rotations ``(*, 3, 3)`` from 300W-LP angles in degrees ``(*)``."""
    yaw, pitch, roll = (
        np.radians(np.asarray(a, np.float64)) for a in (yaw_deg, pitch_deg, roll_deg)
    )
    return np.asarray(
        CAMERA_FROM_FACING @ rotation_x(-pitch) @ rotation_y(-yaw) @ rotation_z(-roll)
    )


def angles_from_camera_from_head(rotation: ArrayLike) -> Array:
    """(yaw, pitch, roll) in degrees ``(*, 3)`` from ``camera_from_head`` rotations ``(*, 3, 3)``.

    Inverse of :func:`camera_from_head_rotation` for \\|yaw\\| < 90°; beyond that it gives the
    equivalent angles with \\|yaw\\| < 90°, as every reader of ``Pose_Para`` does.
    """
    r = CAMERA_FROM_FACING @ np.asarray(rotation, np.float64)
    yaw = np.arcsin(np.clip(-r[..., 0, 2], -1.0, 1.0))
    pitch = np.arctan2(r[..., 1, 2], r[..., 2, 2])
    roll = np.arctan2(r[..., 0, 1], r[..., 0, 0])
    return np.asarray(np.degrees(np.stack([yaw, pitch, roll], axis=-1)))


def camera_from_world_rotation(
    azimuth_deg: ArrayLike, elevation_deg: ArrayLike, roll_deg: ArrayLike
) -> Array:
    """``camera_from_world`` rotations ``(*, 3, 3)`` of a camera in orbit round the subject.

    Azimuth 0 faces the chest and grows toward the subject's left; positive elevation looks
    down from above; positive roll turns the picture clockwise.
    """
    az, el, roll = (
        np.radians(np.asarray(a, np.float64)) for a in (azimuth_deg, elevation_deg, roll_deg)
    )
    return np.asarray(CAMERA_FROM_FACING @ rotation_z(-roll) @ rotation_x(el) @ rotation_y(-az))


def world_from_head_rotation(camera_from_world: ArrayLike, camera_from_head: ArrayLike) -> Array:
    """How far the head is turned on the torso, ``(*, 3, 3)``: the label divided by the orbit."""
    world_from_camera = np.swapaxes(np.asarray(camera_from_world, np.float64), -1, -2)
    return np.asarray(world_from_camera @ np.asarray(camera_from_head, np.float64))


def direction_from_angles(yaw_deg: ArrayLike, pitch_deg: ArrayLike) -> Array:
    """Unit directions ``(*, 3)`` in the head frame; +yaw to the subject's left, +pitch up."""
    yaw, pitch = (
        np.radians(np.asarray(yaw_deg, np.float64)),
        np.radians(np.asarray(pitch_deg, np.float64)),
    )
    return np.stack(
        [np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)], axis=-1
    )


def quaternion_xyzw(rotation: ArrayLike) -> Array:
    """Unit quaternion ``(4,)`` in x, y, z, w order with w >= 0, from a rotation ``(3, 3)``."""
    from scipy.spatial.transform import Rotation

    q = np.asarray(Rotation.from_matrix(np.asarray(rotation, np.float64)).as_quat(), np.float64)
    return -q if q[3] < 0 else q


def rotation_as_seen(camera_from_head: ArrayLike) -> Array:
    """The head's rotation relative to the ray on which it is seen, ``(3, 3)``.

    From a head pose ``(4, 4)``: the smallest rotation that takes the ray from the camera to
    the head origin to the optical axis, times ``camera_from_head``'s rotation. It is what the
    picture shows of a head, wherever in the picture it is: two heads whose rotations as seen
    are equal look alike. For a head that is small against its distance it is the rotation of
    the best weak-perspective camera.
    """
    pose = np.asarray(camera_from_head, np.float64)
    x, y, z = pose[:3, 3] / np.sqrt(np.sum(pose[:3, 3] ** 2))
    # I + [v] + [v]² / (1 + z) with v = ray × axis = (y, -x, 0) turns the ray to the axis.
    axis_from_ray = np.array(
        [
            [1 - x * x / (1 + z), -x * y / (1 + z), -x],
            [-x * y / (1 + z), 1 - y * y / (1 + z), -y],
            [x, y, z],
        ]
    )
    return np.asarray(axis_from_ray @ pose[:3, :3])


def intrinsics(focal_length_mm: float, sensor_width_mm: float, size_px: int) -> Array:
    """Pinhole matrix ``(3, 3)`` of a square image, principal point in its centre, in pixels."""
    f = focal_length_mm / sensor_width_mm * size_px
    return np.array([[f, 0.0, size_px / 2], [0.0, f, size_px / 2], [0.0, 0.0, 1.0]])


def project(points_camera_m: ArrayLike, k: ArrayLike) -> Array:
    """Pixels ``(*, 2)`` of camera-frame points ``(*, 3)`` by the intrinsics ``k`` ``(3, 3)``."""
    p = np.asarray(points_camera_m, np.float64) @ np.asarray(k, np.float64).T
    return np.asarray(p[..., :2] / p[..., 2:])
