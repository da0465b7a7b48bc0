"""Helmets: a hard shell over padding, with vents, ridges, a peak or visor, and a chin strap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import gaussian_filter1d

from assets.accessories.capsule import Capsule, CutPiece, upward
from assets.accessories.fit import F64Array, smoothstep
from assets.accessories.hats import edge_of, flared, hat_field, seated
from assets.accessories.hugging import clear, eased, hugging, normals_along
from assets.accessories.masks import hem, on_skin
from assets.accessories.styles import HelmetStyle
from assets.accessories.sweep import Piece, grid_faces, joined
from assets.accessories.wearer import Wearer, hard, ribbon, second
from assets.geometry import ClearMaterial, Mesh, SurfaceMaterial
from spec_schema.spec import Item

__all__ = ["build_helmet"]

MM = 1e-3
GAP_M = 0.001
RIM_POINTS_M = 0.006
PADDING = (0.03, 0.03, 0.033)


def build_helmet(style: HelmetStyle, item: Item, wearer: Wearer) -> tuple[Mesh, ...]:
    """Shell, padding, what is fixed to it, and the strap, in the world frame."""
    field = hat_field(style.line, item, wearer)
    inner = seated(wearer.eared, field)
    outer = replace(inner, radius_m=_outside(style, item, inner, field))
    shell = outer.cut(field)
    lining = on_skin(inner.cut(field), wearer, GAP_M)
    wall = _wall(outer, inner, field)
    paint = hard(style, item, coat=0.5)
    meshes = [
        wearer.mesh("helmet-shell", shell.piece, paint, style),
        wearer.mesh(
            "helmet-padding",
            clear(joined([_turned(lining.piece), wall]), wearer.skin, 0.0005, over_ears=True),
            _foam(),
            style,
        ),
        wearer.mesh("helmet-rim", hem(shell, 0.0022), second(item, 0.5), style),
    ]
    if style.vents:
        meshes.append(wearer.mesh("helmet-vents", _vents(style, outer, field), _foam(), style))
    edge = edge_of(shell)
    if style.peak_mm > 0 or style.brim_mm > 0:
        meshes.append(wearer.mesh("helmet-peak", _peak(style, edge), paint, style))
    if style.visor:
        tint = (0.35, 0.36, 0.38)
        lens = ClearMaterial(ior=1.5, tint=tint, thin=True)
        meshes.append(wearer.mesh("helmet-visor", _visor(outer, field, wearer), lens, style))
    if style.strap:
        meshes.append(wearer.mesh("helmet-strap", _strap(item, wearer, lining), _foam(), style))
    return tuple(meshes)


def _foam() -> SurfaceMaterial:
    return SurfaceMaterial(colour=PADDING, roughness=0.85)


def _outside(style: HelmetStyle, item: Item, inner: Capsule, field: F64Array) -> F64Array:
    """(A, S) radius of the painted shell."""
    up = upward(inner)
    azimuth = inner.azimuth.T
    stand = style.stand_mm + (style.crown_mm - style.stand_mm) * up
    stand = stand + style.long_mm * np.clip(-np.cos(azimuth), 0, 1) * (1 - up)
    smooth = inner.spanned(0.0).smoothed(4.0).radius_m
    radius = np.maximum(smooth, inner.radius_m) + stand * MM * item.size
    # The shell draws in towards its edge.
    radius = radius - 0.35 * style.stand_mm * MM * (1 - smoothstep(field, 0.0, 0.03))
    for k in range(style.ridges):
        across = np.sin(azimuth) * np.sqrt(1 - up**2)
        place = 0.34 * (k - (style.ridges - 1) / 2)
        ridge = np.exp(-(((across - place) / 0.055) ** 4)) * smoothstep(field, 0.015, 0.05)
        radius = radius + 0.004 * ridge
    if style.vents:
        for row in _rows(style):
            across = np.sin(azimuth) * np.sqrt(1 - up**2)
            groove = np.exp(-(((across - row) / 0.06) ** 4)) * smoothstep(field, 0.02, 0.05)
            radius = radius - 0.006 * groove
    return np.asarray(np.maximum(radius, inner.radius_m + 0.004))


def _rows(style: HelmetStyle) -> list[float]:
    """Where the rows of vents run, as shares of the half width."""
    return [0.3 * (k - (style.vents - 1) / 2) for k in range(style.vents)]


def _vents(style: HelmetStyle, outer: Capsule, field: F64Array) -> Piece:
    """Dark openings: patches that stand a hair off the grooves of the shell."""
    up = upward(outer)
    azimuth = outer.azimuth.T
    across = np.sin(azimuth) * np.sqrt(1 - up**2)
    ahead = np.cos(azimuth) * np.sqrt(1 - up**2)
    raised = outer.lifted(0.0006)
    open_ = np.full(field.shape, -1.0)
    for k, row in enumerate(_rows(style)):
        for place in (-0.62, -0.12, 0.42) if k % 2 else (-0.4, 0.14, 0.62):
            oval = 1 - np.sqrt(((across - row) / 0.075) ** 2 + ((ahead - place) / 0.19) ** 2)
            open_ = np.maximum(open_, oval)
    return raised.cut(np.minimum(open_ * 0.02, field - 0.012)).piece


def _wall(outer: Capsule, inner: Capsule, field: F64Array) -> Piece:
    """The edge between shell and padding."""
    over, under = outer.cut(field), inner.cut(field)
    a, b = edge_of(over), edge_of(under)
    turn = [np.unwrap(np.arctan2(p[:, 0], p[:, 2] - 0.03)) for p in (a, b)]
    way = np.sign(turn[1][-1] - turn[1][0])
    known = np.maximum.accumulate(way * turn[1])
    asked = (way * turn[0] - known[0]) % (2 * np.pi) + known[0]
    order = np.interp(asked, np.append(known, known[0] + 2 * np.pi), np.arange(len(b) + 1))
    low = np.floor(order).astype(int) % len(b)
    share = (order % 1)[:, None]
    matched = b[low] * (1 - share) + b[(low + 1) % len(b)] * share
    grid = np.stack([a, 0.5 * (a + matched) - [0, 0.002, 0], matched], 1)
    return Piece(grid.reshape(-1, 3), grid_faces(len(a), 3, closed_rows=True)[:, [0, 3, 2, 1]])


def _turned(piece: Piece) -> Piece:
    """The piece seen from inside; triangles keep their -1 at the end."""
    f = piece.faces
    triangle = f[:, 3] < 0
    out = f[:, [0, 3, 2, 1]].copy()
    out[triangle] = f[triangle][:, [0, 2, 1, 3]]
    return Piece(piece.points_m, out)


def _peak(style: HelmetStyle, edge: F64Array) -> Piece:
    n = len(edge)
    turn = np.arctan2(edge[:, 0] - edge[:, 0].mean(), edge[:, 2] - edge[:, 2].mean())[:, None]
    share = np.clip(1 - (np.abs(turn) / np.deg2rad(72)) ** 2.4, 0, 1) ** 0.6
    length = style.brim_mm * MM + (style.peak_mm * MM) * share + 0.0005
    rings = np.linspace(0, 1, 8)[None]
    drop = length * rings * 0.22 - 0.004 + np.zeros((n, 8))
    return flared(edge, length, drop, 0.004)


def _visor(outer: Capsule, field: F64Array, wearer: Wearer) -> Piece:
    """A clear shield before the face, from the shell down to the nose's tip."""
    fit = wearer.fit
    tip = fit.landmarks_m[30, 1] - 0.012
    y = outer.height_m()
    azimuth = np.abs(outer.azimuth.T)
    before = smoothstep(np.deg2rad(100.0) - azimuth, 0.0, 0.7)
    reach = wearer.bare.spanned(0.025).radius_m
    at = np.where(field > 0, outer.radius_m + 0.004, reach)
    shield = replace(outer, radius_m=at).smoothed(3.0)
    shield = replace(
        shield, radius_m=np.maximum(shield.radius_m, np.where(field > 0, outer.radius_m + 0.003, 0))
    )
    part = np.minimum(np.minimum(y - tip, 0.02 - field), (before - 0.15) * 0.05)
    return shield.cut(part).piece


