"""Where a pair of glasses sits on a head: the plane of its front, its width, its ears."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assets.wear.head import WearHead
from assets.wear.params import FitData, GlassesParams
from spec_schema.spec import Item

__all__ = ["MM", "Ear", "Front", "find_ears", "place_front"]

F64Array = NDArray[np.float64]

MM = 1e-3
_PANTOSCOPIC_DEG = 8.0
"""Tops of lenses lean forward; opticians aim at 8 to 12 degrees."""
_VERTEX_DISTANCE_M = 0.0135
"""Cornea to the back of the lens; 12 to 14 mm is the opticians' norm."""
_WRAP_RADIUS_M = 0.42
"""The whole front is bent round the face."""
_REFERENCE_EAR_X_M = 0.0722
"""Half width of the head above the ears for which the catalogue's sizes are right."""


@dataclass(frozen=True)
class Ear:
    """Where a temple touches one ear; skull frame, metres."""

    side: int
    """1 the subject's left, -1 the right."""
    top: F64Array
    """(3,) on the skull above the ear's root."""
    root: F64Array
    """(3,)"""
    behind: F64Array
    """(n, 3) down the crease behind the ear."""


@dataclass(frozen=True)
class Front:
    """The front of a frame: u to the subject's left, v up along the lenses, w forward."""

    origin: F64Array
    """(3,) middle between the lenses, skull frame."""
    axes: F64Array
    """(3, 3) u, v, w in rows."""
    scale: float
    """Of all widths and heights of lenses and bridge."""
    lens_half: tuple[float, float]
    bridge_half: float
    hinge_u: float
    hinge_v: float
    curve_m: float

    def depth(self, u: F64Array, v: F64Array) -> F64Array:
        """w of the lens surface: curved across each lens and round the face."""
        centre = self.bridge_half + self.lens_half[0]
        across = np.abs(u)
        lens = (np.maximum(across, 0.4 * centre) - centre) ** 2 + v**2
        return np.asarray(-lens / (2 * self.curve_m) - across**2 / (2 * _WRAP_RADIUS_M))

    def place(self, u: F64Array, v: F64Array, w: F64Array | float = 0.0) -> F64Array:
        """Skull-frame points (n, 3); w counts from the lens surface."""
        local = np.stack([u, v, self.depth(u, v) + w], -1)
        return np.asarray(self.origin + local @ self.axes)

    def moved(self, w: float) -> Front:
        """The same, w metres further forward."""
        return replace(self, origin=self.origin + w * self.axes[2])


def find_ears(head: WearHead, fit: FitData) -> tuple[Ear, Ear]:
    """The subject's left ear and right ear."""
    cage = head.skull_cage_m
    left, right = (
        Ear(
            side=side,
            top=cage[fit.ear_top[k]],
            root=cage[fit.ear_root[k]],
            behind=cage[list(fit.behind_ear[k])],
        )
        for k, side in enumerate((1, -1))
    )
    return left, right


def place_front(
    params: GlassesParams, item: Item, head: WearHead, ears: tuple[Ear, Ear]
) -> Front:
    """The front before the nose and brows push it forward."""
    half_head = 0.5 * (ears[0].top[0] - ears[1].top[0])
    scale = float(np.clip(half_head / _REFERENCE_EAR_X_M, 0.92, 1.1)) * item.size
    half_width, half_height = (0.5 * size * MM * scale for size in params.lens_mm)
    bridge_half = 0.5 * params.bridge_mm * MM * scale
    rim_end = bridge_half + 2 * half_width + params.rim_mm * MM
    hinge_u = float(np.clip(half_head - 0.002, rim_end + 0.0025, rim_end + 0.007))

    lean = np.radians(_PANTOSCOPIC_DEG)
    roll = np.radians(item.tilt_deg)
    up = np.array([0.0, np.cos(lean), np.sin(lean)])
    forward = np.array([0.0, -np.sin(lean), np.cos(lean)])
    left = np.array([1.0, 0.0, 0.0])
    u = np.cos(roll) * left + np.sin(roll) * up
    v = np.cos(roll) * up - np.sin(roll) * left

    eyes = head.skull_eyes_m.mean(0)
    origin = eyes + (head.eye_radius_m + _VERTEX_DISTANCE_M) * np.array([0, 0, 1.0])
    origin = origin - params.drop_mm * MM * up
    front = Front(
        origin=origin,
        axes=np.stack([u, v, forward]),
        scale=scale,
        lens_half=(half_width, half_height),
        bridge_half=bridge_half,
        hinge_u=hinge_u,
        hinge_v=params.hinge_height * half_height,
        curve_m=params.curve_mm * MM,
    )
    # Distance counts at the pupils, where the curved lens lies behind the middle.
    pupil = 0.5 * (head.skull_eyes_m[0, 0] - head.skull_eyes_m[1, 0])
    sag = float(front.depth(np.array([pupil]), np.array([params.drop_mm * MM]))[0])
    return front.moved(-sag)
