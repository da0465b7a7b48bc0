"""A collar's edge on the neck does not make the neck's inside count as free."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assets.geometry import F32Array
from assets.hair import HeadSurface
from assets.hair.vectors import transformed, unit

INSIDE_M = 0.006


@pytest.fixture(scope="module")
def ring(woman: HeadSurface) -> tuple[F32Array, F32Array, F32Array]:
    """A band of the neck: points, their normals, and the way up along the skin; skull frame."""
    skull = woman.skull
    below = skull.eye_m[1] - skull.vertices_m[:, 1]
    band = (below > 0.14) & (below < 0.15) & (skull.masks["inside-mouth"] < 0.5)
    points, normals = skull.vertices_m[band], skull.normals[band]
    up = np.array([0.0, 1.0, 0.0], np.float32)
    along = unit((up - normals * normals[:, 1:2]).astype(np.float32))
    steep = np.abs(normals[:, 1]) < 0.5
    return points[steep], normals[steep], along[steep]


def test_under_a_hem_is_inside(
    woman: HeadSurface, ring: tuple[F32Array, F32Array, F32Array]
) -> None:
    points, normals, along = ring
    assert len(points) > 50
    turn, hem = woman.world_from_skull[:3, :3], points - np.float32(1e-4) * normals
    collared = replace(
        woman,
        obstacle_m=woman.to_world(hem.astype(np.float32)),
        obstacle_normals=transformed(along, turn.T, np.zeros(3)),
    )
    within = (points - INSIDE_M * normals + 0.003 * along).astype(np.float32)
    assert (collared.skull.field.distance(within) < 0).all()
