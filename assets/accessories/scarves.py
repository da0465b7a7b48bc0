"""Cloth over mouth and nose, and scarves round the neck."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter, gaussian_filter1d, map_coordinates, maximum_filter

from assets.accessories.fit import F64Array, smoothstep
from assets.accessories.hugging import clear
from assets.accessories.masks import FLAT_M, ROUND_CELLS, hem, on_skin, row_of
from assets.accessories.styles import BandMaskStyle, ScarfStyle
from assets.accessories.sweep import Piece, grid_faces, joined
from assets.accessories.wearer import Wearer, cloth, plain_of
from assets.geometry import Mesh
from assets.noise import ValueNoise
from spec_schema.spec import Item

__all__ = ["build_face_wrap", "build_scarf"]

MM: Final = 1e-3
GAP_M: Final = 0.0011
EDGE_M: Final = 0.016
AZIMUTHS: Final = 180
"""As many as those of the shells."""
ROWS: Final = 56
INSIDE: Final = 8
BASE_M: Final = 0.004
"""Lower edge of a scarf above the root of the neck."""
NECK_M: Final = 0.082
"""Over the shoulders a scarf stays near the neck."""
DIP_M: Final = 0.045
"""How much lower it hangs in front."""
CHIN_M: Final = 0.006
POOL_M: Final = 0.012
CELL_M: Final = 0.004
ROUND_M: Final = 0.016
OFF_M: Final = 0.002
UNDER_M: Final = (0.03, 0.06)
"""So far below its start an end has passed the throat, and lies on the breast."""
HANGING: Final = ((0.3, 1.0), (-0.22, 0.55))
"""Azimuths in radians of the ends, and how long they are."""


def build_face_wrap(style: BandMaskStyle, item: Item, wearer: Wearer) -> tuple[Mesh, ...]:
    """Cloth from the nose down round the head, open below."""
    marks = wearer.fit.landmarks_m
    shell = wearer.eared.smoothed(0.8).spanned(GAP_M).rounded(ROUND_CELLS)
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
    plain = plain_of(material)
    return (
        wearer.mesh("face-wrap", piece.piece, material, style, piece.grid_uv_m),
        wearer.mesh(
            "face-wrap-hem",
            clear(hem(piece, 0.0005 + 0.25 * thick), wearer.skin, 0.0002, over_ears=True),
            plain,
            style,
        ),
    )


def build_scarf(style: ScarfStyle, item: Item, wearer: Wearer) -> tuple[Mesh, ...]:
    """Cloth wound round the neck over the clothes, and ends that hang down."""
    _, lower = wearer.fit.neck_axis()
    material = cloth(style, item, style.weave)
    base = float(lower[1]) + BASE_M
    wound, uv = _wound(style, item, wearer, base)
    pieces, uvs = [wound], [uv]
    if style.hanging:
        for lean, long in HANGING:
            piece, uv = _end(style, item, wearer, base, lean if item.seed % 2 else -lean, long)
            pieces.append(piece)
            uvs.append(uv)
    whole = clear(joined(pieces), wearer.skin, 0.0006)
    return (wearer.mesh("scarf", whole, material, style, np.concatenate(uvs)),)


def _wound(style: ScarfStyle, item: Item, wearer: Wearer, base: float) -> tuple[Piece, F64Array]:
    """All turns as one sheet with folds that climb round the neck, closed on its inside."""
    shell = wearer.dressed.smoothed(1.5).spanned(0.001)
    turn = np.arange(AZIMUTHS) * (2 * np.pi / AZIMUTHS)
    front = (0.5 + 0.5 * np.cos(turn))[:, None]
    ring = np.stack([np.sin(turn), np.cos(turn), 0 * turn], 1)
    sway = ValueNoise(item.seed, "scarf/sway")(np.asarray(ring, np.float32), 1.1, octaves=1)[
        :, None
    ]
    thick = style.thick_mm * MM * item.thickness
    tall = style.tall_mm * MM * item.size
    row = row_of(shell, np.column_stack([turn * FLAT_M, np.full(AZIMUTHS, base + 0.4 * tall)]))
    neck = np.minimum(shell.radius_at(turn, row), NECK_M)
    neck = gaussian_filter1d(neck, 5.0, mode="wrap")[:, None]
    floor = gaussian_filter1d(wearer.dressed.neck_floor(neck[:, 0] + 0.8 * thick), 5.0, mode="wrap")
    low = np.maximum(base - DIP_M * front**2 + 0.010 * sway, floor[:, None] - 0.006)
    chin = wearer.fit.landmarks_m[8, 1]
    high = np.minimum(low + tall, chin - CHIN_M + 0.035 * (1 - front)) + 0.006 * np.roll(
        sway, 40, 0
    )
    high = np.maximum(high, low + 0.035)
    high = gaussian_filter1d(high, 4.0, axis=0, mode="wrap")

    up = np.linspace(0, 1, ROWS)[None]
    where = np.concatenate(
        [np.broadcast_to(ring[:, None, :2] * 1.6, (AZIMUTHS, ROWS, 2)),
         np.broadcast_to(up[..., None] * 2.2, (AZIMUTHS, ROWS, 1))], -1
    )  # fmt: skip
    noise = ValueNoise(item.seed, "scarf/roll")(np.asarray(where, np.float32), 1.0, octaves=2)
    phase = (0.8 * style.turns + 0.5) * up + turn[:, None] / (2 * np.pi) + 0.6 * noise
    # A fold hangs over: it swells slowly from above, and ends at once.
    over = (1 - phase % 1.0) ** 1.7
    roll = np.sqrt(np.clip(1 - (2 * over - 1) ** 2, 0.0, 1.0))
    bulge = np.sin(np.pi * np.clip(up, 0.02, 0.98)) ** 0.55
    out = thick * (0.2 + 0.8 * bulge) * (1.15 - 0.4 * up)
    out = out - 0.5 * thick * (1 - roll) * bulge * np.clip(0.75 + 0.8 * noise, 0.2, 1.2)
    out = out + POOL_M * front**3 * (1 - up) * bulge
    outside = neck + 0.0015 + gaussian_filter1d(out, 0.7, axis=1, mode="nearest")
    inside = np.broadcast_to(neck + 0.001, (AZIMUTHS, INSIDE))
    radius = np.concatenate([outside, inside], 1)
    down = np.linspace(1, 0, INSIDE + 2)[None, 1:-1]
    y = low + (high - low) * np.concatenate([up, 0.94 * down + 0.03], 1)
    level = shell.axis_m[np.clip(np.round(row).astype(int), 0, len(shell.axis_m) - 1)]
    grid = np.stack(
        [
            level[:, :1] + np.sin(turn)[:, None] * radius,
            y,
            level[:, 2:] + np.cos(turn)[:, None] * radius,
        ],
        -1,
    )
    columns = ROWS + INSIDE
    faces = grid_faces(AZIMUTHS, columns, closed_rows=True, closed_columns=True)
    a, b = faces // columns, faces % columns
    a = np.where((a == 0) & (a.max(1, keepdims=True) == AZIMUTHS - 1), AZIMUTHS, a)
    b = np.where((b == 0) & (b.max(1, keepdims=True) == columns - 1), columns, b)
    uv = np.stack([a * (0.6 / AZIMUTHS), b * (1.3 * tall / ROWS)], -1)
    return Piece(grid.reshape(-1, 3), faces), uv


def _end(
    style: ScarfStyle, item: Item, wearer: Wearer, base: float, lean: float, long: float
) -> tuple[Piece, F64Array]:
    """A broad end on the breast, at an azimuth and as long as a share of what there is room for."""
    capsule = wearer.dressed.smoothed(1.5)
    rows = 30
    first = row_of(capsule, np.array([[lean * FLAT_M, base + 0.01]]))[0]
    at = np.linspace(first, len(capsule.axis_m) - 1.5, rows)[: round(rows * long)]
    rows = len(at)
    path = capsule.surface_at(np.full(rows, lean), at)
    path = gaussian_filter1d(path, 2.0, axis=0, mode="nearest")
    path[:, 2] += 0.5 * style.thick_mm * MM
    if long == 1:
        drop = np.array([[0.0, -0.012, -0.0005]]) * np.arange(1, 14)[:, None]
        path = np.concatenate([path, path[-1] + drop])
    n = len(path)
    wide = 0.045 * item.size
    across = np.linspace(-1, 1, 19)
    # Gathered where it leaves the neck, it opens on the way down.
    open_ = smoothstep(np.linspace(0, 1, n), -0.2, 0.8)[:, None]
    noise = ValueNoise(item.seed, f"scarf/end{lean:+.1f}")
    spot = np.stack(
        [np.broadcast_to(across * 2.0, (n, 19)), np.arange(n)[:, None] * 0.06 + 0 * across], -1
    )
    spot = np.concatenate([spot, np.zeros((n, 19, 1))], -1)
    fold = 0.011 * noise(np.asarray(spot, np.float32), 1.0, octaves=2) * (1.3 - 0.6 * open_)
    grid = path[:, None] + (across * wide * (0.55 + 0.45 * open_))[..., None] * np.eye(3)[0]
    grid[..., 2] += fold - 0.02 * across[None] ** 2
    grid = _on_breast(grid, wearer)
    front = grid.copy()
    front[..., 2] += 0.0025
    both = np.concatenate([front, grid[:, ::-1]], 1)
    columns = both.shape[1]
    faces = grid_faces(n, columns, closed_columns=True)[:, [0, 3, 2, 1]]
    a, b = faces // columns, faces % columns
    down = np.cumsum(np.linalg.norm(np.diff(path, axis=0, prepend=path[:1]), axis=1))
    uv = np.stack([np.minimum(b, columns - 1 - b) * (0.09 / 18), down[a]], -1)
    return Piece(both.reshape(-1, 3), faces), uv


def _on_breast(grid: F64Array, wearer: Wearer) -> F64Array:
    """A sheet (rows, columns, 3) that lies on breast and clothes, and hangs free from there."""
    body = wearer.fit.outside(ears=False)
    if wearer.clothes_m is not None:
        body = np.concatenate([body, wearer.fit.skull(wearer.clothes_m)])
    low = grid.min((0, 1))[:2] - ROUND_M
    cells = np.ceil((grid.max((0, 1))[:2] + ROUND_M - low) / CELL_M).astype(int) + 1
    at = np.floor((body[:, :2] - low) / CELL_M).astype(int)
    beside = ((at >= 0) & (at < cells)).all(1)
    ahead = np.full(cells, -1.0)
    np.maximum.at(ahead, (at[beside, 0], at[beside, 1]), body[beside, 2])
    # What stands out above holds off what hangs below it.
    ahead = maximum_filter(ahead, round(ROUND_M / CELL_M))
    ahead = np.maximum.accumulate(ahead[:, ::-1], axis=1)[:, ::-1]
    place = ((grid[..., :2] - low) / CELL_M - 0.5).reshape(-1, 2).T
    rest = map_coordinates(ahead, place, order=1, mode="nearest").reshape(grid.shape[:2])
    rest = gaussian_filter(rest, 1.0, mode="nearest") + OFF_M
    under = smoothstep(grid[0, :, 1] - grid[..., 1], *UNDER_M)
    out = grid.copy()
    out[..., 2] += np.maximum(rest - out[..., 2], 0.0) * under
    return out
