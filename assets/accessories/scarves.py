"""Cloth over mouth and nose, and scarves round the neck."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from assets.accessories.capsule import Capsule
from assets.accessories.fit import F64Array, smoothstep
from assets.accessories.hugging import clear
from assets.accessories.masks import FLAT_M, hem, on_skin, row_of
from assets.accessories.styles import BandMaskStyle, ScarfStyle
from assets.accessories.sweep import Piece, grid_faces, joined
from assets.accessories.wearer import Wearer, cloth
from assets.geometry import Mesh
from assets.noise import ValueNoise
from spec_schema.spec import Item

__all__ = ["build_face_wrap", "build_scarf"]

MM: Final = 1e-3
GAP_M: Final = 0.0011
EDGE_M: Final = 0.016
SIDES: Final = 28
TURN_POINTS: Final = 140


def build_face_wrap(style: BandMaskStyle, item: Item, wearer: Wearer) -> tuple[Mesh, ...]:
    """Cloth from the nose down round the head, open below."""
    marks = wearer.fit.landmarks_m
    shell = wearer.eared.smoothed(0.8).spanned(GAP_M)
    turn = np.abs(shell.azimuth.T)
    top = marks[27, 1] + (marks[30, 1] - marks[27, 1]) * (style.top - 0.12 * item.height)
    roots = min(wearer.fit.ear_root(-1)[1], wearer.fit.ear_root(1)[1])
    beside = 0.5 * (marks[1, 1] + marks[15, 1]) - 0.006
    upper = top + (beside - top) * smoothstep(turn, 0.12, 0.75)
    # It goes over the ears' lower half and is tied below the bulge of the skull.
    upper = upper + (roots - 0.02 - beside) * smoothstep(turn, 1.0, 1.8)
    ahead = 0.5 + 0.5 * np.cos(turn)
    low = marks[8, 1] - style.low_mm * MM * (0.35 + 0.65 * ahead) + 0.02 * (1 - ahead)
    low = low - style.point_mm * MM * np.maximum(0.0, 1 - turn / 0.75)
    low = np.maximum(low, wearer.bare.neck_floor(0.095)[:, None] + 0.004)
    y = shell.height_m()
    field = np.minimum(upper - y, y - low) + 0 * turn
    near = wearer.eared.smoothed(1.0).lifted(GAP_M).radius_m
    noise = ValueNoise(item.seed, "scarf/folds")
    p = shell.points() - shell.centre_m
    fold = noise(np.asarray(p * np.array([9.0, 55.0, 9.0]), np.float32), 1.0, octaves=2)
    thick = style.thickness_mm * MM * item.thickness
    loose = shell.radius_m + style.folds_mm * MM * np.maximum(fold + 0.15, -0.1)
    free = smoothstep(upper - y, 0.0, EDGE_M) * (0.15 + 0.85 * smoothstep(ahead, 0.25, 0.75))
    radius = near + (loose - near) * free + thick * 0.6
    piece = on_skin(replace(shell, radius_m=radius).cut(field), wearer, 0.0006)
    material = cloth(style, item, style.weave)
    plain = replace(material, colour_map=None, height_map_mm=None)
    return (
        wearer.mesh("face-wrap", piece.piece, material, style, piece.grid_uv_m),
        wearer.mesh(
            "face-wrap-hem",
            clear(hem(piece, 0.0005 + 0.25 * thick), wearer.skin, 0.0002),
            plain,
            style,
        ),
    )


def build_scarf(style: ScarfStyle, item: Item, wearer: Wearer) -> tuple[Mesh, ...]:
    """Rolls of cloth round the neck over the clothes, and an end that hangs down."""
    _, lower = wearer.fit.neck_axis()
    chin = wearer.fit.landmarks_m[8, 1]
    material = cloth(style, item, style.weave)
    tall = style.tall_mm * MM / style.turns * item.size
    pieces, uvs = [], []
    shell = wearer.dressed.smoothed(1.5).spanned(0.001)
    base = lower[1] + 0.008
    for k in range(style.turns):
        y = base + tall * (0.45 + 0.8 * k)
        y = min(y, chin - 0.012)
        piece, uv = _roll(style, item, shell, y, tall, k)
        pieces.append(piece)
        uvs.append(uv)
    if style.hanging:
        piece, uv = _end(style, item, wearer, base)
        pieces.append(piece)
        uvs.append(uv)
    whole = clear(joined(pieces), wearer.skin, 0.0006)
    return (wearer.mesh("scarf", whole, material, style, np.concatenate(uvs)),)


def _roll(
    style: ScarfStyle, item: Item, capsule: Capsule, y_m: float, tall_m: float, k: int
) -> tuple[Piece, F64Array]:
    """One turn: a flattened tube with folds along it."""
    turn = np.arange(TURN_POINTS) * (2 * np.pi / TURN_POINTS)
    sway = 0.010 * np.cos(turn - 1.1 * k) - 0.012 * (0.5 + 0.5 * np.cos(turn))
    place = np.column_stack([turn * FLAT_M, y_m + sway])
    on = capsule.surface_at(turn, row_of(capsule, place))
    on = gaussian_filter1d(on, 4.0, axis=0, mode="wrap")
    thick = 0.5 * style.thick_mm * MM * item.thickness
    out = np.stack([np.sin(turn), 0 * turn, np.cos(turn)], 1)
    neck = np.hypot(*(on[:, [0, 2]] - capsule.axis_m[70][[0, 2]]).T)
    # Over the shoulders the roll stays near the neck.
    pull = np.maximum(neck - 0.085, 0.0)[:, None]
    middle = on - out * pull + out * thick
    middle[:, 1] += 0.55 * pull[:, 0]
    angle = np.arange(SIDES) * (2 * np.pi / SIDES)
    noise = ValueNoise(item.seed + k, "scarf/roll")
    where = np.stack(
        np.broadcast_arrays(
            3 * np.sin(turn)[:, None],
            3 * np.cos(turn)[:, None],
            3.2 * angle[None] + 0 * turn[:, None],
        ),
        -1,
    )
    fold = noise(np.asarray(where, np.float32), 0.9, octaves=2)
    bulk = (1 + 0.16 * fold)[..., None]
    section = np.cos(angle)[None, :, None] * out[:, None] * thick
    section = section + np.sin(angle)[None, :, None] * np.array([0.0, 0.55 * tall_m, 0.0])
    grid = middle[:, None] + section * bulk
    faces = grid_faces(TURN_POINTS, SIDES, closed_rows=True, closed_columns=True)
    a, b = faces // SIDES, faces % SIDES
    a = np.where((a == 0) & (a.max(1, keepdims=True) == TURN_POINTS - 1), TURN_POINTS, a)
    b = np.where((b == 0) & (b.max(1, keepdims=True) == SIDES - 1), SIDES, b)
    uv = np.stack([a * (0.5 / TURN_POINTS), b * (0.11 / SIDES)], -1)
    return Piece(grid.reshape(-1, 3), faces[:, [0, 3, 2, 1]]), uv


def _end(style: ScarfStyle, item: Item, wearer: Wearer, base: float) -> tuple[Piece, F64Array]:
    """A broad end on the breast."""
    capsule = wearer.dressed.smoothed(1.5)
    rows = 30
    lean = 0.25 if item.seed % 2 else -0.25
    first = row_of(capsule, np.array([[lean * FLAT_M, base + 0.01]]))[0]
    at = np.linspace(first, len(capsule.axis_m) - 1.5, rows)
    path = capsule.surface_at(np.full(rows, lean), at)
    path = gaussian_filter1d(path, 2.0, axis=0, mode="nearest")
    path[:, 2] += 0.5 * style.thick_mm * MM
    drop = np.array([[0.0, -0.012, -0.0005]]) * np.arange(1, 14)[:, None]
    path = np.concatenate([path, path[-1] + drop])
    n = len(path)
    wide = 0.045 * item.size
    across = np.linspace(-1, 1, 19)
    fold = 0.004 * np.cos(np.pi * 2.5 * across) * 1.0
    grid = path[:, None] + across[None, :, None] * np.array([wide, 0, 0])
    grid[..., 2] += fold[None] - 0.02 * across[None] ** 2
    front = grid.copy()
    front[..., 2] += 0.0025
    both = np.concatenate([front, grid[:, ::-1]], 1)
    columns = both.shape[1]
    faces = grid_faces(n, columns, closed_columns=True)[:, [0, 3, 2, 1]]
    a, b = faces // columns, faces % columns
    uv = np.stack([np.minimum(b, columns - 1 - b) * (0.09 / 18), a * 0.008], -1)
    return Piece(both.reshape(-1, 3), faces), uv
