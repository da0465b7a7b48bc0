"""Geometric labels of a head: everything that follows from the spec without rendering.

The record is described key by key in docs/labels.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.eyes import pupil_centre_local_m
from assets.head import Head, HeadModel
from spec_schema.frames import (
    camera_from_head_rotation,
    intrinsics,
    project,
    quaternion_xyzw,
)
from spec_schema.spec import SceneSpec

__all__ = ["geometric_labels", "topology"]

F64Array = NDArray[np.float64]


def _apply(target_from_source: F64Array, points: F64Array) -> F64Array:
    return np.asarray(points @ target_from_source[:3, :3].T + target_from_source[:3, 3])


def geometric_labels(spec: SceneSpec, head: Head, model: HeadModel, size_px: int) -> dict[str, Any]:
    """The label record of one sample without its row, size and hash.

    Args:
        spec: the scene. head: its head, as rendered. model: gives the dense-vertex rows.
        size_px: width and height of the image.
    """
    camera_from_head = np.eye(4)
    camera_from_head[:3, :3] = camera_from_head_rotation(
        spec.pose.yaw_deg, spec.pose.pitch_deg, spec.pose.roll_deg
    )
    camera_from_head[:3, 3] = spec.pose.x_m, spec.pose.y_m, spec.pose.z_m
    head_from_world = _inverse(head.world_from_head)
    k = intrinsics(spec.camera.focal_length_mm, spec.camera.sensor_width_mm, size_px)

    dense_head = _apply(head_from_world, head.vertices_m[model.surface.dense].astype(np.float64))
    points_world = np.concatenate([head.landmarks_m, _pupils(head)])
    points_head = _apply(head_from_world, points_world)
    points_camera = _apply(camera_from_head, points_head)
    image = project(points_camera, k)
    return {
        "pose": {
            "camera_from_head": camera_from_head,
            "yaw_deg": spec.pose.yaw_deg,
            "pitch_deg": spec.pose.pitch_deg,
            "roll_deg": spec.pose.roll_deg,
            "quaternion_xyzw": quaternion_xyzw(camera_from_head[:3, :3]),
        },
        "camera": {"intrinsics": k, "camera_from_world": head.camera_from_world},
        "vertices": {
            "head_m": dense_head.astype(np.float32),
            "camera_m": _apply(camera_from_head, dense_head).astype(np.float32),
        },
        "landmarks": {"head_m": points_head, "camera_m": points_camera, "image_px": image},
        "face_box_px": np.concatenate([image[:68].min(0), image[:68].max(0)]),
        "gaze": {
            side: _gaze(head, head_from_world, camera_from_head, side) for side in ("left", "right")
        },
    }


def _inverse(rigid: F64Array) -> F64Array:
    out = np.eye(4)
    out[:3, :3] = rigid[:3, :3].T
    out[:3, 3] = -out[:3, :3] @ rigid[:3, 3]
    return out


def _pupils(head: Head) -> F64Array:
    """Pupil centres (2, 3), world: the subject's right, then left."""
    points = []
    for side in ("right", "left"):
        eye = head.eyes[side]
        points.append(eye.world_from_eye @ pupil_centre_local_m(eye.radius_m) + eye.centre_m)
    return np.asarray(points)


def _gaze(
    head: Head, head_from_world: F64Array, camera_from_head: F64Array, side: str
) -> dict[str, F64Array]:
    eye = head.eyes[side]
    origin_head = _apply(head_from_world, eye.centre_m)
    direction_head = head_from_world[:3, :3] @ eye.world_from_eye[:, 2]
    return {
        "origin_camera_m": _apply(camera_from_head, origin_head),
        "direction_camera": camera_from_head[:3, :3] @ direction_head,
        "direction_head": direction_head,
    }


def topology(model: HeadModel) -> dict[str, NDArray[Any]]:
    """What all samples of a dataset share: arrays of ``topology.npz``.

    ``faces`` (F, 4) quads of the dense vertices, ``uv`` (F, 4, 2), ``face_region`` (F,) class
    ids, ``face_vertices`` the dense vertices of the facial region, ``rest_m`` (D, 3) the base
    head, ``landmark_vertices`` (68,) dense vertex of each landmark, -1 where a landmark is a
    vertex of the finer rendered mesh only.
    """
    surface = model.surface
    of_rendered = np.full(len(surface.rest_m), -1, np.int32)
    of_rendered[surface.dense] = np.arange(len(surface.dense), dtype=np.int32)
    return {
        "faces": surface.dense_faces,
        "uv": surface.dense_uv,
        "face_region": surface.dense_face_class,
        "face_vertices": surface.dense_in_face.astype(np.int32),
        "rest_m": surface.rest_m[surface.dense],
        "landmark_vertices": of_rendered[surface.landmarks],
    }
