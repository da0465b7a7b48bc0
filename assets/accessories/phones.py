"""Headphones, headsets and earbuds."""

from __future__ import annotations

from typing import Final

import numpy as np

from assets.accessories.fit import F64Array
from assets.accessories.hugging import clear, eased, hugging
from assets.accessories.masks import FLAT_M, row_of
from assets.accessories.styles import EarbudStyle, HeadphoneStyle
from assets.accessories.sweep import Piece, ellipsoid, grid_faces, joined, open_curve
from assets.accessories.wearer import Wearer, hard, ribbon, round_tube, second
from assets.geometry import Mesh, SurfaceMaterial
from spec_schema.spec import Item

__all__ = ["build_earbuds", "build_headphones"]

MM: Final = 1e-3
AROUND: Final = 48
EAR_ROOM_M: Final = 0.002
SEAT_M: Final = 0.0005
BAND_GAP_M: Final = 0.0015
BAND_ROWS: Final = (30.0, 15.0, 0.0, 15.0, 30.0)
"""Rows of the shell that the band passes, from right to left."""
CANAL_LOW_M: Final = (0.0, 0.700, 0.050)
CANAL_HIGH_M: Final = (0.1, 0.716, 0.0645)
"""Rest box, on the left, in which the concha is deepest."""


def build_headphones(style: HeadphoneStyle, item: Item, wearer: Wearer) -> tuple[Mesh, ...]:
    """Cushions, cups, band and, on a headset, a microphone."""
    cushions: list[Piece] = []
    shells: list[Piece] = []
    tops: dict[float, F64Array] = {}
    sides = (1.0,) if style.one_cup else (-1.0, 1.0)
    booms: list[Piece] = []
    for side in (-1.0, 1.0):
        frame = _ear_frame(style, wearer, side)
        if side in sides:
            cushion, cup, top = _cup(style, item, wearer, side, frame)
            cushions.append(cushion)
            shells.append(cup)
        else:
            cushion, top = _rest_pad(wearer, side)
            cushions.append(cushion)
        tops[side] = top
        if style.microphone and side == sides[-1]:
            booms.append(_boom(wearer, side, frame))
    band = _band(style, item, wearer, tops)
    body, soft = hard(style, item), second(item, 0.75)
    leather = SurfaceMaterial(colour=(0.02, 0.02, 0.022), roughness=0.55)
    meshes = [
        wearer.mesh("headphones-cushions", joined(cushions), leather, style),
        wearer.mesh("headphones-band", band, body, style),
    ]
    if shells:
        meshes.append(
            wearer.mesh("headphones-cups", joined(shells), soft if style.accent else body, style)
        )
    if booms:
        meshes.append(wearer.mesh("headphones-microphone", joined(booms), leather, style))
    return tuple(meshes)


def _ear_frame(style: HeadphoneStyle, wearer: Wearer, side: float) -> tuple[F64Array, F64Array]:
    """Middle (3,) on the ear's outside, and axes (3, 3): forward, up, outward."""
    ear = wearer.fit.ear(side)
    middle = 0.5 * (ear.min(0) + ear.max(0))
    # The skull beside the ear falls away to the back and below: lean with half of it.
    ahead = wearer.skull_skin.nearest((middle + np.array([0.0, 0.0, 0.035]))[None])[2][0]
    behind = wearer.skull_skin.nearest((middle + np.array([-side * 0.01, 0.01, -0.04]))[None])[2][0]
    out = np.array([side, 0.0, 0.0]) + 0.22 * (ahead + behind)
    out /= np.linalg.norm(out)
    up = np.array([0.0, 1.0, -0.12])
    up -= out * (up @ out)
    up /= np.linalg.norm(up)
    return middle, np.stack([np.cross(up, out), up, out])


def _ring(style: HeadphoneStyle, item: Item) -> F64Array:
    """(n, 2) outline of a cup, forward and up."""
    angle = np.arange(AROUND) * (2 * np.pi / AROUND)
    c, s = np.cos(angle), np.sin(angle)
    radius = (np.abs(c) ** style.rounded + np.abs(s) ** style.rounded) ** (-1 / style.rounded)
    half = np.array(style.cup_mm) * MM / 2 * item.size
    return np.asarray(np.stack([c * radius, s * radius], 1) * half)


