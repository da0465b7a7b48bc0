"""Headwear: cloth lifted off the skull, caps with a peak, and fitted hats of the packs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from assets.accessories.cloth import cloth_material
from assets.accessories.data import HeadwearStyle
from assets.accessories.fit import F64Array, HeadFit, smoothstep
from assets.accessories.lines import HatLine, line_reach
from assets.accessories.peak import button, peak
from assets.accessories.proxy_hat import build_proxy_hat
from assets.accessories.shell import AZIMUTHS, SkullShell, sheet
from assets.accessories.sweep import Piece, grid_faces, joined
from assets.accessories.wearer import Wearer, plain_of
from assets.clothing.prints import TILE_M, print_map
from assets.geometry import F32Array, I32Array, Mesh, SurfaceMaterial
from assets.noise import ValueNoise
from spec_schema.classes import SegmentationClass
from spec_schema.spec import Item

__all__ = ["build_cloth_headwear", "line_coverage"]

MM = 1e-3
ROWS = 48
TILT_LIMIT_DEG = 8.0
SIZE_LIMITS = (0.8, 1.25)
CLEARANCE_M = 0.0003
RAISE_M = 0.006
"""How much higher or lower a hat is worn at most."""
RUMPLED_M = 0.0022
PANELS = 6
SEAM_DEPTH_M, SEAM_RADIUS_M = 0.0009, 0.085
COVER_EDGE_M = (0.001, 0.006)
"""How far above its line a hat begins to hide the roots of hair, and hides all."""


def _as_worn(style: HeadwearStyle, item: Item) -> HeadwearStyle:
    """The style with its line raised or lowered, and its cloth as thick as the item's."""
    rise = RAISE_M * item.height
    update: dict[str, object] = {"thickness_mm": style.thickness_mm * item.thickness}
    for name in ("line", "upper"):
        line: HatLine | None = getattr(style, name)
        if line is not None:
            update[name] = HatLine(
                front_m=line.front_m + rise, side_m=line.side_m + rise, back_m=line.back_m + rise
            )
    return style.model_copy(update=update)


def _tilt(item: Item) -> float:
    return float(np.clip(item.tilt_deg, -TILT_LIMIT_DEG, TILT_LIMIT_DEG))


def line_coverage(
    line: HatLine, item: Item, upper: HatLine | None = None
) -> Callable[[F32Array], F32Array]:
    """How much a hat with a line hides at rest points (n, 3) in metres: (n,) 0-1."""
    tilt, raised = _tilt(item), RAISE_M * item.height

    def covered(rest_m: F32Array) -> F32Array:
        points = np.asarray(rest_m, np.float64)
        hidden = smoothstep(line_reach(line, points, tilt, raised), *COVER_EDGE_M)
        if upper is not None:
            low, high = COVER_EDGE_M
            over = line_reach(upper, points, tilt, raised)
            hidden = hidden * (1 - smoothstep(over, -high, -low))
        return np.asarray(hidden, np.float32)

    return covered


def build_cloth_headwear(style: HeadwearStyle, item: Item, wearer: Wearer) -> tuple[Mesh, ...]:
    """The item on the head, in the world frame."""
    if style.kind == "proxy":
        return build_proxy_hat(style, item, wearer.head, wearer.store)
    style = _as_worn(style, item)
    fit = wearer.fit
    skin = fit.scalp(ears=True)
    shell = SkullShell(fit, skin)
    size = float(np.clip(item.size, *SIZE_LIMITS))
    material = cloth_material(style, item)
    printed = print_map(item)
    points = shell.above(style.line, _tilt(item), ROWS)
    match style.kind:
        case "beanie":
            piece, uv = _beanie(style, points, size, item.seed)
        case "band":
            piece, uv = _band(style, shell, points, _tilt(item))
        case _:
            piece, uv = _crown(style, points, size, item.seed)
    clear = replace(piece, points_m=skin.pushed_out(piece.points_m, CLEARANCE_M))
    if printed is not None:
        material = replace(material, colour_map=printed, height_map_mm=None)
        uv = np.asarray(uv * (np.array(style.cloth.repeat_mm) * MM / TILE_M), np.float32)
    meshes = [_mesh(f"headwear-{style.kind}", clear, uv, material, fit)]
    if style.kind == "cap":
        rim = sheet(points, np.zeros((AZIMUTHS, 1)), np.full((AZIMUTHS, 1), 0.0005))[:, 0]
        brim = peak(style, rim, shell.azimuth, size)
        top = button(points[0, -1] + np.array([0.0, style.slack_mm * MM + 0.002, 0.0]))
        plain = plain_of(material)
        meshes.append(_mesh("headwear-peak", joined([brim, top]), None, plain, fit))
    return tuple(meshes)


