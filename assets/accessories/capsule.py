"""Cloth and shells round head and neck: how far the body reaches in each direction.

Directions start at the middle of the skull above, and below from an axis that follows the
neck. So the surface is one number for each of a grid of places, what spans hollows is a
membrane over it, and a piece of it is cut by a field over azimuth and height.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, maximum_filter
from scipy.spatial import cKDTree

from assets.accessories.fit import F64Array, HeadFit
from assets.accessories.sweep import Piece, closed_curve, grid_faces
from assets.clothing.cut import cut_mesh

__all__ = ["WIDEST_M", "Capsule", "CutPiece", "outline_field", "upward"]

AZIMUTHS: Final = 180
POLAR_ROWS: Final = 52
ROW_M: Final = 0.003
DOWN_ROWS: Final = 92
ABOVE_EYES_M: Final = 0.028
BEHIND_EARS_M: Final = 0.012
STRAIGHT_M: Final = 0.06
"""The axis is upright as far below the middle of the skull."""
LEAST_RADIUS_M: Final = 0.03
WIDEST_M: Final = 0.128
"""No part of a head reaches farther from its middle."""
JAW_ROW: Final = 92
"""A row below the jaw, whose corners are wider than the neck."""
POLE_ROWS: Final = (7, 16)
SPANS: Final = (14, 10, 10, 7, 7, 5, 5, 4, 4, 3, 3, 2, 2, 2, 1.5, 1.5, 1, 1)


@dataclass(frozen=True)
class CutPiece:
    """A piece of a shell."""

    piece: Piece
    grid_uv_m: F64Array
    """(F, 4, 2) metres round and along."""
    loops: tuple[NDArray[np.int64], ...]
    """Closed edges, as vertices of the piece."""
    azimuth: F64Array
    """(V,) radians, 0 in front."""


@dataclass(frozen=True)
class Capsule:
    """A shell over a grid of (A azimuths, S rows), row 0 at the crown."""

    centre_m: F64Array
    axis_m: F64Array
    """(S, 3) where the rays of a row start."""
    radius_m: F64Array
    """(A, S)"""

    @staticmethod
    def of(fit: HeadFit, ears: bool, more_m: F64Array | None = None) -> Capsule:
        """The head's own outside; ``more_m`` (n, 3) are points of clothes, skull frame."""
        eyes = (fit.eyes_m["left"] + fit.eyes_m["right"]) / 2
        roots = (fit.ear_root(-1) + fit.ear_root(1)) / 2
        centre = np.array([eyes[0], eyes[1] + ABOVE_EYES_M, roots[2] - BEHIND_EARS_M])
        axis = _axis(fit, centre)
        points = fit.outside(ears)
        if more_m is not None:
            points = np.concatenate([points, more_m])
        return Capsule(centre, axis, _reach(points, centre, axis))

    @property
    def azimuth(self) -> F64Array:
        """(1, A) radians; 0 in front, positive to the subject's left."""
        turn = np.arange(AZIMUTHS) * (2 * np.pi / AZIMUTHS)
        return np.asarray(((turn + np.pi) % (2 * np.pi) - np.pi)[None])

    def directions(self) -> F64Array:
        """(A, S, 3) unit vectors."""
        polar = np.minimum(np.arange(POLAR_ROWS + DOWN_ROWS), POLAR_ROWS) * (np.pi / 2 / POLAR_ROWS)
        az = np.arange(AZIMUTHS)[:, None] * (2 * np.pi / AZIMUTHS)
        return np.stack(
            [np.sin(polar) * np.sin(az), np.cos(polar) + 0 * az, np.sin(polar) * np.cos(az)], -1
        )

    def points(self) -> F64Array:
        """(A, S, 3) skull frame."""
        return np.asarray(self.axis_m + self.directions() * self.radius_m[..., None])

    def spanned(
        self, gap_m: float, spans: tuple[float, ...] = SPANS, widest_m: float = WIDEST_M
    ) -> Capsule:
        """A taut membrane that is everywhere ``gap_m`` outside this.

        What is farther out than ``widest_m``, such as shoulders, does not draw it out.
        """
        least = self.radius_m + gap_m
        radius = least
        for sigma in spans:
            radius = np.maximum(least, _blurred(np.minimum(radius, widest_m), sigma))
        return replace(self, radius_m=radius)

    def smoothed(self, sigma: float) -> Capsule:
        """The mean over neighbouring places."""
        return replace(self, radius_m=_blurred(self.radius_m, sigma))

    def rounded(self, sigma: float) -> Capsule:
        """Without peaks: over what juts out a dome, nowhere much below this."""
        soft = _blurred(self.radius_m, sigma)
        lack = maximum_filter(self.radius_m - soft, round(3 * sigma) | 1, mode="nearest")
        return replace(self, radius_m=soft + _blurred(np.maximum(lack, 0), 1.2 * sigma))

    def lifted(self, by_m: F64Array | float) -> Capsule:
        """Farther out by (A, S) or one number."""
        return replace(self, radius_m=self.radius_m + by_m)

    def height_m(self) -> F64Array:
        """(A, S) y of each place, skull frame."""
        return np.asarray(self.points()[..., 1])

    def arc_m(self) -> F64Array:
        """(A, S) metres along each column from the crown."""
        step = np.linalg.norm(np.diff(self.points(), axis=1), axis=-1)
        return np.concatenate([np.zeros((AZIMUTHS, 1)), np.cumsum(step, axis=1)], axis=1)

    def cut(self, field: F64Array) -> CutPiece:
        """The part where a field (A, S), in metres, is positive."""
        points = self.points().reshape(-1, 3)
        rows = self.radius_m.shape[1]
        quads = grid_faces(AZIMUTHS, rows, closed_rows=True)
        cut = cut_mesh(quads, np.asarray(field.reshape(-1), np.float32))
        where = np.stack(
            np.broadcast_arrays(np.arange(AZIMUTHS)[:, None] * 1.0, np.arange(rows)[None] * 1.0), -1
        ).reshape(-1, 2)
        az = np.arange(AZIMUTHS)[:, None] * (2 * np.pi / AZIMUTHS) + 0 * field
        turned = cut.operator @ np.stack([np.cos(az.ravel()), np.sin(az.ravel())], 1)
        corners = quads[cut.parent]
        # A face across the seam counts its azimuth on: UVs run from the parent's first column.
        first = where[corners].reshape(len(corners), 4, 2)
        base = first[:, :, 0].min(1)
        base = np.where(first[:, :, 0].max(1) - base > AZIMUTHS / 2, AZIMUTHS - 1, base)
        own = np.asarray(np.arctan2(turned[:, 1], turned[:, 0])) / (2 * np.pi) * AZIMUTHS
        column = own[np.maximum(cut.faces, 0)]
        column = column + AZIMUTHS * np.round((base[:, None] + 0.5 - column) / AZIMUTHS)
        row = np.asarray(cut.operator @ where[:, 1])[np.maximum(cut.faces, 0)]
        uv = np.stack([column * (2 * np.pi / AZIMUTHS * 0.09), row * ROW_M], -1)
        return CutPiece(
            Piece(np.asarray(cut.operator @ points, np.float64), cut.faces),
            uv,
            cut.loops,
            np.asarray(np.arctan2(turned[:, 1], turned[:, 0])),
        )

    def place(self, points_m: F64Array) -> tuple[F64Array, F64Array]:
        """Azimuth (n,) and row (n,), not whole, of points (n, 3)."""
        return _place(points_m, self.centre_m, self.axis_m)

    def radius_at(self, azimuth: F64Array, row: F64Array) -> F64Array:
        """(n,) linear between the places."""
        from scipy.ndimage import map_coordinates

        at = np.stack([azimuth / (2 * np.pi) * AZIMUTHS % AZIMUTHS, row])
        return np.asarray(map_coordinates(self.radius_m, at, order=1, mode="grid-wrap"))

    def surface_at(self, azimuth: F64Array, row: F64Array) -> F64Array:
        """(n, 3) points of the shell."""
        rows = np.arange(len(self.axis_m))
        axis = np.stack([np.interp(row, rows, self.axis_m[:, k]) for k in range(3)], 1)
        polar = np.minimum(row, POLAR_ROWS) * (np.pi / 2 / POLAR_ROWS)
        way = np.stack(
            [np.sin(polar) * np.sin(azimuth), np.cos(polar), np.sin(polar) * np.cos(azimuth)], 1
        )
        return np.asarray(axis + way * self.radius_at(azimuth, row)[:, None])

    def neck_floor(self, widest_m: F64Array | float) -> F64Array:
        """(A,) height at which the body first reaches so far out, going down from the neck."""
        height = self.height_m()
        rows = np.arange(height.shape[1])[None]
        neck = JAW_ROW + self.radius_m[:, JAW_ROW:].argmin(axis=1)[:, None]
        out = (self.radius_m > np.broadcast_to(widest_m, (AZIMUTHS,))[:, None]) & (rows > neck)
        first = np.where(out.any(axis=1), out.argmax(axis=1), height.shape[1] - 1)
        return np.asarray(np.take_along_axis(height, first[:, None], 1)[:, 0])

    def normals(self) -> F64Array:
        """(A, S, 3) outward unit normals of the grid."""
        p = self.points()
        n = np.cross(np.roll(p, -1, 0) - np.roll(p, 1, 0), -np.gradient(p, axis=1))
        n[:, 0] = n[:, 1].mean(0)
        return np.asarray(n / np.maximum(np.linalg.norm(n, axis=-1, keepdims=True), 1e-12))


