"""Where hair grows on the scalp: hairline and density in rest coordinates.

Heights are y over azimuth round the axis x = 0, z = 0.5, in hm08 decimetres; azimuth 0 is
the face, 180 the nape. Numbers in the data come from the groom study of this head.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array
from assets.hair.data import Hairline, groom_data
from assets.hair.vectors import smoothstep
from assets.noise import ValueNoise
from spec_schema.spec import SceneSpec

__all__ = ["Covered", "Scalp"]

Covered = Callable[[F32Array], F32Array]
"""0-1 how much something worn hides at rest points (n, 3) in metres."""

AXIS_Z_DM = 0.5
LEFT_BEHIND = 0.05
"""Share of the hair that stays where the line has moved back."""
DEGREE_DM = 0.0131
"""Of azimuth, on the side of the forehead."""
STEEPEST = 3.0
LEVEL_DEG = (67.0, 74.0)
"""From here on the line turns round sideburn and ear, and heights are as they are."""
WREATH_DM = (8.35, 7.75)
"""Height from which on hair is lost on all sides, as thinning begins and at its end."""
UNSEEN = 0.02
"""So little loss moves a line by less than the width of its ragged edge."""
FRAYED_DM = 0.16
"""How unevenly a line has moved back that has moved back all the way."""


@dataclass(frozen=True)
class Scalp:
    """The hairline and thinning of one person."""

    sex: float
    recession: float
    thinning: float
    noise: ValueNoise

    @staticmethod
    def of(spec: SceneSpec, *, whole: bool = False) -> Scalp:
        """The scalp of a spec; ``whole`` as it was before hair was lost."""
        hair = spec.hair
        style = groom_data().style(hair.style)
        own, lost = style.line_sex, style.lost
        return Scalp(
            sex=spec.identity.sex if own is None else own,
            recession=0.0 if whole else _seen(max(hair.recession, lost.recession)),
            thinning=0.0 if whole else _seen(max(hair.thinning, lost.thinning)),
            noise=ValueNoise(hair.seed, "hair/noise"),
        )

    @property
    def is_whole(self) -> bool:
        """Whether no hair has been lost."""
        return self.recession == 0 and self.thinning == 0

    @property
    def _data(self) -> Hairline:
        return groom_data().hairline

    @staticmethod
    def azimuth_deg(rest_dm: F32Array) -> F32Array:
        """0 at the face, 180 at the nape, the same on both sides."""
        x, z = np.abs(rest_dm[..., 0]), rest_dm[..., 2] - AXIS_Z_DM
        return np.asarray(np.degrees(np.arctan2(x, z)), np.float32)

    def above_line_dm(self, rest_dm: F32Array, azimuth_deg: F32Array) -> F32Array:
        """Distance from the hairline: up from it, and where it is steep, across it."""
        data = self._data
        line = np.array(data.female) * (1 - self.sex) + np.array(data.male) * self.sex
        line = line + self._retreat()
        height = np.interp(azimuth_deg, data.azimuth_deg, line)
        steep = np.gradient(line, data.azimuth_deg) / DEGREE_DM
        steep = np.interp(azimuth_deg, data.azimuth_deg, np.clip(-steep, 0.0, STEEPEST))
        steep = steep * (1 - smoothstep(azimuth_deg, *LEVEL_DEG))
        above = (rest_dm[..., 1] - height) / np.sqrt(1 + steep**2)
        return np.asarray(above, np.float32)

    def _retreat(self) -> NDArray[np.float64]:
        """How far the line has moved back: the temples first, the middle after them.

        The order is that of Norwood's stages (Southern Medical Journal 68, 1975): to II-III
        at half of the way, to VI and VII at the end.
        """
        data, male = self._data, np.array(self._data.male)
        early = np.array(data.temples) - male
        late = np.array(data.receded) - np.array(data.temples)
        way = (
            early * min(2 * self.recession, 1.0) + late * max(2 * self.recession - 1.0, 0.0) ** 1.5
        )
        return np.asarray(way, np.float64)

    def density(self, rest_dm: F32Array) -> F32Array:
        """0-1 at rest points ``(*, 3)``; ragged at the line, without what is worn."""
        data = self._data
        azimuth = self.azimuth_deg(rest_dm)
        width = np.interp(azimuth, data.width_azimuth_deg, data.width_dm)
        # What is lost thins out over a broad band, not along a line.
        front = smoothstep(80.0 - azimuth, 0.0, 14.0)
        width = width * (1 + 1.2 * self.recession * front)
        above = self.above_line_dm(rest_dm, azimuth)
        if self.recession > 0:
            above = above + FRAYED_DM * self.recession * front * self.noise(rest_dm, 3.1)
        # Noise is within 1.1: farther from the line than that it decides nothing.
        most = 1.1 * (data.noise_coarse_dm + data.noise_fine_dm) * max(data.ragged)
        near = (above > -0.25 * width - most) & (above < 0.75 * width + most)
        ragged = data.noise_coarse_dm * self.noise(rest_dm[near], 4.0)
        ragged = ragged + data.noise_fine_dm * self.noise(rest_dm[near], 16.0)
        ragged = ragged * np.interp(azimuth[near], data.ragged_azimuth_deg, data.ragged)
        above = above.astype(np.float64)
        above[near] += ragged
        t = np.clip(above / width + 0.25, 0.0, 1.0)
        full = t * t * (3.0 - 2.0 * t)
        if self.recession > 0:
            once = np.interp(azimuth, data.azimuth_deg, np.array(data.male) + 0.05)
            left = (
                LEFT_BEHIND
                * min(4 * self.recession, 1.0)
                * smoothstep(self.noise(rest_dm, 9.0), -0.3, 0.6)
            )
            full = np.maximum(full, left * smoothstep(rest_dm[..., 1] - once, 0.0, 0.15))
        full = np.where(rest_dm[..., 2] > data.front_limit_dm, 0.0, full)
        return np.asarray(full * self._not_thinned(rest_dm), np.float32)

    def _not_thinned(self, rest_dm: F32Array) -> F32Array | float:
        """What thinning leaves: crown first, then the top behind the forehead, then a wreath."""
        if self.thinning <= 0:
            return 1.0
        x, y, z = np.moveaxis(rest_dm, -1, 0)
        uneven = self.noise(rest_dm, 3.7)
        x, y = x * (1 + 0.3 * uneven), y + 0.12 * uneven
        crown = np.exp(-(x**2 + (z - 0.15) ** 2) / 0.2) * smoothstep(y, 7.7, 8.1)
        top = smoothstep(y, 7.95, 8.4) * smoothstep(z, 0.3, 1.0)
        patch = np.clip(0.75 + 0.5 * self.noise(rest_dm, 7.0), 0.4, 1.0)
        lost = self.thinning * np.clip(crown + 0.8 * top, 0, 1) * patch
        # At last only a wreath over the ears and round the back is left.
        edge = WREATH_DM[0] + (WREATH_DM[1] - WREATH_DM[0]) * self.thinning
        bare = smoothstep(y - edge, 0.0, 0.4) * smoothstep(self.thinning, 0.4, 0.95)
        return np.asarray(1.0 - np.maximum(lost, 0.97 * bare), np.float32)

    def vigour(self, rest_dm: F32Array, whole: Scalp) -> F32Array:
        """0-1: how strong each hair still is. Before it falls out it gets thin and short."""
        if self.is_whole:
            return np.ones(rest_dm.shape[:-1], np.float32)
        left = self.density(rest_dm) / np.maximum(whole.density(rest_dm), 0.05)
        return smoothstep(left, 0.0, 0.9)


def _seen(loss: float) -> float:
    return loss if loss >= UNSEEN else 0.0
