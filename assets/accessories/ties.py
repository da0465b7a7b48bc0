"""Neckties and bow ties, at the front of a collar."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from assets.accessories.fit import F64Array, smoothstep
from assets.accessories.hugging import clear
from assets.accessories.styles import TieStyle
from assets.accessories.sweep import Piece, grid_faces, joined, rounded_box_section, tube
from assets.accessories.wearer import Wearer, cloth
from assets.geometry import Mesh
from spec_schema.spec import Item

__all__ = ["build_tie"]

MM: Final = 1e-3
COLLAR_LOW_M: Final = (-0.010, 0.530, 0.020)
COLLAR_HIGH_M: Final = (0.010, 0.548, 0.200)
"""Rest box of the pit of the neck, where a buttoned collar closes."""
KNOT_DEEP_M: Final = 0.0085
BLADE_M: Final = 0.0016
OFF_M: Final = 0.002
"""A tie lies so far off what is below it."""
DIMPLE_M: Final = 0.006
OPENS_M: Final = 0.22
"""So far below the knot a blade has its whole width."""
ACROSS: Final = 25
LONG_M: Final = 0.42
NEAR_M: Final = 0.018
STEP_M: Final = 0.012


def build_tie(style: TieStyle, item: Item, wearer: Wearer) -> tuple[Mesh, ...]:
    """Knot and blade, or a bow, in the world frame."""
    pit = wearer.fit.at_rest(COLLAR_LOW_M, COLLAR_HIGH_M)
    high = float(pit[:, 1].mean()) + 4 * MM * item.height
    path = _front(wearer, high)
    piece = _bow(style, item, path) if style.bow else _long(style, item, path)
    piece = clear(piece, wearer.skin, 0.0006)
    uv = piece.points_m[np.maximum(piece.faces, 0)][..., :2]
    return (wearer.mesh("tie", piece, cloth(style, item, style.weave), style, uv),)


def _front(wearer: Wearer, high_m: float) -> F64Array:
    """(n, 3) the middle of the breast over the clothes, evenly from a height downward."""
    body = wearer.fit.outside(ears=False)
    if wearer.clothes_m is not None:
        body = np.concatenate([body, wearer.fit.skull(wearer.clothes_m)])
    x = float(wearer.fit.landmarks_m[8, 0])
    y = high_m - STEP_M * np.arange(round(LONG_M / STEP_M))
    ahead = body[(np.abs(body[:, 0] - x) < NEAR_M) & (body[:, 2] > 0)]
    near = np.abs(ahead[:, 1] - y[:, None]) < 0.5 * STEP_M + 0.002
    z = np.where(near, ahead[:, 2], -np.inf).max(axis=1)
    # It hangs from the knot, not into hollows, and straight where the body is not known.
    z = np.maximum.accumulate(z)
    path = np.column_stack([np.full(len(y), x), y, z])
    return np.asarray(gaussian_filter1d(path, 1.0, axis=0, mode="nearest"))


def _long(style: TieStyle, item: Item, path: F64Array) -> Piece:
    wide = 0.5 * style.knot_mm * MM * item.thickness
    tall = 1.9 * wide
    top = path[0] + np.array([0.0, 0.62 * tall, -0.004])
    share = np.linspace(0, 1, 9)[:, None]
    lean = np.array([0.0, -tall, 0.36 * tall])
    middle = top + share * lean
    half = np.column_stack(
        [wide * (1 - 0.42 * share[:, 0] ** 0.8), KNOT_DEEP_M * (1 - 0.25 * share[:, 0])]
    )
    side = np.broadcast_to(np.array([1.0, 0.0, 0.0]), middle.shape)
    ahead = np.broadcast_to(np.array([0.0, 0.34, 0.94]), middle.shape)
    knot = tube(middle, side, ahead, rounded_box_section(20, 2.7), half, closed=False)
    return joined([knot, _blade(style, item, path, middle[-1], half[-1, 0])])


def _blade(style: TieStyle, item: Item, path: F64Array, start: F64Array, narrow_m: float) -> Piece:
    """The broad end, from below the knot down."""
    below = path[path[:, 1] < start[1] - 0.012]
    off = np.array([0.0, 0.0, OFF_M + BLADE_M])
    first = start + np.array([0.0, 0.006, -0.002])
    line = np.concatenate([first[None], below + off])
    line = gaussian_filter1d(line, 1.0, axis=0, mode="nearest")
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    broad = 0.5 * style.wide_mm * MM * item.size
    half = narrow_m + (broad - narrow_m) * smoothstep(along, -0.08, OPENS_M)
    x = np.linspace(-1, 1, ACROSS)[None]
    across = half[:, None] * x
    # The dimple below the knot, and sides that fall back.
    deep = DIMPLE_M * np.exp(-((across / 0.006) ** 2)) * np.exp(-along / 0.035)[:, None]
    relief = -deep - 0.0025 * x**2
    front = line[:, None] + across[..., None] * np.array([1.0, 0.0, 0.0])
    front[..., 2] += relief
    edge = np.sqrt(np.clip(1 - x**8, 0.0, 1.0))[..., None]
    back = front - edge * np.array([0.0, 0.0, 2 * BLADE_M])
    grid = np.concatenate([front, back[:, ::-1]], 1)
    faces = grid_faces(len(line), 2 * ACROSS, closed_columns=True)[:, [0, 3, 2, 1]]
    return Piece(grid.reshape(-1, 3), faces)


def _bow(style: TieStyle, item: Item, path: F64Array) -> Piece:
    middle = path[0] + np.array([0.0, 0.004, OFF_M + KNOT_DEEP_M])
    reach = 0.5 * style.wide_mm * MM * item.size
    knot_half = 0.5 * style.knot_mm * MM * item.thickness
    up = np.array([0.0, 0.97, 0.24])
    upright = np.linspace(-1, 1, 7)[:, None] * up * 0.8 * knot_half + middle
    side = np.broadcast_to(np.array([1.0, 0.0, 0.0]), upright.shape)
    ahead = np.broadcast_to(np.array([0.0, -0.24, 0.97]), upright.shape)
    size = np.full((7, 2), 0.7 * knot_half)
    pieces = [tube(upright, side, ahead, rounded_box_section(16, 2.6), size, closed=False)]
    for sign in (-1.0, 1.0):
        share = np.linspace(0.05, 1, 16)
        line = middle + np.outer(share * sign * reach, [1.0, 0.0, 0.0])
        line[:, 2] -= 0.012 * share**2
        tall = knot_half * (0.55 + 1.5 * smoothstep(share, 0.0, 0.85))
        thick = 0.0055 * (1 - 0.55 * share)
        half = np.column_stack([tall, thick])
        sides = np.broadcast_to(up, line.shape)
        out = np.broadcast_to(np.array([0.0, -0.24, 0.97]) * sign, line.shape)
        lobe = tube(line, sides, out, rounded_box_section(20, 2.4), half, closed=False)
        # Gathered at the knot: pleats that fade outward.
        p = lobe.points_m.copy()
        far = np.abs(p[:, 0] - middle[0]) / reach
        p[:, 2] += 0.0016 * np.cos((p[:, 1] - middle[1]) * 900) * np.clip(1 - far, 0, 1)
        pieces.append(Piece(p, lobe.faces))
    return joined(pieces)
