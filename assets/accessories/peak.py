"""The peak of a cap, and the button on its crown."""

from __future__ import annotations

import numpy as np

from assets.accessories.data import HeadwearStyle
from assets.accessories.fit import F64Array
from assets.accessories.sweep import Piece, ellipsoid, grid_faces

__all__ = ["button", "peak"]

SPAN_DEG = 62.0
"""Half the angle round the head that the peak is sewn to."""
THICKNESS_M = 0.0032
PITCH_DEG = 11.0
CURL = 0.20
"""How much the peak's sides are bent down: its height falls with the square of x."""
COLUMNS, ROWS = 41, 14


def peak(style: HeadwearStyle, rim_m: F64Array, azimuth: F64Array, size: float) -> Piece:
    """A curved board from the rim (A, 3) of the crown forward, with rounded edges."""
    turned = np.deg2rad(style.turned_deg)
    span = np.deg2rad(SPAN_DEG)
    across = np.linspace(-1, 1, COLUMNS)
    at = (turned + across * span) % (2 * np.pi)
    around = np.append(azimuth, 2 * np.pi)
    closed = np.concatenate([rim_m, rim_m[:1]])
    root = np.stack([np.interp(at, around, closed[:, k]) for k in range(3)], 1)
    forward = np.array([np.sin(turned), 0.0, np.cos(turned)])
    sideways = np.array([np.cos(turned), 0.0, -np.sin(turned)])
    reach = style.peak_mm * 1e-3 * size
    # From the front: an arc that meets the rim at its ends.
    tip = float((root @ forward).max()) + reach
    profile = (1 - np.abs(across) ** 2.6) ** 0.55
    ends = root @ forward
    length = ends[[0, -1]].mean() + (tip - ends[[0, -1]].mean()) * profile - ends
    length = np.maximum(length, 0.0)
    out = np.linspace(0, 1, ROWS)
    pitch = np.tan(np.deg2rad(PITCH_DEG))
    half = float(np.abs((root - root.mean(0)) @ sideways).max())
    x = (root @ sideways - (root @ sideways).mean()) / half
    board = root[:, None] + forward * (length[:, None] * out)[..., None]
    bend = CURL * half * (x**2)[:, None] * out * (length / max(length.max(), 1e-6))[:, None]
    board[..., 1] -= pitch * length[:, None] * out * (0.75 + 0.25 * out) + 0.5 * bend
    board[:, 0] -= forward * 0.0006
    taper = np.sqrt(np.clip(1 - out**12, 0.05, 1))[None]
    upper, lower = board.copy(), board.copy()
    upper[..., 1] += THICKNESS_M * 0.5 * taper + 0.0008
    lower[..., 1] -= THICKNESS_M * 0.5 * taper - 0.0008
    grid = np.concatenate([upper, lower[:, ::-1]], 1)
    faces = grid_faces(COLUMNS, 2 * ROWS, closed_columns=True)
    return Piece(grid.reshape(-1, 3), faces[:, [0, 3, 2, 1]])


def button(centre_m: F64Array) -> Piece:
    """The covered button at the crown."""
    return ellipsoid(centre_m, np.diag([0.0065, 0.0035, 0.0065]))