def upward(shell: Capsule) -> F64Array:
    """(1, S) 1 at the crown to 0 at the widest and below: the rays' upward part."""
    rows = np.minimum(np.arange(shell.radius_m.shape[1]), POLAR_ROWS)
    return np.asarray(np.cos(rows * (np.pi / 2 / POLAR_ROWS))[None])


def outline_field(azimuth: F64Array, height_m: F64Array, outline: F64Array) -> F64Array:
    """Signed distance (A, S) to a closed smooth curve through (n, 2) places: arc and height.

    Both in metres, arc being azimuth at a radius of 0.09; positive inside.
    """
    curve = closed_curve(outline, 400)
    along = np.roll(curve, -1, 0) - np.roll(curve, 1, 0)
    area = 0.5 * np.sum(
        curve[:, 0] * np.roll(curve[:, 1], -1) - np.roll(curve[:, 0], -1) * curve[:, 1]
    )
    inward = np.stack([-along[:, 1], along[:, 0]], 1) * np.sign(area)
    at = np.stack(np.broadcast_arrays(azimuth * 0.09, height_m), -1).reshape(-1, 2)
    distance, index = cKDTree(curve).query(at)
    side = np.einsum("ij,ij->i", at - curve[index], inward[index])
    return np.asarray(np.where(side >= 0, distance, -distance).reshape(height_m.shape))