def _mesh(
    name: str, piece: Piece, uv: F32Array | None, material: SurfaceMaterial, fit: HeadFit
) -> Mesh:
    return Mesh(
        name=name,
        vertices_m=fit.world(piece.points_m),
        faces=piece.faces,
        face_class=np.full(len(piece.faces), SegmentationClass.HEADWEAR, np.uint8),
        material=material,
        uv=uv,
    )


def _length(points: F64Array) -> F64Array:
    """(A,) length of each column."""
    return np.asarray(np.linalg.norm(np.diff(points, axis=1), axis=-1).sum(1))


def _profile(
    style: HeadwearStyle, points: F64Array, reach: F64Array, lift_m: F64Array
) -> tuple[Piece, F32Array]:
    """A grid by profile: reach (A, K) and lift (A, K), from the hidden inside outward."""
    grid = sheet(points, reach, lift_m)
    faces = grid_faces(AZIMUTHS, reach.shape[1], closed_rows=True)[:, [0, 3, 2, 1]]
    return Piece(grid.reshape(-1, 3), faces), _uv(style, grid, faces)


def _uv(style: HeadwearStyle, grid: F64Array, faces: I32Array) -> F32Array:
    """(F, 4, 2) repeats of the fabric: whole ones round the rim, and along each column."""
    rim = grid[:, 0]
    circumference = np.linalg.norm(np.roll(rim, -1, 0) - rim, axis=1).sum()
    repeats = max(round(float(circumference) / (style.cloth.repeat_mm[0] * MM)), 1)
    step = np.linalg.norm(np.diff(grid, axis=1), axis=-1).mean(0)
    v = np.concatenate([[0.0], np.cumsum(step)]) / (style.cloth.repeat_mm[1] * MM)
    columns = grid.shape[1]
    a, k = faces // columns, faces % columns
    # The last strip ends at a whole turn, not at the zero of its vertices.
    a = np.where((a == 0) & (a.max(1, keepdims=True) == AZIMUTHS - 1), AZIMUTHS, a)
    return np.asarray(np.stack([a * (repeats / AZIMUTHS), v[k]], -1), np.float32)


def _slack(style: HeadwearStyle, reach: F64Array, size: float) -> F64Array:
    """Metres that the crown stands off at fractions of the way up."""
    return np.asarray(style.slack_mm * MM * size * smoothstep(reach, 0.25, 1.0))


def _rumpled(points: F64Array, up: F64Array, seed: int) -> F64Array:
    """Metres (A, K) by which worn cloth leaves its even shape, at shares (A, K) of the way up."""
    last = points.shape[1] - 1
    column = np.clip(np.rint(up * last).astype(int), 0, last)
    at = np.take_along_axis(points, np.broadcast_to(column, up.shape)[..., None], 1)
    noise = ValueNoise(seed, "headwear/rumpled")(np.asarray(at, np.float32), 30.0)
    return np.asarray(RUMPLED_M * noise * smoothstep(up, 0.0, 0.2))


