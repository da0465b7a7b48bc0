"""Earrings, piercings and necklaces."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from assets.accessories.capsule import AZIMUTHS
from assets.accessories.fit import F64Array, smoothstep
from assets.accessories.hugging import clear, hugging
from assets.accessories.masks import FLAT_M, row_of
from assets.accessories.styles import EarringStyle, NecklaceStyle, PiercingStyle
from assets.accessories.sweep import Piece, ellipsoid, joined
from assets.accessories.wearer import Wearer, hard, ribbon, round_tube
from assets.geometry import ClearMaterial, Mesh
from spec_schema.spec import Item

__all__ = ["build_earrings", "build_necklace", "build_piercing"]

MM: Final = 1e-3
LOBE_M: Final = 0.0055
"""Of the hole, above the lowest point of the ear."""
OUTSIDE_M: Final = 0.0003
RING_POINTS: Final = 72


def _ball(centre: F64Array, radius_m: float, n: int = 8) -> Piece:
    return ellipsoid(centre, np.eye(3) * radius_m, n)


def _lobe(wearer: Wearer, side: float) -> tuple[F64Array, F64Array]:
    """The hole of an ear on its outside (3,), and the direction out of it."""
    ear = wearer.fit.ear(side)
    low = ear[:, 1].min()
    band = ear[np.abs(ear[:, 1] - low - LOBE_M) < 0.0022]
    middle = 0.5 * (band[:, 2].min() + band[:, 2].max())
    near = band[np.argsort(np.abs(band[:, 2] - middle))[:10]]
    place = near[np.argmax(near[:, 0] * side)]
    _, skin, normal = wearer.skin.nearest(place[None])
    return skin[0], normal[0]


def _free_ring(
    wearer: Wearer,
    centre: F64Array,
    radius_m: float,
    across: F64Array,
    down: F64Array,
    wire_m: float,
) -> Piece:
    """A ring without the part that would be in the flesh."""
    angle = np.linspace(-np.pi, np.pi, RING_POINTS, endpoint=False)
    path = centre + radius_m * (np.sin(angle)[:, None] * across + np.cos(angle)[:, None] * down)
    free = wearer.skin.distance(path) > wire_m + OUTSIDE_M
    if free.all():
        return round_tube(path, wire_m, closed=True)
    # The longest stretch in the open, which holds the lowest point of the ring.
    low = int(np.argmin(np.abs(angle)))
    first = low
    while first > 0 and free[first - 1]:
        first -= 1
    last = low
    while last < RING_POINTS - 1 and free[last + 1]:
        last += 1
    if last - first < 6:
        first, last = low - 6, low + 6
    return round_tube(path[first : last + 1], wire_m, closed=False)


def build_earrings(style: EarringStyle, item: Item, wearer: Wearer) -> tuple[Mesh, ...]:
    """One on each lobe."""
    metal: list[Piece] = []
    stones: list[Piece] = []
    size = style.size_mm * MM * item.size
    wire = style.wire_mm * MM / 2 * item.thickness
    for side in (-1.0, 1.0):
        hole, out = _lobe(wearer, side)
        down = np.array([0.0, -1.0, 0.0])
        if style.shape == "hoop":
            # The ring hangs in the plane of its hole, from front to back.
            across = np.array([0.25 * side, 0.0, 1.0]) / np.hypot(0.25, 1.0)
            lobe_low = wearer.fit.ear(side)[:, 1].min()
            middle = hole - out * 0.002
            top = min(lobe_low + 0.004, middle[1])
            centre = np.array([middle[0] + side * 0.001, top - size / 2 + 0.002, middle[2]])
            metal.append(_free_ring(wearer, centre, size / 2, across, down, wire))
            continue
        if style.shape in ("stud", "ball"):
            target = stones if style.stone else metal
            flat = 0.45 if style.shape == "stud" else 1.0
            half = size / 2
            up = np.cross(out, np.cross([0.0, 1.0, 0.0], out))
            axes = np.stack([np.cross(up, out) * half, up * half, out * half * flat])
            target.append(ellipsoid(hole + out * (half * flat + OUTSIDE_M), axes, 10))
            continue
        hook = hole + out * (wire + OUTSIDE_M)
        low = np.array(
            [hook[0] + side * 0.0015, wearer.fit.ear(side)[:, 1].min() - 0.004, hook[2] + 0.001]
        )
        arm = np.stack([hook, hook + out * 0.002 + down * 0.003, low])
        metal.append(_ball(hook + out * 0.0008, 0.0016))
        metal.append(
            round_tube(hugging(arm, wearer.skin, wire + 0.0004, 16, pull=False), wire, False)
        )
        if style.shape == "drop":
            axes = np.diag([size * 0.32, size * 0.5, size * 0.32])
            (stones if style.stone else metal).append(ellipsoid(low + down * size * 0.5, axes, 10))
        elif style.shape == "bar":
            metal.append(
                round_tube(low + down * np.linspace(0, size, 10)[:, None], wire * 1.3, False)
            )
        elif style.shape == "disc":
            metal.append(
                ellipsoid(low + down * size * 0.5, np.diag([0.0007, size / 2, size / 2]), 12)
            )
        else:
            for k, (x, y) in enumerate(((0, 0.12), (-0.22, 0.4), (0.22, 0.4), (0, 0.45), (0, 0.8))):
                at = low + down * size * y + np.array([0.0, 0.0, x * size])
                (stones if k % 2 == 0 else metal).append(_ball(at, 0.14 * size))
            metal.append(
                round_tube(low + down * np.linspace(0, size * 0.8, 10)[:, None], wire, False)
            )
    meshes = []
    if metal:
        meshes.append(wearer.mesh("earrings", joined(metal), hard(style, item), style))
    if stones:
        colour = (item.second_red, item.second_green, item.second_blue)
        gem = ClearMaterial(ior=1.9, tint=colour)
        meshes.append(wearer.mesh("earrings-stones", joined(stones), gem, style))
    return tuple(meshes)


def build_piercing(style: PiercingStyle, item: Item, wearer: Wearer) -> tuple[Mesh, ...]:
    """A ring or a stud; which side it is on follows the item's seed."""
    marks = wearer.fit.landmarks_m
    side = 1.0 if item.seed % 2 else -1.0
    left = side > 0
    size, wire = style.size_mm * MM * item.size, style.wire_mm * MM / 2 * item.thickness
    aim = {
        "nostril": marks[35 if left else 31] + np.array([side * 0.0065, 0.0024, -0.001]),
        "septum": marks[33] + np.array([0.0, -0.003, -0.001]),
        "lip": marks[57] + np.array([side * 0.006, -0.003, 0.0]),
        "brow": marks[25 if left else 18] + np.array([side * 0.002, -0.001, 0.0]),
        "helix": wearer.fit.ear(side)[np.argmax(wearer.fit.ear(side)[:, 1])],
    }[style.place]
    _, skin, normal = wearer.skin.nearest(aim[None])
    place, out = skin[0], normal[0]
    pieces: list[Piece] = []
    if style.ring:
        across = out if style.place != "septum" else np.array([1.0, 0.0, 0.0])
        down = np.array([0.0, -1.0, 0.0])
        if style.place == "helix":
            down, across = np.array([0.0, 1.0, 0.0]), np.array([side, 0.0, 0.0])
        across = across - down * (across @ down)
        across /= max(float(np.linalg.norm(across)), 1e-6)
        centre = place + down * size * 0.28
        for _ in range(12):
            if wearer.skin.distance((centre + down * size / 2)[None])[0] > wire + OUTSIDE_M:
                break
            centre = centre + np.array([0.0, -0.0003, 0.0008])
        pieces.append(_free_ring(wearer, centre, size / 2, across, down, wire))
        if style.place == "septum":
            tips = [centre + np.array([s * size * 0.36, size * 0.38, 0.0]) for s in (-1, 1)]
            pieces += [clear(_ball(t, wire * 2.0), wearer.skin, OUTSIDE_M) for t in tips]
    elif style.place == "brow":
        for y in (0.004, -0.004):
            _, at, n = wearer.skin.nearest((place + np.array([side * 0.001, y, 0.0]))[None])
            pieces.append(_ball(at[0] + n[0] * (size / 4 + OUTSIDE_M), size / 4))
    else:
        pieces.append(_ball(place + out * (size / 2 * 0.8 + OUTSIDE_M), size / 2))
    return (wearer.mesh("piercing", joined(pieces), hard(style, item), style),)


