"""Geometric labels of a head: everything that follows from the spec without rendering.

The record is described key by key in docs/labels.md.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from assets.eyes import opaque_ball, pupil_centre_local_m
from assets.head import HeadModel, LabelledHead
from assets.head.dense_landmarks import SIDES
from assets.head.surface import landmark_opposites
from renderer.occlusion import (
    PosedBall,
    facing_away,
    hidden_points,
    occluding_triangles,
    rings,
)
from spec_schema.classes import SegmentationClass
from spec_schema.frames import (
    angles_from_camera_from_head,
    camera_from_head_rotation,
    intrinsics,
    project,
    quaternion_xyzw,
    rotation_as_seen,
)
from spec_schema.spec import SceneSpec, spec_hash
from spec_schema.wire import packb

__all__ = ["LABELS_SUFFIX", "geometric_labels", "label_file", "topology"]

F64Array = NDArray[np.float64]

LABELS_SUFFIX: Final = ".msgpack"

_LID_PAIRS: Final = {"right": ((37, 41), (38, 40)), "left": ((44, 46), (43, 47))}
"""iBUG points of the upper lid, each with the one of the lower lid under it."""


def geometric_labels(
    spec: SceneSpec, head: LabelledHead, model: HeadModel, size_px: int
) -> dict[str, Any]:
    """The label record of one sample without its row, size and hash.

    Args:
        spec: the scene. head: its labelled points. model: says what they are.
        size_px: width and height of the image.
    """
    camera_from_head = np.eye(4)
    camera_from_head[:3, :3] = camera_from_head_rotation(
        spec.pose.yaw_deg, spec.pose.pitch_deg, spec.pose.roll_deg
    )
    camera_from_head[:3, 3] = spec.pose.x_m, spec.pose.y_m, spec.pose.z_m
    head_from_world = _inverse(head.world_from_head)
    k = intrinsics(spec.camera.focal_length_mm, spec.camera.sensor_width_mm, size_px)

    dense_head = _apply(head_from_world, head.dense_m.astype(np.float64))
    dense_camera = _apply(camera_from_head, dense_head)
    points_head = _apply(head_from_world, np.concatenate([head.landmarks_m, _pupils(head)]))
    points_camera = _apply(camera_from_head, points_head)
    image = project(points_camera, k)

    named = model.dense_landmarks
    rows = named.vertices[: named.n_vertices]
    eyes_head = _apply(head_from_world, _eye_points(head, model, spec.eyes.pupil_ratio))
    named_head = np.concatenate([dense_head[rows], eyes_head])
    named_camera = np.concatenate([dense_camera[rows], _apply(camera_from_head, eyes_head)])
    named_image = project(named_camera, k)

    posed = np.concatenate([points_camera, named_camera])
    balls = [_posed_ball(head, side, camera_from_head @ head_from_world) for side in SIDES]
    hidden = _hidden(model, posed, dense_camera, balls)
    around = project(dense_camera[_head_vertices(model)], k)
    return {
        "pose": _pose(spec, camera_from_head),
        "camera": {"intrinsics": k, "camera_from_world": head.camera_from_world},
        "vertices": {
            "head_m": dense_head.astype(np.float32),
            "camera_m": dense_camera.astype(np.float32),
        },
        "landmarks": {
            "head_m": points_head,
            "camera_m": points_camera,
            "image_px": image,
            "in_frame": _in_frame(points_camera, image, size_px),
            "self_occluded": hidden[: len(points_head)],
        },
        "dense_landmarks": {
            "head_m": named_head.astype(np.float32),
            "camera_m": named_camera.astype(np.float32),
            "image_px": named_image.astype(np.float32),
            "in_frame": _in_frame(named_camera, named_image, size_px),
            "self_occluded": hidden[len(points_head) :],
        },
        "face_box_px": _box(image[:68]),
        "head_box_px": _box(around),
        "gaze": {
            side: _gaze(head, head_from_world, camera_from_head, side) for side in ("left", "right")
        },
        "eyes": {side: _lids(head, model, points_head, side) for side in ("left", "right")},
        "spec": spec.model_dump(),
    }


def label_file(row: int, spec: SceneSpec, size_px: int, labels: dict[str, Any]) -> dict[str, bytes]:
    """The label record as a file, by suffix."""
    record = {
        "row": row,
        "index": spec.sample.index,
        "spec_hash": spec_hash(spec),
        "size_px": size_px,
        **labels,
    }
    return {LABELS_SUFFIX: packb(record)}


def _apply(target_from_source: F64Array, points: F64Array) -> F64Array:
    """Rigidly moved points ``(*, 3)``.

    Written out, so that a point's last bits depend neither on how many there are nor on the
    linear-algebra library.
    """
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    rows = (x * a + y * b + z * c + d for a, b, c, d in target_from_source[:3].tolist())
    return np.stack(list(rows), axis=-1)


def _inverse(rigid: F64Array) -> F64Array:
    out = np.eye(4)
    out[:3, :3] = rigid[:3, :3].T
    out[:3, 3] = -out[:3, :3] @ rigid[:3, 3]
    return out


def _pose(spec: SceneSpec, camera_from_head: F64Array) -> dict[str, Any]:
    seen = rotation_as_seen(camera_from_head)
    yaw, pitch, roll = angles_from_camera_from_head(seen)
    return {
        "camera_from_head": camera_from_head,
        "yaw_deg": spec.pose.yaw_deg,
        "pitch_deg": spec.pose.pitch_deg,
        "roll_deg": spec.pose.roll_deg,
        "quaternion_xyzw": quaternion_xyzw(camera_from_head[:3, :3]),
        "as_seen": {
            "rotation": seen,
            "yaw_deg": float(yaw),
            "pitch_deg": float(pitch),
            "roll_deg": float(roll),
        },
    }


def _box(image_px: F64Array) -> F64Array:
    """(4,) x0, y0, x1, y1 about points (N, 2)."""
    x, y = image_px.T
    return np.array([x.min(), y.min(), x.max(), y.max()])


def _in_frame(camera_m: F64Array, image_px: F64Array, size_px: int) -> NDArray[np.bool_]:
    inside = ((image_px >= 0) & (image_px < size_px)).all(axis=1)
    return np.asarray(inside & (camera_m[:, 2] > 0))


def _pupils(head: LabelledHead) -> F64Array:
    """Pupil centres (2, 3), world: the subject's right, then left."""
    points = []
    for side in SIDES:
        eye = head.eyes[side]
        points.append(eye.world_from_eye @ pupil_centre_local_m(eye.radius_m) + eye.centre_m)
    return np.asarray(points)


