"""The direction in which each root's hair sets out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array
from assets.hair.data import Direction
from assets.hair.groom import Groom
from assets.hair.vectors import rotate_about, smoothstep, tangent, unit

__all__ = ["Mask", "comb", "fringe_of", "is_before", "keys_of", "lift_of"]

Mask = NDArray[np.bool_]

WHORL_DM = (8.36, 0.0)
"""y and z of the whorl on the crown, rest coordinates."""
WHORL_REACH_DM = 0.55
KEY_SPLIT_M = 0.03
FRINGE_SPLIT_M = 0.014
FRINGE_BORDER_DM = 0.085
PART_CROSSED_DM = 0.03
"""Standard deviations of where single strands see the border of a fringe, or the part."""
BEFORE_DEG = 78.0
OFF_THE_SKIN_COS = (0.6, 0.9)
DOWN = np.array([0.0, -1.5, 0.0], np.float32)
"""What hair does there instead."""


def comb(groom: Groom, lift: F32Array, fringe: Mask) -> F32Array:
    """Unit directions (n, 3), skull frame."""
    style, roots = groom.style.comb, groom.roots
    normal = roots.normal
    lying = _lying(groom)
    if fringe.any():
        forward = np.tile(np.array([0.0, -0.3, 1.0], np.float32), (len(groom), 1))
        forward[:, 0] = 0.45 * roots.rest_dm[:, 0]
        lying = np.where(fringe[:, None], tangent(forward, normal), lying)
    turn = style.swirl * groom.variation.swirl * groom.noise(roots.rest_dm, 3.2)
    turn = turn + groom.variation.mirror * style.sweep * groom.top
    lying = rotate_about(lying, normal, turn)
    radial = unit(roots.point_m - groom.head.centre_m)
    up = unit(normal * (1 - style.radial) + radial * style.radial)
    lift = lift[:, None]
    out = up * lift + lying * (1 - lift)
    out[:, 1] += style.rise - style.droop * (1 - groom.top) * (1 - lift[:, 0])
    out += groom.stream("scatter").normal((len(groom), 3), style.scatter)
    # A comb can't drive hair into the skin.
    inward = np.minimum(np.einsum("ij,ij->i", out, normal) - 0.05, 0.0)
    out -= normal * inward[:, None]
    return unit(out)


def _lying(groom: Groom) -> F32Array:
    """Directions in the skin's plane: regions' combs mixed with the whorl's spiral."""
    style, normal = groom.style.comb, groom.roots.normal
    rest = groom.combed_dm
    mirror = np.array([groom.variation.mirror, 1, 1], np.float32)
    top, behind = groom.top, groom.behind
    front = top * smoothstep(rest[:, 2], *style.front_z_dm)
    weights = (front, top - front, (1 - top) * (1 - behind), (1 - top) * behind)
    regions: tuple[Direction, ...] = (style.front, style.crown, style.side, style.back)
    mix = np.zeros((len(groom), 4), np.float32)
    for weight, direction in zip(weights, regions, strict=True):
        mix += weight[:, None] * np.array(direction, np.float32)
    side = _side(groom)
    combed = np.stack([mix[:, 0] * side, mix[:, 1], mix[:, 2]], 1) * mirror
    away = rest - np.array([style.part_dm, *WHORL_DM], np.float32)
    near = np.exp(-np.linalg.norm(away, axis=1) / WHORL_REACH_DM)
    spiral = rotate_about(tangent(away * mirror, normal), normal, groom.variation.mirror * near)
    share = mix[:, 3:4]
    # Under the bulge of the skull a comb that goes back and down points off the skin.
    off = smoothstep(np.einsum("ij,ij->i", unit(combed), normal), *OFF_THE_SKIN_COS)
    combed = combed + off[:, None] * DOWN
    combed = tangent(combed, normal)
    return tangent(combed * (1 - share) + spiral * share, normal)


def _side(groom: Groom) -> F32Array:
    """-1 to 1: to which side of the part hair is combed.

    The part is a line only to the whorl; behind it hair falls to both sides ever more gently,
    and a few strands beside the line cross it.
    """
    rest = groom.combed_dm
    away = rest[:, 0] - groom.part_x_dm
    fades = smoothstep(0.35 - rest[:, 2], 0.0, 0.5)
    if groom.style.comb.parted:
        lot = groom.stream("part").normal(len(groom))
        # Over the forehead what crosses would hang between the two sides.
        away = away + PART_CROSSED_DM * lot * smoothstep(0.95 - rest[:, 2], 0.0, 0.4)
    width = 0.004 + 0.35 * fades
    return np.asarray(np.tanh(away / width), np.float32)


def lift_of(groom: Groom, short: F32Array) -> F32Array:
    """0 lying to 1 standing, at each root. ``short`` hair stands half up by itself."""
    style, rest = groom.style.comb, groom.combed_dm
    lift = style.lift + style.lift_front * smoothstep(rest[:, 2], 0.9, 1.3) * groom.top
    if style.lift_part:
        away = np.abs(rest[:, 0] - groom.part_x_dm)
        lift = lift + style.lift_part * np.exp(-((away / 0.3) ** 2)) * groom.top
    lift = lift * groom.variation.lift * (1.0 + 0.35 * groom.noise(groom.roots.rest_dm, 4.0))
    lift = lift * (1 - short) + 0.5 * short
    lift = np.clip(lift, 0.06, 0.95 if style.radial == 0 else 1.0)
    return np.asarray(lift * (1 - 0.85 * groom.hidden), np.float32)


def fringe_of(groom: Groom) -> Mask:
    """(n,) bool: roots whose hair hangs over the forehead."""
    fringe, rest = groom.style.fringe, groom.roots.rest_dm
    if fringe is None:
        return np.zeros(len(groom), bool)
    wave = groom.noise(rest, 6.0)
    x, y, z = np.abs(rest[:, 0]), rest[:, 1], rest[:, 2]
    # Its border is no line: strands of both sides stand among each other and hide the skin.
    lot = FRINGE_BORDER_DM * groom.stream("fringe").normal((len(groom), 2))
    back = fringe.from_z_dm + 0.07 * wave + 0.25 * np.clip(x - 0.35, 0, 1) + lot[:, 0]
    inner = x < fringe.half_width_dm + 0.04 * wave + lot[:, 1]
    return np.asarray((z > back) & inner & (y > 7.72))


def is_before(groom: Groom) -> Mask:
    """(n,) bool: roots whose long hair falls before the shoulder."""
    edge = BEFORE_DEG + 25 * groom.noise(groom.roots.rest_dm, 2.5)
    return np.asarray(groom.azimuth_deg < edge)


def keys_of(groom: Groom, fringe: Mask) -> F32Array:
    """Places by which strands are neighbours: the root, held apart at part and fringe."""
    style, rest = groom.style.comb, groom.combed_dm
    side = np.where(rest[:, 0] > groom.part_x_dm, 1.0, -1.0) * smoothstep(rest[:, 1], 7.7, 8.1)
    split = KEY_SPLIT_M if style.parted else 0.0
    side = side * smoothstep(rest[:, 2], -0.1, 0.4) * ~fringe * split
    extra = np.stack([side, fringe * FRINGE_SPLIT_M], 1)
    if groom.style.fall.frames_face:
        before = is_before(groom)[:, None] * np.float32(KEY_SPLIT_M)
        extra = np.concatenate([extra, before], 1)
    return np.asarray(np.concatenate([groom.roots.point_m, extra], 1), np.float32)
