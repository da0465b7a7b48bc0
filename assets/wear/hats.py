"""Hats grown from the head: knitted caps, baseball caps, brimmed hats."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array, I32Array
from assets.noise import ValueNoise
from assets.wear.crown import COLUMNS, Crown, crown_of
from assets.wear.frame_place import MM
from assets.wear.head import WearHead
from assets.wear.params import BrimParams, CapParams, KnitParams
from assets.wear.sweep import Shape, ellipsoid, grid_faces, grid_uv, joined
from spec_schema.spec import Item

__all__ = ["brimmed_hat", "cap", "knit_hat"]

F64Array = NDArray[np.float64]

_LINING_M = 0.0012
"""Inside of a hat's edge above the skin."""
_STITCH_M = 0.0042
"""Height of a knitted stitch."""


def _smooth(x: F64Array, low: float, high: float) -> F64Array:
    t = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def _surface(points: F64Array, u_turns: float, v: F64Array) -> Shape:
    """A grid of rings (rows, COLUMNS, 3); the last ring is drawn together to a point."""
    rows = len(points)
    u = np.linspace(0, u_turns, COLUMNS + 1)
    return Shape(
        points.reshape(-1, 3),
        grid_faces(rows, COLUMNS, wrap=True),
        grid_uv(rows, COLUMNS, True, u, v),
    )


def _closed_top(shape: Shape, rows: int) -> Shape:
    """Fill the small hole in the last ring."""
    ring = (rows - 1) * COLUMNS + np.arange(COLUMNS)
    centre = shape.vertices[ring].mean(0)
    fan = np.stack(
        [ring, np.roll(ring, -1), np.full(COLUMNS, len(shape.vertices)), np.full(COLUMNS, -1)], 1
    )
    uv = np.repeat(shape.uv[-1:, 2:3], COLUMNS, 0).repeat(4, 1)
    return Shape(
        np.concatenate([shape.vertices, centre[None]]),
        np.concatenate([shape.faces, fan]).astype(np.int32),
        np.concatenate([shape.uv, uv]).astype(np.float32),
    )


def _hem(thickness: float) -> tuple[F64Array, F64Array]:
    """Lengths above the edge and offsets of the rings that turn an edge inwards."""
    t = thickness
    lengths = np.array([0.012, 0.004, 0.0, -0.3 * t, -0.3 * t, 0.0])
    offsets = _LINING_M + np.array([0.0, 0.0, 0.05 * t, 0.3 * t, 0.75 * t, t])
    return lengths, offsets


def _wander(crown: Crown, share: F64Array, seed: int, waves: float) -> F64Array:
    """Slow noise (rows, COLUMNS) that goes round without a seam and dies at edge and top."""
    ring = np.stack([np.sin(crown.azimuth), np.cos(crown.azimuth)], -1) * waves
    height = np.broadcast_to(share, (len(share), COLUMNS)) * waves * 2
    points = np.concatenate(
        [np.broadcast_to(ring, (len(share), COLUMNS, 2)), height[..., None]], axis=-1
    )
    noise = ValueNoise(seed, "hat")(points.astype(np.float32) + 20, 1.0, 3)
    return np.asarray(noise * _smooth(height, 0.0, 0.2) * (1 - _smooth(share, 0.9, 1.0)))


def knit_hat(params: KnitParams, item: Item, head: WearHead) -> list[Shape]:
    """A knitted hat with ribs, and a turned-up cuff or none."""
    crown = crown_of(head, params.line, item.tilt_deg, params.covers_ears, 5.0)
    thickness = params.thickness_mm * MM
    hem_length, hem_offset = _hem(thickness)
    share = np.concatenate(
        [crown.shares(hem_length), np.repeat(np.linspace(0.01, 0.995, 60)[:, None], COLUMNS, 1)]
    )
    ease = params.ease_mm * MM * item.size
    full = _smooth(share, 0.15, 0.75) + 0.25 * _smooth(share, 0.7, 1.0)
    folds = 0.35 * (ease + 0.002) * _wander(crown, share, item.seed, 3.5)
    offset = np.concatenate([hem_offset, np.full(60, _LINING_M + thickness)])[:, None]
    offset = offset + ease * full + np.maximum(folds, -0.3 * ease * full - 0.0004)
    points = crown.points(share, offset)
    fall = params.slouch_mm * MM * _smooth(share, 0.45, 1.0)
    points = points + fall[..., None] * np.array([0.0, 0.25, -0.95])
    lengths = share.mean(1) * crown.arc_m.mean()
    shell = _closed_top(_surface(points, params.ribs, lengths / _STITCH_M), len(points))
    shapes = [shell]
    if params.cuff_mm > 0:
        shapes.append(_cuff(params, crown, thickness, item))
    if params.pompom_mm > 0:
        top = points[-1].mean(0)
        radius = 0.5 * params.pompom_mm * MM
        shapes.append(_pompom(top + [0.0, 0.75 * radius, 0.0], radius, item.seed))
    return shapes


