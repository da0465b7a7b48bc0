"""What is seen behind the person: the environment itself, or a background of its own."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from sampler.columns import Nullable
from sampler.config_model import ConfigModel, Within
from sampler.distributions import Distribution
from sampler.pool import Pool, choose, names
from sampler.quantities import Chance, Fraction, Stops, Weight
from sampler.streams import F64, Draws

__all__ = ["BackgroundConfig", "draw_background"]


class BackgroundConfig(ConfigModel):
    environment_share: Chance
    """How often the environment itself is seen, where it is fine enough."""
    least_texels: Annotated[float, Field(ge=0, le=10_000)]
    """Pixels of the environment across the picture below which it is too coarse to be seen."""
    shares: dict[str, Weight]
    """Replace the catalogue's shares, by the name of the background."""
    light: Stops
    blur: Annotated[Distribution, Within("", 0, 0.2)]
    clutter: Fraction
    saturation: Fraction
    brightness: Fraction


def draw_background(config: BackgroundConfig, draws: Draws, kinds: Pool, texels: F64) -> Nullable:
    """Backgrounds of rows whose environments have so many pixels ``(N,)`` across the picture."""
    drawn = draws.uniform("background.kind")
    coarse = texels < config.least_texels
    own = coarse | (drawn >= config.environment_share)
    shares = np.broadcast_to(kinds.share_female, (draws.n, len(kinds.ids)))
    code = choose(shares, draws.uniform("background"))
    saturation = config.saturation.ppf(draws.uniform("background.saturation"))
    brightness = config.brightness.ppf(draws.uniform("background.brightness"))
    hue = draws.uniform("background.hue")
    second_hue = (hue + 0.5 * (draws.uniform("background.second_hue") - 0.5)) % 1.0
    second_brightness = brightness * (0.35 + 0.5 * draws.uniform("background.second_brightness"))
    first = _linear(hue, saturation, brightness)
    second = _linear(second_hue, 0.7 * saturation, second_brightness)
    columns = {
        "kind": names(kinds, code),
        "red": first[:, 0],
        "green": first[:, 1],
        "blue": first[:, 2],
        "second_red": second[:, 0],
        "second_green": second[:, 1],
        "second_blue": second[:, 2],
        "light_ev": config.light.ppf(draws.uniform("background.light")),
        "blur": config.blur.ppf(draws.uniform("background.blur")),
        "clutter": config.clutter.ppf(draws.uniform("background.clutter")),
        "seed": draws.seeds("background.seed"),
    }
    return Nullable(columns, own)


def _linear(hue: F64, saturation: F64, value: F64) -> F64:
    """Linear sRGB ``(N, 3)`` of hue, saturation and value, each 0-1."""
    offset = np.array([5.0, 3.0, 1.0])
    k = (offset + 6 * hue[:, None]) % 6
    encoded = value[:, None] * (1 - saturation[:, None] * np.clip(np.minimum(k, 4 - k), 0, 1))
    return np.asarray(encoded**2.2)
