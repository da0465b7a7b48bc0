"""Before the eyes: goggles, headsets and patches, with their straps."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from assets.accessories.capsule import Capsule, CutPiece, outline_field
from assets.accessories.fit import F64Array, smoothstep
from assets.accessories.hugging import clear, eased, hugging, normals_along
from assets.accessories.masks import FLAT_M, TAUT, hem, on_skin, row_of
from assets.accessories.styles import GogglesStyle, PatchStyle
from assets.accessories.sweep import Piece, joined
from assets.accessories.wearer import Wearer, cloth, hard, ribbon, second
from assets.geometry import ClearMaterial, Mesh, SurfaceMaterial
from spec_schema.spec import Item

__all__ = ["build_eye_patch", "build_goggles", "mirror_of"]

MM: Final = 1e-3
SEAL_M: Final = 0.0006
BOW_PER_M: Final = 5.0
"""The front falls back by this times x²."""
LEAST_ROOM_M: Final = 0.007
STRAP_UP_M: Final = 0.012
"""Of the strap, above the eyes at the back."""


def mirror_of(item: Item, tint: tuple[float, float, float], share: float) -> SurfaceMaterial:
    """A mirrored lens: metal in the item's second colour."""
    metal = np.array([item.second_red, item.second_green, item.second_blue])
    colour = 0.25 + 0.75 * share * metal + 0.0 * np.array(tint)
    red, green, blue = (float(c) for c in np.clip(colour, 0, 1))
    return SurfaceMaterial(colour=(red, green, blue), roughness=0.03, metallic=1.0)


def build_goggles(style: GogglesStyle, item: Item, wearer: Wearer) -> tuple[Mesh, ...]:
    """Seal, frame, front and strap, in the world frame."""
    shell = wearer.bare.smoothed(0.6)
    field = _seal_field(style, item, wearer, shell)
    seat = on_skin(shell.lifted(SEAL_M).cut(field), wearer, SEAL_M)
    front = _front(style, item, wearer, seat)
    body = hard(style, item)
    rim = style.frame_mm * MM * 0.5 * item.thickness
    wall = _wall(seat, front)
    meshes = [
        wearer.mesh(
            "goggles-seal",
            joined([wall, clear(hem(seat, 0.0012), wearer.skin, 0.0)]),
            second(item, 0.8),
            style,
        ),
        wearer.mesh("goggles-frame", hem(front, rim), body, style),
    ]
    if style.front == "closed":
        meshes.append(wearer.mesh("goggles-front", front.piece, body, style))
    elif style.mirrored > 0:
        lens = mirror_of(item, style.tint, style.mirrored)
        meshes.append(wearer.mesh("goggles-lens", front.piece, lens, style))
    else:
        glass = ClearMaterial(ior=1.5, tint=style.tint, thin=True)
        meshes.append(wearer.mesh("goggles-lens", front.piece, glass, style))
    half = 0.5 * style.strap_mm * MM
    raised = style.on_forehead_mm * MM
    straps = [_strap(wearer, style.wide_mm * 0.5 * MM, raised, half)]
    if style.top_strap:
        straps.append(_over_the_top(wearer, half * 0.8))
    band = cloth(style, item.model_copy(update=_second_as_first(item)), "rib")
    meshes.append(
        wearer.mesh(
            "goggles-strap",
            joined(straps),
            replace(band, height_map_mm=None, colour_map=None),
            style,
        )
    )
    return tuple(meshes)


def _second_as_first(item: Item) -> dict[str, float]:
    return {"red": item.second_red, "green": item.second_green, "blue": item.second_blue}


def _seal_field(style: GogglesStyle, item: Item, wearer: Wearer, shell: Capsule) -> F64Array:
    """(A, S) metres inside the seal: round both eyes, with a notch for the nose."""
    eyes = (wearer.fit.eyes_m["left"] + wearer.fit.eyes_m["right"])[1] / 2
    middle = eyes + style.on_forehead_mm * MM + 0.003 * item.height
    # Seen from the front the face is narrower than its arc.
    wide = np.arcsin(min(style.wide_mm * MM * item.size / 2 / 0.092, 0.97)) * FLAT_M
    tall = style.tall_mm * MM * item.size / 2
    notch = 0.30 * tall if style.on_forehead_mm == 0 else 0.05 * tall
    right = np.array(
        [
            [0.0, tall * 0.94],
            [0.5 * wide, tall * 0.97],
            [0.85 * wide, tall * 0.72],
            [1.0 * wide, 0.05 * tall],
            [0.86 * wide, -0.72 * tall],
            [0.5 * wide, -0.94 * tall],
            [0.24 * wide, -0.78 * tall],
        ]
    )
    left = right[1:][::-1] * np.array([-1.0, 1.0])
    outline = np.concatenate([right, [[0.0, -tall * 0.78 + notch * 1.6]], left])
    outline[:, 1] += middle + np.tan(np.deg2rad(0.4 * item.tilt_deg)) * outline[:, 0]
    return outline_field(shell.azimuth.T, shell.height_m(), outline)