def _eye_points(head: LabelledHead, model: HeadModel, pupil_ratio: float) -> F64Array:
    """The dense landmarks of both eyes, world frame."""
    parts = []
    for side in SIDES:
        eye = head.eyes[side]
        world_from_eye = np.eye(4)
        world_from_eye[:3, :3], world_from_eye[:3, 3] = eye.world_from_eye, eye.centre_m
        local = model.dense_landmarks.eye_local_m(side, eye.radius_m, pupil_ratio)
        parts.append(_apply(world_from_eye, local))
    return np.concatenate(parts)


def _posed_ball(head: LabelledHead, side: str, camera_from_world: F64Array) -> PosedBall:
    eye = head.eyes[side]
    solid = opaque_ball(eye.radius_m)
    return PosedBall(
        centre_m=_apply(camera_from_world, eye.centre_m),
        axis=camera_from_world[:3, :3] @ eye.world_from_eye[:, 2],
        radius_m=solid.radius_m,
        cut_m=solid.cut_m,
    )


def _gaze(
    head: LabelledHead, head_from_world: F64Array, camera_from_head: F64Array, side: str
) -> dict[str, F64Array]:
    eye = head.eyes[side]
    origin_head = _apply(head_from_world, eye.centre_m)
    direction_head = head_from_world[:3, :3] @ eye.world_from_eye[:, 2]
    return {
        "origin_head_m": origin_head,
        "origin_camera_m": _apply(camera_from_head, origin_head),
        "direction_camera": camera_from_head[:3, :3] @ direction_head,
        "direction_head": direction_head,
    }


