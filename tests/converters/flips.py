"""The mirror image of a sample: another person in another pose, with labels of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from spec_schema import Dataset
from spec_schema.frames import angles_from_camera_from_head, quaternion_xyzw
from tests.factories import write_sample

FLIP = np.diag([-1.0, 1.0, 1.0])

MIRROR = np.arange(70)
"""Which landmark of the 70 takes the place of which, when left and right swap."""
_RUNS = [(0, 16), (17, 26), (31, 35), (48, 54), (59, 55), (60, 64), (67, 65)]
_PAIRS = [(36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46), (68, 69)]
for _first, _last in _RUNS:
    _step = 1 if _last > _first else -1
    _run = np.arange(_first, _last + _step, _step)
    MIRROR[_run] = _run[::-1]
for _a, _b in _PAIRS:
    MIRROR[[_a, _b]] = _b, _a

_SWAPPED_CLASSES = [(3, 4), (5, 6), (7, 8)]


def mirrored_record(record: dict[str, Any]) -> dict[str, Any]:
    """The labels of the mirrored picture."""
    size = record["size_px"]
    out = dict(record)
    pose = record["pose"]["camera_from_head"].copy()
    pose[:3, :3] = FLIP @ pose[:3, :3] @ FLIP
    pose[0, 3] *= -1
    yaw, pitch, roll = (float(a) for a in angles_from_camera_from_head(pose[:3, :3]))
    out["pose"] = {
        **record["pose"],
        "camera_from_head": pose,
        "yaw_deg": yaw, "pitch_deg": pitch, "roll_deg": roll,
        "quaternion_xyzw": quaternion_xyzw(pose[:3, :3]),
    }  # fmt: skip
    out["vertices"] = {k: (v * [-1, 1, 1]).astype(v.dtype) for k, v in record["vertices"].items()}
    marks = {k: v[MIRROR] for k, v in record["landmarks"].items()}
    for key in ("head_m", "camera_m"):
        marks[key] = marks[key] * [-1, 1, 1]
    marks["image_px"] = np.array([size, 0]) + marks["image_px"] * [-1, 1]
    out["landmarks"] = marks
    for key in ("face_box_px", "head_box_px", "visible_face_box_px"):
        if record[key] is not None:
            x0, y0, x1, y1 = record[key]
            out[key] = np.array([size - x1, y0, size - x0, y1])
    gaze = {side: dict(record["gaze"][side]) for side in ("left", "right")}
    for eye in gaze.values():
        for key in eye:
            eye[key] = eye[key] * [-1, 1, 1]
    out["gaze"] = {"left": gaze["right"], "right": gaze["left"]}
    return out


def mirror_dataset(source: Path, target: Path) -> Path:
    """Write the mirror image of every sample; topology and vertices keep their rows."""
    target.mkdir()
    for name in ("dataset.json", "README.md", "topology.npz"):
        (target / name).write_bytes((source / name).read_bytes())
    for sample in Dataset(source).samples():
        with Image.open(sample.path(".png")) as image, Image.open(sample.path("_mask.png")) as mask:
            classes = np.asarray(ImageOps.mirror(mask)).copy()
            was = classes.copy()
            for a, b in _SWAPPED_CLASSES:
                classes[was == a], classes[was == b] = b, a
            picture = ImageOps.mirror(image)
            write_sample(
                target, mirrored_record(sample.labels()), picture, Image.fromarray(classes)
            )
    return target
