"""``Pose_Para``: a head pose in the convention of 3DDFA, 300W-LP and AFLW2000-3D, and back.

Model frame: x right, y up, z toward the viewer of a frontal face, micrometres, with the origin
of the Basel Face Model, which lies inside the head. Weak perspective: ``X = s R V + t`` in
1-based pixels with Y up: image x = X, image y = H + 1 - Y, where our edge-origin pixel
coordinates (u, v) are x = u + ½, y = v + ½.

Source: shared conventions of the project, checked there against real files and readers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from converters.weak_perspective import WeakPerspective, fit_weak_perspective
from spec_schema.frames import (
    CAMERA_FROM_FACING,
    angles_from_camera_from_head,
    camera_from_head_rotation,
)

__all__ = ["MODEL_EYES_UM", "PosePara", "fit_pose", "up_from_edge_px"]

Array = NDArray[np.float64]

# Where the mean of the eye corners (36, 39, 42, 45) of the Basel Face Model's mean face lies in
# its frame. Readers rely on it: opentrack's moves t from the model origin to between the eyes.
MODEL_EYES_UM: Final[Array] = np.array([0.0, 25_700.0, 90_100.0])
_UM_PER_M: Final = 1e6


def _model_um(head_m: ArrayLike) -> Array:
    return np.asarray(head_m, np.float64) * _UM_PER_M + MODEL_EYES_UM


def up_from_edge_px(points_px: ArrayLike, size_px: int) -> Array:
    """(X, Y) of 3DDFA, 1-based with Y up, from edge-origin pixels; ``(*, 2)`` to ``(*, 2)``."""
    p = np.asarray(points_px, np.float64) + 0.5
    return np.stack([p[..., 0], size_px + 1 - p[..., 1]], axis=-1)


@dataclass(frozen=True)
class PosePara:
    """A weak-perspective pose in a square image."""

    rotation: Array
    """(3, 3) view from model, both y up with z toward the viewer."""
    scale_px_per_um: float
    translation_px: Array
    """(3,) of the model's origin: X, Y (1-based, Y up) and depth toward the viewer."""
    size_px: int

    @property
    def angles_deg(self) -> Array:
        """(yaw, pitch, roll), each of which is the angle of the ``.mat``."""
        return np.asarray(angles_from_camera_from_head(self.camera_from_head))

    @property
    def camera_from_head(self) -> Array:
        """(3, 3) the rotation as seen, into OpenCV camera axes."""
        return np.asarray(CAMERA_FROM_FACING @ self.rotation)

    def vector(self) -> NDArray[np.float32]:
        """``Pose_Para`` (1, 7): pitch, yaw, roll (radians), tx, ty, tz (px), s (px/µm)."""
        yaw, pitch, roll = np.radians(self.angles_deg)
        t = self.translation_px
        return np.array([[pitch, yaw, roll, *t, self.scale_px_per_um]], np.float32)

    @staticmethod
    def from_vector(pose_para: ArrayLike, size_px: int) -> PosePara:
        """Inverse of :meth:`vector`."""
        pitch, yaw, roll, tx, ty, tz, scale = np.asarray(pose_para, np.float64).reshape(7)
        degrees = np.degrees([yaw, pitch, roll])
        rotation = CAMERA_FROM_FACING @ camera_from_head_rotation(*degrees)
        return PosePara(np.asarray(rotation), float(scale), np.array([tx, ty, tz]), size_px)

    def view(self, head_m: ArrayLike) -> Array:
        """(X, Y, Z) in pixels of points in the head frame; ``(*, 3)`` metres to ``(*, 3)``."""
        turned = _model_um(head_m) @ self.rotation.T
        return np.asarray(self.scale_px_per_um * turned + self.translation_px)

    def project(self, head_m: ArrayLike) -> Array:
        """Edge-origin pixels ``(*, 2)`` of points in the head frame ``(*, 3)`` metres."""
        seen = self.view(head_m)
        v = self.size_px + 1 - seen[..., 1]
        return np.asarray(np.stack([seen[..., 0], v], axis=-1) - 0.5)

    def head_m(self, view_px: ArrayLike) -> Array:
        """Head-frame metres ``(*, 3)`` from (X, Y, Z) pixels; inverse of :meth:`view`."""
        model = (np.asarray(view_px, np.float64) - self.translation_px) @ self.rotation
        return np.asarray((model / self.scale_px_per_um - MODEL_EYES_UM) / _UM_PER_M)


def fit_pose(
    head_m: ArrayLike, image_px: ArrayLike, camera_from_head: ArrayLike, size_px: int
) -> tuple[PosePara, WeakPerspective]:
    """The pose as seen, by a weak-perspective fit, and the fit with its residual in pixels.

    Weak perspective says nothing of tz; it is chosen so that depth is zero between the eyes,
    which is about where real files have it.

    Args:
        head_m: dense face vertices ``(N, 3)``, head frame.
        image_px: their projections ``(N, 2)``, edge-origin pixels of an image of ``size_px``.
        camera_from_head: the plain rotation ``(3, 3)``, a start for the search.
        size_px: side of the image.
    """
    hint = CAMERA_FROM_FACING @ np.asarray(camera_from_head, np.float64)
    fit = fit_weak_perspective(_model_um(head_m), up_from_edge_px(image_px, size_px), hint)
    depth = -fit.scale * float(fit.rotation[2] @ MODEL_EYES_UM)
    translation = np.array([*fit.shift, depth])
    return PosePara(fit.rotation, fit.scale, translation, size_px), fit
