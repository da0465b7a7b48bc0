"""Eyelashes on the rims of the lids, which carry them through every blink."""

from __future__ import annotations

import numpy as np

from assets.geometry import F32Array, Strands
from assets.hair.colour import pigment
from assets.hair.data import groom_data
from assets.hair.facial_data import LashRim
from assets.hair.surface import HeadSurface, SkullHead
from assets.hair.tapering import tapered
from assets.hair.vectors import unit
from assets.noise import Stream
from spec_schema.classes import SegmentationClass
from spec_schema.spec import BrowSpec, SceneSpec

__all__ = ["grow_lashes"]

MASCARA_LONGER = 0.15
MASCARA_THICKER = 0.7
LIGHTEST = 0.42
"""Melanin of the lashes of the fairest; lashes are darker than hair."""
TRIAD = 3
"""Neighbouring lashes stick together by about so many."""


def grow_lashes(spec: SceneSpec, head: HeadSurface, detail: float) -> Strands:
    """The lashes of both eyes."""
    data, skull, brows = groom_data().lashes, head.skull, spec.brows
    # Mascara reaches the fair ends that one does not see otherwise.
    scale = brows.lash_length * (1 + MASCARA_LONGER * brows.mascara)
    share = brows.lash_density * detail
    upper, lower = round(data.upper_count * share), round(data.lower_count * share)
    lids = [
        _lid(skull, rim, eye, max(count, 1), mm * 1e-3 * scale, brows, name)
        for name, rim, eye, count, mm in (
            ("right upper", data.right_upper, 0, upper, data.upper_mm),
            ("right lower", data.right_lower, 0, lower, data.lower_mm),
            ("left upper", data.left_upper, 1, upper, data.upper_mm),
            ("left lower", data.left_lower, 1, lower, data.lower_mm),
        )
    ]
    points = np.concatenate(lids)
    n = len(points)
    bare = LIGHTEST + (1 - LIGHTEST) * brows.melanin
    melanin, redness = pigment(
        bare + (0.99 - bare) * brows.mascara,
        brows.redness * (1 - brows.mascara),
        0.4 * brows.grey * (1 - brows.mascara),
        n,
        lambda name: Stream(brows.seed, f"lashes/{name}"),
    )
    thick = 1 + MASCARA_THICKER * brows.mascara
    radius = data.radius_um * thick * Stream(brows.seed, "lashes/look").uniform(n, 0.75, 1.15)
    return Strands(
        name="lashes",
        points_m=head.to_world(points),
        radius_m=tapered(radius, data.points, 0.2, detail, power=1.2),
        melanin=melanin,
        redness=redness,
        strand_class=SegmentationClass.SKIN,
    )


def _lid(
    head: SkullHead, rim: LashRim, eye: int, count: int, length_m: float, brows: BrowSpec, name: str
) -> F32Array:
    """Lashes (count, points, 3) of one lid, skull frame."""
    data = groom_data().lashes
    stream = Stream(brows.seed, f"lashes/{name}")
    groups = max(count // TRIAD, 1)
    place = (np.arange(groups) + stream.uniform(groups, 0.1, 0.9)) / groups
    group = np.minimum(np.arange(count) // TRIAD, groups - 1)
    u = np.clip(place[group] + stream.normal(count, 0.014 - 0.006 * brows.mascara), 0.0, 1.0)
    root = _along(head.cage_m[list(rim.rim)], u)
    middle = _along(head.cage_m[list(rim.middle)], u)
    tip = _along(head.cage_m[list(rim.tip)], u)
    forward = unit(root - head.eyes_m[eye])
    # The helper strip stands steeply; true lashes first go out from the eye.
    out = unit(0.55 * forward + 0.45 * unit(middle - root))
    out = unit(out + stream.normal((count, 3), 0.06) + stream.normal((groups, 3), 0.07)[group])
    curl = unit(tip - middle)
    corner = np.interp(u, [0.0, 0.12, 0.4, 0.75, 1.0], [0.75, 1.0, 1.0, 0.8, 0.5])
    length = (length_m * corner * stream.uniform(count, 0.6, 1.1))[:, None, None]
    s = np.linspace(0.0, 1.0, data.points, dtype=np.float32)[None, :, None]
    bend = 0.25 + 0.7 * brows.lash_curl
    points = root[:, None] + length * (out[:, None] * s * 0.85 + curl[:, None] * bend * s**1.8)
    return np.asarray(points, np.float32)


def _along(row: F32Array, u: F32Array) -> F32Array:
    """Points (n, 3) at the shares ``u`` of the arc length of a polyline."""
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(row, axis=0), axis=1))])
    at = u * arc[-1]
    return np.stack([np.interp(at, arc, row[:, k]) for k in range(3)], 1).astype(np.float32)