def build_necklace(style: NecklaceStyle, item: Item, wearer: Wearer) -> tuple[Mesh, ...]:
    """A chain, beads or a choker, over skin and cloth."""
    shell = wearer.dressed
    upper, lower = wearer.fit.neck_axis()
    pit = wearer.fit.at_rest((-0.012, 0.535, 0.02), (0.012, 0.56, 0.12))
    pit_y = float(pit[:, 1].mean())
    wire = style.wire_mm * MM / 2 * item.thickness
    turn = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    ahead = 0.5 + 0.5 * np.cos(turn)
    side = np.abs(np.arange(AZIMUTHS) * (2 * np.pi / AZIMUTHS) - np.pi)
    if style.shape == "choker":
        shell = wearer.bare
        y = 0.7 * upper[1] + 0.3 * lower[1] + 0.004 - 0.010 * ahead
        floor = shell.neck_floor(0.078) + 0.006
    else:
        y = lower[1] + 0.034 + (pit_y - style.drop_mm * MM - lower[1] - 0.034) * ahead**1.6
        # At the sides it lies at the foot of the neck, not out on the shoulders.
        floor = wearer.bare.neck_floor(0.086 + 0.3 * smoothstep(side, np.pi - 1.0, np.pi - 0.3))
    floor = gaussian_filter1d(floor, 4.0, mode="wrap")
    y = np.maximum(
        y, np.interp(turn, np.arange(AZIMUTHS) * (2 * np.pi / AZIMUTHS), floor, period=2 * np.pi)
    )
    at = shell.surface_at(turn, row_of(shell, np.column_stack([turn * FLAT_M, y])))
    at = gaussian_filter1d(at, 2.0, axis=0, mode="wrap")
    bead = style.bead_mm * MM / 2 * item.size
    stand = {"chain": wire, "beads": bead, "choker": 0.0008}[style.shape] + 0.0004
    path = at
    for _ in range(5):
        distance, _, normal = wearer.skull_skin.nearest(path)
        path = path + normal * np.maximum(stand - distance, 0.0)[:, None]
        path = path + 0.4 * (gaussian_filter1d(path, 1.0, axis=0, mode="wrap") - path)
    path = wearer.skull_skin.pushed_out(path, stand)
    metal = hard(style, item)
    if style.shape == "choker":
        _, _, normal = wearer.skull_skin.nearest(path)
        normal = gaussian_filter1d(normal, 3.0, axis=0, mode="wrap")
        band = ribbon(path, normal, 0.006 * item.size, 0.0009, closed=True)
        band = clear(band, wearer.skull_skin, 0.0003)
        return (wearer.mesh("choker", band, hard(style, item), style),)
    pieces = [round_tube(path, wire, closed=True, n=6)]
    if style.shape == "beads":
        length = np.linalg.norm(np.diff(path, axis=0, append=path[:1]), axis=1).cumsum()
        count = int(length[-1] / (2.05 * bead))
        places = np.searchsorted(length, np.linspace(0, length[-1], count, endpoint=False))
        pieces += [_ball(path[k % len(path)], bead, 7) for k in places]
    if style.pendant_mm > 0:
        size = style.pendant_mm * MM * item.size
        low = path[0] + np.array([0.0, -size * 0.6, 0.0])
        _, skin, normal = wearer.skull_skin.nearest(low[None])
        out = normal[0]
        up = np.array([0.0, 1.0, 0.0]) - out * out[1]
        up /= np.linalg.norm(up)
        axes = np.stack([np.cross(up, out) * size * 0.4, up * size * 0.5, out * size * 0.14])
        centre = low + out * max(0.0, float((skin[0] - low) @ out) + size * 0.14 + 0.0004)
        pieces.append(clear(ellipsoid(centre, axes, 10), wearer.skull_skin, OUTSIDE_M))
    return (wearer.mesh("necklace", joined(pieces), metal, style),)
