"""Hair wound into few thick locks: twists, ringlets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from assets.geometry import F32Array, I32Array
from assets.hair.clearing import cleared
from assets.hair.combing import comb, fringe_of, lift_of
from assets.hair.curves import WanderBank, parallel_frames, resample, wander
from assets.hair.data import Locks
from assets.hair.framing import round_the_face
from assets.hair.groom import Groom
from assets.hair.growth import Fall, grow
from assets.hair.plaits import Middles, weave, windows
from assets.hair.vectors import smoothstep
from assets.noise import Stream

__all__ = ["build_locks"]

GUIDE_STEPS = 24
CANDIDATES = 6000


def build_locks(groom: Groom, locks: Locks) -> tuple[F32Array, I32Array]:
    """Strands (n, points, 3), skull frame, and the lock of each."""
    style, n = groom.style, len(groom)
    length = groom.length_m()
    centre = _spread_out(groom.roots.point_m, locks.count)
    lift = lift_of(groom, np.zeros(n, np.float32))
    fringe = fringe_of(groom)
    direction = comb(groom, lift, fringe)
    stream = groom.stream("growth")
    low, high = style.fall.shell_mm
    flat = 1 - 0.85 * groom.hidden[centre]
    shell = (stream.uniform(len(centre), low, high) * flat * 1e-3).astype(np.float32)
    lock_length = (length[centre] * stream.uniform(len(centre), 0.8, 1.15)).astype(np.float32)
    # A lock whose middle strand is a baby hair would be one.
    typical = np.float32(np.median(lock_length))
    lock_length = np.clip(lock_length, 0.45 * typical, 1.5 * typical)
    data = style.fall
    fall = Fall.of(style.fall)
    guides = grow(
        groom.roots.point_m[centre],
        direction[centre],
        lock_length,
        shell,
        GUIDE_STEPS,
        groom.field,
        groom.head.gravity,
        fall,
        stream,
        round_the_face(groom, fringe, centre) if data.frames_face else None,
    )
    m = style.points
    middle = resample(guides, m) + 0.003 * wander(len(centre), m, stream, (0.8, 1.9))
    _, lock = cKDTree(groom.roots.point_m[centre]).query(groom.roots.point_m)
    lock = np.asarray(lock, np.int32)
    if locks.coil_radius_mm:
        middle = _coiled(middle, lock_length, locks, groom.variation.curl, stream)
    if locks.plait_mm is not None:
        middles = Middles.of(middle.astype(np.float32))
        strands = _plaited(groom, middles, lock, locks, locks.plait_mm * 1e-3)
        return cleared(groom.field, strands, style.clearance_mm * 1e-3), lock
    strands = _wound(groom, middle.astype(np.float32), lock, lock_length, locks)
    bank = WanderBank(m, groom.stream("frizz"), (3.0, 8.0, 15.0), 0.8)
    strands = bank.add(strands, groom.variation.frizz * style.fuzz.frizz * lock_length[lock])
    loose = groom.flyaway
    if loose.any():
        bank = WanderBank(m, groom.stream("flyaway"), (2.0, 5.0))
        strands[loose] = bank.add(
            strands[loose], style.fuzz.flyaway_bend * lock_length[lock[loose]]
        )
    strands = resample(strands, m, groom.cut_share(length))
    return cleared(groom.field, strands, style.clearance_mm * 1e-3), lock


def _spread_out(points: F32Array, count: int) -> NDArray[np.intp]:
    """Indices of points far from one another: each next one farthest from those before."""
    candidate = np.arange(min(len(points), CANDIDATES))
    p = points[candidate]
    nearest = np.full(len(p), np.inf, np.float32)
    chosen = np.empty(min(count, len(p)), np.intp)
    j = 0
    for i in range(len(chosen)):
        chosen[i] = j
        away = p - p[j]
        nearest = np.minimum(nearest, np.einsum("ij,ij->i", away, away))
        j = int(nearest.argmax())
    return candidate[chosen]


def _coiled(
    middle: F32Array, length_m: F32Array, locks: Locks, wide: float, stream: Stream
) -> F32Array:
    """Locks that run in coils of their own."""
    count, m = middle.shape[:2]
    _, across, aside = parallel_frames(middle.astype(np.float32))
    s = np.linspace(0.0, 1.0, m, dtype=np.float32)
    hand = np.where(stream.uniform(count) < 0.5, 1.0, -1.0)
    turns = length_m / (locks.coil_pitch_mm * 1e-3) * hand * 2 * np.pi
    angle = turns[:, None] * s + stream.uniform(count, 0.0, 2 * np.pi)[:, None]
    radius = wide * locks.coil_radius_mm * 1e-3 * stream.uniform(count, 0.7, 1.3)[:, None]
    radius = radius * np.clip(s / 0.15, 0, 1)
    out = middle + across * (np.cos(angle) * radius)[..., None]
    out += aside * (np.sin(angle) * radius)[..., None]
    return np.asarray(out, np.float32)


def _plaited(
    groom: Groom, middles: Middles, lock: I32Array, locks: Locks, pitch_m: float
) -> F32Array:
    """Strands of plaits; those that begin at the head come from their roots."""
    n, points = len(groom), groom.style.points
    lot = groom.stream("weave").uniform((n, 6))
    start, run = windows(middles, lock, lot[:, 4:])
    radius = locks.radius_mm * 1e-3
    thick = groom.stream("thick").uniform(len(middles.length_m), 0.85 * radius, 1.15 * radius)
    out = weave(middles, lock, start, run, points, lot, radius_m=thick, pitch_m=pitch_m)
    arc = np.linspace(0, 1, points, dtype=np.float32)[None] * run[:, None]
    joined = np.where(start[:, None] > 0, 1.0, smoothstep(arc, 0.0, 0.014))[..., None]
    return np.asarray(groom.roots.point_m[:, None] * (1 - joined) + out * joined, np.float32)


def _wound(
    groom: Groom, middle: F32Array, lock: I32Array, length_m: F32Array, locks: Locks
) -> F32Array:
    """Strands from their roots into the tube round their lock's middle."""
    n, (count, m) = len(groom), middle.shape[:2]
    stream, lot = groom.stream("winding"), groom.stream("within").uniform((n, 3))
    _, across, aside = parallel_frames(middle)
    s = np.linspace(0.0, 1.0, m, dtype=np.float32)[None]
    arc = s * length_m[lock][:, None]
    pitch = locks.twist_pitch_mm * 1e-3
    turn = 1 + 0.1 * groom.stream("turns").normal((n, 1))
    angle = 2 * np.pi * (lot[:, :1] + arc / pitch * turn)
    thick = locks.radius_mm * 1e-3 * stream.uniform(count, 0.75, 1.25)
    lumps = 1 + 0.22 * wander(count, m, stream, (4.0, 8.0))[..., 0]
    within = np.sqrt(lot[:, 1]) * (0.8 + 0.3 * lot[:, 2])
    radius = (thick[lock] * within)[:, None] * lumps[lock] * (1 - 0.45 * s**3)
    tube = middle[lock] + across[lock] * (np.cos(angle) * radius)[..., None]
    tube += aside[lock] * (np.sin(angle) * radius)[..., None]
    joined = smoothstep(arc, 0.0, 0.012)[..., None]
    return np.asarray(groom.roots.point_m[:, None] * (1 - joined) + tube * joined, np.float32)
