"""Plaited hair: three plies woven round middle lines; cornrows along the scalp."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.geometry import F32Array, I32Array
from assets.hair.clearing import cleared
from assets.hair.curves import parallel_frames, resample
from assets.hair.data import Rows
from assets.hair.groom import Groom
from assets.hair.growth import Fall, grow
from assets.hair.vectors import smoothstep, unit

__all__ = ["Middles", "build_rows", "weave", "windows"]

PIECE_M = 0.075
"""Strands run this far in a plait before others take over: none is as long as the whole."""
MEASURED = 8000
"""So many roots say where rows begin and end, however many there are."""
ROW_POINTS = 96
RAY_M = (0.06, 0.17)
RAY_STEPS = 56
LOWEST_ROW_RAD = 1.9
"""Rows reach so far down from the crown's middle line on both sides."""
PARTING = 0.39
"""Beyond this share of a row's width from its middle the skin stays free."""
FRONT_POLE = (0.0, 0.32, 1.0)


@dataclass(frozen=True)
class Middles:
    """Middle lines of K plaits, evenly spaced in arc."""

    points_m: F32Array
    """(K, M, 3)"""
    across: F32Array
    """(K, M, 3) unit, in the plane in which the plies change sides."""
    aside: F32Array
    """(K, M, 3) unit, out of that plane."""
    length_m: F32Array
    """(K,)"""

    @staticmethod
    def of(points_m: F32Array, outward: F32Array | None = None) -> Middles:
        """Middle lines (K, M, 3); with ``outward`` given the plaits lie flat on a surface."""
        along, across, aside = parallel_frames(points_m)
        if outward is not None:
            across = unit(np.cross(along, outward))
            aside = unit(np.cross(across, along))
        length = np.linalg.norm(np.diff(points_m, axis=1), axis=2).sum(1)
        return Middles(points_m, across, aside, length.astype(np.float32))


def windows(
    middles: Middles, lock: I32Array, lot: F32Array, root_m: F32Array | float = 0.0
) -> tuple[F32Array, F32Array]:
    """Where along its plait each strand (n,) begins and how far it runs, metres.

    ``root_m`` is where its root stands; ``lot`` (n, 2) picks those that begin there.
    """
    whole = middles.length_m[lock]
    rest = np.maximum(whole - root_m, 1e-3)
    from_root = lot[:, 0] * rest < 0.35 * PIECE_M
    start = np.where(from_root, root_m, root_m + lot[:, 1] * np.maximum(rest - 0.4 * PIECE_M, 0))
    return start.astype(np.float32), np.minimum(PIECE_M, whole - start).astype(np.float32)


def weave(
    middles: Middles,
    lock: I32Array,
    start_m: F32Array,
    run_m: F32Array,
    points: int,
    lot: F32Array,
    *,
    radius_m: F32Array,
    pitch_m: float,
    taper: float = 0.4,
) -> F32Array:
    """Strands (n, points, 3) of one of three plies each, ``lot`` (n, 4) uniform draws.

    ``radius_m`` (K,) is that of a whole plait; over ``pitch_m`` each ply comes back to its side.
    """
    m = middles.points_m.shape[1]
    s = np.linspace(0.0, 1.0, points, dtype=np.float32)[None]
    arc = start_m[:, None] + s * run_m[:, None]
    way = np.clip(arc / middles.length_m[lock][:, None], 0.0, 1.0)
    at = way * np.float32(m - 1)
    low = np.minimum(at.astype(np.intp), m - 2)
    share = (at - low)[..., None].astype(np.float32)
    flat = lock[:, None].astype(np.intp) * m + low

    def along(values: F32Array) -> F32Array:
        rows = values.reshape(-1, 3)
        here = rows[flat]
        here += (rows[flat + 1] - here) * share
        return np.asarray(here, np.float32)

    ply = np.floor(3 * lot[:, 0])
    angle = np.float32(2 * np.pi) * (arc / np.float32(pitch_m) + ply[:, None] / 3)
    thick = radius_m[lock][:, None] * (1 - taper * way**4)
    within = thick * (0.5 * np.sqrt(lot[:, 1]) * (0.85 + 0.3 * lot[:, 3]))[:, None]
    turn = 2 * np.pi * (lot[:, 2][:, None] + 0.7 * arc / pitch_m)
    x = 0.60 * thick * np.sin(angle) + within * np.cos(turn)
    y = 0.36 * thick * np.sin(2 * angle) + within * np.sin(turn)
    out = along(middles.points_m)
    out += along(middles.across) * x[..., None].astype(np.float32)
    out += along(middles.aside) * y[..., None].astype(np.float32)
    return out


