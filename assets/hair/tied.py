"""Hair drawn over the head to a tie point, and from there a tail or a bun."""

from __future__ import annotations

import numpy as np

from assets.geometry import F32Array, I32Array
from assets.hair.clearing import cleared
from assets.hair.clumping import gather
from assets.hair.curves import WanderBank, parallel_frames, resample
from assets.hair.data import Tie
from assets.hair.groom import Groom
from assets.hair.growth import Fall, grow
from assets.hair.vectors import smoothstep, unit
from assets.noise import Stream

__all__ = ["build_tied"]

DRAWN_POINTS = 20
TIE_HEIGHT_M = 0.010
TIE_RADIUS_M = 0.010
TAIL_CLEARANCE_M = 0.022


def build_tied(groom: Groom, tie: Tie) -> tuple[F32Array, I32Array]:
    """Strands (n, points, 3), skull frame, and the clump of each."""
    knot, outward = _knot(groom, tie)
    drawn = _drawn(groom, tie, knot)
    loose = groom.flyaway.astype(np.float32)
    keys = groom.roots.point_m
    drawn, _ = gather(
        drawn, keys, groom.stream("clump0"), count=260, amount=(0.1, 0.5), power=(0.5, 1.0),
        wander_m=0.0012, waves=(1.0, 2.0), unevenness=0.3, apart=loose,
    )  # fmt: skip
    drawn, clump = gather(
        drawn, keys, groom.stream("clump1"), count=2600, amount=(0.3, 0.8), power=(0.3, 0.8),
        wander_m=0.0005, waves=(1.0, 2.0), unevenness=0.3, apart=loose,
    )  # fmt: skip
    rest = groom.style.points - DRAWN_POINTS + 1
    if tie.bun_mm is not None:
        after = _bun(groom, tie.bun_mm * 1e-3, knot, outward, rest)
    else:
        tail = (tie.tail_mm or 250.0) * groom.length_scale * 1e-3
        after = _tail(groom, tail, knot, outward, rest)
    strands = np.concatenate([drawn[:, :-1], after], 1)
    _add_wisps(groom, strands)
    return cleared(groom.field, strands, groom.style.clearance_mm * 1e-3), clump


def _knot(groom: Groom, tie: Tie) -> tuple[F32Array, F32Array]:
    """The tie point (3,), a little above the skin, and the way out from it."""
    head = groom.head
    direction = unit(np.array(tie.direction, np.float32))
    ray = head.centre_m + np.linspace(0.05, 0.2, 300, dtype=np.float32)[:, None] * direction
    inside = np.nonzero(groom.field.distance(ray) < TIE_HEIGHT_M)[0]
    knot = ray[min(int(inside.max()) + 1, len(ray) - 1)]
    return knot, groom.field.outward(knot[None])[0]


def _drawn(groom: Groom, tie: Tie, knot: F32Array) -> F32Array:
    """Strands from root to knot: great circles round the skull, laid on the skin."""
    head, n = groom.head, len(groom)
    root = groom.roots.point_m
    s = np.linspace(0.0, 1.0, DRAWN_POINTS, dtype=np.float32)[None]
    here, there = root - head.centre_m, knot - head.centre_m
    u, w = unit(here), unit(there)
    angle = np.arccos(np.clip(u @ w, -1, 1))[:, None]
    sine = np.maximum(np.sin(angle), 1e-3)
    ahead, back = np.sin(s * angle) / sine, np.sin((1 - s) * angle) / sine
    radius = np.linalg.norm(here, axis=1)[:, None] * (1 - s) + np.linalg.norm(there) * s
    line = head.centre_m + (u[:, None] * back[..., None] + w * ahead[..., None]) * radius[..., None]
    line = np.asarray(line, np.float32)
    stream = groom.stream("slack")
    slack = tie.slack_mm * 1e-3 * groom.variation.shell * (0.2 + 0.8 * stream.uniform((n, 1)))
    arch = np.maximum(np.sin(np.pi * np.clip(1.05 * s, 0, 1)), 0) ** 0.8
    aim = 0.0012 + slack * arch
    above = groom.field.distance(line)
    ends = smoothstep(s, 0.0, 0.12) * (1 - smoothstep(s, 0.88, 1.0))
    draw = np.where(above > aim, 0.6, 1.0) * ends
    return np.asarray(line + groom.field.outward(line) * ((aim - above) * draw)[..., None], "f4")


def _across(outward: F32Array) -> tuple[F32Array, F32Array]:
    x = unit(np.cross(outward, np.array([0.0, 1.0, 0.0], np.float32)))
    return x, np.asarray(np.cross(x, outward), np.float32)


