"""Eyebrows: short hairs along a curve over each eye, on the skin itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.geometry import F32Array, HairMaterial, Strands
from assets.hair.clearing import cleared
from assets.hair.colour import pigment
from assets.hair.data import groom_data
from assets.hair.exact import held_out
from assets.hair.roots import sample_roots
from assets.hair.surface import HeadSurface
from assets.hair.tapering import tapered
from assets.hair.vectors import smoothstep, tangent
from assets.noise import Stream, ValueNoise
from spec_schema.classes import SegmentationClass
from spec_schema.spec import BrowSpec, SceneSpec

__all__ = ["BrowShape", "grow_brow"]

POCKET_DM = 0.05
HIGHEST = 1.5
"""Height of a full arch by that of the measured arched brows."""
SLANT_DM = 0.035
INNER_DM = 0.016
"""How much higher than on the measured cards inner ends lie: lower ones look angry."""
GAP_DM = 0.022
TAIL_FROM_DM = 0.42
FINEST_TIP = 0.2
FARTHEST = 3.1
"""Half widths from the middle line beyond which no hair stands."""


@dataclass(frozen=True, eq=False)
class BrowShape:
    """Where one person's brow lies on the rest face; x > 0, the subject's left."""

    x_dm: F32Array
    y_dm: F32Array
    half_dm: F32Array
    z_dm: F32Array
    brows: BrowSpec
    noise: ValueNoise

    @staticmethod
    def of(brows: BrowSpec) -> BrowShape:
        """The measured curves, bent by what the spec says."""
        data = groom_data().brows
        x = np.array(data.x_dm)
        straight, arched = np.array(data.straight_y_dm), np.array(data.arched_y_dm)
        along = (x - x[0]) / (x[-1] - x[0])
        corner = arched - straight
        bow = corner.max() * np.sin(np.pi * np.clip(along, 0, 1) ** 0.85) - 0.004
        y = straight + HIGHEST * brows.arch * (corner + (bow - corner) * brows.roundness)
        y = y + SLANT_DM * brows.slant * (along - 0.4) + INNER_DM * np.exp(-along / 0.2)
        tail = np.maximum(x - TAIL_FROM_DM, 0)
        moved = x + tail * (brows.tail - 1) + GAP_DM * brows.gap * np.exp(-3 * along)
        half = np.array(data.half_width_dm) * brows.thickness
        z = np.interp(moved, x, np.array(data.z_dm))
        return BrowShape(
            x_dm=np.asarray(moved, np.float32),
            y_dm=np.asarray(y, np.float32),
            half_dm=np.asarray(half, np.float32),
            z_dm=np.asarray(z, np.float32),
            brows=brows,
            noise=ValueNoise(brows.seed, "brows/noise"),
        )

    def across(self, rest_dm: F32Array) -> F32Array:
        """-1 at the lower edge to 1 at the upper, at rest points ``(*, 3)``."""
        x, y = rest_dm[..., 0], rest_dm[..., 1]
        middle = np.interp(x, self.x_dm, self.y_dm)
        half = np.interp(x, self.x_dm, self.half_dm)
        return np.asarray((y - middle) / np.maximum(half, 1e-4), np.float32)

    def along(self, rest_dm: F32Array) -> F32Array:
        """0 at the inner end to 1 at the outer; less than 0 between the brows."""
        first, last = self.x_dm[0], self.x_dm[-1]
        return np.asarray((rest_dm[..., 0] - first) / (last - first), np.float32)

    def slope(self, rest_dm: F32Array) -> F32Array:
        """Rise of the middle line by its run."""
        return np.interp(rest_dm[..., 0], self.x_dm, np.gradient(self.y_dm, self.x_dm))

    def density(self, rest_dm: F32Array) -> F32Array:
        """0-1 at rest points ``(*, 3)``."""
        x, y, z = rest_dm[..., 0], rest_dm[..., 1], rest_dm[..., 2]
        high = FARTHEST * self.half_dm.max()
        near = (x > min(self.x_dm[0] - 0.05, -0.02)) & (x < self.x_dm[-1] + 0.05)
        near &= (y > self.y_dm.min() - high) & (y < self.y_dm.max() + high)
        near &= z > self.z_dm.min() - POCKET_DM
        out = np.zeros(rest_dm.shape[:-1], np.float32)
        out[near] = self._density(rest_dm[near])
        return out

    def _density(self, rest_dm: F32Array) -> F32Array:
        """The same where a brow may be."""
        brows, x = self.brows, rest_dm[..., 0]
        across, along = self.across(rest_dm), self.along(rest_dm)
        wild = 1 - 0.75 * brows.plucked
        ragged = 0.4 * wild * self.noise(rest_dm, 30.0)
        body = 1 - smoothstep(np.abs(across) + ragged, 0.5 + 0.25 * brows.plucked, 1.2)
        # Single hairs stand apart, more under the arch than over it.
        reach = np.where(across < 0, 2.0, 1.8)
        stray = 0.12 * wild**2 * (1 - smoothstep((np.abs(across) - 1) / (reach - 1), 0.0, 1.0))
        full = np.maximum(body, stray)
        first, last = self.x_dm[0], self.x_dm[-1]
        # Inner ends begin sparse, tails run out.
        start = smoothstep(x + 0.012 * ragged, first - 0.025, first + 0.055)
        between = 0.55 * brows.unibrow * (1 - smoothstep(np.abs(across), 0.4, 1.3))
        between = between * smoothstep(x, -0.02, 0.0)
        end = 1 - smoothstep(x + 0.02 * ragged, last - 0.13, last + 0.01)
        full = np.maximum(full * start, between * (along < 0.15)) * end
        # Behind the brow the base mesh has the pocket of the eye.
        ridge = np.interp(x, self.x_dm, self.z_dm)
        return np.asarray(full * (rest_dm[..., 2] > ridge - POCKET_DM), np.float32)


def grow_brow(spec: SceneSpec, head: HeadSurface, side: float, detail: float) -> Strands:
    """One brow; ``side`` is 1 for the subject's left, -1 for the right."""
    data, brows, shape = groom_data().brows, spec.brows, BrowShape.of(spec.brows)
    flip = np.array([side, 1, 1], np.float32)
    name = "left" if side > 0 else "right"

    def lots(purpose: str) -> Stream:
        return Stream(brows.seed, f"brows/{name}/{purpose}")

    size = brows.density * np.clip(brows.thickness, 0.4, 1.7) * (0.6 + 0.4 * brows.tail)
    count = round(data.count * size * (1 + 0.25 * brows.unibrow) * detail)
    roots = sample_roots(head.skull, lambda p: shape.density(p * flip), count, lots("roots"))
    rest, normal, n = roots.rest_dm * flip, roots.normal, len(roots)
    across, along = shape.across(rest), shape.along(rest)
    run = np.stack([np.ones(n), shape.slope(rest), np.full(n, -0.35)], 1) * flip
    run = tangent(run, normal)
    up = np.tile(np.array([0.0, 1.0, 0.0], np.float32), (n, 1))
    up = tangent(up - run * np.einsum("ij,ij->i", up, run)[:, None], normal)
    # Inner hairs stand up and fan outward; farther out upper and lower hairs meet.
    rise = np.interp(along, [-0.1, 0.0, 0.12, 0.35, 0.6, 1.0], [0.6, 1.5, 0.95, 0.5, 0.25, 0.1])
    meet = np.where(across > 0.1, -0.55, 0.25) * smoothstep(along, 0.15, 0.5)
    lean = (rise + meet).astype(np.float32)[:, None]
    astray = 0.11 + 0.12 * (1 - brows.plucked)
    direction = tangent(run + up * lean + lots("astray").normal((n, 3), astray), normal)
    length = data.length_mm * 1e-3 * np.interp(along, [0, 0.15, 0.6, 1], [0.72, 1, 0.95, 0.55])
    length = brows.length * length * lots("length").uniform(n, 0.5, 1.12)
    length = np.where(np.abs(across) > 1.25, 0.6 * length, length)[:, None, None]
    s = np.linspace(0.0, 1.0, data.points, dtype=np.float32)[None, :, None]
    bend = 0.35 * s**2 * np.clip(lean, 0, 1)[:, None]
    arc = (0.09 + 0.05 * lots("arc").uniform(n))[:, None, None] * np.sin(2.7 * s)
    points = roots.point_m[:, None] + length * (
        direction[:, None] * s + run[:, None] * bend + normal[:, None] * arc
    )
    points = cleared(head.skull.field, np.asarray(points, np.float32), 0.0001)
    points = held_out(head.skull, head.skull.field, points)
    melanin, redness = pigment(brows.melanin, brows.redness, brows.grey, n, lots)
    radius = data.radius_um * lots("look").uniform(n, 0.7, 1.2) * (1 + 0.2 * brows.makeup)
    return Strands(
        name=f"{name} brow",
        points_m=head.to_world(points),
        radius_m=tapered(radius, data.points, FINEST_TIP, detail),
        melanin=melanin,
        redness=redness,
        strand_class=SegmentationClass.LEFT_BROW if side > 0 else SegmentationClass.RIGHT_BROW,
        material=HairMaterial(roughness=0.32, radial_roughness=0.5),
    )
