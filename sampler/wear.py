"""Worn things: glasses, headwear, clothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sampler.columns import Nullable
from sampler.config_model import ConfigModel, Within
from sampler.copula import ComponentConfig
from sampler.distributions import Categorical, Distribution
from sampler.identity import Identity
from sampler.pool import Pool, choose, names
from sampler.quantities import Chance, Fraction, Positive, Share
from sampler.streams import F64, Draws

__all__ = ["Swatch", "Wear", "WearConfig", "draw", "linear_from_srgb"]


class Swatch(ConfigModel):
    """One colour of a palette."""

    srgb: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
    share: Positive
    metallic: Share = 0.0

    def linear(self) -> F64:
        """Linear sRGB ``(3,)``."""
        encoded = [int(self.srgb[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        return linear_from_srgb(np.array(encoded))


class WearConfig(ComponentConfig):
    share: Chance
    """How many wear one."""
    shares: dict[str, Share]
    """Replace the catalogue's shares, by id."""
    palette: Annotated[dict[str, Swatch], Field(min_length=1)]
    brightness: Annotated[Distribution, Within("", 0.05, 4)]
    """Factor on the linear colour."""
    tint: Annotated[Distribution, Within("", 0, 0.5)]
    """How far each channel may leave the swatch by itself."""
    size: Annotated[Distribution, Within("", 0.5, 2)]
    roughness: Fraction
    tilt: Annotated[Distribution, Within("deg", -45, 45)]
    pattern_share: Chance
    """How many are printed."""
    pattern: Fraction


@dataclass(frozen=True)
class Wear:
    present: NDArray[np.bool_]
    codes: NDArray[np.int64]
    column: Nullable | None


def linear_from_srgb(encoded: F64) -> F64:
    """sRGB (IEC 61966-2-1) 0-1 to linear."""
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def draw(config: WearConfig, draws: Draws, items: Pool, identity: Identity) -> Wear:
    """Draw one slot. Nobody wears anything of a slot for which there are no items."""
    if not items.ids:
        nobody = np.zeros(draws.n, bool)
        return Wear(nobody, np.zeros(draws.n, np.int64), None)
    present = draws.uniform("worn") < config.share
    codes = choose(items.by_sex(identity.sex), draws.uniform("id"))

    shares = Categorical(weights={k: s.share for k, s in config.palette.items()})
    swatch, _ = shares.codes(draws.uniform("swatch"))
    colour = np.array([s.linear() for s in config.palette.values()])[swatch]
    metallic = np.array([s.metallic for s in config.palette.values()])[swatch]
    tint = config.tint.ppf(draws.uniform("tint"))
    wander = 1 + tint[:, None] * (2 * draws.uniforms("tint_rgb", 3) - 1)
    brightness = config.brightness.ppf(draws.uniform("brightness"))
    colour = np.clip(colour * brightness[:, None] * wander, 0.003, 0.9)
    printed = draws.uniform("printed") < config.pattern_share
    columns = {
        "id": names(items, codes),
        "red": colour[:, 0],
        "green": colour[:, 1],
        "blue": colour[:, 2],
        "size": config.size.ppf(draws.uniform("size")),
        "roughness": config.roughness.ppf(draws.uniform("roughness")),
        "metallic": metallic,
        "tilt_deg": config.tilt.ppf(draws.uniform("tilt")),
        "pattern": printed * config.pattern.ppf(draws.uniform("pattern")),
        "seed": draws.seeds("seed"),
    }
    return Wear(present, codes, Nullable(columns, present))