def _axis(fit: HeadFit, centre: F64Array) -> F64Array:
    """(S, 3) starts of the rays: the middle of the skull, then down the neck."""
    y = centre[1] - np.maximum(np.arange(POLAR_ROWS + DOWN_ROWS) - POLAR_ROWS, 0) * ROW_M
    knots = [centre, centre - np.array([0.0, STRAIGHT_M, 0.0]), *fit.neck_axis()]
    heights = np.array([k[1] for k in knots])
    order = np.argsort(heights)
    knot = np.array(knots)[order]
    return np.stack(
        [np.interp(y, heights[order], knot[:, 0]), y, np.interp(y, heights[order], knot[:, 2])], 1
    )


def _place(points: F64Array, centre: F64Array, axis: F64Array) -> tuple[F64Array, F64Array]:
    down = (centre[1] - points[:, 1]) / ROW_M
    rows = np.arange(len(axis))
    at = np.stack([np.interp(POLAR_ROWS + down, rows, axis[:, k]) for k in (0, 2)], 1)
    flat = points[:, [0, 2]] - at
    out = np.hypot(flat[:, 0], flat[:, 1])
    polar = np.arctan2(out, points[:, 1] - centre[1]) / (np.pi / 2) * POLAR_ROWS
    return np.arctan2(flat[:, 0], flat[:, 1]), np.where(down > 0, POLAR_ROWS + down, polar)


def _reach(points: F64Array, centre: F64Array, axis: F64Array) -> F64Array:
    """(A, S) distance of the outermost point in each cell; cells without one take a neighbour's."""
    azimuth, row = _place(points, centre, axis)
    k = np.round(row).astype(np.int64)
    inside = (k >= 0) & (k < len(axis))
    points, azimuth, k, row = points[inside], azimuth[inside], k[inside], row[inside]
    rows = np.arange(len(axis))
    start = np.stack([np.interp(row, rows, axis[:, c]) for c in range(3)], 1)
    radius = np.linalg.norm(points - start, axis=1)
    a = np.round(azimuth / (2 * np.pi) * AZIMUTHS).astype(np.int64) % AZIMUTHS
    out = np.zeros((AZIMUTHS, len(axis)))
    np.maximum.at(out, (a, k), radius)
    for _ in range(30):
        bare = out < LEAST_RADIUS_M
        if not bare.any():
            break
        near = maximum_filter(out, size=(3, 3), mode=("wrap", "nearest"))
        out = np.where(bare, near, out)
    return _with_pole(np.maximum(out, LEAST_RADIUS_M))


def _with_pole(radius: F64Array) -> F64Array:
    """The crown's cells are smaller than the mesh's: there a bowl fitted to the rows about it."""
    low, high = POLE_ROWS
    k = np.arange(high)[None]
    turn = np.arange(AZIMUTHS)[:, None] * (2 * np.pi / AZIMUTHS)
    terms = np.stack(
        np.broadcast_arrays(1.0, k**2, k * np.sin(turn), k * np.cos(turn), k**2 * np.cos(2 * turn)),
        -1,
    )
    wanted = radius[:, low:high].ravel()
    found, *_ = np.linalg.lstsq(terms[:, low:].reshape(len(wanted), -1), wanted, rcond=None)
    share = np.clip((k - low + 3) / 3, 0, 1)
    out = radius.copy()
    out[:, :high] = (terms @ found) * (1 - share) + radius[:, :high] * share
    return out


def _blurred(radius: F64Array, sigma: float) -> F64Array:
    """A blur that goes on over the crown, down the other side."""
    beyond = min(int(4 * sigma) + 1, radius.shape[1] - 1)
    other = np.roll(radius, AZIMUTHS // 2, axis=0)[:, beyond:0:-1]
    whole = np.concatenate([other, radius], axis=1)
    out = gaussian_filter(whole, sigma, mode=("wrap", "nearest"))[:, beyond:]
    out[:, 0] = out[:, 0].mean()
    return np.asarray(out)
