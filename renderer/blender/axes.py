"""Blender's axes: z up in its world; y up and looking along -z in its cameras."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "BLENDER_FROM_WORLD",
    "blender_camera_matrix",
    "blender_points",
    "camera_directions",
]

Array = NDArray[np.float64]

BLENDER_FROM_WORLD: Array = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""Blender's world from ours: (x, y, z) becomes (x, -z, y)."""

_OPENCV_FROM_BLENDER_CAMERA: Array = np.diag([1.0, -1.0, -1.0, 1.0])


def blender_points(points_world_m: NDArray[Any]) -> NDArray[np.float32]:
    """Points ``(*, 3)`` of our world as contiguous float32 in Blender's world."""
    out = np.empty(points_world_m.shape, np.float32)
    out[..., 0] = points_world_m[..., 0]
    out[..., 1] = -points_world_m[..., 2]
    out[..., 2] = points_world_m[..., 1]
    return out


def blender_camera_matrix(camera_from_world: ArrayLike) -> Array:
    """``(4, 4)`` matrix of a Blender camera object from our rigid ``camera_from_world``."""
    blender_from_world = np.eye(4)
    blender_from_world[:3, :3] = BLENDER_FROM_WORLD
    world_from_camera = np.linalg.inv(np.asarray(camera_from_world, np.float64))
    return np.asarray(blender_from_world @ world_from_camera @ _OPENCV_FROM_BLENDER_CAMERA)


def camera_directions(
    directions_blender: NDArray[Any], camera_from_world: ArrayLike
) -> NDArray[np.float32]:
    """Directions ``(*, 3)`` of Blender's world in our (OpenCV) camera frame."""
    rotation = np.asarray(camera_from_world, np.float64)[:3, :3] @ BLENDER_FROM_WORLD.T
    return np.asarray(directions_blender @ rotation.T, np.float32)
