"""Temples: from the hinge along the head to the ear, and down behind it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from assets.wear.frame_place import MM, Ear, Front
from assets.wear.params import GlassesParams
from assets.wear.surface import Surface
from assets.wear.sweep import Shape, open_curve, sweep

__all__ = ["temple"]

F64Array = NDArray[np.float64]

_SAMPLES = 90
_SECTIONS = 16
_CLEARANCE_M = 0.0003
_UP = np.array([0.0, 1.0, 0.0])


def temple(front: Front, params: GlassesParams, ear: Ear, skin: Surface) -> Shape:
    """One temple with its end piece."""
    thickness, height = (0.5 * size * MM for size in params.temple_mm)
    at_ear = min(height, 0.0024)
    knots = np.concatenate([_end_piece(front, params, ear.side), _at_ear(ear, thickness, at_ear)])
    path = open_curve(knots, _SAMPLES)
    half = _half_sizes(path, params, thickness, height, at_ear)
    return _pushed_out(path, half, skin, 4.0 if thickness > 0.001 else 2.2)


def _end_piece(front: Front, params: GlassesParams, side: int) -> F64Array:
    """Out of the rim, round the corner, and a little way back. (4, 3)"""
    u, v = front.hinge_u, front.hinge_v
    start = front.bridge_half + 2 * front.lens_half[0] * (0.985 if params.rims == "full" else 0.95)
    w = float(front.depth(np.array([u]), np.array([v]))[0])
    at_rim = float(front.depth(np.array([start]), np.array([v]))[0])
    local = np.array(
        [
            [side * start, v, at_rim],
            [side * (u - 0.0016), v, w - 0.0002],
            [side * (u - 0.0004), v, w - 0.0018],
            [side * u, v, w - 0.006],
        ]
    )
    return np.asarray(front.origin + local @ front.axes)


def _at_ear(ear: Ear, thickness: float, height: float) -> F64Array:
    """Over the ear's root and down behind it. (n, 3)"""
    out = np.array([ear.side * (thickness + _CLEARANCE_M + 0.0002), 0.0, 0.0])
    over = np.array([ear.top[0], ear.root[1] + height + 0.0005, ear.root[2]]) + out
    behind = ear.behind + out
    drop = np.linspace(0.0, 1.0, len(behind))
    behind = behind + np.stack([0 * drop, 0 * drop, -0.003 * np.sqrt(drop)], -1)
    return np.concatenate([over[None], behind])


def _half_sizes(
    path: F64Array, params: GlassesParams, thickness: float, height: float, at_ear: float
) -> F64Array:
    """(n, 2) half thickness and half height along the temple."""
    step = np.linalg.norm(np.diff(path, axis=0), axis=1)
    s = np.concatenate([[0.0], np.cumsum(step)])
    end = s[-1]
    depth = 0.5 * params.depth_mm * MM
    piece = min(max(height, 0.5 * params.rim_mm * MM), 0.0042)
    places = [0.0, 0.008, 0.016, 0.5 * end, end - 0.045, end - 0.030, end]
    wire = params.pads == "wire"
    tip = max(thickness, 0.0013) if wire else 0.9 * thickness
    across = [depth, depth, thickness, thickness, thickness, tip, 0.85 * tip]
    along = [piece, piece, height, 0.92 * height, at_ear, at_ear, 0.0026]
    return np.stack([np.interp(s, places, across), np.interp(s, places, along)], -1)


def _pushed_out(path: F64Array, half: F64Array, skin: Surface, squareness: float) -> Shape:
    """The sweep, with its path moved until no vertex lies in the skin."""
    rings = slice(3 * _SECTIONS, (3 + _SAMPLES) * _SECTIONS)
    shape = sweep(path, _UP, half, closed=False, squareness=squareness, sections=_SECTIONS)
    for k in range(24):
        distance, normal = skin.signed(shape.vertices[rings])
        short = (_CLEARANCE_M - distance).reshape(_SAMPLES, _SECTIONS)
        worst = short.argmax(1)
        depth = np.maximum(short[np.arange(_SAMPLES), worst], 0.0)
        if depth.max() < 0.0001:
            break
        away = normal.reshape(_SAMPLES, _SECTIONS, 3)[np.arange(_SAMPLES), worst]
        push = away * depth[:, None]
        # A spread push keeps the bar straight; towards the end each ring is on its own.
        spread = gaussian_filter1d(push, 4.0, axis=0, mode="nearest") * 1.6
        path = path + (spread if k < 14 else push)
        shape = sweep(path, _UP, half, closed=False, squareness=squareness, sections=_SECTIONS)
    return shape
