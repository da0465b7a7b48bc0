"""Hair that falls as it grows: from buzz cuts over long hair to afros."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from assets.geometry import F32Array, I32Array
from assets.hair.clearing import STUMP, cleared
from assets.hair.clumping import choose, gather, nested
from assets.hair.combing import Mask, comb, fringe_of, keys_of, lift_of
from assets.hair.curves import WanderBank, coil, cut_below, resample, shortened
from assets.hair.data import Curl
from assets.hair.framing import round_the_face
from assets.hair.groom import Groom
from assets.hair.growth import Fall, follow, grow
from assets.hair.vectors import in_box, smoothstep

__all__ = ["build_grown", "clumped", "fuzzed"]

IN_MOUTH_M = 0.012
"""A strand so near to the walls of the mouth has come through the lips."""
FLYAWAY_WAVES = (0.45, 1.1, 2.0)
"""Single strands bow; they do not zigzag."""
LEAST_LEFT = 0.05
"""Share that a blunt cut leaves of hair that grows below its line."""
MOST_BENT_M = 0.25
"""Longer hair bends no more than hair of this length."""
WAVES_PER_DM = 1.6
"""How soon neighbouring waves fall out of step."""
PITCH_OF_RADIUS = 0.4
WAVE_MM = 6.0
WAVE_OF_LENGTH = 0.05
WAVE_PITCH_MM = 80.0
"""Of the wave that straight hair has at a curl of 2."""


def build_grown(groom: Groom) -> tuple[F32Array, I32Array]:
    """Strands (n, points, 3), skull frame, and the clump of each at the finest level."""
    style, n = groom.style, len(groom)
    length = groom.length_m()
    short = groom.short_share(length)
    fringe = fringe_of(groom)
    if style.fringe is not None:
        length = np.where(fringe & ~groom.baby, style.fringe.length_mm * 1e-3, length)
        length = length.astype(np.float32)
    keys = keys_of(groom, fringe)
    # Guides stand on the first roots.
    index = choose(n, style.guides)
    few, lower = groom.first(len(index)), fringe[: len(index)]
    direction = comb(few, lift_of(few, short[: len(index)]), lower)
    data = style.fall
    fall = Fall.of(style.fall, groom.head.eye_m[1] - 0.035 if data.frames_face else -np.inf)
    guides = grow(
        groom.roots.point_m[index],
        direction,
        length[index],
        _shell(few, lower),
        style.guide_steps,
        groom.field,
        groom.head.gravity,
        fall,
        groom.stream("growth"),
        round_the_face(few, lower, index) if data.frames_face else None,
    )
    guides = resample(guides, style.points)
    strands = follow(groom.roots.point_m, keys, length, guides, index)
    apart = np.clip(short + groom.flyaway + groom.baby * (length > 0.006), 0, 1).astype(np.float32)
    strands, clump = clumped(groom, strands, keys, length, apart)
    strands = fuzzed(groom, strands, length)
    share = groom.cut_share(length)
    if style.cut.line_below_eyes_mm is not None or style.fringe is not None:
        share = np.minimum(share, _blunt(groom, strands, fringe))
    bent = style.curl is not None
    strands = resample(strands, style.points, share) if bent else shortened(strands, share)
    strands = cleared(groom.field, strands, _clearance(groom, strands))
    return _out_of_mouth(groom, strands), clump


def _out_of_mouth(groom: Groom, strands: F32Array) -> F32Array:
    """Strands that were pushed through the lips end at their roots: the field is open there."""
    head = groom.head
    walls = head.vertices_m[head.masks["inside-mouth"] > 0.5]
    low, high = walls.min(axis=0) - IN_MOUTH_M, walls.max(axis=0) + IN_MOUTH_M
    points, m = strands.reshape(-1, 3), strands.shape[1]
    at = in_box(points, low, high)
    away, _ = cKDTree(walls).query(points[at], distance_upper_bound=IN_MOUTH_M)
    gone = np.unique(at[np.isfinite(away)] // m)
    stump = strands[gone, :1] + 0.3 * STUMP * (strands[gone, 1:] - strands[gone, :1])
    flat = stump.reshape(-1, 3)
    freed = groom.field.freed(flat, np.zeros(len(flat), np.float32))
    strands[gone, 1:] = freed.reshape(stump.shape)
    return strands


def _shell(groom: Groom, fringe: Mask) -> F32Array:
    """(n,) height over the skin that a strand rises to, metres."""
    fall = groom.style.fall
    low, high = fall.shell_mm
    lot = groom.stream("shell").uniform(len(groom))
    part = fall.shell_sides + (1 - fall.shell_sides) * groom.top
    mm = low + (high - low) * groom.variation.shell * part * lot**0.75
    mm = np.where(fringe, 2.5 + 5.0 * lot, mm)
    return np.asarray(mm * (1 - 0.85 * groom.hidden) * 1e-3, np.float32)


def _clearance(groom: Groom, strands: F32Array) -> F32Array:
    """Least distance to the skin; hair on the shoulders lies in a layer."""
    low = smoothstep(groom.head.eye_m[1] - 0.13 - strands[:, :, 1], 0.0, 0.06)
    loose = 0.009 * low if groom.style.fall.frames_face else 0.0
    return np.asarray(groom.style.clearance_mm * 1e-3 + loose, np.float32)


def clumped(
    groom: Groom, strands: F32Array, keys: F32Array, length_m: F32Array, apart: F32Array
) -> tuple[F32Array, I32Array]:
    """All levels of clumping, with the curl after its level."""
    style = groom.style
    clump = np.zeros(len(strands), np.int32)
    levels = nested(keys, [data.count for data in style.clumps])
    for level, (data, clump) in enumerate(zip(style.clumps, levels, strict=True)):
        low, high = data.amount
        tight = groom.variation.clumping
        strands = gather(
            strands,
            clump,
            groom.stream(f"clump{level}"),
            count=data.count,
            amount=(low * tight, min(high * tight, 0.97)),
            power=data.power,
            wander_m=data.wander_mm * 1e-3,
            waves=data.waves,
            unevenness=data.unevenness,
            apart=apart,
        )
        curl = _curl(groom)
        if curl is not None and curl.level == level:
            strands = coil(
                strands,
                clump,
                length_m,
                groom.stream("curl"),
                radius_m=curl.radius_mm * 1e-3,
                pitch_m=curl.pitch_mm * 1e-3,
                start_m=curl.start_mm * 1e-3,
                phase_spread=curl.phase_spread,
                flatten=curl.flatten,
                vary=curl.vary,
                loosen=0.5 * apart,
                together=curl.together,
                shared_rad=np.pi * groom.noise(groom.roots.rest_dm[: data.count], WAVES_PER_DM),
            )
    return strands, clump


def _curl(groom: Groom) -> Curl | None:
    """The style's own curl at the width of the person's, or a wave in straight hair."""
    curl, share = groom.style.curl, groom.variation.curl
    if curl is not None:
        # A tight curl has less pitch too: its strand is as long.
        pitch = curl.pitch_mm * (1.0 + PITCH_OF_RADIUS * (share - 1.0))
        radius = max(curl.radius_mm * share, 0.01)
        return curl.model_copy(update={"radius_mm": radius, "pitch_mm": pitch})
    if share <= 1.0 or not groom.style.clumps:
        return None
    long = groom.style.cut.top_mm * groom.length_scale
    radius = min(WAVE_MM * (share - 1.0), WAVE_OF_LENGTH * long)
    return Curl(
        level=min(1, len(groom.style.clumps) - 1),
        radius_mm=radius,
        pitch_mm=min(WAVE_PITCH_MM, 0.7 * long),
        start_mm=min(0.25 * long, 70.0),
        phase_spread=0.3,
        flatten=0.6,
    )


def fuzzed(groom: Groom, strands: F32Array, length_m: F32Array) -> F32Array:
    """Bends, frizz, and flyaways that leave their clumps."""
    fuzz, m, share = groom.style.fuzz, strands.shape[1], groom.variation.frizz
    reach = np.minimum(length_m, MOST_BENT_M)
    if fuzz.bend:
        bank = WanderBank(m, groom.stream("bend"), (0.6, 1.7, 3.5))
        strands = bank.add(strands, share**0.5 * fuzz.bend * reach)
    if fuzz.frizz:
        bank = WanderBank(m, groom.stream("frizz"), fuzz.frizz_waves)
        strands = bank.add(strands, share * fuzz.frizz * reach)
    loose = groom.flyaway & (length_m > 0.012)
    if loose.any():
        bank = WanderBank(m, groom.stream("flyaway"), FLYAWAY_WAVES)
        strands[loose] = bank.add(strands[loose], fuzz.flyaway_bend * reach[loose])
    return strands


def _blunt(groom: Groom, strands: F32Array, fringe: Mask) -> F32Array:
    """Share of each strand above the line to which hair or fringe is cut."""
    style, n = groom.style, len(groom)
    eye = groom.head.eye_m[1]
    height = np.full(n, -9.0, np.float32)
    if style.cut.line_below_eyes_mm is not None:
        depth = style.cut.line_below_eyes_mm * groom.length_scale * 1e-3
        height[:] = eye - depth + 0.012 * groom.behind
    if style.fringe is not None:
        height = np.where(fringe, eye + style.fringe.above_eyes_mm * 1e-3, height)
    loose = np.where(groom.stream("line").uniform(n) < 0.25, 0.010, 0.0025)
    loose = np.where(groom.flyaway, 0.014, loose)
    height = height + loose * groom.stream("line/spread").normal(n)
    return cut_below(strands, height.astype(np.float32), LEAST_LEFT)
