"""Lamps: square area lights that the camera itself doesn't see."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from renderer.blender.axes import BLENDER_FROM_WORLD
from renderer.blender.nodes import Graph
from spec_schema.frames import direction_from_angles
from spec_schema.spec import AreaLight, EnvironmentSpec

__all__ = ["add_lamps"]


def add_lamps(scene: Any, spec: EnvironmentSpec, head_world_m: NDArray[np.float64]) -> None:
    """Add the lamps of a spec, placed round the head origin (3,), world frame."""
    for name in ("key_light", "fill_light", "rim_light"):
        light: AreaLight | None = getattr(spec, name)
        if light is not None:
            _add_lamp(scene, name, light, head_world_m)


def _add_lamp(scene: Any, name: str, light: AreaLight, head_world_m: NDArray[np.float64]) -> None:
    """Add the light at its distance from the head origin, aimed at it.

    Args:
        scene: Blender scene.
        light: direction in the world frame (azimuth to the subject's left, elevation up).
        head_world_m: (3,) head origin, world frame.
    """
    data = bpy.data.lights.new(name, "AREA")
    data.shape = "SQUARE"
    data.size = light.size_m
    data.energy = light.power_w
    graph = Graph(data)
    colour = graph.node("Blackbody", {"Temperature": light.temperature_k})
    emission = graph.node("Emission", {"Color": colour.outputs[0], "Strength": 1.0})
    graph.node("OutputLight", {"Surface": emission.outputs[0]})

    outward = BLENDER_FROM_WORLD @ direction_from_angles(light.azimuth_deg, light.elevation_deg)
    # The lamp shines along its -z; the up hint only settles its roll.
    up = np.array([0.0, 0.0, 1.0]) if abs(outward[2]) < 0.99 else np.array([1.0, 0.0, 0.0])
    x = np.cross(up, outward)
    x /= np.linalg.norm(x)
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack([x, np.cross(outward, x), outward], axis=1)
    matrix[:3, 3] = BLENDER_FROM_WORLD @ head_world_m + outward * light.distance_m

    lamp = bpy.data.objects.new(name, data)
    lamp.matrix_world = Matrix(matrix.tolist())
    lamp.visible_camera = False
    # A spectacle lens passes camera rays on as transmission rays.
    lamp.visible_transmission = False
    scene.collection.objects.link(lamp)
