"""Hair drawn over the head to a tie point, and from there a tail or a bun."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array, I32Array
from assets.hair.clearing import cleared
from assets.hair.clumping import gather, nested
from assets.hair.curves import WanderBank, coil, parallel_frames, resample
from assets.hair.data import Tie
from assets.hair.groom import Groom
from assets.hair.growth import Fall, grow
from assets.hair.plaits import Middles, weave, windows
from assets.hair.vectors import smoothstep, unit
from assets.noise import Stream

__all__ = ["build_tied"]

DRAWN_POINTS = 20
TIE_HEIGHT_M = 0.010
SPINE_STEPS = 40
BUN_LOCKS = 46
WISPS = 0.22


def build_tied(groom: Groom, tie: Tie) -> tuple[F32Array, I32Array]:
    """Strands (n, points, 3), skull frame, and the clump of each."""
    knots, outward = _knots(groom, tie)
    which = np.zeros(len(groom), np.int32)
    if tie.paired:
        edge = 0.06 * groom.noise(groom.roots.rest_dm, 6.0) * (groom.roots.rest_dm[:, 2] < 0.3)
        which = (groom.roots.rest_dm[:, 0] < edge).astype(np.int32)
    drawn = _drawn(groom, tie, knots[which])
    loose = groom.flyaway.astype(np.float32)
    keys = np.concatenate([groom.roots.point_m, which[:, None] * np.float32(0.1)], 1)
    coarse, clump = nested(keys, (260, 2600))
    drawn = gather(
        drawn, coarse, groom.stream("clump0"), count=260, amount=(0.1, 0.5), power=(0.5, 1.0),
        wander_m=0.0012, waves=(1.0, 2.0), unevenness=0.3, apart=loose,
    )  # fmt: skip
    drawn = gather(
        drawn, clump, groom.stream("clump1"), count=2600, amount=(0.3, 0.8), power=(0.3, 0.8),
        wander_m=0.0005, waves=(1.0, 2.0), unevenness=0.3, apart=loose,
    )  # fmt: skip
    rest = groom.style.points - DRAWN_POINTS + 1
    after = np.empty((len(groom), rest, 3), np.float32)
    for k, (knot, out) in enumerate(zip(knots, outward, strict=True)):
        own = np.flatnonzero(which == k)
        if tie.bun_mm is not None:
            bun = tie.bun_mm * 1e-3 * groom.variation.volume**0.3
            after[own] = _bun(groom, bun, knot, out, rest, own)
        else:
            tail = (tie.tail_mm or 250.0) * groom.length_scale * 1e-3
            after[own] = _tail(groom, tie, tail, knot, out, rest, own)
    strands = np.concatenate([drawn[:, :-1], after], 1)
    _add_wisps(groom, strands)
    return cleared(groom.field, strands, groom.style.clearance_mm * 1e-3), clump


def _knots(groom: Groom, tie: Tie) -> tuple[F32Array, F32Array]:
    """Tie points (k, 3), a little above the skin, and the ways out from them."""
    head = groom.head
    directions = [np.array(tie.direction, np.float32)]
    if tie.paired:
        directions.append(directions[0] * np.array([-1, 1, 1], np.float32))
    knots = []
    for direction in directions:
        way = unit(direction)
        ray = head.centre_m + np.linspace(0.05, 0.2, 300, dtype=np.float32)[:, None] * way
        inside = np.nonzero(groom.field.distance(ray) < TIE_HEIGHT_M)[0]
        knots.append(ray[min(int(inside.max()) + 1, len(ray) - 1)])
    at = np.stack(knots)
    return at, groom.field.outward(at)


def _drawn(groom: Groom, tie: Tie, knot: F32Array) -> F32Array:
    """Strands from root to their knots (n, 3): great circles round the skull, laid on the skin."""
    head, n = groom.head, len(groom)
    root = groom.roots.point_m
    s = np.linspace(0.0, 1.0, DRAWN_POINTS, dtype=np.float32)[None]
    here, there = root - head.centre_m, knot - head.centre_m
    u, w = unit(here), unit(there)
    angle = np.arccos(np.clip(np.einsum("ij,ij->i", u, w), -1, 1))[:, None]
    sine = np.maximum(np.sin(angle), 1e-3)
    ahead, back = np.sin(s * angle) / sine, np.sin((1 - s) * angle) / sine
    near, far = (np.linalg.norm(v, axis=1)[:, None] for v in (here, there))
    way = u[:, None] * back[..., None] + w[:, None] * ahead[..., None]
    line = head.centre_m + way * (near * (1 - s) + far * s)[..., None]
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


def _bun(
    groom: Groom, radius_m: float, knot: F32Array, outward: F32Array, m: int, own: NDArray[np.intp]
) -> F32Array:
    """Locks wound round the knot into a ball that is closed above and a little flat."""
    lot = groom.stream("bun").uniform((len(groom), 5))[own]
    bands = groom.stream("bun/bands")
    x, y = _across(outward)
    middle = knot + outward * radius_m * 0.62
    t = np.linspace(0.0, 1.0, m, dtype=np.float32)[None]
    lock = np.minimum((lot[:, 0] * BUN_LOCKS).astype(np.intp), BUN_LOCKS - 1)
    start = bands.uniform(BUN_LOCKS, 0.0, 2 * np.pi)[lock][:, None]
    turns = bands.uniform(BUN_LOCKS, 0.9, 1.7)[lock][:, None]
    # Each lock climbs from the skin to its own height, the last ones over the top.
    height = bands.uniform(BUN_LOCKS, -0.5, 1.35)[lock][:, None] + 0.10 * (lot[:, 1:2] - 0.5)
    climb = np.clip(-0.75 + (height + 0.75) * smoothstep(t, 0.0, 0.8) + 0.12 * t, -0.75, 1.5)
    lean = bands.uniform(BUN_LOCKS, -0.35, 0.35)[lock][:, None]
    around = start + 0.25 * (lot[:, 2:3] - 0.5) + 2 * np.pi * turns * t
    climb = np.clip(climb + lean * np.sin(around), -0.8, 1.5)
    shell = 1 - 0.28 * lot[:, 3:4] ** 1.5
    shell = shell * (1 + 0.05 * np.sin(3 * around + 6.3 * lot[:, 0:1]))
    far = radius_m * shell * np.cos(climb)
    up = 0.80 * radius_m * shell * np.sin(climb)
    curve = middle + x * (np.cos(around) * far)[..., None] + y * (np.sin(around) * far)[..., None]
    curve = curve + outward * up[..., None]
    join = smoothstep(t, 0.0, 0.12)[..., None]
    return np.asarray(knot * (1 - join) + curve * join, np.float32)


def _tail(
    groom: Groom,
    tie: Tie,
    length_m: float,
    knot: F32Array,
    outward: F32Array,
    m: int,
    own: NDArray[np.intp],
) -> F32Array:
    """A bundle that falls from the knot, loose or plaited."""
    n, stream = len(own), groom.stream("tail")
    spine = _spine(groom, tie, length_m, knot, outward)
    lot = groom.stream("tail/strands").uniform((len(groom), 6))[own]
    if tie.plait_mm is not None:
        middles = Middles.of(spine[None])
        lock = np.zeros(n, np.int32)
        start, run = windows(middles, lock, lot[:, 4:])
        radius = np.array([tie.thick_mm * 1e-3], np.float32)
        strands = weave(
            middles, lock, start, run, m, lot, radius_m=radius, pitch_m=tie.plait_mm * 1e-3,
            taper=0.55,
        )  # fmt: skip
        arc = np.linspace(0, 1, m, dtype=np.float32)[None] * run[:, None]
        join = np.where(start[:, None] > 0, 1.0, smoothstep(arc, 0.0, 0.01))[..., None]
        return np.asarray(knot * (1 - join) + strands * join, np.float32)
    line = resample(spine[None], m)
    _, across, aside = parallel_frames(line)
    share = 0.62 + 0.38 * lot[:, 0] ** 0.6
    turn = 2 * np.pi * lot[:, 1]
    thin = tie.thick_mm * 1e-3 * groom.variation.volume**0.5 * np.sqrt(lot[:, 2])
    t = np.linspace(0.0, 1.0, m, dtype=np.float32)[None]
    swell = 0.85 + 1.25 * np.maximum(np.sin(np.pi * np.clip(t * 0.9 + 0.03, 0, 1)), 0) ** 0.8
    radius = thin[:, None] * swell
    tail = resample(np.repeat(line, n, 0), m, share.astype(np.float32))
    tail = tail + across * (np.cos(turn)[:, None] * radius)[..., None]
    tail += aside * (np.sin(turn)[:, None] * radius)[..., None]
    keys = np.stack([thin * np.cos(turn), thin * np.sin(turn)], 1).astype(np.float32)
    loose = groom.flyaway[own].astype(np.float32)
    clump, fine = nested(keys, (70, 700))
    tail = gather(
        tail.astype(np.float32), clump, stream, count=70, amount=(0.3, 0.75), power=(0.8, 1.6),
        wander_m=0.005, waves=(0.8, 1.6), unevenness=0.2, apart=loose,
    )  # fmt: skip
    curl, wide = groom.style.curl, groom.variation.curl
    if curl is not None:
        tail = coil(
            tail, clump, np.full(n, length_m, np.float32), groom.stream("tail/curl"),
            radius_m=wide * curl.radius_mm * 1e-3, pitch_m=curl.pitch_mm * 1e-3,
            start_m=curl.start_mm * 1e-3, phase_spread=curl.phase_spread, flatten=curl.flatten,
            vary=curl.vary,
        )  # fmt: skip
    tail = gather(
        tail, fine, stream, count=700, amount=(0.4, 0.9), power=(0.5, 1.2),
        wander_m=0.0022, waves=(1.0, 2.5), unevenness=0.3, apart=loose,
    )  # fmt: skip
    bank = WanderBank(m, groom.stream("tail/frizz"), (3.0, 7.0))
    frizz = groom.variation.frizz * groom.style.fuzz.frizz
    return bank.add(tail, np.full(n, frizz * length_m, np.float32))


def _spine(groom: Groom, tie: Tie, length_m: float, knot: F32Array, outward: F32Array) -> F32Array:
    """Middle line (m, 3) of a tail: out from the head, then down, clear of neck and back."""
    clear = np.array([1.2 * tie.thick_mm * 1e-3], np.float32)
    way = unit(outward[None] + 0.25 * groom.head.gravity)
    fall = Fall(0.66, 0.38, 0.0, 0.04, 0.12, 0.0, 0.03)
    line = grow(
        knot[None], way, np.array([length_m], np.float32), clear, SPINE_STEPS, groom.field,
        groom.head.gravity, fall, groom.stream("spine"),
    )  # fmt: skip
    return np.asarray(resample(line, SPINE_STEPS)[0])


def _add_wisps(groom: Groom, strands: F32Array) -> None:
    """Some hair at the line is too short for the tie: replaced in place by wisps."""
    lot = groom.stream("wisps").uniform((len(groom), 2))
    some = (groom.baby | groom.flyaway) & (lot[:, 0] < WISPS)
    n = int(some.sum())
    if n == 0:
        return
    length = 0.012 + 0.06 * lot[some, 1] ** 2
    along = unit(strands[some, 4] - strands[some, 0])
    astray = groom.stream("wisps/way").normal((len(groom), 3), 0.13)[some]
    set_out = unit(groom.roots.normal[some] * 0.16 + along * 0.8 + astray)
    fall = Fall(0.85, 0.10, 0.0, 0.8, 0.14, 0.0, 0.025)
    wisps = grow(
        groom.roots.point_m[some], set_out, length, np.full(n, 0.001, np.float32), 12,
        groom.field, groom.head.gravity, fall, groom.stream("wisps/growth"),
    )  # fmt: skip
    reach = np.zeros(len(groom), np.float32)
    reach[some] = 0.05 * length
    bank = WanderBank(12, Stream(groom.seed, "hair/wisps/bend"), (0.6, 1.7, 3.5))
    bent = np.zeros((len(groom), 12, 3), np.float32)
    bent[some] = wisps
    strands[some] = resample(bank.add(bent, reach)[some], strands.shape[1])
