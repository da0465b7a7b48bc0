"""Spectacles: rims, lenses, bridge, nose pads and temples, fitted to one head."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from assets.accessories.data import GlassesStyle
from assets.accessories.eyewear import mirror_of
from assets.accessories.fit import F64Array, HeadFit, Skin
from assets.accessories.frame_fit import MM, FrameFit, bridge_middle, fit_frame, lens_outline
from assets.accessories.hugging import clear
from assets.accessories.sweep import (
    Piece,
    ellipsoid,
    grid_faces,
    joined,
    open_curve,
    rounded_box_section,
    tube,
)
from assets.accessories.temples import temple
from assets.accessories.wearer import Wearer
from assets.geometry import ClearMaterial, Material, Mesh, SurfaceMaterial
from spec_schema.classes import SegmentationClass
from spec_schema.spec import Item

__all__ = ["build_spectacles"]

SIDES = (-1.0, 1.0)
LENS_BULGE_M = 0.0016
LENS_EDGE_M = 0.0009
GROOVE_M = 0.0004
"""How far a lens reaches into its rim."""
SIZE_LIMITS = (0.92, 1.1)
TILT_LIMIT_DEG = 3.0
PAD_HALF_M = {"wire": (0.0010, 0.0027, 0.0052), "fused": (0.0009, 0.0022, 0.0048)}
"""Thickness, width and height of a nose pad, halved."""
IOR = 1.5
TINTED_IOR = 1.79
"""Of a single surface that mirrors as much as both of a lens without a coating: 8 %."""
READING_M = 0.011
"""How much lower glasses sit at most, as for reading."""
NEAR_M = 0.0002
"""Bridge before the nose; pads sink in as far."""


def build_spectacles(style: GlassesStyle, item: Item, wearer: Wearer) -> tuple[Mesh, ...]:
    """Frame, lenses and pads, in the world frame."""
    style = _thicker(style, item.thickness)
    fit_of = wearer.fit
    skin = fit_of.face(ears=False)
    size = float(np.clip(item.size, *SIZE_LIMITS))
    roll = float(np.clip(item.tilt_deg, -TILT_LIMIT_DEG, TILT_LIMIT_DEG))
    low = READING_M * max(-item.height, 0.0)
    fit = fit_frame(style, fit_of, skin, size, roll, low)

    head_and_ears = fit_of.face(ears=True)
    arms = [temple(style, fit, fit_of, skin, side) for side in SIDES]
    frame = [clear(arm, head_and_ears, -NEAR_M) for arm in arms]
    frame += [clear(_rim(style, fit, side), skin, 0.0) for side in SIDES if style.rim != "none"]
    frame += _bridges(style, fit, skin)
    pads: list[Piece] = []
    for side in SIDES:
        pad, arm = _pad(style, fit, skin, side)
        frame.append(clear(arm, skin, -NEAR_M))
        (pads if style.pads == "wire" else frame).append(pad)

    metallic = _mapped(style.metallic, item.metallic)
    plastic = SurfaceMaterial(
        colour=(item.red, item.green, item.blue),
        roughness=_mapped(style.roughness, item.roughness),
        metallic=metallic,
        coat=0.6 * (1 - metallic),
        coat_roughness=0.08,
    )
    silicone = SurfaceMaterial(
        colour=(0.75, 0.72, 0.66), roughness=0.3, subsurface=0.5, subsurface_scale_m=0.002
    )
    ior = IOR if min(style.tint) == 1 else TINTED_IOR
    lens: Material = ClearMaterial(ior=ior, tint=style.tint, thin=True)
    if style.mirrored > 0:
        lens = mirror_of(item, style.tint, style.mirrored)
    meshes = [
        _mesh("glasses-frame", joined(frame), plastic, fit_of),
        _mesh("glasses-lenses", joined([_lens(style, fit, s) for s in SIDES]), lens, fit_of),
    ]
    if pads:
        meshes.append(_mesh("glasses-pads", joined(pads), silicone, fit_of))
    return tuple(meshes)


def _thicker(style: GlassesStyle, factor: float) -> GlassesStyle:
    """The style with thicker or thinner rims and arms."""
    rim, depth = style.rim_mm
    thick, high, low = style.temple_mm
    part = 0.5 + 0.5 * factor
    return style.model_copy(
        update={
            "rim_mm": (rim * factor, depth * part),
            "temple_mm": (thick * part, high * factor, low * part),
        }
    )


def _mapped(limits: tuple[float, float], unit: float) -> float:
    return limits[0] + (limits[1] - limits[0]) * unit


def _mesh(name: str, piece: Piece, material: Material, fit: HeadFit) -> Mesh:
    return Mesh(
        name=name,
        vertices_m=fit.world(piece.points_m),
        faces=piece.faces,
        face_class=np.full(len(piece.faces), SegmentationClass.GLASSES, np.uint8),
        material=material,
    )


def _rim(style: GlassesStyle, fit: FrameFit, side: float) -> Piece:
    """The rim of one lens: a tube round it, or over its upper part."""
    width, depth = style.rim_mm[0] * MM, style.rim_mm[1] * MM
    edge = lens_outline(style, fit, side, width / 2 - GROOVE_M)
    along = np.roll(edge, -1, 0) - np.roll(edge, 1, 0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    normal = np.stack([along[:, 1], -along[:, 0]], 1)
    wide = 1 + style.brow * np.clip(normal[:, 1], 0, 1)
    edge = edge + normal * ((wide - 1) * width / 2)[:, None]
    closed = style.rim == "full"
    if not closed:
        kept = edge[:, 1] > -0.1 * fit.lens_m[1]
        first = int(np.flatnonzero(kept & ~np.roll(kept, 1))[0])
        order = (first + np.arange(kept.sum())) % len(kept)
        edge, normal, wide = edge[order], normal[order], wide[order]
    path = fit.skull(np.column_stack([edge, np.zeros(len(edge))]))
    forward = np.broadcast_to(fit.tilt[:, 2], path.shape)
    outward = np.column_stack([normal, np.zeros(len(normal))]) @ fit.tilt.T
    half = np.column_stack([np.full(len(path), depth / 2), wide * width / 2])
    return tube(path, forward, outward, rounded_box_section(12, 2.8), half, closed)


def _lens(style: GlassesStyle, fit: FrameFit, side: float) -> Piece:
    """A bulging sheet; one without a rim has an edge."""
    edge = lens_outline(style, fit, side, 0.0)
    middle = edge.mean(0)
    rings = np.array([1.0, 0.93, 0.8, 0.6, 0.35, 0.12])
    flat = middle + rings[:, None, None] * (edge - middle)
    bulge = np.broadcast_to((LENS_BULGE_M * (1 - rings**2))[:, None], flat.shape[:2])
    points = np.concatenate([flat, bulge[..., None]], -1).reshape(-1, 3)
    n = len(edge)
    last = (len(rings) - 1) * n + np.arange(n)
    points = np.concatenate([points, [[*middle, LENS_BULGE_M]]])
    fan = np.stack([last, np.roll(last, -1), np.full(n, len(points) - 1), np.full(n, -1)], 1)
    faces = np.concatenate([grid_faces(len(rings), n, closed_columns=True), fan])
    sheet = Piece(fit.skull(points), faces.astype(np.int32))
    if style.rim == "full":
        return sheet
    along = np.roll(edge, -1, 0) - np.roll(edge, 1, 0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    outward = np.column_stack([along[:, 1], -along[:, 0], np.zeros(n)]) @ fit.tilt.T
    forward = np.broadcast_to(fit.tilt[:, 2], outward.shape)
    path = fit.skull(np.column_stack([edge, np.zeros(n)]))
    half = np.array([[LENS_EDGE_M, 0.0003]])
    return joined([sheet, tube(path, forward, outward, rounded_box_section(8), half, True)])


def _bridges(style: GlassesStyle, fit: FrameFit, skin: Skin) -> list[Piece]:
    high, deep = 0.5 * MM * style.bridge_rod_mm[0], 0.5 * MM * style.bridge_rod_mm[1]
    middle = bridge_middle(style, fit, skin)
    wanted = style.bridge_at * fit.lens_m[1] / 2
    rods = [_rod(style, fit, skin, wanted, middle, (deep, high))]
    if style.brow_bar:
        top = 0.82 * fit.lens_m[1] / 2
        bar = np.array([0.0, max(top, middle[1] + 0.006), middle[2] + 0.0012])
        rods.append(_rod(style, fit, skin, top, bar, (0.8 * deep, 0.8 * high)))
    return rods


def _rod(
    style: GlassesStyle,
    fit: FrameFit,
    skin: Skin,
    y: float,
    middle: F64Array,
    half_m: tuple[float, float],
) -> Piece:
    """A bar from one rim to the other over ``middle`` (frame coordinates)."""
    edge = lens_outline(style, fit, 1.0, style.rim_mm[0] * MM / 2)
    nasal = edge[edge[:, 0] < fit.lens_x_m]
    end = nasal[np.argmin(np.abs(nasal[:, 1] - y))]
    rise = middle[1] - end[1]
    half_path = np.array(
        [
            [end[0], end[1], 0.0],
            [end[0] * 0.66, end[1] + 0.7 * rise, 0.45 * middle[2]],
            [end[0] * 0.33, end[1] + 0.97 * rise, 0.92 * middle[2]],
        ]
    )
    mirror = np.array([-1.0, 1.0, 1.0])
    flat = open_curve(np.concatenate([half_path * mirror, middle[None], half_path[::-1]]), 25)
    path = fit.skull(flat)
    deep, high = half_m
    lack = np.zeros(len(path))
    for at in (-high, 0.0, high):
        back = path - deep * fit.tilt[:, 2] + at * fit.tilt[:, 1]
        distance, _, normal = skin.nearest(back)
        ahead = np.maximum(normal @ fit.tilt[:, 2], 0.35)
        lack = np.maximum(lack, np.minimum((NEAR_M - distance) / ahead, 0.003))
    path = path + gaussian_filter1d(lack, 1.5, mode="nearest")[:, None] * fit.tilt[:, 2]
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    forward = fit.tilt[:, 2] - along * (along @ fit.tilt[:, 2])[:, None]
    forward /= np.linalg.norm(forward, axis=1, keepdims=True)
    upward = np.cross(along, forward)
    flare = np.abs(np.linspace(-1, 1, len(path))) ** 2 if style.pads == "fused" else 0.0
    half = np.column_stack([np.full(len(path), deep), high * (1 + 0.7 * flare) + 0 * path[:, 0]])
    return tube(path, forward, upward, rounded_box_section(12, 2.6), half, closed=False)


def _pad(style: GlassesStyle, fit: FrameFit, skin: Skin, side: float) -> tuple[Piece, Piece]:
    """A nose pad lying on the flank of the nose, and its arm from the rim."""
    start = np.array([side * fit.bridge_m * 0.42, -0.06 * fit.lens_m[1], -0.0055])
    _, touch, normal = skin.nearest(fit.skull(start)[None])
    thick, wide, tall = PAD_HALF_M[style.pads]
    centre = touch[0] + normal[0] * (thick + 0.0001)
    upward = fit.tilt[:, 1] - normal[0] * (fit.tilt[:, 1] @ normal[0])
    upward /= np.linalg.norm(upward)
    axes = np.stack([normal[0] * thick, np.cross(upward, normal[0]) * wide, upward * tall])
    pad = ellipsoid(centre, axes)
    lack = max(-NEAR_M - float(skin.distance(pad.points_m).min()), 0.0)
    centre = centre + normal[0] * lack
    pad = ellipsoid(centre, axes)

    edge = lens_outline(style, fit, side, style.rim_mm[0] * MM / 2)
    nasal = edge[np.abs(edge[:, 0]) < fit.lens_x_m]
    at = nasal[np.argmin(np.abs(nasal[:, 1] - start[1] - 0.001))]
    rim = fit.skull(np.array([at[0], at[1], -style.rim_mm[1] * MM * 0.3]))
    if style.pads == "wire":
        middle = (rim + centre) / 2 - 0.0018 * fit.tilt[:, 2] + 0.001 * normal[0]
        path = open_curve(np.stack([rim, middle, centre + normal[0] * 0.0008]), 14)
        half = np.full((14, 2), 0.00045)
    else:
        path = open_curve(np.stack([rim, (rim + centre) / 2 + 0.0004 * normal[0], centre]), 14)
        ramp = np.linspace(0, 1, 14)[:, None]
        half = np.array([[0.0013, 0.0042]]) * (1 - ramp) + np.array([[0.0008, 0.0045]]) * ramp
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.cross(fit.tilt[:, 1], along)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    arm = tube(path, across, np.cross(along, across), rounded_box_section(10, 2.4), half, False)
    return pad, arm
