"""Columns of drawn tables by their dotted names, and what the picture shows of their rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sampler import Inputs, camera
from spec_schema.frames import camera_from_head_rotation
from spec_schema.spec import ARKIT_UNITS

MACROS = ("sex", "age_years", "african", "asian", "european", "weight", "muscle")


def column(table: pa.Table, path: str) -> Any:
    name, *rest = path.split(".")
    array = table.column(name).combine_chunks()
    for part in rest:
        array = pc.struct_field(array, part)
    return array


def values(table: pa.Table, path: str) -> NDArray[np.float64]:
    return np.asarray(column(table, path).to_numpy(zero_copy_only=False), np.float64)


def stack(table: pa.Table, path: str, keys: tuple[str, ...]) -> NDArray[np.float32]:
    return np.stack([values(table, f"{path}.{k}") for k in keys], axis=-1).astype(np.float32)


def boxes(table: pa.Table, inputs: Inputs) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest image coordinates ``(n, 2)`` of the landmarks, picture widths."""
    landmarks = inputs.landmarks.landmarks_head_m(
        {k: values(table, f"identity.{k}") for k in MACROS},
        stack(table, "identity.shape", inputs.landmarks.shape_keys),
        stack(table, "expression", ARKIT_UNITS),
    )
    rotation = camera_from_head_rotation(
        *(values(table, f"pose.{a}_deg") for a in ("yaw", "pitch", "roll"))
    )
    position = stack(table, "pose", ("x_m", "y_m", "z_m")).astype(np.float64)
    points = camera.in_camera_axes(landmarks, rotation) + position.T[:, None]
    ratio = values(table, "camera.focal_length_mm") / values(table, "camera.sensor_width_mm")
    image = points[:2] / points[2] * ratio + 0.5
    return image.min(axis=1).T, image.max(axis=1).T
