"""Where a head and its eyes are: rigid motions that follow from the spec and a few points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array
from assets.head.facts import EyeDepthFacts, load_facts
from spec_schema.frames import (
    camera_from_head_rotation,
    camera_from_world_rotation,
    direction_from_angles,
    rotation_x,
    rotation_y,
    world_from_head_rotation,
)
from spec_schema.spec import SceneSpec

__all__ = ["Eye", "PlacedHead", "place_head"]

F64Array = NDArray[np.float64]

EYE_CORNERS = (36, 39, 42, 45)


@dataclass(frozen=True)
class Eye:
    """An eyeball in the world frame; it looks along its local +z, y up, x subject's left."""

    centre_m: F64Array
    radius_m: float
    world_from_eye: F64Array
    """(3, 3)"""


@dataclass(frozen=True)
class PlacedHead:
    """The rigid motions of one head."""

    world_from_skull: F64Array
    """(4, 4) of the skull from the upright rest pose."""
    world_from_head: F64Array
    """(4, 4)"""
    camera_from_world: F64Array
    """(4, 4)"""
    eyes: dict[str, Eye]
    """By the subject's ``left`` and ``right``."""


def place_head(
    spec: SceneSpec,
    rest_from_head: F64Array,
    rest_landmarks_m: F64Array,
    pivot_m: F64Array,
    balls_m: Mapping[str, F32Array],
) -> PlacedHead:
    """Place a head as its spec asks.

    Args:
        spec: the scene.
        rest_from_head: (3, 3) axes of the head frame in the upright rest pose.
        rest_landmarks_m: (68, 3) of the identity, rest pose, no expression.
        pivot_m: (3,) about which the head turns on the neck.
        balls_m: by side, vertices of the eyeball helpers, rest pose, no expression.
    """
    origin = rest_landmarks_m[list(EYE_CORNERS)].mean(0)
    camera = camera_from_world_rotation(
        spec.camera.azimuth_deg, spec.camera.elevation_deg, spec.camera.roll_deg
    )
    label = camera_from_head_rotation(spec.pose.yaw_deg, spec.pose.pitch_deg, spec.pose.roll_deg)
    world_from_rest = world_from_head_rotation(camera, label) @ rest_from_head.T
    world_from_skull = _rigid(world_from_rest, pivot_m - world_from_rest @ pivot_m)
    world_from_head = world_from_skull @ _rigid(rest_from_head, origin)
    camera_from_head = _rigid(label, np.array([spec.pose.x_m, spec.pose.y_m, spec.pose.z_m]))
    # Exact inverse of a rigid motion, without the rounding of a general inverse.
    head_from_world = _rigid(
        world_from_head[:3, :3].T, -world_from_head[:3, :3].T @ world_from_head[:3, 3]
    )
    return PlacedHead(
        world_from_skull=world_from_skull,
        world_from_head=world_from_head,
        camera_from_world=camera_from_head @ head_from_world,
        eyes=_eyes(
            spec, balls_m, rest_landmarks_m, world_from_skull, world_from_head, head_from_world
        ),
    )


def _rigid(rotation: F64Array, translation: F64Array) -> F64Array:
    out = np.eye(4)
    out[:3, :3], out[:3, 3] = rotation, translation
    return out


def _eyes(
    spec: SceneSpec,
    balls_m: Mapping[str, F32Array],
    rest_landmarks_m: F64Array,
    world_from_skull: F64Array,
    world_from_head: F64Array,
    head_from_world: F64Array,
) -> dict[str, Eye]:
    gaze = direction_from_angles(spec.gaze.yaw_deg, spec.gaze.pitch_deg)
    target = gaze * spec.gaze.distance_m
    eyes = {}
    for side, vertices in balls_m.items():
        ball = vertices.astype(np.float64)
        low, high = ball.min(0), ball.max(0)
        # The helper is a sphere with a bulge in front: its width and height give the ball.
        radius = float((high[:2] - low[:2]).mean() / 2)
        centre = (low + high) / 2
        centre[2] = low[2] + radius
        centre[2] += _forward_m(centre, radius, side, rest_landmarks_m, load_facts().eye_depth)
        world = world_from_skull[:3, :3] @ centre + world_from_skull[:3, 3]
        to_target = target - (head_from_world[:3, :3] @ world + head_from_world[:3, 3])
        x, y, z = to_target / np.linalg.norm(to_target)
        head_from_eye = rotation_y(np.arctan2(x, z)) @ rotation_x(-np.arcsin(y))
        eyes[side] = Eye(world, radius, world_from_head[:3, :3] @ head_from_eye)
    return eyes


def _forward_m(
    centre: F64Array, radius: float, side: str, rest_landmarks_m: F64Array, facts: EyeDepthFacts
) -> float:
    """How far a ball is brought forward to the lids of the neutral face."""
    edge = rest_landmarks_m[list(facts.lids[side])] - centre
    height = float((np.linalg.norm(edge, axis=1) - radius).mean())
    return float(np.clip(facts.share * (height - facts.least_m), 0.0, facts.most_m))
