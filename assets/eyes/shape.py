"""Shape of the eye in its own frame: z out of the pupil, y up, x the subject's left.

Profiles are rings about the z axis. Lengths are in units of the shell's radius.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from assets.eyes.constants import eye_constants
from assets.geometry import F32Array, I32Array

__all__ = [
    "OpaqueBall",
    "Revolved",
    "ball",
    "iris_plane_circle_m",
    "opaque_ball",
    "pupil_centre_local_m",
    "shell",
]

F64Array = NDArray[np.float64]

_WALL = 0.012  # how far the wall at the root of the iris leans outwards, in radii


@dataclass(frozen=True)
class Revolved:
    """A surface of revolution with polar texture coordinates.

    u runs once round, v from the pole at the pupil (0) to the end (1).
    """

    vertices: F32Array
    """(V, 3)"""
    faces: I32Array
    """(F, 4), outward; the pole's triangles have -1 last."""
    uv: F32Array
    """(F, 4, 2)"""


def pupil_centre_local_m(radius_m: float) -> F64Array:
    """(3,) the pupil's centre on the iris plane, eye frame, metres."""
    shape = eye_constants().shape
    return np.array([0.0, 0.0, radius_m * shape.shell_scale * shape.iris_plane])


def iris_plane_circle_m(radius_m: float, ratio: float, n: int) -> F64Array:
    """(n, 3) points on the iris plane, eye frame, metres: from +x (k = 0) toward +y.

    Args:
        radius_m: of the eye.
        ratio: the circle's radius by the iris's.
        n: how many.
    """
    shape = eye_constants().shape
    scale = radius_m * shape.shell_scale
    turn = np.arange(n) / n * 2 * np.pi
    r = scale * shape.iris_radius * ratio
    return np.stack([r * np.cos(turn), r * np.sin(turn), np.full(n, scale * shape.iris_plane)], -1)


@dataclass(frozen=True)
class OpaqueBall:
    """The opaque ball as a solid: a sphere whose front cap is cut off, metres, eye frame."""

    radius_m: float
    cut_m: float
    """z of the plane of the cut; in front of it there is nothing but the clear cornea."""


def opaque_ball(radius_m: float) -> OpaqueBall:
    """The solid that :func:`ball` is the surface of, for an eye of this radius."""
    shape = eye_constants().shape
    scale = radius_m * shape.shell_scale
    wall_top = np.arcsin((shape.iris_radius + _WALL) / shape.ball_scale)
    return OpaqueBall(scale * shape.ball_scale, float(scale * shape.ball_scale * np.cos(wall_top)))


@cache
def ball() -> Revolved:
    """The opaque ball: a flat recessed iris, a short wall at its root, and the sclera."""
    shape, share = eye_constants().shape, eye_constants().texture.iris_share
    radius = shape.iris_radius
    scale = shape.ball_scale
    iris = np.linspace(0, radius, shape.iris_rings + 1)
    wall_top = np.arcsin((radius + _WALL) / scale)
    angle = np.linspace(wall_top, np.pi * 0.97, shape.ball_rings)
    r = np.concatenate([iris, scale * np.sin(angle)])
    z = np.concatenate([np.full(len(iris), shape.iris_plane), scale * np.cos(angle)])
    v = np.concatenate([iris / radius * share, share + (1 - share) * _sclera_row(angle)])
    return _revolve(r, z, v, shape.segments)


def _sclera_row(angle: F64Array) -> F64Array:
    """Texture row, 0 at the limbus to 1 at the back, of an angle from the pole."""
    limbus = np.arcsin(eye_constants().shape.iris_radius)
    return np.asarray((angle - limbus) / (np.pi - limbus))


@cache
def shell() -> Revolved:
    """The clear shell: the cornea's cap running smoothly into a sphere; open at the back."""
    shape = eye_constants().shape
    rim = np.arcsin(shape.cornea_rim)
    angle = np.concatenate(
        [
            np.linspace(0, 1.25 * rim, shape.cornea_rings, endpoint=False),
            np.linspace(1.25 * rim, shape.shell_end_rad, shape.shell_rings),
        ]
    )
    r, sphere = np.sin(angle), np.cos(angle)
    sag = shape.cornea_apex - np.cos(rim)
    cap_radius = (shape.cornea_rim**2 + sag**2) / (2 * sag)
    cap = shape.cornea_apex - cap_radius + np.sqrt(np.maximum(cap_radius**2 - r**2, 0))
    t = np.clip((r - 0.80 * shape.cornea_rim) / (0.40 * shape.cornea_rim), 0, 1)
    weight = np.where(sphere > 0, t * t * (3 - 2 * t), 1)
    # Before the cap meets the sphere it lies outside it, after it inside: no kink either way.
    z = (1 - weight) * np.maximum(cap, sphere) + weight * sphere
    return _revolve(r, z, angle / np.pi, shape.segments)


def _revolve(r: F64Array, z: F64Array, v: F64Array, segments: int) -> Revolved:
    """Rings of radius ``r`` at ``z``; the first is the pole itself."""
    turn = np.arange(segments) / segments * 2 * np.pi
    circle = np.stack([np.cos(turn), np.sin(turn)], -1)
    rings = np.concatenate(
        [r[1:, None, None] * circle, np.broadcast_to(z[1:, None, None], (len(r) - 1, segments, 1))],
        -1,
    )
    vertices = np.concatenate([[[0.0, 0.0, z[0]]], rings.reshape(-1, 3)])
    j = np.arange(segments)
    following = (j + 1) % segments
    cap = np.stack([np.zeros_like(j), 1 + j, 1 + following, np.full_like(j, -1)], -1)
    u0, u1 = j / segments, (j + 1) / segments
    middle, end = (u0 + u1) / 2, np.full(segments, v[1])
    start = np.full(segments, v[0])
    cap_uv = np.stack(
        [np.stack(p, -1) for p in ((middle, start), (u0, end), (u1, end), (u1, end))], 1
    )
    faces, uvs = [cap], [cap_uv]
    for i in range(len(r) - 2):
        inner, outer = 1 + i * segments, 1 + (i + 1) * segments
        faces.append(np.stack([inner + j, outer + j, outer + following, inner + following], -1))
        low, high = np.full(segments, v[i + 1]), np.full(segments, v[i + 2])
        corners = ((u0, low), (u0, high), (u1, high), (u1, low))
        uvs.append(np.stack([np.stack(p, -1) for p in corners], 1))
    return Revolved(
        np.asarray(vertices, np.float32),
        np.concatenate(faces).astype(np.int32),
        np.concatenate(uvs).astype(np.float32),
    )
