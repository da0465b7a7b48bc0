"""Hats with a brim or a peak, and berets: a crown over the skull and a brim from its edge."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import gaussian_filter1d

from assets.accessories.capsule import POLAR_ROWS, Capsule, CutPiece
from assets.accessories.fit import F64Array, smoothstep
from assets.accessories.hugging import clear
from assets.accessories.lines import HatLine, line_reach
from assets.accessories.masks import hem, on_skin
from assets.accessories.styles import HatStyle
from assets.accessories.sweep import Piece, grid_faces, resampled
from assets.accessories.wearer import Wearer, cloth, plain_of, second
from assets.geometry import Mesh
from assets.noise import ValueNoise
from spec_schema.spec import Item

__all__ = ["build_hat", "edge_of", "flared", "hat_field", "seated", "superellipsoid"]

MM = 1e-3
GAP_M = 0.0009
TILT_LIMIT_DEG = 10.0
RAISE_M = 0.006
"""How much higher or lower a hat is worn at most."""
EDGE_POINTS = 240
BRIM_RINGS = 12
BRIM_BEND = 10.0
"""Points of the edge over which a brim bends."""
STIFF_WAVE_MM = 1.5
"""How far the stiffest brim is from even."""
SEAT_M = (0.004, 0.03)
"""From here above its line to there a hat leaves the skin's hollows."""
CLOSE_M = 0.022
"""Above its line a crown lies on the head for this far."""


def hat_field(line: HatLine, item: Item, wearer: Wearer) -> F64Array:
    """(A, S) metres above the line, as worn."""
    tilt = float(np.clip(item.tilt_deg, -TILT_LIMIT_DEG, TILT_LIMIT_DEG))
    field = line_reach(line, wearer.rest_m, tilt, RAISE_M * item.height)
    # The line is met once on the way down.
    return np.asarray(np.minimum.accumulate(field, axis=1))


def seated(shell: Capsule, field: F64Array) -> Capsule:
    """A membrane over the head that lies on it along the line (A, S) where the field is 0."""
    taut = shell.smoothed(1.0).spanned(GAP_M).radius_m
    near = shell.smoothed(1.0).radius_m + GAP_M
    return replace(shell, radius_m=near + (taut - near) * smoothstep(field, *SEAT_M))


def superellipsoid(shell: Capsule, wide_m: F64Array, tall_m: float, power: float) -> F64Array:
    """(A, S) radius of a crown of half width (A, 1) and height, straight below its equator."""
    rows = np.minimum(np.arange(shell.radius_m.shape[1]), POLAR_ROWS)
    polar = rows * (np.pi / 2 / POLAR_ROWS)
    level, up = np.sin(polar)[None] / wide_m, np.cos(polar)[None] / tall_m
    return np.asarray((level**power + up**power) ** (-1 / power))


def build_hat(style: HatStyle, item: Item, wearer: Wearer) -> tuple[Mesh, ...]:
    """Crown, brim and ribbon, in the world frame."""
    field = hat_field(style.line, item, wearer)
    shell = wearer.bare
    taut = seated(shell, field)
    radius = _crown(style, item, taut, field)
    piece = replace(taut, radius_m=radius).cut(field)
    piece = on_skin(piece, wearer, GAP_M)
    material = cloth(style, item, style.weave)
    edge = edge_of(piece)
    meshes = []
    if style.open_top:
        top = replace(taut, radius_m=radius).cut(np.minimum(field, 0.034 - field))
        piece = on_skin(top, wearer, GAP_M)
    meshes.append(wearer.mesh("hat-crown", piece.piece, material, style, piece.grid_uv_m))
    if style.brim_mm > 0 or style.peak_mm > 0:
        brim, uv = _brim(style, item, edge)
        meshes.append(wearer.mesh("hat-brim", brim, material, style, uv))
    else:
        rolled = hem(piece, 0.5 * style.thickness_mm * MM * item.thickness)
        rolled = clear(rolled, wearer.skin, 0.0003, over_ears=True)
        plain = plain_of(material)
        meshes.append(wearer.mesh("hat-hem", rolled, plain, style))
    if style.band_mm > 0:
        width = style.band_mm * MM
        height = _above_edge(replace(taut, radius_m=radius), field)
        ribbon = np.minimum(height - 0.001, 0.001 + width - height)
        at = replace(taut, radius_m=radius).cut(np.minimum(ribbon, field))
        lifted = at.piece.points_m + _outward(at.piece.points_m) * 0.0012
        band = Piece(lifted, at.piece.faces)
        meshes.append(wearer.mesh("hat-band", band, second(item, 0.7), style))
        meshes.append(wearer.mesh("hat-band-edges", _edges(at, 0.0012), second(item, 0.7), style))
    return tuple(meshes)


