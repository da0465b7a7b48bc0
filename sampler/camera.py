"""Lens and framing: what is drawn, and what is solved from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sampler import framing
from sampler.copula import ComponentConfig
from sampler.framing import Points
from sampler.quantities import FocalLength, Fraction, Positive
from sampler.streams import F64, Draws

__all__ = [
    "CameraConfig",
    "Framing",
    "Lens",
    "draw_framing",
    "in_camera_axes",
    "keep_distance",
    "place",
    "place_head",
    "solve_lens",
]

Landmarks68 = NDArray[np.float32]

ATTEMPTS: Final = 8
"""Candidates a row has for a framing that the config allows."""

_FACE_HEIGHT_M: Final = 0.125
"""Height of a mean adult 68-landmark box, to judge the distance before the face is known."""
_CROWN_DEPTH_M: Final = 0.1
"""Where the blur circle is declared: this far behind the eyes."""
_SKULL_CENTRE_M: Final = np.array([0.0, 0.03, -0.09])
_SKULL_RADIUS_M: Final = 0.095
"""A ball about as large as a mean adult's skull, head frame."""


class CameraConfig(ComponentConfig):
    drawn_apart: ClassVar[frozenset[str]] = frozenset({"blur"})

    focal_length: FocalLength
    """35 mm equivalent of the picture as cropped round the face."""
    sensor_width_mm: Annotated[float, Field(ge=1, le=100)]
    face_size: Fraction
    """Longer side of the box of the 68 landmarks, in picture widths."""
    centre_x: Fraction
    centre_y: Fraction
    """Centre of that box in picture widths from the left and the top."""
    margin: Annotated[float, Field(ge=-0.5, le=0.4)]
    """Least distance between that box and the picture's edge, in picture widths."""
    min_distance_m: Positive
    blur: Fraction
    """Blur circle of a point 0.1 m behind the eyes, in picture widths; decides the f-number."""


@dataclass(frozen=True)
class Framing:
    """What the picture is to show; all in picture widths, ``(n,)``, ``(n, 2)``, ``(n,)``."""

    face_size: F64
    centre: F64
    focal_ratio: F64
    candidates: NDArray[np.int64]
    """How many were drawn until one kept the rules, or all of them."""
    accepted: NDArray[np.bool_]
    """Whether one did; else the last one was bent to the rules."""


@dataclass(frozen=True)
class Lens:
    """``(n,)`` each."""

    f_number: F64
    focus_distance_m: F64


def draw_framing(config: CameraConfig, draws: Draws, min_face: float = 0.0) -> Framing:
    """Draw box and focal length; the first of some candidates that keeps the rules is taken."""
    u = {
        name: draws.uniforms(name, ATTEMPTS)
        for name in ("face_size", "centre_x", "centre_y", "focal_length")
    }
    size = config.face_size.ppf(u["face_size"])
    x, y = config.centre_x.ppf(u["centre_x"]), config.centre_y.ppf(u["centre_y"])
    ratio = config.focal_length.ppf(u["focal_length"]) / config.sensor_width_mm

    reach = size / 2 + config.margin
    inside = (np.minimum(x, y) >= reach) & (np.maximum(x, y) <= 1 - reach)
    far = ratio * _FACE_HEIGHT_M >= config.min_distance_m * size
    good = inside & far & (size >= min_face)
    rows = np.arange(len(size))
    pick = np.where(good.any(axis=1), good.argmax(axis=1), ATTEMPTS - 1)
    size, x, y, ratio = (a[rows, pick] for a in (size, x, y, ratio))
    accepted = good[rows, pick]

    # Where no candidate would do, the nearest values that keep the rules.
    size = np.minimum(np.maximum(size, min_face), 1 - 2 * config.margin - 1e-3)
    reach = size / 2 + config.margin
    x, y = np.clip(x, reach, 1 - reach), np.clip(y, reach, 1 - reach)
    ratio = np.maximum(ratio, config.min_distance_m * size / _FACE_HEIGHT_M)
    return Framing(size, np.stack([x, y], axis=-1), ratio, pick + 1, accepted)