def _strap(item: Item, wearer: Wearer, lining: CutPiece) -> Piece:
    """Webbing from above the ears to below the chin, two on each side that meet in a clasp."""
    fit = wearer.fit
    edge = edge_of(lining)
    chin = fit.landmarks_m[8]
    under = np.array([chin[0], chin[1] - 0.004, chin[2] - 0.026])
    pieces = []
    half = 0.0075 * item.thickness
    for side in (-1.0, 1.0):
        own = edge[edge[:, 0] * side > 0]
        root, ear = fit.ear_root(side), fit.ear(side)
        meet = np.array([root[0] - side * 0.004, ear[:, 1].min() - 0.018, root[2] + 0.018])
        jaw = fit.landmarks_m[4 if side < 0 else 12] + np.array([0.0, -0.012, -0.01])
        front = own[np.argmin(np.abs(own[:, 2] - root[2] - 0.024))] + np.array([0, 0.012, 0])
        back = own[np.argmin(np.abs(own[:, 2] - root[2] + 0.032))] + np.array([0, 0.012, 0])
        behind = np.array([root[0] - side * 0.006, 0.5 * (back[1] + meet[1]), root[2] - 0.024])
        below = np.array([root[0] - side * 0.006, ear[:, 1].min() - 0.009, root[2] - 0.020])
        beside = np.array([root[0], 0.5 * (front[1] + meet[1]), root[2] + 0.026])
        for knots in ([front, beside, meet, jaw, under], [back, behind, below, meet]):
            path = hugging(np.array(knots), wearer.skull_skin, 0.0012, keep_ends=False)
            path = eased(path, wearer.skin, 0.0012)
            path = gaussian_filter1d(path, 1.0, axis=0, mode="nearest")
            path = wearer.skin.pushed_out(path, 0.001)
            pieces.append(ribbon(path, normals_along(path, wearer.skull_skin), half, 0.0007, False))
    return clear(joined(pieces), wearer.skin, 0.0004, over_ears=True)