def _cup(
    style: HeadphoneStyle, item: Item, wearer: Wearer, side: float, frame: tuple[F64Array, F64Array]
) -> tuple[Piece, Piece, F64Array]:
    """Cushion, cup, and the place where the band is held."""
    middle, axes = frame
    ring = _ring(style, item)
    ear = (wearer.fit.ear(side) - middle) @ axes.T
    under = np.hypot(ear[:, 0], ear[:, 1]) < float(np.hypot(*ring.T).max())
    ear_high = float(ear[under, 2].max())

    def seated(scale: float) -> F64Array:
        """Heights (n,) of the skin, or of the ear, under a ring."""
        at = middle + (ring * scale) @ axes[:2] + axes[2] * 0.03
        skin = wearer.skull_skin if style.over_ear else wearer.skin
        for _ in range(6):
            distance, _, normal = skin.nearest(at)
            along = np.maximum(normal @ axes[2], 0.25)
            at = at - axes[2] * ((distance - SEAT_M) / along).clip(-0.004, 0.012)[:, None]
        return np.asarray((at - middle) @ axes[2])

    flat = ear_high + (EAR_ROOM_M if style.over_ear else SEAT_M)
    if style.over_ear:
        inner, outer = seated(0.80), seated(0.97)
        rest = max(flat, float(outer.max()) + 0.008)
        profile = [(0.80, inner), (0.87, 0.5 * (inner + outer) - 0.0002), (0.97, outer)]
        profile += [(1.03, 0.5 * (outer + rest)), (1.0, rest + 0 * outer)]
    else:
        disc = np.concatenate([ring * share for share in (0.3, 0.6, 0.92)])
        over = wearer.skin.distance(middle + disc @ axes[:2] + axes[2] * flat)
        flat -= max(float(over.min()) - SEAT_M, 0.0)
        rest = flat + 0.012
        profile = [(0.3, flat + 0.0002 + 0 * ring[:, 0]), (0.92, flat + 0 * ring[:, 0])]
        profile += [(1.04, flat + 0.006 + 0 * ring[:, 0]), (0.98, rest + 0 * ring[:, 0])]
    cushion = clear(
        _lofted(ring, profile, middle, axes, close=not style.over_ear), wearer.skin, 0.0003
    )
    deep = style.cup_deep_mm * MM * item.thickness * 0.6
    shape = [(0.99, rest), (0.99, rest + 0.35 * deep), (0.93, rest + 0.8 * deep)]
    shape += [(0.8, rest + deep), (0.5, rest + 1.04 * deep), (0.02, rest + 1.06 * deep)]
    cup = _lofted(ring, [(a, h + 0 * ring[:, 0]) for a, h in shape], middle, axes, close=True)
    top = middle + axes[1] * ring[:, 1].max() * 0.98 + axes[2] * (rest + 0.45 * deep)
    return cushion, cup, top


def _lofted(
    ring: F64Array,
    profile: list[tuple[float, F64Array]],
    middle: F64Array,
    axes: F64Array,
    close: bool,
) -> Piece:
    """Rings at shares of an outline and at heights (n,)."""
    grid = np.stack(
        [
            middle + (ring * share) @ axes[:2] + height[:, None] * axes[2]
            for share, height in profile
        ]
    )
    n = len(ring)
    faces = grid_faces(len(profile), n, closed_columns=True)
    right_handed = float(np.linalg.det(axes)) > 0
    points = grid.reshape(-1, 3)
    if close:
        last = (len(profile) - 1) * n + np.arange(n)
        points = np.concatenate([points, grid[-1].mean(0)[None]])
        fan = np.stack([last, np.roll(last, -1), np.full(n, len(points) - 1), np.full(n, -1)], 1)
        faces = np.concatenate([faces, fan.astype(np.int32)])
    if not right_handed:
        triangle = faces[:, 3] < 0
        turned = faces[:, [0, 3, 2, 1]].copy()
        turned[triangle] = faces[triangle][:, [0, 2, 1, 3]]
        faces = turned
    return Piece(points, faces)


def _rest_pad(wearer: Wearer, side: float) -> tuple[Piece, F64Array]:
    """A pad above the ear, of headsets with one cup."""
    root = wearer.fit.ear_root(side)
    at = root + np.array([side * 0.02, 0.035, 0.004])
    _, skin, normal = wearer.skull_skin.nearest(at[None])
    axes = np.stack([np.cross([0, 1.0, 0], normal[0]) * 0.011, [0, 0.016, 0], normal[0] * 0.004])
    pad = clear(ellipsoid(skin[0] + normal[0] * 0.0042, axes, 10), wearer.skin, 0.0003)
    return pad, np.asarray(skin[0] + normal[0] * 0.008)


