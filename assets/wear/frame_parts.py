"""The parts of a frame's front: rims, bridge, nose pads, lenses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets.wear.frame_place import MM, Front
from assets.wear.params import GlassesParams
from assets.wear.surface import Surface, unit
from assets.wear.sweep import (
    Shape,
    closed_curve,
    ellipsoid,
    grid_faces,
    grid_uv,
    joined,
    open_curve,
    sweep,
)

__all__ = ["bridges", "lens_outline", "lenses", "pads", "rims"]

F64Array = NDArray[np.float64]

_SAMPLES = 96
_PAD_RADII_M = {"wire": (0.0042, 0.0026, 0.0011), "moulded": (0.0050, 0.0030, 0.0016)}
"""Half length, half width, half thickness."""


def lens_outline(front: Front, outline: tuple[tuple[float, float], ...], side: int) -> F64Array:
    """(n, 2) u and v round one lens's edge, the same sense on both sides."""
    curve = closed_curve(np.array(outline, np.float64), _SAMPLES)
    u = side * (front.bridge_half + front.lens_half[0] * (1 + curve[:, 0]))
    return np.stack([u, front.lens_half[1] * curve[:, 1]], -1)


def _outward(edge: F64Array, centre: F64Array) -> F64Array:
    """(n, 2) unit normals of a closed plane curve, away from its inside."""
    tangent = np.roll(edge, -1, 0) - np.roll(edge, 1, 0)
    normal = np.stack([tangent[:, 1], -tangent[:, 0]], -1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    turn = np.sign(np.einsum("ij,ij->", normal, edge - centre))
    return np.asarray(normal * turn)


def rims(front: Front, params: GlassesParams, edge: F64Array) -> Shape:
    """The rim round one lens; empty path for rimless ones is the caller's business."""
    centre = edge.mean(0)
    up = np.clip((edge[:, 1] / front.lens_half[1] + 0.15) / 0.9, 0, 1)
    up = up * up * (3 - 2 * up)
    brow = params.rim_mm if params.brow_mm is None else params.brow_mm
    width = (params.rim_mm + (brow - params.rim_mm) * up) * MM
    path = edge + _outward(edge, centre) * (0.5 * width - 0.25 * params.rim_mm * MM)[:, None]
    closed = params.rims == "full"
    if not closed:
        # Upper half, from the temporal side over the top to the nasal side.
        start = int(np.argmin(np.abs(edge[:, 1] + 0.12 * front.lens_half[1]) - _outer(edge)))
        order = (start + np.arange(_SAMPLES)) % _SAMPLES
        if edge[order[_SAMPLES // 4], 1] < edge[order[0], 1]:
            order = (start - np.arange(_SAMPLES)) % _SAMPLES
        count = int(np.argmax(edge[order, 1] < -0.2 * front.lens_half[1])) or _SAMPLES // 2
        path, width = path[order[:count]], width[order[:count]]
    # Rims taper in depth a little where they are narrow.
    half = np.stack([0.5 * width, np.full(len(width), 0.5 * params.depth_mm * MM)], -1)
    return sweep(
        front.place(path[:, 0], path[:, 1]),
        front.axes[2],
        half,
        closed=closed,
        squareness=5.0 if params.rim_mm > 3 else 2.2,
        sections=20,
    )


def _outer(edge: F64Array) -> F64Array:
    """Large at the temporal end of a lens, so that it wins a minimum."""
    across = np.abs(edge[:, 0])
    return np.asarray((across - across.min()) / np.ptp(across))


def bridges(front: Front, params: GlassesParams, edge: F64Array, nose: Surface) -> list[Shape]:
    """The bar or bars between the rims, clear of the nose."""
    half_height = front.lens_half[1]
    shapes = [_bridge(front, params, edge, params.bridge_height * half_height, 0.0018, nose)]
    if params.bridge == "double":
        shapes.append(_bridge(front, params, edge, 0.84 * half_height, 0.0006, nose))
    return shapes


def _bridge(
    front: Front, params: GlassesParams, edge: F64Array, v: float, rise: float, nose: Surface
) -> Shape:
    nasal = np.abs(edge[:, 0]) < front.bridge_half + front.lens_half[0]
    near = np.flatnonzero(nasal)[np.argmin(np.abs(edge[nasal, 1] - v))]
    u0 = float(np.abs(edge[near, 0])) - 0.1 * params.rim_mm * MM
    v0 = float(edge[near, 1])
    bar = params.bridge == "bar"
    depth = 0.5 * params.depth_mm * MM
    height = 0.5 * (1.25 * params.rim_mm if bar else 1.7) * MM
    lift = 0.0015 if bar else 0.0022
    for _ in range(12):
        knots = np.array(
            [
                [-u0, v0, 0.0],
                [-0.62 * u0, v0 + 0.75 * rise, 0.7 * lift],
                [0.0, v0 + rise, lift],
                [0.62 * u0, v0 + 0.75 * rise, 0.7 * lift],
                [u0, v0, 0.0],
            ]
        )
        # The lens curvature dips towards the middle: w counts from the rims' depth.
        base = float(front.depth(np.array([u0]), np.array([v0]))[0])
        path = open_curve(knots, 33)
        points = front.origin + (path + [0, 0, base]) @ front.axes
        swell = 1 + (0.5 if bar else 0.0) * (np.abs(path[:, 0]) / u0) ** 2
        half = np.stack([np.full(33, depth if bar else 0.0009), height * swell], -1)
        shape = sweep(points, front.axes[1], half, closed=False, squareness=4.5 if bar else 2.0)
        distance, _ = nose.signed(shape.vertices)
        short = 0.0006 - float(distance.min())
        if short <= 0:
            break
        lift += short + 0.0002
    return shape


def pads(front: Front, params: GlassesParams, side: int, nose: Surface) -> tuple[Shape, Shape]:
    """One nose pad lying on the nose's flank, and the arm that holds it."""
    wish_v = -0.0035 if params.pads == "wire" else -0.001
    wish_v += params.drop_mm * MM
    wish_u = side * (front.bridge_half - 0.0012)
    wish = front.origin + np.array([wish_u, wish_v, -0.0050]) @ front.axes
    flank = (
        (side * nose.points_m[:, 0] > 0.004)
        & (side * nose.normals[:, 0] > 0.35)
        & (nose.normals[:, 2] > 0.1)
        & (np.abs((nose.points_m - front.origin) @ front.axes[1] - wish_v) < 0.004)
        & (np.linalg.norm(nose.points_m - wish, axis=1) < 0.02)
    )
    candidates = np.flatnonzero(flank)
    if len(candidates) == 0:
        candidates = np.array([nose.nearest(wish[None])[0]])
    best = candidates[np.argmin(np.linalg.norm(nose.points_m[candidates] - wish, axis=1))]
    normal = nose.normals[best]
    down_nose = unit(np.array([0.0, -0.85, 0.5]) - normal * (normal @ np.array([0, -0.85, 0.5])))
    axes = np.stack([down_nose, np.cross(normal, down_nose), normal])
    radii = np.array(_PAD_RADII_M[params.pads])
    centre = nose.points_m[best] + normal * (radii[2] + 0.0002)
    for _ in range(4):
        pad = ellipsoid(centre, axes, radii)
        gap = float(nose.signed(pad.vertices)[0].min())
        if -0.0004 < gap < 0.0005:
            break
        centre = centre + normal * (0.0001 - gap)
    arm = _pad_arm(front, params, side, centre + normal * 0.6 * radii[2], wish_v)
    return pad, arm


def _pad_arm(
    front: Front, params: GlassesParams, side: int, pad: F64Array, wish_v: float
) -> Shape:
    """From the back of the rim to the pad."""
    rim = front.place(
        np.array([side * (front.bridge_half - 0.0004)]), np.array([wish_v + 0.002]), -0.0004
    )[0]
    if params.pads == "wire":
        out = rim + np.array([side * 0.0006, 0.0, -0.0035])
        path = open_curve(np.stack([rim, out, 0.5 * (out + pad) + [0, 0, -0.001], pad]), 15)
        half = np.full((15, 2), 0.00045)
    else:
        path = open_curve(np.stack([rim, 0.5 * (rim + pad) + [0, 0, -0.0002], pad]), 9)
        half = np.linspace([0.0018, 0.0042], [0.0012, 0.0036], 9)
    return sweep(path, np.array([0.0, 1.0, 0.2]), half, closed=False, squareness=2.2)


def lenses(front: Front, params: GlassesParams, edge: F64Array) -> Shape:
    """One lens: a curved sheet that fills its edge; rimless ones show the edge's thickness."""
    rings = 7
    centre = edge.mean(0)
    reach = np.linspace(0.0, 1.0, rings + 1)[1:]
    plane = centre + (edge - centre) * reach[:, None, None]
    flat = plane.reshape(-1, 2)
    points = np.concatenate([front.place(flat[:, 0], flat[:, 1]), front.place(*centre[:, None])])
    n = len(edge)
    ring = np.arange(n)
    fan = np.stack([np.full(n, len(points) - 1), ring, np.roll(ring, -1), np.full(n, -1)], 1)
    faces = np.concatenate([grid_faces(rings, n, wrap=True), fan]).astype(np.int32)
    uv = grid_uv(rings, n, True, np.linspace(0, 1, n + 1), reach)
    sheet = Shape(points, faces, np.concatenate([uv, np.zeros((n, 4, 2), np.float32)]))
    if params.rims == "full":
        return sheet
    back = front.place(edge[:, 0], edge[:, 1], -0.0018)
    band = Shape(
        np.concatenate([points[(rings - 1) * n : rings * n], back]),
        grid_faces(2, n, wrap=True),
        np.zeros((n, 4, 2), np.float32),
    )
    return joined([sheet, band])
