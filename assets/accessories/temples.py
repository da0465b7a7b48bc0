"""The arms of spectacles: from the hinge along the head, over the ear and down behind it."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from assets.accessories.data import GlassesStyle
from assets.accessories.fit import F64Array, HeadFit, Skin, smoothstep
from assets.accessories.frame_fit import MM, FrameFit, lens_outline
from assets.accessories.sweep import Piece, resampled, rounded_box_section, tube

__all__ = ["temple"]

CLEARANCE_M = 0.0006
BEHIND_ROOT_M = 0.007
TIP_M = 0.034
TIP_DOWN_DEG = 52.0
POINTS = 72


def temple(style: GlassesStyle, fit: FrameFit, head: HeadFit, skin: Skin, side: float) -> Piece:
    """One arm with its end piece; side -1 right, 1 left."""
    thick, high, low = (0.5 * MM * v for v in style.temple_mm)
    root = head.ear_root(side)
    out = np.array([side, 0.0, 0.0])
    y = style.hinge_at * fit.lens_m[1] / 2
    hinge = fit.half_width_m - thick
    edge = lens_outline(style, fit, side, 0.5 * style.rim_mm[0] * MM)
    near = edge[edge[:, 0] * side > fit.lens_x_m]
    attach = near[np.argmin(np.abs(near[:, 1] - y))]
    start = fit.skull(np.array([attach[0], y, 0.0]))
    corner = fit.skull(np.array([side * hinge, y, 0.0]))
    over = root + out * (thick + CLEARANCE_M) + np.array([0.0, low + 0.0008, 0.003])
    behind = over - np.array([0.0, 0.001, BEHIND_ROOT_M])
    down = np.deg2rad(TIP_DOWN_DEG)
    tip = behind + TIP_M * np.array([0.0, -np.sin(down), -np.cos(down)])

    back = (over - corner) / np.linalg.norm(over - corner)
    turn = min(0.005, 0.9 * abs(corner[0] - start[0]))
    inward = (start - corner) / np.linalg.norm(start - corner)
    path = np.concatenate(
        [
            _line(start, corner + inward * turn, 4),
            _bend(corner + inward * turn, corner, corner + back * turn, 8),
            _line(corner + back * turn, over, 24),
            _bend(over, behind, behind + (tip - behind) * 0.35, 10),
            _line(behind + (tip - behind) * 0.35, tip, 10),
        ]
    )
    path = resampled(
        path[np.append(True, np.linalg.norm(np.diff(path, axis=0), axis=1) > 1e-6)], POINTS
    )
    travelled = np.linspace(0, 1, POINTS)
    length = np.linalg.norm(np.diff(path, axis=0), axis=1).sum()
    free = smoothstep(travelled * length, turn + abs(corner[0] - start[0]), 0.03)
    for _ in range(3):
        lack = np.zeros(POINTS)
        for height in (-low, 0.0, low):
            probe = path - out * thick + np.array([0.0, height, 0.0])
            distance, _, normal = skin.nearest(probe)
            lack = np.maximum(lack, (CLEARANCE_M - distance) / np.maximum(normal[:, 0] * side, 0.5))
        wide = gaussian_filter1d(maximum_filter1d(np.maximum(lack, 0), 9), 2.0, mode="nearest")
        path = path + out * (free * wide)[:, None]

    path = _off_the_ear(path, head.face(ears=True), (thick, low), travelled * length)

    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.cross(fit.tilt[:, 1], along)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    upward = np.cross(along, across)
    at_ear = smoothstep(travelled * length, 0.02, 0.085)
    half = np.column_stack([np.full(POINTS, thick), high + (low - high) * at_ear])
    return tube(path, across, upward, rounded_box_section(12), half, closed=False)


def _off_the_ear(
    path: F64Array, whole: Skin, half_m: tuple[float, float], travelled_m: F64Array
) -> F64Array:
    """Lift the path off the ear, up and back in the plane of the arm, as it lies in its groove."""
    thick, low = half_m
    free = smoothstep(travelled_m, 0.05, 0.07)
    for _ in range(4):
        along = np.gradient(path, axis=0)
        along[:, 0] = 0.0
        along /= np.linalg.norm(along, axis=1, keepdims=True)
        off = np.column_stack([np.zeros(len(path)), -along[:, 2], along[:, 1]])
        lack = np.zeros(len(path))
        for x in (-thick, thick):
            for edge in (-low, 0.0):
                probe = path + off * edge + np.array([x, 0.0, 0.0])
                distance, _, normal = whole.nearest(probe)
                slope = np.einsum("ij,ij->i", normal, off)
                # Skin that faces sideways is the head's: the arm lies along it.
                ear = np.where(slope > 0.15, (0.0002 - distance) / np.maximum(slope, 0.4), 0.0)
                lack = np.maximum(lack, ear)
        wide = gaussian_filter1d(maximum_filter1d(lack, 5), 2.0, mode="nearest")
        path = path + off * (free * np.minimum(wide, 0.004))[:, None]
    return path


def _line(a: F64Array, b: F64Array, n: int) -> F64Array:
    return a + (b - a) * np.linspace(0, 1, n)[:, None]


def _bend(a: F64Array, corner: F64Array, b: F64Array, n: int) -> F64Array:
    t = np.linspace(0, 1, n)[:, None]
    return np.asarray((1 - t) ** 2 * a + 2 * t * (1 - t) * corner + t**2 * b)
