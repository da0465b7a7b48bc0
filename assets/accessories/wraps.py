"""Cloth round head and neck: veils, hoods, balaclavas, turbans, knotted cloths."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import gaussian_filter1d

from assets.accessories.capsule import WIDEST_M, Capsule, CutPiece, outline_field, upward
from assets.accessories.fit import F64Array, smoothstep
from assets.accessories.hats import edge_of, hat_field, seated
from assets.accessories.hugging import clear
from assets.accessories.masks import FLAT_M, hem, on_skin
from assets.accessories.styles import WrapStyle
from assets.accessories.sweep import Piece, ellipsoid, joined
from assets.accessories.wearer import Wearer, cloth, plain_of, ribbon, second
from assets.geometry import Mesh
from assets.noise import ValueNoise
from spec_schema.errors import AssetError
from spec_schema.spec import Item

__all__ = ["build_wrap"]

MM = 1e-3
GAP_M = 0.0008
HEM_M = 0.0013
TENT_M = 0.105
"""Cloth that falls from the head to the shoulders stands off the neck."""
CLOSE_M = 0.03
SEWN_M = 0.05
SHOULDER_M = 0.098
SEAM_M = 0.012
"""A hood ends so far below where body and clothes first reach so far out; above its end it lies on
them for so far."""
FREE_M = 0.022
"""So far from its edge cloth is drawn to the face."""
TURBAN_BANDS = 5
LAID_M = 0.003
"""Thickness at the edge of the end that is laid over a shoulder."""


def build_wrap(style: WrapStyle, item: Item, wearer: Wearer) -> tuple[Mesh, ...]:
    """Cloth, hems and knots in the world frame.

    Raises:
        AssetError: an entry that ends at a line names none.
    """
    if style.shape in ("turban", "knotted"):
        return _lined(style, item, wearer)
    tent = TENT_M if style.shape == "veil" else WIDEST_M
    shell = wearer.dressed.smoothed(0.8).spanned(GAP_M, widest_m=tent)
    opening = _opening(style, item, wearer, shell)
    chin = wearer.fit.landmarks_m[8, 1]
    end = chin - style.end_m + _waves(item, shell)
    if style.shape == "hood":
        # It is sewn on where the shoulders begin.
        floor = wearer.dressed.neck_floor(SHOULDER_M)[:, None] - SEAM_M
        end = np.maximum(end, gaussian_filter1d(floor, 4.0, axis=0, mode="wrap"))
    low = shell.height_m() - end
    field = np.minimum(-opening, low)
    away = -opening
    thick = style.thickness_mm * MM * item.thickness
    if style.shape == "hood":
        radius = shell.radius_m + 0.6 * thick + _volume(style, item, shell, away, chin)
        on = wearer.dressed.smoothed(1.5).radius_m + GAP_M + 0.6 * thick
        radius = on + (radius - on) * smoothstep(low, 0.0, SEWN_M)
        # The edge of a hood stands before the face's sides and over the brow.
        radius = radius + 0.016 * smoothstep(0.05 - away, 0.0, 0.05) * smoothstep(low, 0.02, 0.09)
    else:
        near = wearer.bare.smoothed(1.0).radius_m + GAP_M
        loose = shell.radius_m + _volume(style, item, shell, away, chin)
        free = smoothstep(away, 0.0, FREE_M)
        if style.shape == "balaclava":
            free = free * smoothstep(low, 0.0, CLOSE_M)
        radius = near + (loose - near) * free + thick
    piece = on_skin(replace(shell, radius_m=radius).cut(field), wearer, GAP_M)
    material = cloth(style, item, style.weave)
    plain = plain_of(material)
    radius_m = HEM_M * item.thickness * max(style.thickness_mm / 2, 0.6)
    meshes = [
        wearer.mesh("wrap", piece.piece, material, style, piece.grid_uv_m),
        wearer.mesh("wrap-hem", _clear_hem(piece, radius_m, wearer), plain, style),
    ]
    if style.under:
        lifted = wearer.bare.smoothed(1.0).lifted(0.0012)
        band = np.minimum(-opening + 0.012, 0.02 + opening)
        band = np.minimum(band, shell.height_m() - wearer.fit.landmarks_m[27, 1] - 0.012)
        under = on_skin(lifted.cut(band), wearer, GAP_M)
        meshes.append(wearer.mesh("wrap-under", under.piece, second(item, 0.85), style))
    return tuple(meshes)


def _opening(style: WrapStyle, item: Item, wearer: Wearer, shell: Capsule) -> F64Array:
    """(A, S) metres inside the opening for the face."""
    marks = wearer.fit.landmarks_m
    brow = (marks[19, 1] + marks[24, 1]) / 2
    top = brow + (style.open_top_mm + 6 * item.height) * MM
    low = marks[8, 1] - style.open_low_mm * MM
    eyes = marks[36:48, 1].mean()
    wide = np.deg2rad(style.open_deg) * FLAT_M
    right = np.array(
        [
            [0.0, top],
            [0.45 * wide, top - 0.002],
            [0.85 * wide, 0.5 * (top + eyes) + 0.006],
            [1.0 * wide, eyes],
            [0.96 * wide, 0.55 * eyes + 0.45 * low],
            [0.75 * wide, 0.25 * eyes + 0.75 * low],
            [0.4 * wide, low + 0.004],
        ]
    )
    left = right[1:][::-1] * np.array([-1.0, 1.0])
    outline = np.concatenate([right, [[0.0, low]], left])
    outline[:, 1] += np.tan(np.deg2rad(0.5 * item.tilt_deg)) * outline[:, 0]
    return outline_field(shell.azimuth.T, shell.height_m(), outline)


def _volume(
    style: WrapStyle, item: Item, shell: Capsule, away: F64Array, chin_m: float
) -> F64Array:
    """Metres (A, S) off the membrane: room at the back, and folds that run round the face."""
    azimuth = shell.azimuth.T
    back = 0.5 - 0.5 * np.cos(azimuth)
    up = upward(shell)
    room = style.volume_mm * MM * item.size * (0.02 + 0.98 * back * (1 - up**2))
    noise = ValueNoise(item.seed, "wrap/folds")
    p = shell.points() - shell.centre_m
    # Along the folds little changes: across them is the distance from the opening.
    across = np.stack([away * 34 + 0 * p[..., 0], p[..., 0] * 5, p[..., 1] * 5], -1)
    ripple = noise(np.asarray(across, np.float32), 1.0, octaves=2)
    folds = style.folds_mm * MM * np.maximum(ripple + 0.2, -0.1)
    if style.shape == "veil":
        folds = folds + _laid_over(item, shell, away, chin_m)
        folds = folds + style.folds_mm * MM * _hanging(item, shell, chin_m)
    return np.asarray((room + folds) * smoothstep(away, 0.002, CLOSE_M))


def _hanging(item: Item, shell: Capsule, chin_m: float) -> F64Array:
    """Folds (A, S) below the chin, about 0 to 4.5: swags in front, falls at sides and back."""
    turn = shell.azimuth.T
    arc, below = turn * FLAT_M, chin_m - shell.height_m()
    noise = ValueNoise(item.seed, "wrap/hanging")

    def folded(*across: F64Array) -> F64Array:
        at = np.stack(np.broadcast_arrays(*across), -1).astype(np.float32)
        return np.maximum(noise(at, 1.0, octaves=2), -0.25)

    reach = np.asarray(np.hypot(1.1 * arc, below + 0.02), np.float64)
    swag = folded(reach * 42, arc * 6 + 0 * below, below * 6)
    fall = folded(arc * 30 + below * 9, np.cos(turn) * 2 + 0 * below, below * 5)
    front = smoothstep(1.3 - np.abs(turn), 0.0, 0.8)
    return np.asarray(4.5 * smoothstep(below, 0.0, 0.05) * (front * swag + (1 - front) * fall))


def _laid_over(item: Item, shell: Capsule, away: F64Array, chin_m: float) -> F64Array:
    """Metres (A, S) of the end that is thrown over a shoulder: its edge, and folds along it."""
    side = 1.0 if item.seed % 2 else -1.0
    arc = shell.azimuth.T * FLAT_M * side
    below = chin_m - shell.height_m()
    across = below * 0.85 - arc - 0.012
    front = smoothstep(1.9 - np.abs(shell.azimuth.T), 0.0, 0.6) * smoothstep(below, -0.02, 0.03)
    edge = LAID_M * smoothstep(across, -0.0015, 0.0015)
    p = shell.points() - shell.centre_m
    spot = np.stack([across * 38, p[..., 0] * 4, p[..., 1] * 4], -1)
    noise = ValueNoise(item.seed, "wrap/laid")(np.asarray(spot, np.float32), 1.0, octaves=1)
    return np.asarray(
        (edge + 0.006 * np.maximum(noise, -0.2)) * front * smoothstep(away, 0.0, 0.03)
    )


def _waves(item: Item, shell: Capsule) -> F64Array:
    """(A, 1) metres that the lower edge wanders."""
    turn = shell.azimuth.T
    ring = np.concatenate([np.sin(turn), np.cos(turn), 0 * turn], 1).astype(np.float32)
    return 0.012 * np.asarray(ValueNoise(item.seed, "wrap/edge")(ring, 1.5, octaves=1))[:, None]


def _lined(style: WrapStyle, item: Item, wearer: Wearer) -> tuple[Mesh, ...]:
    if style.line is None:
        raise AssetError(f"{item.id!r}: a wrap of shape {style.shape!r} needs a 'line'")
    field = hat_field(style.line, item, wearer)
    over = wearer.eared if style.shape == "turban" else wearer.bare
    shell = seated(over, field)
    radius = shell.radius_m + style.thickness_mm * MM * item.thickness
    radius = radius + (_wound if style.shape == "turban" else _draped)(style, item, shell, field)
    piece = on_skin(replace(shell, radius_m=radius).cut(field), wearer, GAP_M)
    material = cloth(style, item, style.weave)
    plain = plain_of(material)
    meshes = [
        wearer.mesh("wrap", piece.piece, material, style, piece.grid_uv_m),
        wearer.mesh("wrap-hem", _clear_hem(piece, HEM_M * item.thickness, wearer), plain, style),
    ]
    if style.shape == "knotted":
        edge = edge_of(piece)
        knot = clear(_knot(item, edge), wearer.skin, 0.0003)
        meshes.append(wearer.mesh("wrap-knot", knot, plain, style))
    return tuple(meshes)


def _clear_hem(piece: CutPiece, radius_m: float, wearer: Wearer) -> Piece:
    return clear(hem(piece, radius_m), wearer.skin, 0.0003, over_ears=True)


def _wound(style: WrapStyle, item: Item, shell: Capsule, field: F64Array) -> F64Array:
    """Bands wound round the head, crossing above the brow."""
    turn = np.abs(shell.azimuth.T)
    height = field + 0.028 * (turn / np.pi) * np.sign(shell.azimuth.T + 1e-9)
    height = np.where(turn < 0.9, field - 0.02 * (0.9 - turn) + 0.03, height)
    step = 0.098 / TURBAN_BANDS
    phase = (height / step) % 1.0
    rounded = np.sqrt(np.clip(1 - (2 * phase - 1) ** 2, 0.0, 1))
    swell = np.sin(np.pi * np.clip(field / 0.13, 0, 1) ** 0.7)
    body = style.volume_mm * MM * item.size * (0.25 + 0.75 * swell)
    return np.asarray((body + style.folds_mm * MM * rounded) * smoothstep(field, 0.0, 0.012))


def _draped(style: WrapStyle, item: Item, shell: Capsule, field: F64Array) -> F64Array:
    """A thin cloth drawn to a knot at the nape."""
    back = 0.5 - 0.5 * np.cos(shell.azimuth.T)
    noise = ValueNoise(item.seed, "wrap/folds")
    p = shell.points() - shell.centre_m
    ripple = noise(np.asarray(p * np.array([60.0, 60.0, 12.0]), np.float32), 1.0, octaves=2)
    folds = style.folds_mm * MM * np.maximum(ripple, -0.2) * back
    room = style.volume_mm * MM * item.size * smoothstep(field, 0.02, 0.1)
    return np.asarray((folds + room) * smoothstep(field, 0.0, 0.02))


def _knot(item: Item, edge: F64Array) -> Piece:
    """A knot at the back and two tails."""
    back = edge[np.argmin(edge[:, 2])]
    out = np.array([0.0, 0.0, -1.0])
    middle = back + out * 0.007 + np.array([0.0, 0.006, 0.0])
    pieces = [ellipsoid(middle, np.diag([0.013, 0.010, 0.008]), 10)]
    for side in (-1.0, 1.0):
        t = np.linspace(0, 1, 16)[:, None]
        path = middle + np.array([side * 0.022, -0.07, -0.012]) * t + out * 0.006 * np.sin(3 * t)
        normal = np.broadcast_to(out, path.shape)
        wide = (0.006 + 0.012 * t[:, 0]) * item.size
        pieces.append(ribbon(path, normal, wide, 0.0007, closed=False))
    return joined(pieces)