def _crown(style: HatStyle, item: Item, taut: Capsule, field: F64Array) -> F64Array:
    """Radius (A, S) of the outside of the crown."""
    thick = style.thickness_mm * MM * item.thickness
    skin = taut.radius_m + thick * (0.45 + 0.55 * smoothstep(field, 0.0, 0.014))
    rim = np.abs(field).argmin(axis=1)
    wide = np.take_along_axis(taut.radius_m, rim[:, None], 1) + thick + style.wide_mm * MM
    wide = gaussian_filter1d(wide, 4.0, axis=0, mode="wrap")
    tall = float(taut.radius_m[:, :3].mean()) + (thick + style.crown_mm * MM * item.size)
    shape = superellipsoid(taut, wide, tall, style.squareness)
    azimuth = taut.azimuth.T
    up = np.clip(np.arange(taut.radius_m.shape[1])[None] / POLAR_ROWS, 0, 1)
    if style.pinch_mm:
        across = np.sin(azimuth) * np.sin(up * np.pi / 2)
        ahead = np.cos(azimuth) * np.sin(up * np.pi / 2)
        dent = np.exp(-((across / 0.28) ** 2)) * (1 - smoothstep(np.abs(ahead - 0.1), 0.35, 0.9))
        sides = np.exp(-(((np.abs(across) - 0.5) / 0.2) ** 2)) * smoothstep(ahead, 0.1, 0.7)
        shape = shape - style.pinch_mm * MM * (dent + 0.5 * sides * smoothstep(field, 0.03, 0.06))
    if style.flare:
        shape = shape * (1 + style.flare * smoothstep(field, 0.01, 0.06) * (up > 0.3) * up)
    if style.slouch_mm:
        lean = np.cos(azimuth - np.deg2rad(70.0)) * smoothstep(up, 0.1, 0.7)
        shape = shape + style.slouch_mm * MM * lean * smoothstep(field, 0.012, 0.045)
        noise = ValueNoise(item.seed, "hat/slouch")(np.asarray(taut.points(), np.float32), 26.0)
        shape = shape + 0.003 * noise * smoothstep(field, 0.01, 0.04)
    # Nothing that is worn is as even as when it left its block.
    worn = ValueNoise(item.seed, "hat/dents")(np.asarray(taut.points(), np.float32), 20.0)
    soft = style.dents_mm * MM * worn
    shape = np.maximum(shape + soft * smoothstep(field, 0.01, 0.04), skin)
    return np.asarray(skin + (shape - skin) * smoothstep(field, 0.0, CLOSE_M))


def _above_edge(shell: Capsule, field: F64Array) -> F64Array:
    """(A, S) metres above where, in the same column, the field is 0."""
    y = shell.height_m()
    edge = np.array([np.interp(0.0, -f, h) for f, h in zip(field, y, strict=True)])
    return np.asarray(y - gaussian_filter1d(edge, 3.0, mode="wrap")[:, None])


