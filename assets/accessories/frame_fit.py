"""Where a spectacle frame sits on a face: scale, place and the nose it rests on.

Frame coordinates: x subject's left, y up along the tilted lens plane, z forward; the origin is
midway between the lenses.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from assets.accessories.data import GlassesStyle
from assets.accessories.fit import F64Array, HeadFit, Skin
from assets.accessories.sweep import closed_curve

__all__ = ["MM", "FrameFit", "bridge_middle", "fit_frame", "lens_outline"]

MM = 1e-3
PANTOSCOPIC_DEG = 8.0
WRAP_PER_M = 1.35
"""Depth of the frame is this times x²: 5° at the middle of a lens."""
CORNEA_M = 0.0009
"""How far the cornea stands before the ball's own sphere."""
VERTEX_M = 0.013
"""Lens before the cornea."""
RIM_CLEARANCE_M = 0.0014
BRIDGE_GAP_M = 0.0006
OUTLINE_POINTS = 72
SCALE_LIMITS = (0.88, 1.02)
END_PIECE_M = (0.0032, 0.0055)
"""From the rim's outer edge to the hinge."""


@dataclass(frozen=True)
class FrameFit:
    """A placed frame."""

    origin_m: F64Array
    tilt: F64Array
    """(3, 3) frame axes in the skull frame, as columns."""
    lens_m: tuple[float, float]
    bridge_m: float
    half_width_m: float
    """From the middle to the hinge."""

    def skull(self, points_m: F64Array) -> F64Array:
        """Frame coordinates, flat, to the skull frame, with the wrap."""
        bent = points_m.copy()
        bent[..., 2] -= WRAP_PER_M * points_m[..., 0] ** 2
        return np.asarray(bent @ self.tilt.T + self.origin_m)

    @property
    def lens_x_m(self) -> float:
        """Distance of a lens centre from the middle."""
        return (self.lens_m[0] + self.bridge_m) / 2


def lens_outline(style: GlassesStyle, fit: FrameFit, side: float, outward_m: float) -> F64Array:
    """(n, 2) the edge of one lens, moved outward; anticlockwise from the front."""
    shape = closed_curve(np.asarray(style.outline, np.float64), OUTLINE_POINTS)
    flat = shape * np.array(fit.lens_m) / 2
    along = np.roll(flat, -1, 0) - np.roll(flat, 1, 0)
    normal = np.stack([along[:, 1], -along[:, 0]], 1)
    flat = flat + outward_m * normal / np.linalg.norm(normal, axis=1, keepdims=True)
    flat[:, 0] += fit.lens_x_m
    return np.asarray(flat if side > 0 else flat[::-1] * np.array([-1.0, 1.0]))


def fit_frame(
    style: GlassesStyle,
    head: HeadFit,
    skin: Skin,
    size: float,
    roll_deg: float,
    low_m: float = 0.0,
) -> FrameFit:
    """Scale the frame to the width of the temples and place it before the eyes.

    ``low_m``: how much lower on the nose than where one looks straight through.
    """
    eyes = (head.eyes_m["left"] + head.eyes_m["right"]) / 2
    cornea = eyes[2] + head.eye_radius_m + CORNEA_M
    width = _temple_width(head, skin, eyes[1])
    rim = 2 * style.rim_mm[0] * MM if style.rim == "full" else 0.0
    free = width - 2 * END_PIECE_M[0] - style.bridge_mm * MM - rim
    scale = float(np.clip(free / (2 * style.lens_mm[0] * MM), *SCALE_LIMITS) * size)
    lens = (style.lens_mm[0] * MM * scale, style.lens_mm[1] * MM * scale)

    pan, roll = np.deg2rad(PANTOSCOPIC_DEG), np.deg2rad(roll_deg)
    about_x = np.array([[1, 0, 0], [0, np.cos(pan), -np.sin(pan)], [0, np.sin(pan), np.cos(pan)]])
    about_z = np.array(
        [[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]]
    )
    pupil_x = abs(head.eyes_m["left"][0] - head.eyes_m["right"][0]) / 2
    fit = FrameFit(
        origin_m=np.array([eyes[0], eyes[1] - style.drop_mm * MM - low_m, 0.0]),
        tilt=about_z @ about_x,
        lens_m=lens,
        bridge_m=style.bridge_mm * MM,
        half_width_m=0.0,
    )
    sight = fit.skull(np.array([pupil_x, style.drop_mm * MM, 0.0]))
    fit = _moved(fit, np.array([0.0, 0.0, cornea + VERTEX_M - sight[2]]))
    fit = _cleared(style, fit, skin)
    outer = fit.lens_m[0] + fit.bridge_m / 2 + rim / 2
    return replace(
        fit, half_width_m=float(np.clip(width / 2, outer + END_PIECE_M[0], outer + END_PIECE_M[1]))
    )


