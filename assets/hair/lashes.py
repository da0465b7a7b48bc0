"""Eyelashes on the rims of the lids, which carry them through every blink."""

from __future__ import annotations

import numpy as np

from assets.geometry import F32Array, Strands
from assets.hair.colour import pigment
from assets.hair.data import LashRim, groom_data
from assets.hair.surface import HeadSurface, SkullHead
from assets.hair.tapering import tapered
from assets.hair.vectors import unit
from assets.noise import Stream
from spec_schema.classes import SegmentationClass
from spec_schema.spec import SceneSpec

__all__ = ["grow_lashes"]

TRIAD = 3
"""Neighbouring lashes stick together by about so many."""


def grow_lashes(spec: SceneSpec, head: HeadSurface, detail: float) -> Strands:
    """The lashes of both eyes."""
    data, skull = groom_data().lashes, head.skull
    scale = spec.brows.lash_length
    upper, lower = round(data.upper_count * detail), round(data.lower_count * detail)
    lids = [
        _lid(skull, rim, eye, count, mm * 1e-3 * scale, spec.brows.seed, name)
        for name, rim, eye, count, mm in (
            ("right upper", data.right_upper, 0, upper, data.upper_mm),
            ("right lower", data.right_lower, 0, lower, data.lower_mm),
            ("left upper", data.left_upper, 1, upper, data.upper_mm),
            ("left lower", data.left_lower, 1, lower, data.lower_mm),
        )
    ]
    points = np.concatenate(lids)
    n = len(points)
    stream = Stream(spec.brows.seed, "lashes/look")
    darkest = 0.55 + 0.45 * spec.brows.melanin
    melanin, redness = pigment(darkest, spec.hair.redness, 0.25 * spec.hair.grey, n, stream)
    radius = data.radius_um * stream.uniform(n, 0.75, 1.15)
    return Strands(
        name="lashes",
        points_m=head.to_world(points),
        radius_m=tapered(radius, data.points, 0.2, detail, power=1.2),
        melanin=melanin,
        redness=redness,
        strand_class=SegmentationClass.SKIN,
    )


def _lid(
    head: SkullHead, rim: LashRim, eye: int, count: int, length_m: float, seed: int, name: str
) -> F32Array:
    """Lashes (count, points, 3) of one lid, skull frame."""
    data = groom_data().lashes
    stream = Stream(seed, f"lashes/{name}")
    groups = max(count // TRIAD, 1)
    place = (np.arange(groups) + stream.uniform(groups, 0.1, 0.9)) / groups
    group = np.minimum(np.arange(count) // TRIAD, groups - 1)
    u = np.clip(place[group] + stream.normal(count, 0.012), 0.0, 1.0)
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
    points = root[:, None] + length * (out[:, None] * s * 0.85 + curl[:, None] * 0.6 * s**1.8)
    return np.asarray(points, np.float32)


def _along(row: F32Array, u: F32Array) -> F32Array:
    """Points (n, 3) at the shares ``u`` of the arc length of a polyline."""
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(row, axis=0), axis=1))])
    at = u * arc[-1]
    return np.stack([np.interp(at, arc, row[:, k]) for k in range(3)], 1).astype(np.float32)
