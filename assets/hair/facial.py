"""Moustaches, beards, sideburns and stubble."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from assets.geometry import F32Array, HairMaterial, I32Array, Strands
from assets.hair.clearing import STUMP, cleared
from assets.hair.clumping import choose, gather, nested
from assets.hair.colour import pigment
from assets.hair.curves import WanderBank, coil, resample
from assets.hair.data import groom_data
from assets.hair.exact import held_out
from assets.hair.facial_data import FacialStyle
from assets.hair.facial_map import BeardShape, beard_density, combed, on_upper_lip
from assets.hair.growth import Fall, follow, grow
from assets.hair.moustache import waxed
from assets.hair.roots import Roots, sample_roots
from assets.hair.spacing import OVERSAMPLED, evenly_spaced
from assets.hair.surface import HeadSurface, SkullHead
from assets.hair.tapering import tapered
from assets.hair.vectors import rotate_about, smoothstep, tangent, unit
from assets.noise import Stream, ValueNoise
from spec_schema.classes import SegmentationClass
from spec_schema.spec import FacialHairSpec, SceneSpec

__all__ = ["grow_beard", "out_of_mouth"]

STUBBLE_M = 0.004
"""Shorter hair stands by itself: no clumps, no fall."""
MOUTH_RIM_M = 0.012
LIP_M = np.float32(0.004)
WAXED_ABOVE_DM = 6.56
CORNER_DM = 0.22
"""Where what is above belongs to a waxed moustache: beside the mouth."""
GUIDES = 2200
GUIDE_STEPS = 10


def grow_beard(spec: SceneSpec, head: HeadSurface, detail: float) -> Strands | None:
    """All facial hair, or None where there is none."""
    hair = spec.facial_hair
    if hair.style == "shaved" or hair.density == 0 or hair.length_m == 0:
        return None
    style, skull = groom_data().facial(hair.style), head.skull
    noise = ValueNoise(hair.seed, "beard/noise")
    shape = BeardShape.of(hair, style)
    roots = _roots(skull, hair, style, shape, noise, detail)
    n = len(roots)
    if n == 0:
        return None
    length = _length_m(roots, style, hair.length_m, Stream(hair.seed, "beard/length"))
    points, clump = _strands(skull, roots, style, shape, length, hair, noise)
    points = held_out(skull, skull.field, points)
    chin_first = smoothstep(6.75 - roots.rest_dm[:, 1], 0.0, 0.4)
    melanin, redness = pigment(
        hair.melanin,
        hair.redness,
        hair.grey,
        n,
        lambda name: Stream(hair.seed, f"beard/colour/{name}"),
        clump,
        chin_first,
    )
    radius = style.radius_um * Stream(hair.seed, "beard/look").uniform(n, 0.75, 1.2)
    # What is shaved or trimmed ends blunt; what has grown tapers.
    tip = float(np.interp(hair.length_m, [0.003, 0.02], [0.85, 0.35]))
    return Strands(
        name="facial hair",
        points_m=head.to_world(points),
        radius_m=tapered(radius, points.shape[1], tip, detail),
        melanin=melanin,
        redness=redness,
        strand_class=SegmentationClass.BEARD,
        material=HairMaterial(roughness=0.3, radial_roughness=0.45),
    )


def _roots(
    head: SkullHead,
    hair: FacialHairSpec,
    style: FacialStyle,
    shape: BeardShape,
    noise: ValueNoise,
    detail: float,
) -> Roots:
    """Evenly spaced; fewer of them are the first of many."""
    near_lips = cKDTree(head.rest_dm[head.masks["lips"] > 0.35])

    def density(rest_dm: F32Array) -> F32Array:
        full = beard_density(rest_dm, shape, noise)
        grows = full > 0
        gap, _ = near_lips.query(rest_dm[grows], distance_upper_bound=0.05)
        full[grows] *= smoothstep(np.minimum(gap, 0.05), 0.012, 0.03)
        return full

    stream = Stream(hair.seed, "beard/roots")
    count = round(style.count * hair.density)
    many = sample_roots(head, density, round(OVERSAMPLED * count), stream)
    kept = evenly_spaced(many.point_m, Stream(hair.seed, "beard/spacing"))
    kept = kept[: max(round(detail * len(kept)), 1)] if detail < 1 else kept
    return Roots(many.point_m[kept], many.normal[kept], many.rest_dm[kept])


def _length_m(roots: Roots, style: FacialStyle, longest_m: float, stream: Stream) -> F32Array:
    x, y = np.abs(roots.rest_dm[:, 0]), roots.rest_dm[:, 1]
    down = np.interp(y, [6.05, 6.3, 6.5, 6.75, 7.1], [1.0, 1.0, 0.75, 0.42, 0.25])
    out = np.interp(x, [0, 0.3, 0.6], [1.0, 0.85, 0.6])
    pointed = 1 - style.narrow * smoothstep(x, 0.05, 0.5)
    length = longest_m * (1 - style.taper * (1 - down * out)) * pointed
    moustache = np.minimum(style.moustache_mm * 1e-3, longest_m)
    length = np.where(on_upper_lip(roots.rest_dm), moustache, length)
    # Kept short by the same blade, or grown for months.
    shortest = float(np.interp(longest_m, [0.003, 0.015], [0.8, 0.55]))
    return np.asarray(length * stream.uniform(len(roots), shortest, 1.1), np.float32)


def _strands(
    head: SkullHead,
    roots: Roots,
    style: FacialStyle,
    shape: BeardShape,
    length: F32Array,
    hair: FacialHairSpec,
    noise: ValueNoise,
) -> tuple[F32Array, I32Array | None]:
    """Strands (n, points, 3), skull frame, and their clumps."""
    n = len(roots)

    def lots(name: str) -> Stream:
        return Stream(hair.seed, f"beard/{name}")

    lying = tangent(combed(roots.rest_dm, shape, noise), roots.normal)
    lying = rotate_about(lying, roots.normal, 0.3 * noise(roots.rest_dm, 5.0))
    upper = on_upper_lip(roots.rest_dm)
    if style.moustache_curl > 0:
        # What grows beside the corner of the mouth is combed along too.
        x, y, z = np.abs(roots.rest_dm[:, 0]), roots.rest_dm[:, 1], roots.rest_dm[:, 2]
        beside = (x > CORNER_DM) & (y > WAXED_ABOVE_DM) & (z > 1.2)
        upper = np.asarray(upper.astype(bool) | beside)
    if style.moustache_sweep and upper.any():
        lying[upper] = _swept(roots, upper, lying, style.moustache_sweep)
    astray = lots("astray").normal((n, 3))
    if hair.length_m < STUBBLE_M:
        d = unit(roots.normal * 0.5 + lying * 0.55 + 0.16 * astray)
        s = np.linspace(0.0, 1.0, style.points, dtype=np.float32)[None, :, None]
        points = roots.point_m[:, None] + d[:, None] * s * length[:, None, None]
        return cleared(head.field, np.asarray(points, np.float32), 0.0002), None
    lift = style.lift * (1 + 0.2 * noise(roots.rest_dm, 9.0))[:, None]
    direction = unit(roots.normal * lift + lying * (1 - lift) + 0.10 * astray)
    index = choose(n, GUIDES)
    fall = Fall(0.80, 0.16, 0.0, 0.8, 0.0, 0.05, 0.004)
    shell = np.full(len(index), 0.0006, np.float32)
    guides = grow(
        roots.point_m[index],
        direction[index],
        length[index],
        shell,
        GUIDE_STEPS,
        head.field,
        head.gravity,
        fall,
        lots("growth"),
    )
    m = style.points
    strands = follow(roots.point_m, roots.point_m, length, resample(guides, m), index)
    if style.moustache_curl > 0 and upper.any():
        lip = Roots(roots.point_m[upper], roots.normal[upper], roots.rest_dm[upper])
        up = np.array([0, 1, 0], np.float32)
        strands[upper] = waxed(lip, length[upper], m, style.moustache_curl, up)
    loose = (lots("loose").uniform(n) < 0.05).astype(np.float32)
    # Short hair is too stiff to hang together: its clumps would be blots on the cheek.
    apart = np.maximum(loose, 1 - smoothstep(length, 0.005, 0.02))
    strands = WanderBank(m, lots("bend"), (0.6, 1.7, 3.5)).add(strands, 0.05 * length)
    coarse, clump = nested(roots.point_m, (500, 1800))
    strands = gather(
        strands, coarse, lots("clump0"), count=500, amount=(0.15, 0.6), power=(0.7, 1.5),
        wander_m=0.0012, waves=(0.7, 1.5), unevenness=0.3, apart=apart,
    )  # fmt: skip
    strands = coil(
        strands, coarse, length, lots("coil"),
        radius_m=style.curl_mm * 1e-3 * (0.12 + 1.88 * hair.curl),
        pitch_m=0.014 * (1 - 0.65 * hair.curl),
        start_m=0.004, phase_spread=1.3, flatten=1.0, vary=0.4,
    )  # fmt: skip
    strands = gather(
        strands, clump, lots("clump1"), count=1800, amount=(0.4, 0.9), power=(0.5, 1.2),
        wander_m=0.0008, waves=(1.0, 2.0), unevenness=0.3, apart=apart,
    )  # fmt: skip
    strands = WanderBank(m, lots("frizz"), (2.0, 5.0)).add(strands, 0.02 * length)
    strands = cleared(head.field, strands, 0.0004)
    return out_of_mouth(head, strands), clump


def _swept(roots: Roots, upper: F32Array, lying: F32Array, share: float) -> F32Array:
    """The moustache's directions, combed from the middle to its ends."""
    side = np.where(roots.rest_dm[upper, 0] < 0, -1.0, 1.0)
    way = np.stack([side, np.full_like(side, -0.25), np.zeros_like(side)], 1).astype(np.float32)
    aside = tangent(way, roots.normal[upper])
    return unit(lying[upper] * (1 - share) + aside * share)


def out_of_mouth(head: SkullHead, strands: F32Array) -> F32Array:
    """Strands that would reach into an open mouth end at the lip."""
    if not head.mouth_wall.any():
        return strands
    # Its rim too: what is nearest to that has come through the lip.
    inside = np.zeros(len(head.vertices_m), bool)
    inside[head.faces[head.mouth_wall]] = True
    # Within a lip too, before the walls.
    low = head.vertices_m[inside].min(0) - LIP_M
    high = head.vertices_m[inside].max(0) + LIP_M
    about = (strands[..., 1] > low[1]) & (strands[..., 1] < high[1]) & (strands[..., 2] > low[2])
    row, step = np.nonzero(about)
    within = ((strands[row, step] > low) & (strands[row, step] < high)).all(-1)
    row, step = row[within], step[within]
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
    # Where the first point is one of them, nothing of the strand is left.
    last = np.maximum(bad[hit].argmax(1) - 1, STUMP)
    out = strands.copy()
    out[hit] = resample(strands[hit], m, (last / (m - 1)).astype(np.float32))
    return out