def in_camera_axes(landmarks_head_m: Landmarks68, camera_from_head: F64) -> Points:
    """Landmarks ``(n, p, 3)`` turned by ``(n, 3, 3)``, as ``(3, p, n)`` for the framing."""
    turn = np.ascontiguousarray(camera_from_head.transpose(1, 2, 0), np.float32)
    return np.asarray(np.einsum("ijn,jpn->ipn", turn, landmarks_head_m.transpose(2, 1, 0)))


def place_head(
    framing_: Framing,
    camera_from_head: F64,
    landmarks_head_m: Landmarks68,
    start_m: F64 | None = None,
) -> F64:
    """Head origin in the camera frame ``(n, 3)``, so that the landmarks fill the drawn box."""
    return place(framing_, in_camera_axes(landmarks_head_m, camera_from_head), start_m)


def place(framing_: Framing, points: Points, start_m: F64 | None = None) -> F64:
    """The same from landmarks in the camera's axes ``(3, 68, n)``."""
    return framing.solve(points, framing_.face_size, framing_.centre, framing_.focal_ratio, start_m)


def keep_distance(
    config: CameraConfig,
    framing_: Framing,
    camera_from_head: F64,
    landmarks_head_m: Landmarks68,
    position_m: F64,
) -> tuple[Framing, F64]:
    """Longer lenses where a head, now that it is known, is nearer than the config allows.

    Returns:
        The framing with those focal lengths, and the positions ``(n, 3)`` that go with it.
    """
    ratio, position = framing_.focal_ratio.copy(), position_m.copy()
    least = config.min_distance_m * 1.001
    for _ in range(8):
        near = np.flatnonzero(position[:, 2] < least)
        if near.size == 0:
            break
        ratio[near] *= 1.002 * least / position[near, 2]
        position[near] = place_head(
            replace(
                framing_,
                face_size=framing_.face_size[near],
                centre=framing_.centre[near],
                focal_ratio=ratio[near],
            ),
            camera_from_head[near],
            landmarks_head_m[near],
            position[near],
        )
    accepted = framing_.accepted & (ratio == framing_.focal_ratio)
    return replace(framing_, focal_ratio=ratio, accepted=accepted), position


def solve_lens(
    config: CameraConfig,
    draws: Draws,
    framing_: Framing,
    camera_from_head: F64,
    landmarks_head_m: Landmarks68,
    position_m: F64,
) -> Lens:
    """Focus on the plane of the nearer eye, of a head from behind on the skull's nearest point,
    and the aperture that gives the drawn blur."""
    right, left = (landmarks_head_m[:, s].mean(axis=1) for s in (slice(36, 42), slice(42, 48)))
    depth_axis = camera_from_head[:, 2]
    near = np.minimum((right * depth_axis).sum(axis=1), (left * depth_axis).sum(axis=1))
    away = np.clip((depth_axis[:, 2] - 0.2) / 0.5, 0, 1)
    skull = depth_axis @ _SKULL_CENTRE_M - _SKULL_RADIUS_M
    focus = position_m[:, 2] + near + away * (skull - near)

    # Thin lens: c = A f / (z - f) * d / (z + d), with A the aperture's width and d the depth.
    focal_m = framing_.focal_ratio * config.sensor_width_mm / 1000
    circle_m = config.blur.ppf(draws.uniform("blur")) * config.sensor_width_mm / 1000
    stretch = focal_m / (focus - focal_m) * _CROWN_DEPTH_M / (focus + _CROWN_DEPTH_M)
    f_number = focal_m * np.maximum(stretch, 1e-9) / np.maximum(circle_m, 1e-9)
    return Lens(np.clip(f_number, 0.7, 128.0), focus)
