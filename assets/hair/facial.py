"""Moustaches, beards, sideburns and stubble."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.spatial import cKDTree

from assets.geometry import F32Array, HairMaterial, I32Array, Strands
from assets.hair.clearing import cleared
from assets.hair.clumping import choose, gather
from assets.hair.colour import pigment
from assets.hair.curves import WanderBank, coil, resample
from assets.hair.data import FacialStyle, Region, groom_data
from assets.hair.growth import Fall, follow, grow
from assets.hair.roots import Roots, sample_roots
from assets.hair.scalp import Scalp
from assets.hair.surface import HeadSurface, SkullHead
from assets.hair.tapering import tapered
from assets.hair.vectors import rotate_about, smoothstep, tangent, unit
from assets.noise import Stream, ValueNoise
from spec_schema.classes import SegmentationClass
from spec_schema.spec import SceneSpec

__all__ = ["beard_density", "grow_beard"]

STUBBLE_M = 0.004
"""Shorter hair stands by itself: no clumps, no fall."""
MOUTH_RIM_M = 0.012
GUIDES = 2200
GUIDE_STEPS = 10


def beard_density(
    rest_dm: F32Array, regions: Mapping[Region, float], noise: ValueNoise
) -> F32Array:
    """0-1 at rest points ``(*, 3)`` in decimetres; heights from the groom study."""
    x, y, z = np.abs(rest_dm[..., 0]), rest_dm[..., 1], rest_dm[..., 2]
    azimuth = Scalp.azimuth_deg(rest_dm)
    rough = 0.05 * noise(rest_dm, 6.0) + 0.03 * noise(rest_dm, 22.0)
    upper = np.interp(
        x,
        [0, 0.20, 0.30, 0.40, 0.52, 0.62, 0.70, 0.76],
        [6.62, 6.60, 6.66, 6.62, 6.68, 6.90, 7.12, 7.20],
    )
    lower = np.interp(z, [0.3, 0.6, 0.9, 1.15, 1.4], [6.62, 6.42, 6.26, 6.12, 6.10])
    whole = smoothstep(upper - y + rough, -0.04, 0.14)
    whole = whole * smoothstep(y - lower + rough, -0.05, 0.16) * smoothstep(z, 0.58, 0.74)
    whole = whole * np.where(azimuth > 60, smoothstep(x, 0.5, 0.62), 1.0)
    before = z > 1.2
    lip = np.exp(-1.2 * ((y - (6.775 - 0.10 * (x / 0.30) ** 2)) / 0.060) ** 2)
    lip = lip * smoothstep(0.32 - x + 0.5 * rough, 0.0, 0.10) * before
    lip = lip * (1 - 0.35 * np.exp(-((x / 0.025) ** 2)))
    soul = np.exp(-(((y - 6.47) / 0.08) ** 2) - (x / 0.07) ** 2) * before
    chin = smoothstep(0.36 - x + rough, 0.0, 0.12)
    sideburn = smoothstep(y + rough, 6.78, 6.95) * smoothstep(x, 0.5, 0.62)
    neck = smoothstep(6.36 + 0.35 * (1 - smoothstep(z, 0.6, 1.2)) - y, -0.02, 0.12)
    cheek = np.clip(1 - chin - sideburn, 0, 1) * (1 - neck)
    parts: dict[Region, F32Array] = {
        "moustache": lip,
        "soul": soul,
        "chin": whole * chin * (1 - neck),
        "cheek": whole * cheek,
        "sideburn": whole * sideburn,
        "neck": whole * neck,
    }
    total = np.zeros_like(y)
    for name, part in parts.items():
        total = np.maximum(total, part * regions.get(name, 0.0))
    return np.asarray(np.clip(total, 0, 1), np.float32)


def grow_beard(spec: SceneSpec, head: HeadSurface, detail: float) -> Strands | None:
    """All facial hair, or None where there is none."""
    hair = spec.facial_hair
    if hair.style == "shaved" or hair.density == 0 or hair.length_m == 0:
        return None
    style, skull = groom_data().facial(hair.style), head.skull
    noise = ValueNoise(hair.seed, "beard/noise")
    near_lips = cKDTree(skull.rest_dm[skull.masks["lips"] > 0.35])

    def density(rest_dm: F32Array) -> F32Array:
        full = beard_density(rest_dm, style.regions, noise)
        grows = full > 0
        gap, _ = near_lips.query(rest_dm[grows], distance_upper_bound=0.05)
        full[grows] *= smoothstep(np.minimum(gap, 0.05), 0.012, 0.03)
        return full

    stream = Stream(hair.seed, "beard/roots")
    roots = sample_roots(skull, density, round(style.count * hair.density * detail), stream)
    if len(roots) == 0:
        return None
    length = _length_m(roots, style, hair.length_m, stream)
    points, clump = _strands(skull, roots, style, length, hair.seed, noise, hair.length_m)
    n = len(roots)
    look = Stream(hair.seed, "beard/look")
    chin_first = smoothstep(6.75 - roots.rest_dm[:, 1], 0.0, 0.4)
    melanin, redness = pigment(
        hair.melanin, hair.redness, hair.grey, n, look, clump, greys_first=chin_first
    )
    radius = style.radius_um * look.uniform(n, 0.8, 1.2)
    return Strands(
        name="facial hair",
        points_m=head.to_world(points),
        radius_m=tapered(radius, points.shape[1], 0.35, detail),
        melanin=melanin,
        redness=redness,
        strand_class=SegmentationClass.BEARD,
        material=HairMaterial(roughness=0.3, radial_roughness=0.45),
    )


def _length_m(roots: Roots, style: FacialStyle, longest_m: float, stream: Stream) -> F32Array:
    x, y, z = np.abs(roots.rest_dm[:, 0]), roots.rest_dm[:, 1], roots.rest_dm[:, 2]
    down = np.interp(y, [6.05, 6.3, 6.5, 6.75, 7.1], [1.0, 1.0, 0.75, 0.42, 0.25])
    out = np.interp(x, [0, 0.3, 0.6], [1.0, 0.85, 0.6])
    length = longest_m * (1 - style.taper * (1 - down * out))
    moustache = (y > 6.66) & (x < 0.36) & (z > 1.25)
    length = np.where(moustache, np.minimum(style.moustache_mm * 1e-3, longest_m), length)
    return np.asarray(length * stream.uniform(len(roots), 0.55, 1.1), np.float32)


def _strands(
    head: SkullHead,
    roots: Roots,
    style: FacialStyle,
    length: F32Array,
    seed: int,
    noise: ValueNoise,
    longest_m: float,
) -> tuple[F32Array, I32Array | None]:
    """Strands (n, points, 3), skull frame, and their clumps."""
    n = len(roots)
    stream = Stream(seed, "beard/growth")
    lying = _lying(roots, noise)
    if longest_m < STUBBLE_M:
        d = unit(roots.normal * 0.55 + lying * 0.5 + stream.normal((n, 3), 0.18))
        s = np.linspace(0.0, 1.0, 4, dtype=np.float32)[None, :, None]
        points = roots.point_m[:, None] + d[:, None] * s * length[:, None, None]
        return cleared(head.field, np.asarray(points, np.float32), 0.0002), None
    lift = style.lift * (1 + 0.2 * noise(roots.rest_dm, 9.0))[:, None]
    direction = unit(roots.normal * lift + lying * (1 - lift) + stream.normal((n, 3), 0.12))
    index = choose(n, GUIDES, stream)
    fall = Fall(0.80, 0.16, 0.0, 0.8, 0.0, 0.07, 0.004)
    shell = np.full(len(index), 0.0006, np.float32)
    guides = grow(
        roots.point_m[index], direction[index], length[index], shell, GUIDE_STEPS,
        head.field, head.gravity, fall, stream,
    )  # fmt: skip
    m = style.points
    strands = follow(roots.point_m, roots.point_m, length, resample(guides, m), index)
    loose = (stream.uniform(n) < 0.05).astype(np.float32)
    strands = WanderBank(m, stream, (0.6, 1.7, 3.5)).add(strands, 0.05 * length)
    strands, clump = gather(
        strands, roots.point_m, stream, count=500, amount=(0.1, 0.45), power=(0.7, 1.5),
        wander_m=0.0012, waves=(0.7, 1.5), unevenness=0.3, apart=loose,
    )  # fmt: skip
    strands = coil(
        strands, clump, length, stream, radius_m=style.curl_mm * 1e-3, pitch_m=0.014,
        start_m=0.004, phase_spread=1.3, flatten=1.0, vary=0.4,
    )  # fmt: skip
    strands, clump = gather(
        strands, roots.point_m, stream, count=1500, amount=(0.3, 0.85), power=(0.5, 1.2),
        wander_m=0.0008, waves=(1.0, 2.0), unevenness=0.3, apart=loose,
    )  # fmt: skip
    strands = WanderBank(m, stream, (2.0, 5.0)).add(strands, 0.03 * length)
    strands = cleared(head.field, strands, 0.0004)
    return _out_of_mouth(head, strands), clump


def _lying(roots: Roots, noise: ValueNoise) -> F32Array:
    """Directions in the skin: down, outward on the cheeks, parted on the upper lip."""
    x, y, z = roots.rest_dm.T
    ax, ones = np.abs(x), np.ones(len(x), np.float32)
    moustache = (y > 6.66) & (ax < 0.36) & (z > 1.25)
    lip = np.stack([np.sign(x) * (0.25 + 2.6 * ax), -ones, 0.1 * ones], 1)
    forward = 0.25 * smoothstep(0.35 - ax, 0.0, 0.3) - 0.30 * smoothstep(ax, 0.4, 0.6)
    down = np.stack([0.35 * x, -ones, forward], 1)
    lying = tangent(np.where(moustache[:, None], lip, down).astype(np.float32), roots.normal)
    return rotate_about(lying, roots.normal, 0.35 * noise(roots.rest_dm, 5.0))


def _out_of_mouth(head: SkullHead, strands: F32Array) -> F32Array:
    """Strands that would reach into an open mouth end at the lip."""
    inside = head.masks["inside-mouth"] > 0.5
    if not inside.any():
        return strands
    low, high = head.vertices_m[inside].min(0), head.vertices_m[inside].max(0)
    row, step = np.nonzero(((strands > low) & (strands < high)).all(-1))
    if len(row) == 0:
        return strands
    around = ((head.vertices_m > low - MOUTH_RIM_M) & (head.vertices_m < high + MOUTH_RIM_M)).all(1)
    tree = cKDTree(head.vertices_m[around])
    is_inside = inside[around]
    _, index = tree.query(strands[row, step])
    bad = np.zeros(strands.shape[:2], bool)
    bad[row, step] = is_inside[index]
    hit = np.nonzero(bad.any(1))[0]
    if len(hit) == 0:
        return strands
    m = strands.shape[1]
    last = np.maximum(bad[hit].argmax(1) - 1, 1)
    out = strands.copy()
    out[hit] = resample(strands[hit], m, (last / (m - 1)).astype(np.float32))
    return out