def edge_of(piece: CutPiece) -> F64Array:
    """(n, 3) the lowest edge of a piece, evenly, anticlockwise from above, its front first."""
    loop = max(piece.loops, key=lambda at: -piece.piece.points_m[at, 1].mean())
    path = piece.piece.points_m[loop]
    path = gaussian_filter1d(path, 1.5, axis=0, mode="wrap")
    path = resampled(np.concatenate([path, path[:1]]), EDGE_POINTS + 1)[:-1]
    turn = np.arctan2(path[:, 0], path[:, 2] - path[:, 2].mean())
    if np.sum(np.sin(np.diff(turn))) < 0:
        path = path[::-1]
    front = np.argmax(path[:, 2] - 2 * np.abs(path[:, 0] - path[:, 0].mean()))
    return np.roll(path, -int(front), axis=0)


def flared(edge: F64Array, length_m: F64Array, drop_m: F64Array, thick_m: float) -> Piece:
    """A board from an edge outward: lengths (n, 1) level, and drops (n, rings) of its rings."""
    rings = drop_m.shape[1]
    out = _outward(edge)
    at = np.linspace(0, 1, rings)[None, :, None]
    level = edge[:, None] + out[:, None] * (length_m[:, None] * at)
    level[..., 1] -= drop_m
    rounded = np.sqrt(np.clip(1 - np.linspace(0, 1, rings) ** 10, 0.05, 1))[None, :, None]
    up = np.array([0.0, 0.5 * thick_m, 0.0]) * rounded
    grid = np.concatenate([level + up, (level - up)[:, ::-1]], 1)
    faces = grid_faces(len(edge), 2 * rings, closed_rows=True, closed_columns=True)
    return Piece(grid.reshape(-1, 3), faces)


def _brim(style: HatStyle, item: Item, edge: F64Array) -> tuple[Piece, F64Array]:
    n = len(edge)
    out = _outward(edge)
    turn = np.arctan2(out[:, 0], out[:, 2])[:, None]
    at = np.linspace(0, 1, BRIM_RINGS)[None]
    if style.peak_mm > 0:
        share = np.clip(1 - (np.abs(turn) / np.deg2rad(66)) ** 2.6, 0, 1) ** 0.55
        length = style.peak_mm * MM * item.size * share + 0.0005
        drop = length * at * np.tan(np.deg2rad(style.droop_deg))
        drop = drop + 0.012 * (np.sin(turn) ** 2) * at * share
    else:
        length = np.full((n, 1), style.brim_mm * MM * item.size)
        drop = length * np.tan(np.deg2rad(style.droop_deg)) * at**1.3
        drop = drop - style.curl * length * (np.sin(turn) ** 2) * at**2
        drop = drop + 0.2 * style.curl * length * (np.cos(turn) ** 2) * at**2
        ring = np.concatenate([np.sin(turn), np.cos(turn), 0 * turn], 1).astype(np.float32)
        wave = ValueNoise(item.seed, "hat/brim")(ring, 1.6, octaves=1)
        wave = gaussian_filter1d(wave, BRIM_BEND, mode="wrap")[:, None]
        drop = drop + (style.wave_mm + STIFF_WAVE_MM) * MM * wave * at
    piece = flared(edge, length, drop, style.thickness_mm * MM * 1.3 * item.thickness)
    columns = 2 * BRIM_RINGS
    ring, k = piece.faces // columns, piece.faces % columns
    ring = np.where((ring == 0) & (ring.max(1, keepdims=True) == n - 1), n, ring)
    along = np.minimum(k, columns - 1 - k) / (BRIM_RINGS - 1) * float(length.max())
    return piece, np.stack([ring * (0.6 / n), along], -1)


def _outward(points: F64Array) -> F64Array:
    """(n, 3) level unit vectors away from the middle of a ring."""
    away = points - points.mean(0)
    away[:, 1] = 0.0
    away[:, 2] *= 0.8
    return np.asarray(away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-9))


def _edges(piece: CutPiece, lift_m: float) -> Piece:
    raised = piece.piece.points_m + _outward(piece.piece.points_m) * lift_m * 0.5
    return hem(
        CutPiece(Piece(raised, piece.piece.faces), piece.grid_uv_m, piece.loops, piece.azimuth),
        0.0008,
    )