def _cuff(params: KnitParams, crown: Crown, thickness: float, item: Item) -> Shape:
    height = params.cuff_mm * MM * item.size
    t = 1.15 * thickness
    lengths = np.concatenate(
        [
            np.array([0.006, 0.0, -0.45 * t, -0.6 * t, -0.3 * t]),
            np.linspace(0.02, 0.98, 14) * height,
            height + np.array([0.5, 0.55, 0.2, -0.6]) * t,
        ]
    )
    base = _LINING_M + 0.5 * thickness
    sway = np.sin(np.linspace(0, np.pi, 14)) * 0.0008
    offsets = np.concatenate(
        [
            base + np.array([0.0, 0.05, 0.4, 0.9, 1.35]) * t,
            base + 1.45 * t + sway,
            base + np.array([1.3, 0.9, 0.5, 0.4]) * t,
        ]
    )
    share = crown.shares(lengths)
    wave = 0.0006 * _wander(crown, np.linspace(0.3, 0.7, len(lengths))[:, None], item.seed, 5.0)
    points = crown.points(share, offsets[:, None] + wave)
    return _surface(points, params.ribs, lengths / _STITCH_M)


def _pompom(centre: F64Array, radius: float, seed: int) -> Shape:
    ball = ellipsoid(centre, np.eye(3), np.full(3, radius), rows=40, columns=80)
    away = ball.vertices - centre
    tuft = ValueNoise(seed, "pompom")((away / radius * 6 + 20).astype(np.float32), 1.0, 3)
    return Shape(centre + away * (1 + 0.14 * tuft[:, None]), ball.faces, ball.uv)


def cap(params: CapParams, item: Item, head: WearHead) -> tuple[list[Shape], list[Shape]]:
    """A baseball cap: crown with button, and the peak."""
    crown = crown_of(head, params.line, item.tilt_deg, params.covers_ears, 7.0)
    thickness = 0.0016
    hem_length, hem_offset = _hem(thickness)
    rows = np.linspace(0.01, 0.995, 56)[:, None]
    share = np.concatenate([crown.shares(hem_length), np.repeat(rows, COLUMNS, 1)])
    ahead = np.cos(crown.azimuth) * (-1 if params.backwards else 1)
    high = params.crown_mm * MM * item.size
    shape_of_side = (0.55 + 0.45 * ahead) * (1 - _smooth(share, 0.45, 1.0)) + 0.8 * _smooth(
        share, 0.45, 1.0
    )
    dents = 0.08 * high * _wander(crown, share, item.seed, 2.5)
    offset = np.concatenate([hem_offset, np.full(len(rows), _LINING_M + thickness)])[:, None]
    offset = offset + high * _smooth(share, 0.0, 0.5) * shape_of_side + dents
    points = crown.points(share, offset)
    shell = _closed_top(_surface(points, 1.0, np.clip(share.mean(1), 0, 1)), len(points))
    top = points[-1].mean(0)
    button = ellipsoid(top + [0, 0.0005, 0], np.eye(3), np.array([0.0062, 0.0062, 0.003])[[0, 2, 1]])
    return [shell, button], [_peak(params, item, points[5], crown)]