def _lids(
    head: LabelledHead, model: HeadModel, landmarks_head_m: F64Array, side: str
) -> dict[str, float]:
    """How far the lids are apart, and by how much that is what they are at rest.

    The gap is measured along the line from lower to upper lid of the same face at rest, so
    that lids that have passed each other count as closed.
    """
    gap, rest_gap = 0.0, 0.0
    for upper, lower in _LID_PAIRS[side]:
        rest = model.rest_from_head.T @ (
            head.rest_landmarks_m[upper] - head.rest_landmarks_m[lower]
        )
        apart = float(np.sqrt(np.sum(rest * rest)))
        now = landmarks_head_m[upper] - landmarks_head_m[lower]
        gap += float(np.sum(now * rest)) / apart / 2
        rest_gap += apart / 2
    gap = max(gap, 0.0)
    return {"openness": gap / rest_gap, "lid_gap_m": gap}


def _hidden(
    model: HeadModel, points_m: F64Array, dense_m: F64Array, balls: list[PosedBall]
) -> NDArray[np.bool_]:
    """Which of the 70 and the dense landmarks the head hides; all in the camera frame."""
    skin = _on_surface(model)
    hidden = np.zeros(len(points_m), bool)
    faces = model.surface.dense_faces
    hidden[skin] = facing_away(points_m[skin], dense_m, faces, _touching(model))
    undecided = np.flatnonzero(~hidden)
    hidden[undecided] = hidden_points(points_m[undecided], dense_m, _triangles(model), balls)
    return hidden


@lru_cache(maxsize=2)
def _triangles(model: HeadModel) -> NDArray[np.int64]:
    return occluding_triangles(model.surface.dense_faces)


@lru_cache(maxsize=2)
def _on_surface(model: HeadModel) -> NDArray[np.int64]:
    """Which of the 70 and the dense landmarks lie on the skin, not in the eyes."""
    return np.concatenate([np.arange(68), 70 + np.arange(model.dense_landmarks.n_vertices)])


@lru_cache(maxsize=2)
def _touching(model: HeadModel) -> sparse.csr_matrix:
    """For :func:`facing_away`: the dense faces about each of those."""
    named = model.dense_landmarks
    at = [*model.landmark_vertices, *([v] for v in named.vertices[: named.n_vertices])]
    return rings(at, model.surface.dense_faces)


@lru_cache(maxsize=2)
def _head_vertices(model: HeadModel) -> NDArray[np.int64]:
    """Dense vertices of the head without the neck."""
    surface = model.surface
    of_head = surface.dense_face_class != SegmentationClass.NECK
    return np.asarray(np.unique(surface.dense_faces[of_head]), np.int64)


def topology(model: HeadModel) -> dict[str, NDArray[Any]]:
    """What all samples of a dataset share: arrays of ``topology.npz`` (docs/labels.md)."""
    surface, named = model.surface, model.dense_landmarks
    of_rendered = np.full(len(surface.rest_m), -1, np.int32)
    of_rendered[surface.dense] = np.arange(len(surface.dense), dtype=np.int32)
    return {
        "faces": surface.dense_faces,
        "uv": surface.dense_uv,
        "face_region": surface.dense_face_class,
        "face_vertices": surface.dense_in_face.astype(np.int32),
        "head_vertices": _head_vertices(model).astype(np.int32),
        "vertex_mirror": of_rendered[model.mirror_of_dense],
        "rest_m": surface.rest_m[surface.dense],
        "landmark_vertices": of_rendered[surface.landmarks],
        "landmark_mirror": np.array([*landmark_opposites(), 69, 68], np.int32),
        "dense_landmark_names": np.array(named.names),
        "dense_landmark_groups": np.array(named.groups),
        "dense_landmark_vertices": named.vertices,
        "dense_landmark_mirror": named.mirror,
    }
