"""One person's groom in the making: roots with what is known of each, and seeded variation."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array
from assets.hair.data import Style
from assets.hair.distance import DistanceField
from assets.hair.roots import Roots
from assets.hair.scalp import Scalp
from assets.hair.surface import SkullHead
from assets.hair.vectors import smoothstep
from assets.noise import Stream, ValueNoise
from spec_schema.spec import HairSpec

__all__ = ["Groom", "Variation"]

SIDE_HEIGHTS_DM = (6.6, 7.15, 7.5, 7.75, 7.95)
BABY_BAND_DM = 0.10
FACE_BAND_DM = 0.25
PART_FULL_DM = 0.18
PER_ROOT = ("above_line_dm", "azimuth_deg", "hidden", "vigour", "baby", "flyaway")
FEEBLE = 0.35
"""Length of the weakest hair by that of the strong."""
PICKED_OUT = 0.5
"""Power of the volume on the length of hair that stands: curls are drawn out or left shrunken."""


@dataclass(frozen=True)
class Variation:
    """How one person's version of a style differs from the style."""

    mirror: float
    """1, or -1 where the part is on the subject's right."""
    part_share: float
    """Of the distance from the middle at which the style has its part."""
    part_dm: float
    """Added to that."""
    lift: float
    shell: float
    clumping: float
    swirl: float
    volume: float

    curl: float
    """On the radius of curls; above 1 straight hair waves."""
    frizz: float

    @staticmethod
    def of(hair: HairSpec) -> Variation:
        """What the spec asks for, and small things that a morning changes."""
        stream = Stream(hair.seed, "hair/variation")
        return Variation(
            mirror=-1.0 if hair.part_side < 0 else 1.0,
            part_share=abs(hair.part_side),
            part_dm=float(stream.uniform((), -0.04, 0.04)),
            lift=hair.volume * float(stream.uniform((), 0.92, 1.08)),
            shell=hair.volume * float(stream.uniform((), 0.92, 1.08)),
            clumping=float(stream.uniform((), 0.9, 1.06)),
            swirl=float(stream.uniform((), 0.7, 1.3)),
            volume=hair.volume,
            curl=hair.curl,
            frizz=hair.frizz,
        )