def _temple_width(head: HeadFit, skin: Skin, eye_y: float) -> float:
    """Width of the head just before the ears, a little above the eyes."""
    p = skin.points_m
    front = max(head.ear_root(-1)[2], head.ear_root(1)[2]) + 0.012
    band = (np.abs(p[:, 1] - eye_y - 0.008) < 0.006) & (np.abs(p[:, 2] - front) < 0.006)
    x = p[band, 0]
    return float(x.max() - x.min())


def _moved(fit: FrameFit, by_m: F64Array) -> FrameFit:
    return replace(fit, origin_m=fit.origin_m + by_m)


def _cleared(style: GlassesStyle, fit: FrameFit, skin: Skin) -> FrameFit:
    """Forward, and wider at the nose, until the frame's back touches no skin."""
    back = -style.rim_mm[1] * MM / 2
    for _ in range(5):
        rows = []
        for side in (-1.0, 1.0):
            for outward in (0.0, style.rim_mm[0] * MM):
                edge = lens_outline(style, fit, side, outward)
                rows.append(np.column_stack([edge, np.full(len(edge), back)]))
        flat = np.concatenate(rows)
        distance, _, normal = skin.nearest(fit.skull(flat))
        lack = RIM_CLEARANCE_M - distance
        if lack.max() <= 0:
            break
        flank = (np.abs(normal[:, 0]) > 0.55) & (np.abs(flat[:, 0]) < 0.02)
        widen = np.where(flank, lack / np.maximum(np.abs(normal[:, 0]), 0.3), 0.0).max()
        ahead = np.where(~flank, lack / np.maximum(normal[:, 2], 0.35), 0.0).max()
        wider = min(fit.bridge_m + 2 * max(widen, 0.0), (style.bridge_mm + 4.0) * MM)
        stuck = widen > 0 and wider == fit.bridge_m
        forward = max(ahead, widen if stuck else 0.0, 0.0)
        fit = _moved(replace(fit, bridge_m=wider), np.array([0.0, 0.0, forward]))
    return fit


def bridge_middle(style: GlassesStyle, fit: FrameFit, skin: Skin) -> F64Array:
    """(3,) frame coordinates of the bridge's middle, resting on the back of the nose.

    Of heights near the wanted one that is taken where the nose is nearest to the lens plane.
    """
    wanted = style.bridge_at * fit.lens_m[1] / 2
    y = wanted + np.linspace(-4, 6, 21) * MM
    back = style.bridge_rod_mm[1] * MM / 2
    points = np.column_stack([0 * y, y, 0 * y])
    for _ in range(5):
        rear = fit.skull(points - np.array([0.0, 0.0, back]))
        distance, _, normal = skin.nearest(rear)
        ahead = np.maximum((normal @ fit.tilt)[:, 2], 0.3)
        points[:, 2] += (BRIDGE_GAP_M - distance) / ahead
    cost = np.abs(points[:, 2] - 0.0005) + 0.25 * np.abs(y - wanted)
    return np.asarray(points[int(np.argmin(cost))])
