"""A rendered dataset without a renderer: a parametric head, its labels, and a plain drawing.

``write_dataset`` writes a folder of the format of :mod:`spec_schema.dataset`, small and complete,
with heads in asymmetric poses. Labels come from the same points that are drawn.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from spec_schema.classes import SegmentationClass as C
from spec_schema.dataset import DATASET_VERSION, sample_stem, sha256_file
from spec_schema.frames import (
    angles_from_camera_from_head,
    camera_from_head_rotation,
    camera_from_world_rotation,
    direction_from_angles,
    intrinsics,
    project,
    quaternion_xyzw,
    rotation_as_seen,
)
from spec_schema.wire import packb
from tests.make_specs import make_spec

Array = NDArray[np.float64]

# The skull: an ellipsoid whose surface passes through the eye corners' plane z = 0.
_CENTRE_M = np.array([0.0, -0.018, -0.085])
_RADII_M = np.array([0.076, 0.118, 0.096])
_RINGS, _SPOKES = 36, 48
_EYES_M = {"right": np.array([-0.031, 0.0, -0.014]), "left": np.array([0.031, 0.0, -0.014])}
_IRIS_RADIUS_M = 0.0058
_IRIS_POINTS = 8
_LIGHT = np.array([-0.35, -0.45, -0.82])
_COVERING = (C.HAIR, C.BEARD, C.CLOTHING, C.GLASSES, C.HEADWEAR, C.FACEWEAR)


@dataclass(frozen=True)
class HeadShot:
    """Pose and lens of one synthetic sample; 300W-LP angles, camera-frame metres."""

    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    x_m: float = 0.0
    y_m: float = 0.0
    z_m: float = 0.9
    focal_length_mm: float = 85.0
    gaze_yaw_deg: float = 12.0
    gaze_pitch_deg: float = -6.0
    brightness: float = 1.0


HEAD_SHOTS: tuple[HeadShot, ...] = (
    HeadShot(31.0, -12.0, 8.0, 0.035, -0.02),
    HeadShot(-31.0, 12.0, -8.0, -0.035, 0.02, 0.7),
    HeadShot(62.0, 17.0, -21.0, -0.05, 0.03, 1.1, 105.0),
    HeadShot(-9.0, -24.0, 33.0, 0.06, 0.05, 0.8, 70.0, -14.0, 9.0),
)
"""Asymmetric poses, the first two opposite, each off the optical axis."""


def surface_z_m(x_m: Array, y_m: Array) -> Array:
    """Depth of the front of the head, with a nose, a chin and a dent on the right cheek."""
    u = (x_m - _CENTRE_M[0]) / _RADII_M[0]
    v = (y_m - _CENTRE_M[1]) / _RADII_M[1]
    z = _CENTRE_M[2] + _RADII_M[2] * np.sqrt(np.clip(1 - u**2 - v**2, 0, None))
    z = z + 0.024 * np.exp(-((x_m / 0.011) ** 2) - ((y_m + 0.032) / 0.018) ** 2)
    z = z + 0.006 * np.exp(-((x_m / 0.02) ** 2) - ((y_m + 0.105) / 0.014) ** 2)
    return np.asarray(
        z - 0.004 * np.exp(-(((x_m + 0.035) / 0.012) ** 2) - ((y_m + 0.05) / 0.01) ** 2)
    )


def _landmark_xy_m() -> Array:
    """(70, 2) head-frame x, y of the landmarks; image-left first, as x grows to the left side."""
    turn = np.radians(np.linspace(-8, 188, 17))
    jaw = np.stack([-0.066 * np.cos(turn), -0.012 - 0.1 * np.clip(np.sin(turn), -0.2, 1)], 1)
    brow_x = np.linspace(-0.052, -0.012, 5)
    brow = np.stack([brow_x, 0.018 + 0.006 * np.sin(np.linspace(0.5, 2.6, 5))], 1)
    bridge = np.stack([np.zeros(4), [0.004, -0.009, -0.022, -0.034]], 1)
    nostrils = np.stack(
        [np.linspace(-0.014, 0.014, 5), [-0.044, -0.047, -0.049, -0.047, -0.044]], 1
    )
    # Outer corner, upper lid twice, inner corner, lower lid twice, of the subject's right eye.
    eye = np.array([(-46, 0), (-37, 4.5), (-27, 4.5), (-18, 0), (-27, -4), (-37, -4)]) / 1000
    left_eye = eye[[3, 2, 1, 0, 5, 4]] * [-1, 1]
    outer = np.radians([180, 150, 115, 90, 65, 30, 0, -35, -65, -90, -115, -145])
    inner = np.radians([180, 120, 90, 60, 0, -60, -90, -120])
    lips = np.concatenate(
        [
            np.stack([0.025 * np.cos(outer), -0.072 + 0.010 * np.sin(outer)], 1),
            np.stack([0.020 * np.cos(inner), -0.072 + 0.003 * np.sin(inner)], 1),
        ]
    )
    pupils = np.array([_EYES_M["right"][:2], _EYES_M["left"][:2]])
    parts = [jaw, brow, brow[::-1] * [-1, 1], bridge, nostrils, eye, left_eye, lips, pupils]
    return np.concatenate(parts)


@dataclass(frozen=True)
class DenseLandmarks:
    """Named points: every other spoke of the front rings, then two irises and pupils."""

    points_m: Array
    """(K, 3) head frame."""
    normals: Array
    """(K, 3) outward."""
    names: list[str]
    groups: list[str]
    vertices: NDArray[np.int32]
    """(K,) row of the vertices, -1 for points of the eyes."""
    mirror: NDArray[np.int32]
    """(K,) the opposite point."""


@dataclass(frozen=True)
class HeadShape:
    """The head as a grid of quads, with landmarks as extra points of the same surface."""

    vertices_m: Array
    quads: NDArray[np.int32]
    face_region: NDArray[np.uint8]
    landmark_vertices: NDArray[np.int32]
    face_vertices: NDArray[np.int32]
    landmark_normals: Array
    """(70, 3) outward."""
    dense: DenseLandmarks


def head_shape() -> HeadShape:
    """Build it; the eye corners' mean is the origin to about a millimetre, as in real labels."""
    ring = np.linspace(0.02, np.pi - 0.02, _RINGS)
    spoke = np.linspace(0, 2 * np.pi, _SPOKES, endpoint=False)
    a, b = (g.ravel() for g in np.meshgrid(ring, spoke, indexing="ij"))
    unit = np.stack([np.sin(a) * np.cos(b), np.sin(a) * np.sin(b), np.cos(a)], 1)
    shell = _CENTRE_M + unit * _RADII_M
    front = unit[:, 2] > 0.25
    shell[front, 2] = surface_z_m(shell[front, 0], shell[front, 1])
    i, j = np.meshgrid(np.arange(_RINGS - 1), np.arange(_SPOKES), indexing="ij")
    at = lambda r, s: (r * _SPOKES + s % _SPOKES).ravel()  # noqa: E731
    quads = np.stack([at(i, j), at(i + 1, j), at(i + 1, j + 1), at(i, j + 1)], 1).astype(np.int32)
    xy = _landmark_xy_m()
    points = np.concatenate([xy, surface_z_m(xy[:, 0], xy[:, 1])[:, None]], 1)
    vertices = np.concatenate([shell, points])
    middle = shell[quads].mean(axis=1)
    normals = _vertex_normals(shell, quads)
    nearest = np.linalg.norm(shell[None] - points[:, None], axis=2).argmin(axis=1)
    return HeadShape(
        vertices,
        quads,
        np.array([_region(m) for m in middle], np.uint8),
        np.arange(len(shell), len(vertices), dtype=np.int32),
        np.flatnonzero((vertices[:, 2] > -0.05) & (vertices[:, 1] < 0.05)).astype(np.int32),
        normals[nearest],
        _dense_landmarks(shell, normals),
    )


