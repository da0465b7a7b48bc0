"""Where facial hair grows, and which way it lies: fields over the rest face.

Heights are those of hm08 in decimetres; the lines stand in facial_hair.toml.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, get_args

import numpy as np

from assets.geometry import F32Array
from assets.hair.data import groom_data
from assets.hair.facial_data import FacialStyle, Region
from assets.hair.scalp import Scalp
from assets.hair.vectors import smoothstep, unit
from assets.noise import ValueNoise
from spec_schema.spec import FacialHairSpec

__all__ = ["REGIONS", "BeardShape", "beard_density", "combed", "on_upper_lip"]

REGIONS: Final[tuple[Region, ...]] = get_args(Region)
FARTHEST_BACK_DM = 0.58
CHEEK_LINE_DM = 0.16
"""How far ``cheek_line`` moves the upper line."""
SIDEBURN_TO_DM = 0.93
"""z of its forward edge."""
PATCHED: Final[Mapping[Region, float]] = {
    "cheek": 1.0, "connector": 0.8, "jaw": 0.6, "sideburn": 0.35, "chin": 0.3, "neck": 0.5,
}  # fmt: skip
"""How readily a region stays bare."""


@dataclass(frozen=True)
class BeardShape:
    """What of a spec and its style shapes a beard."""

    regions: Mapping[Region, float]
    gap: float
    crisp: float
    cheek_line: float
    patchiness: float

    @staticmethod
    def of(hair: FacialHairSpec, style: FacialStyle) -> BeardShape:
        """The shape of a spec's facial hair."""
        return BeardShape(
            style.regions, style.moustache_gap, style.crisp, hair.cheek_line, hair.patchiness
        )


def on_upper_lip(rest_dm: F32Array) -> F32Array:
    """Bool, where the moustache stands."""
    x, y, z = np.abs(rest_dm[..., 0]), rest_dm[..., 1], rest_dm[..., 2]
    # Its lower edge follows the lip down to the corners of the mouth.
    return np.asarray((y > 6.66 - 0.9 * x**2) & (x < 0.36) & (z > 1.2))


def beard_density(rest_dm: F32Array, shape: BeardShape, noise: ValueNoise) -> F32Array:
    """0-1 at rest points ``(*, 3)`` in decimetres."""
    y, z = rest_dm[..., 1], rest_dm[..., 2]
    lines = groom_data().beard_map
    near = (z > FARTHEST_BACK_DM) & (y < max(lines.upper_y) + 0.4) & (y > min(lines.lower_y) - 0.3)
    out = np.zeros(rest_dm.shape[:-1], np.float32)
    out[near] = _density(rest_dm[near], shape, noise)
    return out


def _density(rest_dm: F32Array, shape: BeardShape, noise: ValueNoise) -> F32Array:
    """The same where facial hair may be."""
    total = np.zeros(rest_dm.shape[:-1], np.float32)
    for name, part in _parts(rest_dm, shape, noise).items():
        weight = shape.regions.get(name, 0.0)
        if weight:
            total = np.maximum(total, part * weight * _not_bare(name, rest_dm, shape, noise))
    return np.asarray(np.clip(total, 0, 1), np.float32)


def combed(rest_dm: F32Array, shape: BeardShape, noise: ValueNoise) -> F32Array:
    """Unit directions ``(n, 3)`` in the axes of the skull in which hair lies."""
    side, away = np.sign(rest_dm[:, 0]), np.abs(rest_dm[:, 0])
    total = np.zeros((len(rest_dm), 3), np.float32)
    every = BeardShape(dict.fromkeys(REGIONS, 1.0), shape.gap, 0.0, shape.cheek_line, 0.0)
    for name, part in _parts(rest_dm, every, noise).items():
        lie = groom_data().beard_map.combed[name]
        out = side * (lie.out + lie.fan * away)
        way = np.stack([out, np.full_like(out, lie.up), np.full_like(out, lie.forward)], 1)
        total += part[:, None] * unit(way)
    total[:, 1] -= 1e-3
    return unit(total)


def _not_bare(
    name: Region, rest_dm: F32Array, shape: BeardShape, noise: ValueNoise
) -> F32Array | float:
    """What patchiness leaves: holes with soft rims, from the middle of the cheek on."""
    amount = shape.patchiness * PATCHED.get(name, 0.0)
    if amount <= 0:
        return 1.0
    hole = smoothstep(noise(rest_dm, 4.5, octaves=1) - 0.95 + 1.5 * amount, -0.3, 0.3)
    return np.asarray(1 - hole * min(1.0, 1.3 * amount), np.float32)


