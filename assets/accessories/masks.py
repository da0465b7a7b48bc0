"""Masks over mouth and nose: a membrane over the face, its hem, pleats or cup, and its straps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from assets.accessories.capsule import Capsule, CutPiece, outline_field
from assets.accessories.fit import F64Array, smoothstep
from assets.accessories.hugging import (
    behind_ear,
    clear,
    eased,
    hugging,
    lift_faces,
    normals_along,
    past_ears,
)
from assets.accessories.styles import MaskStyle
from assets.accessories.sweep import Piece, ellipsoid, joined
from assets.accessories.wearer import Wearer, cloth, plain_of, ribbon, round_tube, second
from assets.geometry import Mesh
from assets.noise import ValueNoise
from spec_schema.spec import Item

__all__ = ["FLAT_M", "ROUND_CELLS", "TAUT", "build_mask", "hem", "on_skin", "row_of"]

MM = 1e-3
GAP_M = 0.0012
CLEAR_M = 0.0006
EDGE_M = 0.036
"""Over this distance from its edge a mask comes down to the skin."""
ROUND_CELLS = 2.4
"""Cloth over the tip of a nose is no sharper, in places of 3 mm."""
CREASES_M = 0.0007
HEM_M = 0.0009
FLAT_M = 0.09
TAUT = (16, 16, 13, 13, 10, 10, 8, 8, 6, 6, 5, 5, 4, 4, 3, 3, 2, 2, 1.5, 1)
BACK_HEIGHTS_M = (0.02, -0.085)
"""Of the straps of a respirator behind the head, from the eyes."""


def build_mask(style: MaskStyle, item: Item, wearer: Wearer) -> tuple[Mesh, ...]:
    """Cloth, hem, straps and what else there is, in the world frame."""
    shell = wearer.bare
    outline = _outline(style, item, wearer)
    field = outline_field(shell.azimuth.T, shell.height_m(), outline)
    fitted = shell.smoothed(0.7).spanned(GAP_M, TAUT).rounded(ROUND_CELLS)
    near = shell.smoothed(1.0).lifted(GAP_M).radius_m
    inner = smoothstep(field, 0.0, EDGE_M)
    radius = near + (fitted.radius_m - near) * inner + _relief(style, item, shell, field, outline)
    piece = Capsule(shell.centre_m, shell.axis_m, radius).cut(field)
    piece = on_skin(piece, wearer, CLEAR_M)
    fabric = cloth(style, item, style.weave)
    edge = clear(hem(piece, HEM_M * item.thickness), wearer.skin, 0.0002)
    meshes = [
        wearer.mesh("mask", piece.piece, fabric, style, piece.grid_uv_m),
        wearer.mesh("mask-hem", edge, plain_of(fabric), style),
    ]
    straps = _straps(style, item, wearer, outline, shell)
    meshes.append(wearer.mesh("mask-straps", straps, second(item, 0.8), style))
    if style.valve:
        meshes.append(wearer.mesh("mask-valve", _valve(piece), second(item, 0.4), style))
    return tuple(meshes)


def _outline(style: MaskStyle, item: Item, wearer: Wearer) -> F64Array:
    """(n, 2) arc and height of the edge, by landmarks of this face."""
    fit = wearer.fit
    marks = fit.landmarks_m
    height = marks[:, 1]
    low = height[8] - style.chin_mm * MM
    nose = height[27] + (height[30] - height[27]) * (style.top - 0.15 * item.height)
    side = np.deg2rad(style.side_deg) * FLAT_M * item.size
    cheek = (height[29] + height[30]) / 2 + 0.15 * (nose - height[29])
    jaw = height[4] * 0.5 + height[12] * 0.5
    right = np.array(
        [
            [0.0, nose],
            [0.17 * side, nose - 0.002],
            [0.42 * side, cheek + 0.006],
            [0.75 * side, cheek + 0.002],
            [0.98 * side, cheek - 0.006],
            [1.0 * side, 0.5 * (cheek + jaw)],
            [0.97 * side, jaw + 0.004],
            [0.75 * side, jaw - 0.5 * (jaw - low)],
            [0.4 * side, low + 0.002],
        ]
    )
    left = right[1:][::-1] * np.array([-1.0, 1.0])
    return np.concatenate([right, [[0.0, low]], left])


def _relief(
    style: MaskStyle, item: Item, shell: Capsule, field: F64Array, outline: F64Array
) -> F64Array:
    """Metres (A, S) that the cloth stands out farther: cup, pleats, seam."""
    y = shell.height_m()
    high, low = outline[:, 1].max(), outline[:, 1].min()
    at = np.clip((y - low) / (high - low), 0, 1)
    turn = np.abs(shell.azimuth.T)
    inner = smoothstep(field, 0.001, 0.016)
    middle = np.exp(-((turn / 0.5) ** 2))
    out = style.stand_mm * MM * item.thickness * middle * np.sin(np.pi * np.clip(at, 0, 1)) ** 0.7
    if style.seam:
        out = out + (0.0035 * np.exp(-turn / 0.10) + 0.0006 * np.exp(-((turn / 0.02) ** 2)))
    for k in range(style.pleats):
        line = 0.34 + 0.4 * k / max(style.pleats - 1, 1)
        # A fold: up slowly from below, down at once.
        rise = np.clip((at - line) / 0.10 + 1, 0, 1) * (at < line)
        out = out + 0.0022 * item.thickness * rise * smoothstep(1.15 - turn, 0.0, 0.5)
    # Loops gather the sides; everywhere cloth is a little crumpled.
    noise = ValueNoise(item.seed, "mask/creases")
    at_m = np.stack([FLAT_M * shell.azimuth.T + 0 * y, y, 0 * y], -1).astype(np.float32)
    along = at_m * np.array([22, 85, 0], np.float32)
    gathered = smoothstep(turn, 0.5, 1.05) * noise(along, 1.0, octaves=1)
    crumpled = noise(at_m, 45.0, octaves=2)
    out = out + CREASES_M * item.thickness * (1.6 * gathered + crumpled)
    return np.asarray(out * inner)


def on_skin(piece: CutPiece, wearer: Wearer, clear_m: float, ears: bool = True) -> CutPiece:
    """The piece with its points at least ``clear_m`` outside the skin, and its faces outside."""
    skin = wearer.skin if ears else wearer.skull_skin
    points = skin.pushed_out(piece.piece.points_m, clear_m)
    lift_faces(points, piece.piece.faces, skin)
    if ears:
        points = past_ears(points, piece.piece.faces, skin, clear_m)
    return CutPiece(Piece(points, piece.piece.faces), piece.grid_uv_m, piece.loops, piece.azimuth)


def hem(piece: CutPiece, radius_m: float, which: NDArray[np.int64] | None = None) -> Piece:
    """A cord along the edges of a piece."""
    loops = piece.loops if which is None else (which,)
    cords = []
    for loop in loops:
        path = gaussian_filter1d(piece.piece.points_m[loop], 1.0, axis=0, mode="wrap")
        gap = np.linalg.norm(np.roll(path, -1, 0) - path, axis=1)
        cords.append(round_tube(path[gap > 1e-5], radius_m, closed=True))
    return joined(cords)


def _straps(
    style: MaskStyle, item: Item, wearer: Wearer, outline: F64Array, shell: Capsule
) -> Piece:
    fit = wearer.fit
    side_edge = outline[:, 0].max()
    top = outline[4, 1] - 0.001
    low = outline[6, 1] + 0.001
    wide = 0.5 * style.strap_mm * MM * item.thickness
    pieces = []
    for side in (-1.0, 1.0):
        corners = np.array([[side * side_edge * 0.975, top], [side * side_edge * 0.97, low]])
        row = row_of(shell, corners)
        ends = shell.surface_at(corners[:, 0] / FLAT_M, row)
        ends = wearer.skin.pushed_out(ends, 0.0014)
        if style.straps == "ears":
            knots = behind_ear(fit.ear_root(side), fit.ear(side), side)
            path = hugging(np.concatenate([ends[:1], knots, ends[1:]]), wearer.skull_skin, 0.0012)
            path = eased(path, wearer.skin, wide)
            pieces.append(clear(round_tube(path, wide, closed=False), wearer.skin, 0.0002))
    if style.straps == "head":
        eyes = (fit.eyes_m["left"] + fit.eyes_m["right"])[1] / 2
        for k, height in enumerate(BACK_HEIGHTS_M):
            turn = np.deg2rad(np.linspace(style.side_deg * 0.97, 180, 9))
            start = (top, low)[k]
            rise = smoothstep(np.linspace(0, 1, 9), 0.0, (0.45, 0.75)[k])
            y = start + (eyes + height - start) * rise
            # Under the ears the lower strap runs deeper than a straight line.
            if k:
                y = np.minimum(y, min(fit.ear(1.0)[:, 1].min(), fit.ear(-1.0)[:, 1].min()) - 0.006)
                y[0] = start
            else:
                y[1:5] = np.maximum(y[1:5], max(fit.ear_root(-1)[1], fit.ear_root(1)[1]) + 0.008)
            half = np.column_stack([turn, y])
            both = np.concatenate([half, half[::-1][1:] * [-1, 1] + [2 * np.pi, 0]])
            at = shell.surface_at(both[:, 0], row_of(shell, both * [FLAT_M, 1.0]))
            path = hugging(at, wearer.skull_skin, 0.001, n=110, keep_ends=False)
            path = eased(path, wearer.skin, 0.001)
            band = ribbon(path, normals_along(path, wearer.skull_skin), wide, 0.0005, False)
            pieces.append(clear(band, wearer.skin, 0.0003, over_ears=True))
    return joined(pieces)


def row_of(shell: Capsule, arc_height: F64Array) -> F64Array:
    """(n,) rows at which columns reach heights; places are (n, 2) arc and height."""
    height = shell.height_m()
    column = np.round(arc_height[:, 0] / FLAT_M / (2 * np.pi) * len(height)).astype(int) % len(
        height
    )
    rows = np.arange(height.shape[1])
    return np.array(
        [np.interp(-y, -height[c], rows) for c, y in zip(column, arc_height[:, 1], strict=True)]
    )


def _valve(piece: CutPiece) -> Piece:
    """A round exhale valve beside the middle."""
    points = piece.piece.points_m
    front = np.abs(np.abs(piece.azimuth) - 0.33) < 0.05
    side = front & (piece.azimuth < 0)
    chosen = points[side]
    middle = chosen[np.argmin(np.abs(chosen[:, 1] - np.median(points[:, 1]) + 0.004))]
    out = np.array([np.sin(-0.33), 0.0, np.cos(-0.33)])
    across = np.cross([0.0, 1.0, 0.0], out)
    axes = np.stack([across * 0.0135, np.array([0.0, 0.0135, 0.0]), out * 0.006])
    return ellipsoid(middle + out * 0.001, axes, 12)