def _bun(groom: Groom, radius_m: float, knot: F32Array, outward: F32Array, m: int) -> F32Array:
    """A coil of hair round the knot."""
    n, stream = len(groom), groom.stream("bun")
    x, y = _across(outward)
    middle = knot + outward * radius_m * 0.75
    t = np.linspace(0.0, 1.0, m, dtype=np.float32)[None]
    ring = radius_m * 0.62 * (1 + 0.05 * stream.normal((n, 1)))
    tube = radius_m * 0.42 * np.sqrt(stream.uniform((n, 1)))
    turns = stream.uniform((n, 1), 1.2, 2.2)
    around = 0.35 * stream.uniform((n, 1), 0.0, 2 * np.pi) + 2 * np.pi * turns * t
    lock = stream.integers(260, n)
    start = stream.uniform(260, 0.0, 2 * np.pi)[lock][:, None]
    within = start + 5.0 * t + 0.25 * stream.normal((n, 1))
    far = ring + np.cos(within) * tube
    curve = middle + x * (np.cos(around) * far)[..., None] + y * (np.sin(around) * far)[..., None]
    curve = curve + outward * (1.1 * np.sin(within) * tube)[..., None]
    join = smoothstep(t, 0.0, 0.10)[..., None]
    return np.asarray(knot * (1 - join) + curve * join, np.float32)


def _tail(groom: Groom, length_m: float, knot: F32Array, outward: F32Array, m: int) -> F32Array:
    """A bundle that falls from the knot."""
    n, stream = len(groom), groom.stream("tail")
    spine = _spine(groom, length_m, knot, outward, m)
    _, across, aside = parallel_frames(spine[None])
    share = stream.uniform(n, 0.7, 1.0)
    turn = stream.uniform(n, 0.0, 2 * np.pi)
    thin = TIE_RADIUS_M * np.sqrt(stream.uniform(n))
    t = np.linspace(0.0, 1.0, m, dtype=np.float32)[None]
    swell = 1 + 1.6 * np.maximum(np.sin(np.pi * t), 0) ** 0.7 * (1 - 0.5 * t)
    radius = thin[:, None] * swell
    tail = resample(np.repeat(spine[None], n, 0), m, share)
    tail = tail + across * (np.cos(turn)[:, None] * radius)[..., None]
    tail += aside * (np.sin(turn)[:, None] * radius)[..., None]
    keys = np.stack([thin * np.cos(turn), thin * np.sin(turn)], 1).astype(np.float32)
    loose = groom.flyaway.astype(np.float32)
    tail, _ = gather(
        tail.astype(np.float32), keys, stream, count=60, amount=(0.3, 0.8), power=(0.8, 1.6),
        wander_m=0.006, waves=(0.8, 1.6), unevenness=0.2, apart=loose,
    )  # fmt: skip
    tail, _ = gather(
        tail, keys, stream, count=700, amount=(0.4, 0.9), power=(0.5, 1.2),
        wander_m=0.0025, waves=(1.0, 2.5), unevenness=0.3, apart=loose,
    )  # fmt: skip
    bank = WanderBank(m, stream, (3.0, 7.0))
    return bank.add(tail, np.full(n, groom.style.fuzz.frizz * length_m, np.float32))


def _spine(groom: Groom, length_m: float, knot: F32Array, outward: F32Array, m: int) -> F32Array:
    """Middle line (m, 3) of a tail: out from the head, then down, clear of neck and back."""
    head = groom.head
    p, d = knot.copy(), unit(outward - 0.25 * head.gravity)
    out = np.empty((m, 3), np.float32)
    for i in range(m):
        out[i] = p
        d = unit(0.80 * d + 0.28 * head.gravity)
        p = p + d * np.float32(length_m / (m - 1))
        short = max(TAIL_CLEARANCE_M - float(groom.field.distance(p[None])[0]), 0.0)
        p = np.asarray(p + groom.field.outward(p[None])[0] * np.float32(short), np.float32)
    return out


def _add_wisps(groom: Groom, strands: F32Array) -> None:
    """Some hair at the line is too short for the tie: replaced in place by wisps."""
    stream = groom.stream("wisps")
    some = (groom.baby | groom.flyaway) & (stream.uniform(len(groom)) < 0.35)
    n = int(some.sum())
    if n == 0:
        return
    length = stream.uniform(n, 0.015, 0.09)
    along = unit(strands[some, 4] - strands[some, 0])
    set_out = unit(groom.roots.normal[some] * 0.22 + along * 0.8 + stream.normal((n, 3), 0.15))
    fall = Fall(0.85, 0.10, 0.0, 0.8, 0.12, 0.06, 0.025)
    wisps = grow(
        groom.roots.point_m[some], set_out, length, np.full(n, 0.001, np.float32), 12,
        groom.field, groom.head.gravity, fall, stream,
    )  # fmt: skip
    wisps = WanderBank(12, Stream(groom.seed, "hair/wisps/bend"), (0.6, 1.7, 3.5)).add(
        wisps, 0.05 * length
    )
    strands[some] = resample(wisps, strands.shape[1])