def _front(style: GogglesStyle, item: Item, wearer: Wearer, seat: CutPiece) -> CutPiece:
    """The same piece moved forward onto a bowed front."""
    points = seat.piece.points_m.copy()
    deep = style.deep_mm * MM * item.thickness
    bow = BOW_PER_M * (0.35 if style.front == "closed" else 1.0)
    bridge = float(wearer.fit.landmarks_m[27, 2]) + 0.5 * LEAST_ROOM_M
    if style.on_forehead_mm:
        bridge = float(points[np.abs(points[:, 0]) < 0.02, 2].max())
    plane = bridge + 0.45 * deep - bow * (points[:, 0] - points[:, 0].mean()) ** 2
    plane = plane - 0.10 * (points[:, 1] - points[:, 1].mean())
    room = plane - points[:, 2]
    # A soft maximum: the front never comes nearer to the skin than it should.
    least = LEAST_ROOM_M
    points[:, 2] += least + np.logaddexp(0.0, (room - least) / 0.004) * 0.004
    points[:, :2] = points[:, :2] + (points[:, :2] - points[:, :2].mean(0)) * 0.03
    return replace(seat, piece=Piece(points, seat.piece.faces))


def _wall(seat: CutPiece, front: CutPiece) -> Piece:
    """The strip between the edges of two pieces of one cut."""
    walls = []
    for loop in seat.loops:
        n = len(loop)
        low, high = seat.piece.points_m[loop], front.piece.points_m[loop]
        middle = 0.5 * (low + high)
        k = np.arange(n)
        ahead = (k + 1) % n
        quads = [
            np.stack([k + a * n, ahead + a * n, ahead + (a + 1) * n, k + (a + 1) * n], 1)
            for a in range(2)
        ]
        faces = np.concatenate(quads).astype(np.int32)
        walls.append(Piece(np.concatenate([low, middle, high]), faces))
    return joined(walls)


def _strap(wearer: Wearer, half_width_m: float, raised_m: float, half_m: float) -> Piece:
    """A band from temple to temple round the back."""
    fit, shell = wearer.fit, wearer.bare
    eyes = (fit.eyes_m["left"] + fit.eyes_m["right"])[1] / 2
    over_ears = max(fit.ear_root(-1)[1], fit.ear_root(1)[1]) + half_m + 0.004
    first = np.arcsin(min(half_width_m / 0.092, 0.97)) * 1.0
    turn = np.linspace(first, 2 * np.pi - first, 21)
    back = 0.5 - 0.5 * np.cos(turn)
    y = eyes + raised_m + (STRAP_UP_M - 0.5 * raised_m) * back
    side = np.exp(-(((np.abs(turn - np.pi) - np.deg2rad(82)) / 0.42) ** 2))
    y = y + np.maximum(over_ears - y, 0.0) * side
    at = shell.surface_at(turn, row_of(shell, np.column_stack([turn * FLAT_M, y])))
    path = hugging(at, wearer.skull_skin, 0.0012, n=120, keep_ends=False)
    path = eased(path, wearer.skin, 0.0012)
    band = ribbon(path, normals_along(path, wearer.skull_skin), half_m, 0.0009, closed=False)
    return clear(band, wearer.skin, 0.0003, over_ears=True)


