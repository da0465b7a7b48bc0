"""Bands and slides in the hair."""

from __future__ import annotations

from typing import Final

import numpy as np

from assets.accessories.capsule import POLAR_ROWS
from assets.accessories.fit import F64Array, smoothstep
from assets.accessories.hugging import clear, hugging, normals_along
from assets.accessories.masks import FLAT_M, row_of
from assets.accessories.styles import ClipStyle
from assets.accessories.sweep import Piece, ellipsoid, joined, rounded_box_section, tube
from assets.accessories.wearer import Wearer, hard, ribbon, second
from assets.geometry import Mesh
from spec_schema.spec import Item

__all__ = ["build_hair_band"]

MM: Final = 1e-3
SLIDE_OFF_M: Final = 0.0035
SLIDE_WIDE_M: Final = 0.009
"""Of a slide in the hair: its distance from the skin, and its width."""
PETALS: Final = 6


def build_hair_band(style: ClipStyle, item: Item, wearer: Wearer) -> tuple[Mesh, ...]:
    """A band from ear to ear over the hair, plain or with a bow or a flower."""
    if style.shape == "slide":
        return _slides(style, item, wearer)
    shell = wearer.bare
    lean = np.deg2rad(18.0 + 6 * item.height)
    rows = np.concatenate([np.linspace(46, 3, 20), np.linspace(3, 46, 20)])
    side = np.concatenate([np.full(20, -1.0), np.full(20, 1.0)])
    polar = rows * (np.pi / 2 / POLAR_ROWS)
    # A circle over the head, leaned forward: its azimuth moves to the front near the crown.
    way = np.stack([side * np.sin(polar), np.cos(polar), np.tan(lean) * np.cos(polar)], 1)
    turn = np.arctan2(way[:, 0], way[:, 2])
    row = np.arctan2(np.hypot(way[:, 0], way[:, 2]), way[:, 1]) / (np.pi / 2) * POLAR_ROWS
    path = hugging(shell.surface_at(turn, row), wearer.skull_skin, 0.0022, n=90, keep_ends=False)
    path = wearer.skin.pushed_out(path, 0.0015)
    normal = normals_along(path, wearer.skull_skin)
    half = 0.5 * style.size_mm * MM * item.thickness * 0.25
    taper = 0.45 + 0.55 * np.sin(np.linspace(0, np.pi, 90)) ** 0.6
    band = clear(ribbon(path, normal, half * taper, 0.0014, closed=False), wearer.skin, 0.0004)
    meshes = [wearer.mesh("hair-band", band, hard(style, item), style)]
    if style.shape in ("bow", "flower"):
        k = 68
        out, along = normal[k], np.gradient(path, axis=0)[k]
        along = along / np.linalg.norm(along)
        across = np.cross(out, along)
        size = style.size_mm * MM * item.size
        middle = path[k] + out * (0.075 * size + 0.0015)
        petals = [ellipsoid(middle + out * 0.04 * size, np.eye(3) * 0.12 * size, 8)]
        if style.shape == "bow":
            petals += [_loop(middle, sign * across, along, out, size) for sign in (-1.0, 1.0)]
        else:
            for j in range(PETALS):
                angle = 2 * np.pi * j / PETALS + 0.3
                way3 = np.cos(angle) * across + np.sin(angle) * along
                side3 = np.cross(out, way3)
                axes = np.stack(
                    [way3 * 0.28 * size, side3 * 0.22 * size, (out + 0.35 * way3) * 0.07 * size]
                )
                petals.append(ellipsoid(middle + way3 * 0.3 * size + out * 0.04 * size, axes, 9))
        flower = clear(joined(petals), wearer.skin, 0.0005)
        meshes.append(wearer.mesh("hair-band-bow", flower, second(item, 0.8), style))
    return tuple(meshes)


def _loop(middle: F64Array, way: F64Array, along: F64Array, out: F64Array, size_m: float) -> Piece:
    """One loop of a bow: gathered at the knot, wide and flat at its end."""
    share = np.linspace(0.05, 1.0, 14)
    line = middle + np.outer(0.52 * size_m * share, way)
    line = line + np.outer(0.10 * size_m * np.sin(np.pi * share), out)
    half = np.column_stack(
        [
            size_m * (0.08 + 0.2 * smoothstep(share, 0.0, 0.8)),
            size_m * (0.09 - 0.055 * share),
        ]
    )
    side = np.broadcast_to(along, line.shape)
    return tube(line, side, np.cross(way, side), rounded_box_section(16, 2.6), half, closed=False)


def _slides(style: ClipStyle, item: Item, wearer: Wearer) -> tuple[Mesh, ...]:
    """Flat clips at the temples that hold the hair to the head."""
    shell = wearer.bare
    eyes = float((wearer.fit.eyes_m["left"] + wearer.fit.eyes_m["right"])[1] / 2)
    own = 1.0 if item.seed % 2 else -1.0
    pieces = []
    for side in (-1.0, 1.0) if style.both else (own,):
        length = style.size_mm * MM * item.size
        share = np.linspace(-0.5, 0.5, 5)
        # From above the temple back and a little down.
        turn = side * (np.deg2rad(style.azimuth_deg) + share * length / FLAT_M)
        y = eyes + (style.height_mm + 6 * item.height) * MM - 0.35 * share * length
        knots = shell.surface_at(turn, row_of(shell, np.column_stack([turn * FLAT_M, y])))
        path = hugging(knots, wearer.skull_skin, SLIDE_OFF_M, n=36, keep_ends=False)
        normal = normals_along(path, wearer.skull_skin)
        half = 0.5 * SLIDE_WIDE_M * item.thickness * (0.6 + 0.4 * np.sin(np.linspace(0, np.pi, 36)))
        pieces.append(clear(ribbon(path, normal, half, 0.0011, closed=False), wearer.skin, 0.001))
    return (wearer.mesh("hair-slide", joined(pieces), hard(style, item), style),)
