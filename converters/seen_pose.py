"""A sample in an image of another size, with the pose as weak perspective sees it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from converters.picture import scaled_px
from converters.pose_para import PosePara, fit_pose
from converters.source import Labels, SourceSample
from spec_schema.frames import angles_from_camera_from_head, project

__all__ = ["IBUG", "PoseKind", "SeenSample", "fit_note", "full_range_angles", "see"]

Array = NDArray[np.float64]

IBUG: Final = 68
"""How many of the 70 landmarks belong to the iBUG scheme; the last two are pupils."""


class PoseKind(StrEnum):
    """Which rotation a format's pose is."""

    SEEN = "seen"
    """The weak-perspective fit to the projected face, as 300W-LP has it."""
    PLAIN = "plain"
    """Camera from head, whatever the ray on which the head is seen."""


@dataclass(frozen=True)
class SeenSample:
    """Labels of a sample in the pixels of an exported square image."""

    labels: Labels
    size_px: int
    pose: PosePara
    """Weak-perspective fit to the dense vertices of the face."""
    rms_px: float
    worst_px: float
    """Residual of the fit over these vertices."""
    landmarks_px: Array
    """(70, 2) edge-origin pixels of the exported image."""
    face_box_px: Array
    """(4,)"""

    def rotation(self, kind: PoseKind) -> Array:
        """(3, 3) camera from head, as seen or plain."""
        plain = self.labels.camera_from_head[:3, :3]
        return self.pose.camera_from_head if kind == PoseKind.SEEN else plain

    def scaled(self, points_px: Array) -> Array:
        """Pixels of the source image in those of the exported one."""
        return scaled_px(points_px, self.labels.size_px, self.size_px)


def see(sample: SourceSample, size_px: int) -> SeenSample:
    """Fit the pose and scale the labels to an image of ``size_px``."""
    labels = sample.labels
    face = sample.face_vertices
    drawn = project(labels.vertices_camera_m[face], labels.intrinsics)
    pose, fit = fit_pose(
        labels.vertices_head_m[face],
        scaled_px(drawn, labels.size_px, size_px),
        labels.camera_from_head[:3, :3],
        size_px,
    )
    return SeenSample(
        labels,
        size_px,
        pose,
        fit.rms,
        fit.worst,
        scaled_px(labels.landmarks_px, labels.size_px, size_px),
        scaled_px(labels.face_box_px, labels.size_px, size_px),
    )


def full_range_angles(camera_from_head: Array) -> Array | None:
    """(yaw, pitch, roll) in degrees with |pitch| and |roll| under 90° and yaw to ±180°.

    So DirectMHP and others write heads seen from behind; a rotation ``(3, 3)`` that has no such
    angles gives ``None``.
    """
    folded = angles_from_camera_from_head(camera_from_head)
    yaw, pitch, roll = folded
    # The other angles of the same rotation: yaw beyond 90°, pitch and roll turned half round.
    behind = np.array([np.copysign(180.0, yaw) - yaw, pitch + 180.0, roll + 180.0])
    behind[1:] = (behind[1:] + 180.0) % 360.0 - 180.0
    for angles in (folded, behind):
        if np.abs(angles[1:]).max() < 90.0:
            return np.asarray(angles)
    return None


def _angle_deg(a: Array, b: Array) -> float:
    """Angle between two rotations; by the chord, which keeps its precision near zero."""
    chord = float(np.linalg.norm(a - b)) / (2 * np.sqrt(2.0))
    return float(np.degrees(2 * np.arcsin(min(chord, 1.0))))


def fit_note(stem: str, sample: SourceSample, seen: SeenSample) -> dict[str, Any]:
    """How the weak-perspective pose relates to the labels: one row of ``fits.csv``."""
    yaw, pitch, roll = (float(a) for a in seen.pose.angles_deg)
    label_yaw, label_pitch, label_roll = (float(a) for a in sample.labels.angles_deg)
    miss = seen.pose.project(sample.labels.landmarks_head_m[:IBUG]) - seen.landmarks_px[:IBUG]
    return {
        "stem": stem,
        "row": sample.row,
        "index": sample.index,
        "yaw_deg": yaw,
        "pitch_deg": pitch,
        "roll_deg": roll,
        "label_yaw_deg": label_yaw,
        "label_pitch_deg": label_pitch,
        "label_roll_deg": label_roll,
        "angle_to_label_deg": _angle_deg(
            seen.pose.camera_from_head, sample.labels.camera_from_head[:3, :3]
        ),
        "scale_px_per_um": seen.pose.scale_px_per_um,
        "rms_px": seen.rms_px,
        "worst_px": seen.worst_px,
        "landmark_rms_px": float(np.sqrt((miss**2).sum(axis=1).mean())),
    }