def _vertex_normals(shell: Array, quads: NDArray[np.int32]) -> Array:
    """(V, 3) outward unit normals of the shell."""
    corner = shell[quads]
    normal = np.cross(corner[:, 2] - corner[:, 0], corner[:, 3] - corner[:, 1])
    out = np.zeros_like(shell)
    for k in range(4):
        np.add.at(out, quads[:, k], normal)
    out *= np.sign(np.sum(out * (shell - _CENTRE_M), axis=1, keepdims=True))
    return np.asarray(out / np.linalg.norm(out, axis=1, keepdims=True))


def _dense_landmarks(shell: Array, normals: Array) -> DenseLandmarks:
    rings, spokes = range(1, 19), range(0, _SPOKES, 2)
    rows = [r * _SPOKES + s for r in rings for s in spokes]
    mirror = [
        (r - 1) * len(spokes) + ((_SPOKES // 2 - s) % _SPOKES) // 2 for r in rings for s in spokes
    ]
    names, groups = [], []
    for i, row in enumerate(rows):
        x, y, _ = shell[row]
        side = "middle" if abs(x) < 1e-6 else "left" if x > 0 else "right"
        group = "forehead" if y > 0.01 else "chin" if y < -0.085 else f"{side}_cheek"
        names.append(f"{side}_shell_{min(i, mirror[i])}")
        groups.append(group)
    points, outward = [shell[rows]], [normals[rows]]
    turn = np.arange(_IRIS_POINTS) / _IRIS_POINTS * 2 * np.pi
    for side, sign in (("right", -1.0), ("left", 1.0)):
        x, y = sign * np.cos(turn), np.sin(turn)
        circle = np.stack([np.append(x, 0), np.append(y, 0), np.zeros(_IRIS_POINTS + 1)], axis=1)
        eye = _EYES_M[side].copy()
        eye[2] = surface_z_m(eye[:1], eye[1:2])[0]
        points.append(eye + _IRIS_RADIUS_M * circle)
        outward.append(np.tile([0.0, 0.0, 1.0], (_IRIS_POINTS + 1, 1)))
        names += [f"{side}_iris_{k}" for k in range(_IRIS_POINTS)] + [f"{side}_pupil"]
        groups += [f"{side}_iris"] * _IRIS_POINTS + [f"{side}_pupil"]
    n, eye_points = len(rows), _IRIS_POINTS + 1
    mirror += [*range(n + eye_points, n + 2 * eye_points), *range(n, n + eye_points)]
    vertices = np.full(len(names), -1, np.int32)
    vertices[:n] = rows
    return DenseLandmarks(
        np.concatenate(points),
        np.concatenate(outward),
        names,
        groups,
        vertices,
        np.array(mirror, np.int32),
    )


def _region(m: Array) -> int:
    x, y, z = m
    if y > 0.06 or z < -0.1:
        return C.HAIR
    if z < -0.06 and abs(x) > 0.065 and abs(y + 0.015) < 0.03:
        return C.RIGHT_EAR if x < 0 else C.LEFT_EAR
    if z > -0.06 and abs(abs(x) - 0.031) < 0.014 and abs(y) < 0.008:
        return C.RIGHT_EYE if x < 0 else C.LEFT_EYE
    if z > 0 and abs(x) < 0.016 and -0.052 < y < 0.0:
        return C.NOSE
    if z > -0.06 and abs(x) < 0.025 and -0.084 < y < -0.06:
        return C.TOP_LIP if y > -0.072 else C.BOTTOM_LIP
    return C.SKIN


_PAINT = {
    C.SKIN: (214, 165, 138), C.NOSE: (220, 160, 132), C.HAIR: (84, 58, 44),
    C.RIGHT_EYE: (235, 235, 235), C.LEFT_EYE: (225, 232, 240), C.RIGHT_EAR: (205, 140, 120),
    C.LEFT_EAR: (205, 150, 120), C.TOP_LIP: (170, 80, 80), C.BOTTOM_LIP: (190, 95, 95),
}  # fmt: skip


def _draw(shape: HeadShape, camera_m: Array, k: Array, shot: HeadShot, size_px: int) -> Any:
    """Painter's algorithm: quads from back to front, shaded by one light."""
    over = 4
    flat = project(camera_m, k) * over - 0.5
    corners = camera_m[shape.quads]
    normal = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    facing = np.sum(normal * corners.mean(axis=1), axis=1)
    normal[facing > 0] *= -1
    light = np.clip(normal @ _LIGHT, 0, None) * 0.75 + 0.3
    ramp = np.linspace(70, 130, size_px)
    ground = np.broadcast_to(ramp[:, None, None], (size_px, size_px, 3)).copy()
    ground[..., 2] += np.linspace(0, 60, size_px)
    ground = (ground * shot.brightness).clip(0, 255).astype(np.uint8)
    image = Image.fromarray(ground).resize((size_px * over, size_px * over))
    mask = Image.new("L", (size_px, size_px), int(C.BACKGROUND))
    paint, stamp = ImageDraw.Draw(image), ImageDraw.Draw(mask)
    for q in np.argsort(-corners[..., 2].mean(axis=1)):
        region = int(shape.face_region[q])
        colour = np.array(_PAINT[C(region)]) * light[q] * shot.brightness
        polygon = [(float(x), float(y)) for x, y in flat[shape.quads[q]]]
        paint.polygon(polygon, tuple(int(v) for v in colour.clip(0, 255)))
        stamp.polygon(
            [((x + 0.5) / over - 0.5, (y + 0.5) / over - 0.5) for x, y in polygon], region
        )
    return image.resize((size_px, size_px), Image.Resampling.BOX), mask


def label_record(
    shape: HeadShape, shot: HeadShot, row: int, size_px: int, index_offset: int = 0
) -> dict[str, Any]:
    """The label record of one sample (docs/labels.md)."""
    camera_from_head = np.eye(4)
    camera_from_head[:3, :3] = camera_from_head_rotation(
        shot.yaw_deg, shot.pitch_deg, shot.roll_deg
    )
    camera_from_head[:3, 3] = shot.x_m, shot.y_m, shot.z_m
    rotation = camera_from_head[:3, :3]
    camera_from_world = np.eye(4)
    camera_from_world[:3, :3] = camera_from_world_rotation(10.0 * row, 4.0, 2.0)
    camera_from_world[:3, 3] = camera_from_head[:3, 3] + [0.0, 0.1, 0.02]
    k = intrinsics(shot.focal_length_mm, 36.0, size_px)
    vertices = shape.vertices_m.astype(np.float32)
    camera_m = vertices.astype(np.float64) @ rotation.T + camera_from_head[:3, 3]
    landmarks_head = vertices[shape.landmark_vertices].astype(np.float64)
    landmarks_camera = camera_m[shape.landmark_vertices]
    image_px = project(landmarks_camera, k)
    face = image_px[:68]
    yaw, pitch, roll = angles_from_camera_from_head(rotation)
    seen = rotation_as_seen(camera_from_head)
    seen_yaw, seen_pitch, seen_roll = angles_from_camera_from_head(seen)
    dense_head = shape.dense.points_m.astype(np.float32)
    dense_camera = dense_head.astype(np.float64) @ rotation.T + camera_from_head[:3, 3]
    dense_px = project(dense_camera, k)
    shell_px = project(camera_m, k)
    look = direction_from_angles(shot.gaze_yaw_deg, shot.gaze_pitch_deg)
    gaze = {
        side: {
            "origin_camera_m": eye @ rotation.T + camera_from_head[:3, 3],
            "direction_camera": rotation @ look,
            "direction_head": look,
        }
        for side, eye in _EYES_M.items()
    }
    return {
        "row": row,
        "index": row + index_offset,
        "spec_hash": hashlib.sha256(f"{row} {shot}".encode()).hexdigest(),
        "size_px": size_px,
        "pose": {
            "camera_from_head": camera_from_head,
            "yaw_deg": float(yaw),
            "pitch_deg": float(pitch),
            "roll_deg": float(roll),
            "quaternion_xyzw": quaternion_xyzw(rotation),
            "as_seen": {
                "rotation": seen,
                "yaw_deg": float(seen_yaw),
                "pitch_deg": float(seen_pitch),
                "roll_deg": float(seen_roll),
            },
        },
        "camera": {"intrinsics": k, "camera_from_world": camera_from_world},
        "vertices": {"head_m": vertices, "camera_m": camera_m.astype(np.float32)},
        "landmarks": {
            "head_m": landmarks_head,
            "camera_m": landmarks_camera,
            "image_px": image_px,
            "in_frame": _in_frame(image_px, size_px),
            "self_occluded": _turned_away(landmarks_camera, shape.landmark_normals @ rotation.T),
        },
        "dense_landmarks": {
            "head_m": dense_head,
            "camera_m": dense_camera.astype(np.float32),
            "image_px": dense_px.astype(np.float32),
            "in_frame": _in_frame(dense_px, size_px),
            "self_occluded": _turned_away(dense_camera, shape.dense.normals @ rotation.T),
        },
        "face_box_px": np.concatenate([face.min(axis=0), face.max(axis=0)]),
        "head_box_px": np.concatenate([shell_px.min(axis=0), shell_px.max(axis=0)]),
        "gaze": gaze,
        "eyes": {
            "right": {"openness": 0.9, "lid_gap_m": 0.0081},
            "left": {"openness": 1.1, "lid_gap_m": 0.0099},
        },
        "spec": _spec(shot, row, index_offset, (float(yaw), float(pitch), float(roll))),
    }


def _in_frame(image_px: Array, size_px: int) -> NDArray[np.bool_]:
    return np.asarray(((image_px >= 0) & (image_px < size_px)).all(axis=1))


def _turned_away(camera_m: Array, normals: Array) -> NDArray[np.bool_]:
    """What hides points of this nearly convex head: they face away from the camera."""
    return np.asarray(np.sum(camera_m * normals, axis=1) > 0)


def _spec(
    shot: HeadShot, row: int, index_offset: int, angles_deg: tuple[float, float, float]
) -> dict[str, Any]:
    """A valid spec as a map: of this pose, lens and gaze, as far as specs allow."""
    yaw, pitch, roll = angles_deg
    return make_spec(
        sample={"index": row + index_offset},
        pose={
            "yaw_deg": yaw, "pitch_deg": pitch, "roll_deg": roll,
            "x_m": shot.x_m, "y_m": shot.y_m, "z_m": min(shot.z_m, 100.0),
        },
        camera={"focal_length_mm": min(shot.focal_length_mm, 2000.0)},
        gaze={"yaw_deg": shot.gaze_yaw_deg, "pitch_deg": shot.gaze_pitch_deg},
    ).model_dump()  # fmt: skip


def add_pixel_labels(record: dict[str, Any], mask: NDArray[np.uint8]) -> dict[str, Any]:
    """The record with what only a mask (H, W) tells: what covers landmarks, the visible face.

    The visible face is what the mask shows of skin, nose, eyes, brows, mouth and lips inside
    the face box.
    """
    out = dict(record)
    for key in ("landmarks", "dense_landmarks"):
        points, inside = record[key]["image_px"], record[key]["in_frame"]
        column, line = np.floor(np.where(inside[:, None], points, 0)).astype(int).T
        there = np.where(inside, mask[line, column], 0)
        covered = np.where(np.isin(there, _COVERING), there, 0)
        out[key] = {**record[key], "covered_by": covered.astype(np.uint8)}
    x0, y0, x1, y1 = record["face_box_px"]
    shown = np.isin(mask, [c for c in C if C.SKIN <= c <= C.BOTTOM_LIP])
    line, column = np.nonzero(shown)
    near = (column + 1 > x0) & (column < x1) & (line + 1 > y0) & (line < y1)
    column, line = column[near], line[near]
    box = [column.min(), line.min(), column.max() + 1, line.max() + 1] if len(line) else None
    out["visible_face_box_px"] = None if box is None else np.array(box, np.float64)
    return out


def write_sample(root: Path, record: dict[str, Any], image: Image.Image, mask: Image.Image) -> None:
    """Write the files of one sample and its marker."""
    stem = root / sample_stem(record["row"])
    stem.parent.mkdir(parents=True, exist_ok=True)
    names = [stem.with_name(f"{stem.name}{s}") for s in (".png", "_mask.png", ".msgpack")]
    image.save(names[0])
    mask.save(names[1])
    names[2].write_bytes(packb(record))
    write_marker(root, record["row"], record["spec_hash"])


def write_marker(root: Path, row: int, spec_hash: str) -> None:
    """(Re)write a sample's completion marker from the files that are there."""
    stem = root / sample_stem(row)
    suffixes = (".png", "_mask.png", ".msgpack")
    paths = [stem.with_name(f"{stem.name}{s}") for s in suffixes]
    marker = {
        "row": row,
        "spec_hash": spec_hash,
        "files": {p.name: sha256_file(p) for p in paths},
    }
    stem.with_name(f"{stem.name}.done.json").write_text(json.dumps(marker))


def write_dataset(
    root: Path,
    shots: Sequence[HeadShot] = HEAD_SHOTS,
    size_px: int = 160,
    index_offset: int = 0,
) -> Path:
    """Write a complete dataset folder of these shots; the same arguments give the same bytes."""
    shape = head_shape()
    root.mkdir(parents=True)
    classes = {str(int(c)): c.name.lower() for c in C}
    info = {"dataset_version": DATASET_VERSION, "manifest": "manifest.parquet", "classes": classes}
    (root / "dataset.json").write_text(json.dumps(info, indent=2))
    (root / "README.md").write_text("A synthetic test dataset. Licence: CC0.\n")
    np.savez(
        root / "topology.npz",
        faces=shape.quads,
        face_region=shape.face_region,
        uv=shape.vertices_m[:, :2].astype(np.float32),
        landmark_vertices=shape.landmark_vertices,
        face_vertices=shape.face_vertices,
        dense_landmark_names=np.array(shape.dense.names),
        dense_landmark_groups=np.array(shape.dense.groups),
        dense_landmark_vertices=shape.dense.vertices,
        dense_landmark_mirror=shape.dense.mirror,
    )
    for row, shot in enumerate(shots):
        record = label_record(shape, shot, row, size_px, index_offset)
        camera_m = record["vertices"]["camera_m"].astype(np.float64)
        image, mask = _draw(shape, camera_m, record["camera"]["intrinsics"], shot, size_px)
        write_sample(root, add_pixel_labels(record, np.asarray(mask)), image, mask)
    return root
