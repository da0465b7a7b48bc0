"""The wet parts about the ball: lining of the lids, caruncle, plica, and the tear line.

The lids of hm08 touch the ball behind their edge, where they touch it at all. Here a strip runs
from the inner edge of each posed lid down to the posed ball and out along it, so that no gap
is seen at any gaze, blink or squint; towards the nose it rises to plica and caruncle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.eyes.constants import eye_constants
from assets.eyes.lids import LidRings, between
from assets.geometry import F32Array, I32Array

__all__ = ["WetParts", "caruncle", "lining", "tear_line"]

F64Array = NDArray[np.float64]


@dataclass(frozen=True)
class WetParts:
    """A mesh of quads, world frame."""

    vertices_m: F32Array
    """(V, 3)"""
    faces: I32Array
    """(F, 4) facing out of the eye"""
    uv: F32Array
    """(F, 4, 2) u once round the opening, v across: see the texture's constants"""


@dataclass(frozen=True)
class _Opening:
    """Axes of one opening about the ball's centre; stations ``(K, 3)``."""

    out: F64Array
    """(K, 3) unit, out of the ball at the lid's inner edge."""
    height: F64Array
    """(K, 1) of that edge over the ball, metres."""
    inwards: F64Array
    """(K, 3) unit, along the ball toward the middle of the opening."""
    room: F64Array
    """(K, 1) metres to the other lid."""
    inner: F64Array


def _unit(v: F64Array) -> F64Array:
    return np.asarray(v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-12))


def _opening(rings: LidRings, centre: F64Array, radius: float) -> _Opening:
    inner = rings.inner - centre
    out = _unit(inner)
    height = np.linalg.norm(inner, axis=1, keepdims=True) - radius
    n = len(inner)
    # Across from a station lies the one as far from the inner corner along the other lid.
    across = inner[(n - np.arange(n)) % n] - inner
    room = np.linalg.norm(across, axis=1, keepdims=True)
    middle = inner.mean(0)
    aim = middle - inner
    # At the corners the way in is along the opening, elsewhere straight to the other lid.
    weight = np.clip(room / np.quantile(room, 0.9), 0, 1)
    aim = between(_unit(aim), _unit(across), weight * 0.6)
    inwards = _unit(aim - (aim * out).sum(1, keepdims=True) * out)
    return _Opening(out, height, inwards, room, inner)


def lining(rings: LidRings, centre: F64Array, radius: float) -> WetParts:
    """The strip from the lids' inner edge to the ball.

    Args:
        rings: of the posed lids.
        centre: (3,) of the ball. radius: of the opaque ball, metres.
    """
    c = eye_constants().wet
    fine = rings.finer(c.times)
    o = _opening(fine, centre, radius)
    # It begins a little behind the edge and under the skin.
    start = between(fine.inner, fine.behind, c.start) - centre
    start = start - c.sunk_m * o.inwards
    reach = np.minimum(c.reach_m, c.reach_of_room * o.room)
    foot = _onto(start, radius)
    landing = _onto(foot + reach * o.inwards, radius - c.under_m)
    t = np.linspace(0, 1, c.across)[:, None, None]
    # A fillet: the corner between lid and ball is the curve's control point.
    curve = (
        (1 - t) ** 2 * start + 2 * t * (1 - t) * _onto(foot, radius + c.fillet_m) + t**2 * landing
    )
    return _strip(curve, centre, 0.0, 0.5)