def _peak(params: CapParams, item: Item, edge: F64Array, crown: Crown) -> Shape:
    """Two sheets that leave the crown's edge forward and meet at the rim."""
    columns, reach = 65, 18
    half = np.radians(params.peak_half_deg)
    turn = np.pi if params.backwards else 0.0
    across = np.linspace(-1, 1, columns)
    at = np.mod(turn + across * half, 2 * np.pi) / (2 * np.pi) * COLUMNS
    ring = np.concatenate([edge, edge[:1]])
    root = np.stack([np.interp(at, np.arange(COLUMNS + 1), ring[:, k]) for k in range(3)], -1)
    inward = root - np.array([crown.centre[0], 0, crown.centre[2]])
    inward[:, 1] = 0
    root = root - 0.0012 * inward / np.linalg.norm(inward, axis=1, keepdims=True)
    down = np.radians(params.peak_down_deg)
    ahead = np.array([0.0, -np.sin(down), np.cos(down)])
    ahead[2] *= -1 if params.backwards else 1
    length = params.peak_mm * MM * item.size * (1 - np.abs(across) ** 2.4) ** 0.55
    b = np.linspace(0, 1, reach)
    # The edge drops to the sides; the peak's rim keeps that arch and flattens it a little.
    top = root + (b[:, None] * length)[..., None] * ahead
    arch = root[:, 1].max() - root[:, 1]
    top[..., 1] += 0.35 * arch * b[:, None] ** 1.5
    thickness = 0.0024 * np.minimum(1.0, length / 0.01)
    bottom = top[::-1] - np.array([0, 1.0, 0]) * thickness[:, None]
    edge_round = top[-1] + ahead * 0.0008 - np.array([0, 0.5, 0]) * thickness[:, None]
    sheet = np.concatenate([top, edge_round[None], bottom])
    rows = len(sheet)
    v = np.concatenate([b, [1.02], b[::-1] + 1.04])
    return Shape(
        sheet.reshape(-1, 3),
        grid_faces(rows, columns, wrap=False),
        grid_uv(rows, columns, False, np.linspace(0, 1, columns), v * 0.5),
    )


def brimmed_hat(params: BrimParams, item: Item, head: WearHead) -> list[Shape]:
    """A soft hat with a brim all round."""
    crown = crown_of(head, params.line, item.tilt_deg, params.covers_ears, 8.0)
    thickness = 0.0018
    rows = np.linspace(0.0, 0.995, 60)[:, None]
    share = np.repeat(rows, COLUMNS, 1)
    high = params.crown_mm * MM * item.size
    offset = _LINING_M + thickness + high * _smooth(share, 0.05, 0.6)
    offset = offset + 0.1 * high * _wander(crown, share, item.seed, 3.0)
    points = crown.points(share, offset)
    roof = points[-1, :, 1].mean()
    floor = points[0, :, 1].max()
    level = (points[..., 1] - floor) / (roof - floor)
    squared = np.clip(level, 0, 1) ** (1 / (1 + 1.2 * params.flat_top))
    lifted = np.where(level > 0, floor + squared * (roof - floor), points[..., 1])
    points[..., 1] = np.maximum(points[..., 1], lifted)

    out = np.stack([np.sin(crown.azimuth), 0 * crown.azimuth, np.cos(crown.azimuth)], -1)
    down = np.radians(params.brim_down_deg)
    slope = out * np.cos(down) - np.array([0, np.sin(down), 0])
    b = np.concatenate([[0.0, 0.03], np.linspace(0.1, 1.0, 12)])[:, None, None]
    length = params.brim_mm * MM * item.size
    wave = 0.003 * _wander(crown, np.full((len(b), 1), 0.5), item.seed + 1, 2.0)
    upper = points[0] + b * length * slope
    upper[..., 1] += wave * b[..., 0]
    lower = upper[::-1] - np.array([0, thickness, 0])
    tip = upper[-1] + 0.4 * thickness * slope - np.array([0, 0.5 * thickness, 0])
    inner = crown.points(crown.shares(np.array([0.006, 0.014])), np.full((2, 1), _LINING_M))
    sheet = np.concatenate([points[::-1], upper[1:], tip[None], lower, inner])
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(sheet, axis=0), axis=2).mean(1))])
    shape = _surface(sheet, 0.56 / 0.02, lengths / 0.02)
    return [joined([_turned(shape), _lid(points[-1])])]


def _turned(shape: Shape) -> Shape:
    return Shape(shape.vertices, shape.faces[:, ::-1].copy(), shape.uv[:, ::-1].copy())


def _lid(ring: F64Array) -> Shape:
    n = len(ring)
    index = np.arange(n)
    faces: I32Array = np.stack(
        [index, np.roll(index, -1), np.full(n, n), np.full(n, -1)], 1
    ).astype(np.int32)
    uv: F32Array = np.zeros((n, 4, 2), np.float32)
    return Shape(np.concatenate([ring, ring.mean(0)[None]]), faces, uv)