def build_rows(groom: Groom, rows: Rows) -> tuple[F32Array, I32Array]:
    """Cornrows: strands (n, points, 3), skull frame, and the row of each."""
    head, n = groom.head, len(groom)
    out = unit(groom.roots.point_m - head.centre_m)
    pole = unit(np.array(FRONT_POLE, np.float32))
    side = np.array([1.0, 0.0, 0.0], np.float32)
    up = np.asarray(np.cross(pole, side), np.float32)
    turn = np.arctan2(out @ side, out @ up)
    wave = rows.wave * np.sin(3.0 * np.arccos(np.clip(out @ pole, -1, 1)))
    place = ((turn + wave * 0.1) / LOWEST_ROW_RAD + 1) / 2 * rows.count
    row = np.clip(np.floor(place), 0, rows.count - 1).astype(np.int32)
    beside = np.abs(place - row - 0.5)
    theta = np.arccos(np.clip(out @ pole, -1.0, 1.0))
    first, last = np.zeros(rows.count), np.zeros(rows.count)
    for k in range(rows.count):
        own = theta[:MEASURED][row[:MEASURED] == k]
        first[k], last[k] = np.quantile(own, (0.015, 0.985)) if len(own) > 20 else (1.4, 1.5)
    t = np.linspace(0, 1, ROW_POINTS, dtype=np.float32)
    path = first[:, None] + (last - first)[:, None] * t
    middle_turn = ((np.arange(rows.count) + 0.5) / rows.count * 2 - 1) * LOWEST_ROW_RAD
    bend = middle_turn[:, None] - 0.1 * rows.wave * np.sin(3.0 * path)
    ray = np.cos(path)[..., None] * pole + np.sin(path)[..., None] * (
        np.sin(bend)[..., None] * side + np.cos(bend)[..., None] * up
    )
    radius = np.full(rows.count, rows.radius_mm * 1e-3, np.float32)
    line = _on_skin(groom, ray.astype(np.float32), 0.85 * rows.radius_mm * 1e-3)
    scalp_arc = np.linalg.norm(np.diff(line, axis=1), axis=2).sum(1)
    outward = groom.field.outward(line)
    if rows.tail_mm:
        line, outward = _with_tails(groom, rows, line, outward)
    middles = Middles.of(line, outward)
    lot = groom.stream("weave").uniform((n, 6))
    share = np.clip((theta - first[row]) / np.maximum(last - first, 1e-3)[row], 0.0, 1.0)
    root_arc = (share * scalp_arc[row]).astype(np.float32)
    tail = middles.length_m - scalp_arc
    in_tail = lot[:, 4] < (tail / middles.length_m)[row]
    start = np.where(in_tail, scalp_arc[row] + lot[:, 5] * tail[row], root_arc)
    start = np.minimum(start, middles.length_m[row] - 0.004).astype(np.float32)
    run = np.minimum(PIECE_M, middles.length_m[row] - start).astype(np.float32)
    strands = weave(
        middles, row, start, run, groom.style.points, lot,
        radius_m=radius, pitch_m=rows.pitch_mm * 1e-3,
    )  # fmt: skip
    arc = np.linspace(0, 1, groom.style.points, dtype=np.float32)[None] * run[:, None]
    joined = np.where(in_tail[:, None], 1.0, smoothstep(arc, 0.0, 0.007))[..., None]
    root = groom.roots.point_m[:, None]
    strands = np.asarray(root * (1 - joined) + strands * joined, np.float32)
    free = (beside > PARTING) & ~in_tail
    strands[free] = strands[free, :1] + 1e-3 * (strands[free] - strands[free, :1])
    return cleared(groom.field, strands, groom.style.clearance_mm * 1e-3), row


def _on_skin(groom: Groom, ray: F32Array, height_m: float) -> F32Array:
    """(K, M, 3) points at that height over the skin along rays from the middle of the skull."""
    far = np.linspace(*RAY_M, RAY_STEPS, dtype=np.float32)
    points = groom.head.centre_m + ray[:, :, None] * far[:, None]
    depth = groom.field.distance(points) - np.float32(height_m)
    inside = depth < 0
    last = RAY_STEPS - 1 - inside[:, :, ::-1].argmax(2)
    last = np.clip(np.where(inside.any(2), last, 0), 0, RAY_STEPS - 2)
    a = np.take_along_axis(depth, last[..., None], 2)[..., 0]
    b = np.take_along_axis(depth, last[..., None] + 1, 2)[..., 0]
    share = np.clip(-a / np.maximum(b - a, 1e-6), 0.0, 1.0)
    radius = far[last] + share * (far[1] - far[0])
    # A row keeps its height over small dents.
    kernel = np.array([1, 2, 3, 2, 1]) / 9
    padded = np.pad(radius, ((0, 0), (2, 2)), mode="edge")
    radius = sum(w * padded[:, i : i + radius.shape[1]] for i, w in enumerate(kernel))
    line = groom.head.centre_m + ray * np.asarray(radius, np.float32)[..., None]
    return np.asarray(line, np.float32)


def _with_tails(
    groom: Groom, rows: Rows, line: F32Array, outward: F32Array
) -> tuple[F32Array, F32Array]:
    """Rows that go on as hanging plaits."""
    count = len(line)
    stream = groom.stream("tails")
    length = rows.tail_mm * 1e-3 * groom.length_scale * stream.uniform(count, 0.85, 1.1)
    shell = np.full(count, rows.radius_mm * 1e-3 * 1.3, np.float32)
    fall = Fall.of(groom.style.fall)
    tails = grow(
        line[:, -1], unit(line[:, -1] - line[:, -3]), length.astype(np.float32), shell, 28,
        groom.field, groom.head.gravity, fall, stream,
    )  # fmt: skip
    whole = np.concatenate([line, tails[:, 1:]], 1)
    arc = np.zeros(whole.shape[:2], np.float32)
    arc[:, 1:] = np.cumsum(np.linalg.norm(np.diff(whole, axis=1), axis=2), 1)
    m = ROW_POINTS + 32
    even, up = np.empty((count, m, 3), np.float32), np.empty((count, m, 3), np.float32)
    normal = np.concatenate([outward, np.repeat(outward[:, -1:], 27, 1)], 1)
    for k in range(count):
        at = np.linspace(0, arc[k, -1], m)
        for axis in range(3):
            even[k, :, axis] = np.interp(at, arc[k], whole[k, :, axis])
            up[k, :, axis] = np.interp(at, arc[k], normal[k, :, axis])
    return resample(even, m), unit(up)