def _over_the_top(wearer: Wearer, half_m: float) -> Piece:
    """A band from the forehead over the crown to the back."""
    shell = wearer.bare
    eyes = (wearer.fit.eyes_m["left"] + wearer.fit.eyes_m["right"])[1] / 2
    start = row_of(shell, np.array([[0.0, eyes + 0.035]]))[0]
    end = row_of(shell, np.array([[np.pi * FLAT_M, eyes + 0.03]]))[0]
    before = shell.surface_at(np.zeros(10), np.linspace(start, 3, 10))
    behind = shell.surface_at(np.full(12, np.pi), np.linspace(3, end, 12))
    path = hugging(
        np.concatenate([before, behind]), wearer.skull_skin, 0.0012, n=90, keep_ends=False
    )
    band = ribbon(path, normals_along(path, wearer.skull_skin), half_m, 0.0009, closed=False)
    return clear(band, wearer.skin, 0.0003, over_ears=True)


def build_eye_patch(style: PatchStyle, item: Item, wearer: Wearer) -> tuple[Mesh, ...]:
    """Patch and strap; which eye it covers follows the item's seed."""
    side = 1.0 if item.seed % 2 else -1.0
    shell = wearer.bare
    eye = wearer.fit.eyes_m["left" if side > 0 else "right"]
    azimuth, _ = shell.place(eye[None] + np.array([[0.0, 0.0, 0.03]]))
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    wide, tall = style.wide_mm * MM / 2 * item.size, style.tall_mm * MM / 2 * item.size
    outline = np.stack(
        [
            azimuth[0] * FLAT_M + wide * np.cos(angle) * (0.8 if not style.dressing else 0.85),
            eye[1] + tall * np.sin(angle) + 0.004 * (np.cos(angle) * side < 0),
        ],
        1,
    )
    field = outline_field(shell.azimuth.T, shell.height_m(), outline)
    taut = shell.smoothed(0.7).spanned(0.0012, TAUT).radius_m
    near = shell.smoothed(0.8).lifted(0.0012).radius_m
    bulge = 0.0 if style.dressing else 0.004
    inner = smoothstep(field, 0.0, 0.012)
    radius = near + (taut - near + bulge) * inner
    piece = on_skin(replace(shell, radius_m=radius).cut(field), wearer, 0.0007)
    material = cloth(style, item, "woven" if style.dressing else "felt")
    plain = replace(material, height_map_mm=None, colour_map=None)
    edge = clear(hem(piece, 0.0009 * item.thickness), wearer.skin, 0.0002)
    meshes = [
        wearer.mesh("eye-patch", piece.piece, material, style, piece.grid_uv_m),
        wearer.mesh("eye-patch-hem", edge, plain, style),
    ]
    if not style.dressing:
        band = _patch_strap(style, wearer, side, eye, float(azimuth[0]), wide)
        meshes.append(wearer.mesh("eye-patch-strap", band, plain, style))
    return tuple(meshes)


def _patch_strap(
    style: PatchStyle, wearer: Wearer, side: float, eye: F64Array, azimuth: float, wide_m: float
) -> Piece:
    fit, shell = wearer.fit, wearer.bare
    over_ear = max(fit.ear_root(-1)[1], fit.ear_root(1)[1]) + 0.010
    own = np.array([[0.9, eye[1] + 0.007], [1.5, over_ear], [2.3, eye[1] + 0.01]])
    brow = fit.landmarks_m[19 if side > 0 else 24, 1]
    other = np.array(
        [
            [-0.12, brow + 0.010],
            [-0.6, brow + 0.026],
            [-1.4, over_ear + 0.018],
            [-2.4, eye[1] + 0.016],
        ]
    )
    start = np.array([[azimuth * side + wide_m * 0.55 / FLAT_M, eye[1] + 0.008]])
    stop = np.array([[azimuth * side - wide_m * 0.5 / FLAT_M, eye[1] + 0.012]])
    once = np.array([2 * np.pi, 0.0])
    ring = np.concatenate([start, own, [[np.pi, eye[1] + 0.012]], other[::-1] + once, stop + once])
    turn = ring[:, 0] * side
    at = shell.surface_at(turn, row_of(shell, np.column_stack([turn * FLAT_M, ring[:, 1]])))
    path = hugging(at, wearer.skull_skin, 0.0012, n=130, keep_ends=False)
    path = eased(path, wearer.skin, 0.001)
    path = gaussian_filter1d(path, 1.0, axis=0, mode="nearest")
    half = 0.5 * style.strap_mm * MM
    band = ribbon(path, normals_along(path, wearer.skull_skin), half, 0.0006, closed=False)
    return clear(band, wearer.skin, 0.0003, over_ears=True)
