"""Eyebrows: short hairs along a curve over each eye, on the skin itself."""

from __future__ import annotations

import numpy as np

from assets.geometry import F32Array, Strands
from assets.hair.clearing import cleared
from assets.hair.colour import pigment
from assets.hair.data import BrowData, groom_data
from assets.hair.roots import sample_roots
from assets.hair.surface import HeadSurface
from assets.hair.tapering import tapered
from assets.hair.vectors import smoothstep, tangent, unit
from assets.noise import Stream, ValueNoise
from spec_schema.classes import SegmentationClass
from spec_schema.spec import SceneSpec

__all__ = ["brow_density", "grow_brow"]


POCKET_DM = 0.05


def brow_density(
    rest_dm: F32Array, arch: float, thickness: float, noise: ValueNoise
) -> tuple[F32Array, F32Array]:
    """Density 0-1 at rest points ``(*, 3)`` of one's left brow (x > 0), and where across it.

    The second array is -1 at the lower edge to 1 at the upper.
    """
    data = groom_data().brows
    x, y = rest_dm[..., 0], rest_dm[..., 1]
    middle = np.interp(x, data.x_dm, _curve(data, arch))
    half = np.interp(x, data.x_dm, data.half_width_dm) * thickness
    across = (y - middle) / np.maximum(half, 1e-4)
    soft = 0.35 * noise(rest_dm, 30.0)
    full = 1 - smoothstep(np.abs(across) + soft, 0.45, 1.25)
    ends = smoothstep(x, data.x_dm[0] - 0.02, data.x_dm[0] + 0.05)
    ends = ends * (1 - smoothstep(x, data.x_dm[-1] - 0.10, data.x_dm[-1]))
    # Behind the brow the base mesh has the pocket of the eye.
    full = full * ends * (rest_dm[..., 2] > np.interp(x, data.x_dm, data.z_dm) - POCKET_DM)
    return np.asarray(full, np.float32), np.asarray(across, np.float32)


def _curve(data: BrowData, arch: float) -> F32Array:
    straight, arched = np.array(data.straight_y_dm), np.array(data.arched_y_dm)
    return np.asarray(straight * (1 - arch) + arched * arch, np.float32)


def grow_brow(spec: SceneSpec, head: HeadSurface, side: float, detail: float) -> Strands:
    """One brow; ``side`` is 1 for the subject's left, -1 for the right."""
    data, brows = groom_data().brows, spec.brows
    shared = Stream(brows.seed, "brows/shape")
    arch = np.clip(0.75 - 0.65 * spec.identity.sex + float(shared.normal((), 0.25)), 0.0, 1.0)
    noise = ValueNoise(brows.seed, "brows/noise")
    flip = np.array([side, 1, 1], np.float32)
    stream = Stream(brows.seed, f"brows/{'left' if side > 0 else 'right'}")
    thickness = brows.thickness

    def density(rest_dm: F32Array) -> F32Array:
        return brow_density(rest_dm * flip, float(arch), thickness, noise)[0]

    count = round(data.count * brows.density * detail * np.clip(thickness, 0.5, 1.6))
    roots = sample_roots(head.skull, density, count, stream)
    rest, normal, n = roots.rest_dm * flip, roots.normal, len(roots)
    _, across = brow_density(rest, float(arch), thickness, noise)
    along = (rest[:, 0] - data.x_dm[0]) / (data.x_dm[-1] - data.x_dm[0])
    curve = _curve(data, float(arch))
    slope = np.interp(rest[:, 0], data.x_dm, np.gradient(curve, np.array(data.x_dm)))
    run = unit(np.stack([np.ones(n), slope, np.full(n, -0.35)], 1) * flip)
    run = tangent(run, normal)
    up = np.tile(np.array([0.0, 1.0, 0.0], np.float32), (n, 1))
    up = tangent(up - run * np.einsum("ij,ij->i", up, run)[:, None], normal)
    # Inner hairs stand up and fan outward; farther out upper and lower hairs meet.
    rise = np.interp(along, [0.0, 0.12, 0.35, 0.6, 1.0], [1.5, 0.95, 0.5, 0.25, 0.1])
    meet = np.where(across > 0.1, -0.55, 0.25) * smoothstep(along, 0.15, 0.5)
    lean = (rise + meet).astype(np.float32)[:, None]
    direction = tangent(run + up * lean + stream.normal((n, 3), 0.13), normal)
    length = data.length_mm * 1e-3 * np.interp(along, [0, 0.15, 0.6, 1], [0.75, 1, 0.95, 0.55])
    length = (length * stream.uniform(n, 0.55, 1.1))[:, None, None]
    s = np.linspace(0.0, 1.0, data.points, dtype=np.float32)[None, :, None]
    bend = 0.35 * s**2 * np.clip(lean, 0, 1)[:, None]
    arc = 0.13 * np.sin(2.7 * s)
    points = roots.point_m[:, None] + length * (
        direction[:, None] * s + run[:, None] * bend + normal[:, None] * arc
    )
    points = cleared(head.skull.field, np.asarray(points, np.float32), 0.0001)
    melanin, redness = pigment(brows.melanin, spec.hair.redness, 0.55 * spec.hair.grey, n, stream)
    return Strands(
        name="left brow" if side > 0 else "right brow",
        points_m=head.to_world(points),
        radius_m=tapered(data.radius_um * stream.uniform(n, 0.7, 1.2), data.points, 0.2, detail),
        melanin=melanin,
        redness=redness,
        strand_class=SegmentationClass.LEFT_BROW if side > 0 else SegmentationClass.RIGHT_BROW,
    )