def tear_line(rings: LidRings, centre: F64Array, radius: float, shell_radius: float) -> WetParts:
    """The meniscus along the lower lid: a narrow concave band on lining and ball.

    Args:
        rings: of the posed lids.
        centre: (3,) of the ball. radius: of the opaque ball, metres.
        shell_radius: of the clear shell about it.
    """
    c = eye_constants().wet
    fine = rings.finer(c.times)
    n = len(fine.inner)
    lower = slice(n // 2 + 1, n)
    o = _opening(fine, centre, radius)
    start = between(fine.inner, fine.behind, c.start) - centre
    foot = _onto(start, radius)
    share = np.linspace(0, 1, n - n // 2 - 1)[:, None]
    taper = np.sqrt(np.clip(np.minimum(share, 1 - share) * 8, 0, 1))
    reach = np.minimum(c.reach_m, c.reach_of_room * o.room)[lower]
    width = (c.tear_m * taper + 1e-5) * np.clip(o.room[lower] / c.tear_room_m, 0, 1)
    top = between(foot[lower], start[lower], c.tear_height) + 0.6 * reach * o.inwards[lower]
    end = _onto(foot[lower] + (reach + width) * o.inwards[lower], shell_radius + 2e-5)
    middle = _onto(foot[lower] + 0.8 * reach * o.inwards[lower], shell_radius + 4e-5)
    t = np.linspace(0, 1, c.across)[:, None, None]
    curve = (1 - t) ** 2 * top + 2 * t * (1 - t) * middle + t**2 * end
    return _strip(curve, centre, 0.0, 1.0, closed=False)


def caruncle(rings: LidRings, centre: F64Array, radius: float) -> WetParts:
    """The fleshy knob in the inner corner, running out on the ball as the plica's fold."""
    c = eye_constants().wet
    n = len(rings.inner)
    corner = rings.behind[0] - centre
    toward = rings.inner[n // 2] - centre - corner
    out = _unit(corner)
    along = _unit(toward - (toward @ out) * out)
    up = np.cross(out, along)
    up = up * np.sign(up @ (rings.edge[n // 4] - rings.edge[3 * n // 4]))
    gap = float(np.linalg.norm(rings.inner[2] - rings.inner[n - 2]))
    turn = np.arange(c.knob_segments) / c.knob_segments * 2 * np.pi
    polar = np.linspace(0, np.pi / 2, c.knob_rings)[1:, None]
    x, y = np.sin(polar) * np.cos(turn), np.sin(polar) * np.sin(turn)
    bumps = 1 + c.knob_bumps * np.sin(7 * x + 1) * np.sin(8 * y + 2)
    # It runs out flat: a half ball looked like a bead that had been put there.
    z = np.cos(polar) ** 3 * bumps
    # Long towards the ball, where it thins out to the plica.
    length = np.where(x > 0, c.plica_m, c.knob_m)
    half_height = min(c.knob_share * gap, c.knob_m)
    lift = c.knob_lift_m * np.where(x > 0, 1 - 0.55 * x, 1.0) * np.clip(gap / c.knob_gap_m, 0.2, 1)
    base = _onto(corner + 0.3 * c.knob_m * along, radius)
    flat = base + (x * length)[..., None] * along + (y * half_height)[..., None] * up
    floor = radius - c.under_m + (z * (lift + c.under_m))
    grid = _unit(flat) * np.minimum(floor, np.linalg.norm(corner) + c.knob_below_m)[..., None]
    pole = np.repeat(grid[:1].mean(1, keepdims=True), len(turn), 1)
    return _strip(np.concatenate([pole, grid]), centre, 0.5, 1.0)


def _onto(points: F64Array, radius: float) -> F64Array:
    return _unit(points) * radius


def _strip(
    curve: F64Array, centre: F64Array, v0: float, v1: float, closed: bool = True
) -> WetParts:
    """Quads between the rows ``(M, K, 3)`` about a ball's centre, wound so that they face out."""
    rows, n = curve.shape[:2]
    j = np.arange(n if closed else n - 1)
    following = (j + 1) % n
    faces, uvs = [], []
    v = np.linspace(v0, v1, rows)
    for i in range(rows - 1):
        a, b = i * n, (i + 1) * n
        faces.append(np.stack([a + j, a + following, b + following, b + j], -1))
        u0, u1 = j / n, (j + 1) / n
        low, high = np.full(len(j), v[i]), np.full(len(j), v[i + 1])
        corners = ((u0, low), (u1, low), (u1, high), (u0, high))
        uvs.append(np.stack([np.stack(p, -1) for p in corners], 1))
    quads, points, uv = np.concatenate(faces), curve.reshape(-1, 3), np.concatenate(uvs)
    corners_m = points[quads]
    normal = np.cross(corners_m[:, 2] - corners_m[:, 0], corners_m[:, 3] - corners_m[:, 1])
    if (normal * corners_m[:, 0]).sum() < 0:  # the stations run the other way round
        quads, uv = quads[:, ::-1], uv[:, ::-1]
    return WetParts(
        np.asarray(points + centre, np.float32),
        np.ascontiguousarray(quads, np.int32),
        np.ascontiguousarray(uv, np.float32),
    )