def _beanie(
    style: HeadwearStyle, points: F64Array, size: float, seed: int
) -> tuple[Piece, F32Array]:
    """A body with a folded cuff: inside, round the lower edge, up the cuff, in, to the crown."""
    thick = style.thickness_mm * MM
    length = _length(points)[:, None]
    cuff = style.cuff_mm * MM * size / length
    inner, outer = 0.0006, 0.0006 + 3.0 * thick
    edge = 0.5 * (outer - inner)
    turn = np.linspace(-np.pi / 2, np.pi / 2, 7)
    middle = inner + edge
    below = np.cos(turn) * 0.9 * edge / length
    profile = [
        (0.012 / length, np.full(1, inner)),
        (0.006 / length, np.full(1, inner)),
        (0.9 * edge / length - below, middle + edge * np.sin(turn)),
        (cuff * np.linspace(0.12, 0.9, 9), outer + 0.0004 * np.sin(np.linspace(0, np.pi, 9))),
        (
            cuff + np.cos(np.linspace(np.pi / 2, 0.2, 4)) * 0.5 * edge / length,
            outer - 0.5 * edge * (1 - np.sin(np.linspace(np.pi / 2, 0.2, 4))),
        ),
        (cuff - 0.002 / length, np.full(1, inner + 1.2 * thick)),
    ]
    reach = np.concatenate(
        [np.broadcast_to(r, (AZIMUTHS, np.size(lift))) for r, lift in profile], 1
    )
    lift = np.concatenate([np.broadcast_to(lift, (AZIMUTHS, len(lift))) for _, lift in profile], 1)
    up = np.linspace(0, 1, 34)[None]
    body = cuff + (1 - cuff) * up
    azimuth = np.arange(AZIMUTHS)[:, None] * (2 * np.pi / AZIMUTHS)
    gather = 0.0012 * np.sin(8 * azimuth) * smoothstep(up, 0.55, 0.9) * (up < 1)
    body = np.broadcast_to(body, (AZIMUTHS, body.shape[1]))
    soft = np.maximum(_rumpled(points, body, seed), 0)
    stand = inner + 1.2 * thick + _slack(style, body, size) + gather + soft
    return _profile(
        style, points, np.concatenate([reach, body], 1), np.concatenate([lift, stand], 1)
    )


def _crown(
    style: HeadwearStyle, points: F64Array, size: float, seed: int
) -> tuple[Piece, F32Array]:
    """A cap's or a bandana's crown; a cap stands up in front and has six seams."""
    thick = style.thickness_mm * MM
    length = _length(points)[:, None]
    azimuth = np.arange(AZIMUTHS)[:, None] * (2 * np.pi / AZIMUTHS)
    up = np.concatenate([np.linspace(0, 0.1, 6)[1:], np.linspace(0.1, 1, 40)[1:]])[None]
    up = np.broadcast_to(up, (AZIMUTHS, up.shape[1]))
    stand = 0.0006 + thick + _slack(style, up, size)
    stand = stand + np.maximum(_rumpled(points, up, seed), 0)
    if style.kind == "cap":
        front = 0.5 + 0.5 * np.cos(azimuth - np.deg2rad(style.turned_deg))
        stand = stand + 0.007 * size * front**2 * smoothstep(up, 0.0, 0.35) * (1 - up**3)
        panel = 2 * np.pi / PANELS
        off_seam = np.abs((azimuth + panel / 2) % panel - panel / 2) * SEAM_RADIUS_M
        seam = 0.5 * _ridge(off_seam - 0.005) - _ridge(off_seam)
        stand = stand + SEAM_DEPTH_M * seam * smoothstep(up, 0.02, 0.1)
    turn = np.linspace(-np.pi / 2, np.pi / 2, 5)
    hem_reach = thick * (1 - np.cos(turn)) / length
    hem = np.broadcast_to(0.0006 + thick / 2 + thick / 2 * np.sin(turn), hem_reach.shape)
    inside = 0.02 / length
    reach = np.concatenate([inside, inside / 2, hem_reach, up], 1)
    lift = np.concatenate([np.full((AZIMUTHS, 2), 0.0005), hem, stand], 1)
    return _profile(style, points, reach, lift)


def _ridge(off_m: F64Array) -> F64Array:
    """A ridge some four millimetres wide."""
    return np.asarray(np.exp(-((off_m / 0.002) ** 2)))


def _band(
    style: HeadwearStyle, shell: SkullShell, points: F64Array, tilt_deg: float
) -> tuple[Piece, F32Array]:
    """A band between two lines, rounded at both edges."""
    thick = style.thickness_mm * MM
    length = _length(points)[:, None]
    wide = 1 - _length(shell.above(style.upper or style.line, tilt_deg, ROWS))[:, None] / length
    turn = np.linspace(-np.pi / 2, np.pi / 2, 7)
    below = thick / 2 * (1 - np.cos(turn)) / length
    lift = 0.0006 + thick / 2 + thick / 2 * np.sin(turn)
    across = np.linspace(0.1, 0.9, 12)
    reach = np.concatenate([below, wide * across, wide - below[:, ::-1]], 1)
    flat = 0.0006 + thick + 0.0008 * np.sin(np.pi * across)
    row = np.concatenate([lift, flat, lift[::-1]])
    return _profile(style, points, reach, np.broadcast_to(row, reach.shape))
