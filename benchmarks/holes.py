"""Holes: skin that is not drawn although the camera would see it, with nothing before it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_opening, minimum_filter

from assets.geometry import Mesh
from assets.head import Head
from spec_schema.frames import intrinsics, project
from spec_schema.spec import SceneSpec

__all__ = ["hole_px"]

F64Array = NDArray[np.float64]

SIZE_PX: Final = 320
BEHIND_M: Final = 0.012
"""What is drawn so near behind skin that is not is the cloth that it came through."""
SPLITS: Final = 5
"""Of a triangle's side, between the points that stand for it."""


def hole_px(
    spec: SceneSpec, head: Head, hidden_faces: NDArray[np.bool_], meshes: Iterable[Mesh]
) -> int:
    """Pixels of a picture of 320 px that show what a hidden face (F,) of the head should cover.

    ``meshes`` are what is worn, in the world frame. Single pixels do not count.
    """
    camera = spec.camera
    k = intrinsics(camera.focal_length_mm, camera.sensor_width_mm, SIZE_PX)

    def seen(vertices_m: NDArray[np.float32]) -> F64Array:
        ends = np.concatenate([vertices_m, np.ones((len(vertices_m), 1))], 1)
        return np.asarray((ends @ head.camera_from_world.T)[:, :3])

    body = seen(head.vertices_m)
    drawn = np.full((SIZE_PX, SIZE_PX), np.inf)
    _lay(drawn, body, head.faces[~hidden_faces], k)
    for mesh in meshes:
        _lay(drawn, seen(mesh.vertices_m), mesh.faces, k)
    hidden = np.full_like(drawn, np.inf)
    _lay(hidden, body, _towards(body, head.faces[hidden_faces]), k)
    open_ = np.isfinite(hidden) & (minimum_filter(drawn, 3) > hidden + BEHIND_M)
    return int(binary_opening(open_, np.ones((2, 2))).sum())


def _towards(points_m: F64Array, faces: NDArray[np.int32]) -> NDArray[np.int32]:
    """Quads (n, 4) whose outside faces the camera, at the origin of ``points_m`` (V, 3)."""
    a, b, c, d = (points_m[faces[:, k]] for k in range(4))
    outwards = np.cross(c - a, d - b)
    return faces[(outwards * (a + c)).sum(1) < 0]


def _lay(depth_m: F64Array, points_m: F64Array, faces: NDArray[np.int32], k: F64Array) -> None:
    """Enter the nearest depth of each pixel into ``depth_m`` (S, S)."""
    quads = faces[faces[:, 3] >= 0]
    triangles = np.concatenate([faces[:, :3], quads[:, [0, 2, 3]]])
    steps = np.arange(SPLITS + 1)
    i, j = (part.ravel() for part in np.meshgrid(steps, steps, indexing="ij"))
    inner = i + j <= SPLITS
    weights = np.stack([i, j, SPLITS - i - j], 1)[inner] / SPLITS
    image = project(points_m, k)
    within = ((image > -20) & (image < SIZE_PX + 20)).all(1) & (points_m[:, 2] > 0.05)
    triangles = triangles[within[triangles].any(1)]
    points = np.einsum("wc,tcx->twx", weights, points_m[triangles]).reshape(-1, 3)
    points = points[points[:, 2] > 0.05]
    pixel = np.floor(project(points, k)).astype(int)
    inside = ((pixel >= 0) & (pixel < SIZE_PX)).all(1)
    column, row = pixel[inside].T
    np.minimum.at(depth_m, (row, column), points[inside, 2])