def _from_jaw(z: F32Array, y: F32Array) -> F32Array:
    """Distance in dm, seen from the side, from the line along the jaw and up before the ear."""
    lines = groom_data().beard_map
    corners = list(zip(lines.jaw_z, lines.jaw_y, strict=True))
    least = np.full(z.shape, np.inf, np.float32)
    for (z0, y0), (z1, y1) in pairwise(corners):
        along = ((z - z0) * (z1 - z0) + (y - y0) * (y1 - y0)) / ((z1 - z0) ** 2 + (y1 - y0) ** 2)
        along = np.clip(along, 0.0, 1.0)
        away = np.hypot(z - z0 - along * (z1 - z0), y - y0 - along * (y1 - y0))
        least = np.minimum(least, away.astype(np.float32))
    return least


def _parts(rest_dm: F32Array, shape: BeardShape, noise: ValueNoise) -> dict[Region, F32Array]:
    """0-1 for each region; they overlap softly."""
    lines = groom_data().beard_map
    x, y, z = np.abs(rest_dm[..., 0]), rest_dm[..., 1], rest_dm[..., 2]
    azimuth = Scalp.azimuth_deg(rest_dm)
    soft = 1 - 0.75 * shape.crisp
    rough = soft * (0.035 * noise(rest_dm, 6.0) + 0.03 * noise(rest_dm, 22.0))
    upper = np.interp(x, lines.upper_x, lines.upper_y)
    upper = upper + CHEEK_LINE_DM * shape.cheek_line * smoothstep(x, 0.32, 0.48)
    lower = np.interp(z, lines.lower_z, lines.lower_y)
    whole = smoothstep(upper - y + rough, -0.05 * soft, 0.17 * soft)
    whole = whole * smoothstep(y - lower + rough, -0.05 * soft, 0.16 * soft)
    whole = whole * smoothstep(z, FARTHEST_BACK_DM, 0.74)
    whole = whole * np.where(azimuth > 60, smoothstep(x, 0.5, 0.62), 1.0)
    before = z > 1.2
    arc = 6.775 - 0.10 * (x / 0.30) ** 2
    lip = np.exp(-1.2 * ((y - arc) / 0.060) ** 2)
    lip = lip * smoothstep(0.32 - x + 0.5 * rough, 0.0, 0.10 * soft) * before
    lip = lip * (1 - shape.gap * np.exp(-((x / 0.03) ** 2)))
    middle = 0.315 + 0.04 * smoothstep(6.7 - y, 0.0, 0.25)
    connector = np.exp(-(((x - middle + 0.3 * rough) / 0.055) ** 2))
    connector = connector * smoothstep(6.78 - y, 0.0, 0.08) * smoothstep(y, 6.34, 6.46)
    soul = np.exp(-(((y - 6.47) / 0.08) ** 2) - (x / 0.07) ** 2) * before
    # A bow under the lip, not a box.
    oval = np.hypot(x / 0.30, (y - 6.38) / 0.23) + 1.5 * rough
    chin = 1 - smoothstep(oval, 0.95 - 0.25 * soft, 1.0 + 0.15 * soft)
    jaw = 1 - smoothstep(_from_jaw(z, y) + rough, 0.05, 0.05 + 0.13 * soft)
    sideburn = smoothstep(y + rough, 6.78, 6.95) * smoothstep(x, 0.5, 0.62)
    sideburn = sideburn * smoothstep(SIDEBURN_TO_DM - z + rough, 0.0, 0.16 * soft)
    neck = smoothstep(6.36 + 0.35 * (1 - smoothstep(z, 0.6, 1.2)) - y, -0.02, 0.12)
    cheek = np.clip(1 - chin - sideburn, 0, 1) * (1 - neck)
    parts: dict[Region, F32Array] = {
        "moustache": lip,
        "connector": connector * before,
        "soul": soul,
        "chin": whole * chin * (1 - neck),
        "jaw": whole * jaw * np.clip(1 - chin, 0, 1),
        "cheek": whole * cheek,
        "sideburn": whole * sideburn,
        "neck": whole * neck,
    }
    return {name: np.asarray(part, np.float32) for name, part in parts.items()}