@dataclass(frozen=True, eq=False)
class Groom:
    """Roots of the scalp and the maps that every build of a style uses."""

    head: SkullHead
    style: Style
    seed: int
    roots: Roots
    noise: ValueNoise
    variation: Variation
    length_scale: float
    above_line_dm: F32Array
    azimuth_deg: F32Array
    hidden: F32Array
    """(n,) 0-1 how much something worn presses the hair flat."""
    vigour: F32Array
    """(n,) 0-1 how strong hair is where it thins out."""
    baby: NDArray[np.bool_]
    flyaway: NDArray[np.bool_]

    @staticmethod
    def of(
        head: SkullHead,
        style: Style,
        hair: HairSpec,
        roots: Roots,
        scalp: Scalp,
        hidden: F32Array,
        vigour: F32Array,
    ) -> Groom:
        """Gather what is known of each root."""
        n = len(roots)
        rest = roots.rest_dm
        lot = Stream(hair.seed, "hair/kinds").uniform((n, 2))
        variation = Variation.of(hair)
        azimuth = scalp.azimuth_deg(rest)
        above = scalp.above_line_dm(rest, azimuth)
        babies = np.full(n, style.fuzz.babies, np.float32)
        if style.comb.parted:
            # Where a part runs into the forehead short hair would leave a bare wedge.
            middle = variation.mirror * style.comb.part_dm * variation.part_share
            babies *= 1 - 0.8 * np.exp(-(((rest[:, 0] - middle) / PART_FULL_DM) ** 2))
        edge = above < BABY_BAND_DM + 0.04 * scalp.noise(rest, 9.0)
        # Those of the forehead's hairline would hang across the face.
        at_face = (azimuth < 60) & (above < FACE_BAND_DM)
        beside_ear = (azimuth > 62) & (azimuth < 112)
        return Groom(
            head=head,
            style=style,
            seed=hair.seed,
            roots=roots,
            noise=scalp.noise,
            variation=variation,
            length_scale=hair.length_scale,
            above_line_dm=above,
            azimuth_deg=azimuth,
            hidden=hidden,
            vigour=vigour,
            baby=edge & ~beside_ear & (lot[:, 0] < babies),
            flyaway=lot[:, 1] < style.fuzz.flyaways * variation.frizz * ~at_face,
        )

    def __len__(self) -> int:
        return len(self.roots)

    def first(self, count: int) -> Groom:
        """The groom of the first roots alone: what is drawn for them is the same."""
        roots = self.roots
        return replace(
            self,
            roots=Roots(roots.point_m[:count], roots.normal[:count], roots.rest_dm[:count]),
            **{name: getattr(self, name)[:count] for name in PER_ROOT},
        )

    @property
    def field(self) -> DistanceField:
        """The distance field that this style's length needs."""
        deep = self.style.reaches_torso(self.length_scale)
        return self.head.field_with_torso if deep else self.head.field

    def stream(self, name: str) -> Stream:
        """The stream of one purpose within this groom."""
        return Stream(self.seed, f"hair/{name}")

    @property
    def combed_dm(self) -> F32Array:
        """Rest points ``(n, 3)`` mirrored, so that the part is on +x."""
        return self.roots.rest_dm * np.array([self.variation.mirror, 1, 1], np.float32)

    @property
    def top(self) -> F32Array:
        """0 at the sides to 1 on top."""
        return smoothstep(self.roots.rest_dm[:, 1], *self.style.cut.band_dm)

    @property
    def behind(self) -> F32Array:
        """0 in front of the ears to 1 at the back."""
        return smoothstep(-self.roots.rest_dm[:, 2], -0.3, 0.3)

    @property
    def part_x_dm(self) -> F32Array:
        """x of the part beside each root, mirrored coordinates."""
        comb = self.style.comb
        rest = self.roots.rest_dm
        along = rest * np.array([0, 0, 1], np.float32)
        wander = comb.part_wander_dm * (self.noise(along, 9.0) + self.noise(along, 2.5))
        middle = comb.part_dm
        if comb.parted:
            middle = middle * self.variation.part_share + self.variation.part_dm
        return np.asarray(middle * smoothstep(rest[:, 2], -0.1, 0.4) + wander, np.float32)

    def length_m(self) -> F32Array:
        """Length of each strand as it grew, before ends are cut."""
        cut, rest, top = self.style.cut, self.roots.rest_dm, self.top
        stream = self.stream("length")
        n = len(self)
        long = cut.top_mm * (1.0 + cut.front_gain * smoothstep(rest[:, 2], 0.8, 1.3))
        long = long * (1.0 + cut.crown_gain * smoothstep(-rest[:, 2], -0.5, 0.2))
        if cut.minor_side != 1.0:
            minor = self.combed_dm[:, 0] > self.part_x_dm
            long = np.where(minor, long * cut.minor_side, long)
        short = np.interp(rest[:, 1], SIDE_HEIGHTS_DM, cut.sides_mm)
        mm = short * (1 - top) + long * top
        mm = mm * (1.0 + cut.unevenness * self.noise(rest, 5.0))
        if cut.edge < 1.0:
            mm = mm * np.interp(self.above_line_dm, [0.0, 0.4], [cut.edge, 1.0])
        mm = mm * (1.0 - cut.layering * stream.uniform(n)) * self.length_scale
        if self.style.comb.radial:
            mm = mm * self.variation.volume**PICKED_OUT
        if self.style.tie is None:
            mm = mm * (FEEBLE + (1 - FEEBLE) * self.vigour)
        return np.asarray(np.maximum(mm, 0.3) * 1e-3, np.float32)

    def cut_share(self, length_m: F32Array) -> F32Array:
        """(n,) share of its length at which a strand ends; baby hairs end early."""
        cut = self.style.cut
        lot = self.stream("ends").uniform((len(self), 6))
        share = cut.ends[0] + (cut.ends[1] - cut.ends[0]) * lot[:, 0]
        share = np.where(lot[:, 1] < cut.ragged, share * (0.5 + 0.5 * lot[:, 2]), share)
        share = np.where(self.flyaway, share * (0.5 + 0.5 * lot[:, 3]), share)
        tiny = np.minimum(0.25 + 0.45 * lot[:, 4], (0.005 + 0.021 * lot[:, 5] ** 2) / length_m)
        return np.asarray(np.where(self.baby, np.minimum(tiny, share), share), np.float32)

    def short_share(self, length_m: F32Array) -> F32Array:
        """1 for strands too short to clump, 0 for those long enough."""
        return 1.0 - smoothstep(length_m, 0.006, 0.018)