def _band(style: HeadphoneStyle, item: Item, wearer: Wearer, tops: dict[float, F64Array]) -> Piece:
    """The band over the head, touching at the crown alone."""
    shell = wearer.bare
    lean = np.deg2rad(style.band_back_deg + 0.5 * item.tilt_deg)
    thick = 0.5 * style.band_mm[1] * MM * item.thickness
    knots = [tops[-1.0]]
    for turn, row in zip(np.array([-1, -1, 0, 1, 1]) * np.pi / 2, BAND_ROWS, strict=True):
        place = shell.surface_at(np.array([turn]), np.array([row]))[0]
        away = place - shell.centre_m
        away /= np.linalg.norm(away)
        stand = BAND_GAP_M + thick + 0.0085 * min(row / 30.0, 1.0)
        back = np.array([0.0, 0.0, -np.sin(lean) * 0.09 * (1 - row / 60)])
        knots.append(place + away * stand + back)
    knots.append(tops[1.0])
    path = open_curve(np.array(knots), 80)
    distance, _, normal = wearer.skull_skin.nearest(path)
    path = path + normal * np.maximum(thick + BAND_GAP_M - distance, 0)[:, None]
    middle = np.array([0.0, shell.centre_m[1] - 0.02, shell.centre_m[2]])
    out = path - middle
    out[:, 2] *= 0.2
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    taper = 0.55 + 0.45 * np.sin(np.linspace(0, np.pi, 80)) ** 0.5
    piece = ribbon(path, out, 0.5 * style.band_mm[0] * MM * taper, thick, closed=False)
    return clear(piece, wearer.skull_skin, 0.0008)


def _boom(wearer: Wearer, side: float, frame: tuple[F64Array, F64Array]) -> Piece:
    """A microphone on an arm, before the corner of the mouth."""
    middle, axes = frame
    marks = wearer.fit.landmarks_m
    mouth = marks[48 if side < 0 else 54] + np.array([side * 0.006, -0.006, 0.018])
    cheek = marks[3 if side < 0 else 13] + np.array([side * 0.016, 0.0, 0.012])
    start = middle + axes[2] * 0.03 + axes[0] * 0.01 - axes[1] * 0.028
    if axes[0, 2] < 0:
        start = middle + axes[2] * 0.03 - axes[0] * 0.01 - axes[1] * 0.028
    path = hugging(np.array([start, cheek, mouth]), wearer.skin, 0.009, n=40, pull=False)
    tip = ellipsoid(path[-1], np.eye(3) * np.array([[0.0062], [0.0062], [0.009]]), 10)
    return joined([round_tube(path, 0.0021, closed=False), tip])


def build_earbuds(style: EarbudStyle, item: Item, wearer: Wearer) -> tuple[Mesh, ...]:
    """A bud in each ear, with a stem, a cable or a hook."""
    body = hard(style, item, coat=0.5)
    pieces: list[Piece] = []
    cords: list[Piece] = []
    for side in (-1.0, 1.0):
        ear = wearer.fit.ear(side)
        canal = wearer.fit.at_rest_sided(CANAL_LOW_M, CANAL_HIGH_M, side)
        deep = canal[np.argmin(canal[:, 0] * side)]
        half = style.head_mm * MM / 2 * item.size
        out = np.array([side * 0.93, -0.05, 0.30])
        out /= np.linalg.norm(out)
        axes = np.stack([np.cross([0, 1.0, 0], out) * half, [0, half, 0], out * half * 0.8])
        centre = deep + out * half
        for _ in range(12):
            lack = 0.0002 - wearer.skin.distance(ellipsoid(centre, axes, 8).points_m).min()
            if lack <= 0:
                break
            centre = centre + out * min(lack, 0.002)
        pieces.append(ellipsoid(centre, axes, 12))
        face = centre + out * half * 0.5
        if style.stem_mm > 0:
            down = np.array([side * 0.10, -1.0, 0.28])
            path = np.linspace(0, 1, 12)[:, None] * down * style.stem_mm * MM + face
            stem = round_tube(path, 0.0031, closed=False, n=12)
            pieces.append(clear(stem, wearer.skin, 0.0003))
        if style.cable:
            chin = wearer.fit.landmarks_m[4 if side < 0 else 12]
            end = np.array([[side * 0.35 * FLAT_M, chin[1] - 0.09]])
            low = wearer.dressed.lifted(0.004).surface_at(
                end[:, 0] / FLAT_M, row_of(wearer.dressed, end)
            )[0]
            beside = np.array([chin[0] * 1.05, chin[1] - 0.03, chin[2] - 0.02])
            knots = np.array([face, face + np.array([side * 0.004, -0.03, 0.006]), beside, low])
            path = hugging(knots, wearer.skin, 0.003, n=50, pull=False)
            cords.append(round_tube(path, 0.0011, closed=False, n=6))
        if style.hook:
            top = wearer.fit.ear_root(side)
            over = np.array([top[0] + side * 0.009, ear[:, 1].max() + 0.001, top[2] + 0.010])
            behind = top + np.array(
                [[side * 0.002, 0.004, -0.006], [-side * 0.001, -0.022, -0.016]]
            )
            knots = np.concatenate([[face, over], behind])
            path = eased(hugging(knots, wearer.skin, 0.0018, n=40, pull=False), wearer.skin, 0.0018)
            hook = round_tube(path, 0.0014, closed=False, n=8)
            cords.append(clear(hook, wearer.skin, 0.0003, over_ears=True))
    meshes = [wearer.mesh("earbuds", joined(pieces), body, style)]
    if cords:
        meshes.append(wearer.mesh("earbuds-cords", joined(cords), second(item, 0.6), style))
    return tuple(meshes)
