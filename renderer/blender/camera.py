"""The camera: a centred pinhole, or a thin lens where the f-number lets it blur."""

from __future__ import annotations

from typing import Any

import bpy
from mathutils import Matrix
from numpy.typing import ArrayLike

from renderer.blender.axes import blender_camera_matrix
from spec_schema.spec import CameraSpec

__all__ = ["NO_BLUR_F_NUMBER", "place_camera"]

NO_BLUR_F_NUMBER = 128.0
"""At the largest f-number a spec can hold, the camera is an exact pinhole."""


def place_camera(scene: Any, spec: CameraSpec, camera_from_world: ArrayLike) -> None:
    """Add the scene's camera.

    Args:
        scene: Blender scene with a square picture.
        spec: lens.
        camera_from_world: (4, 4) rigid, to the OpenCV camera frame, metres.
    """
    data = bpy.data.cameras.new("camera")
    data.type = "PERSP"
    data.sensor_fit = "HORIZONTAL"
    data.sensor_width = spec.sensor_width_mm
    data.lens = spec.focal_length_mm
    data.clip_start, data.clip_end = 0.01, 1000.0
    data.dof.use_dof = spec.f_number < NO_BLUR_F_NUMBER
    data.dof.focus_distance = spec.focus_distance_m
    data.dof.aperture_fstop = spec.f_number
    camera = bpy.data.objects.new("camera", data)
    camera.rotation_mode = "QUATERNION"
    camera.matrix_world = Matrix(blender_camera_matrix(camera_from_world).tolist())
    scene.collection.objects.link(camera)
    scene.camera = camera
