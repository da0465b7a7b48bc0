"""The photograph: what lens, sensor and file add to a render."""

from __future__ import annotations

from typing import Annotated, Final

import numpy as np
from pydantic import Field

from sampler.columns import Columns, Names, Nullable
from sampler.config_model import ConfigModel, Within
from sampler.copula import ComponentConfig
from sampler.distributions import Distribution
from sampler.quantities import Angle, Chance, Fraction
from sampler.streams import F64, Draws
from spec_schema.errors import SpecError, nearest

__all__ = ["PhotoConfig", "draw"]

Stops = Annotated[float, Field(ge=-10, le=10)]


class ShakeConfig(ConfigModel):
    share: Chance
    way: Annotated[Distribution, Within("", 0, 0.0625)]
    """In picture widths."""
    direction: Angle


MOST_SWEEP_DEG: Final = 15.0
Sweep = Annotated[Distribution, Within("deg", -MOST_SWEEP_DEG, MOST_SWEEP_DEG)]


class TurnConfig(ConfigModel):
    """Heads that turn while the shutter is open: angular velocity times exposure."""

    share: Chance
    yaw: Sweep
    pitch: Sweep
    roll: Sweep


class SmallConfig(ConfigModel):
    """Pictures that were scaled up."""

    share: Chance
    scale: Annotated[Distribution, Within("", 0.0625, 1)]


class FadedConfig(ConfigModel):
    """Pictures with little colour or none."""

    share: Chance
    saturation: Fraction


class InfraredConfig(ConfigModel):
    share: Chance


class JpegConfig(ConfigModel):
    share: Chance
    quality: Annotated[Distribution, Within("", 1, 100)]


class PhotoConfig(ComponentConfig):
    share: Chance
    """How many pictures get any of it."""
    vignette: Fraction
    aberration: Annotated[Distribution, Within("", -0.015625, 0.015625)]
    """In picture widths, in the corners."""
    electrons: Annotated[Distribution, Within("", 20, 1e6)]
    read_noise: Annotated[Distribution, Within("", 0, 100)]
    light_ev: dict[str, Stops]
    """Stops of light that a lighting scheme of the environment gives the sensor, where it isn't 0:
    the fewer electrons, the more noise."""
    white_balance: Annotated[Distribution, Within("mired", -150, 150)]
    tint: Annotated[Distribution, Within("ev", -1, 1)]
    turn: TurnConfig
    shake: ShakeConfig
    small: SmallConfig
    faded: FadedConfig
    infrared: InfraredConfig
    jpeg: JpegConfig


def draw(
    config: PhotoConfig, draws: Draws, scheme: Names, sweep_deg: F64 | None = None
) -> Nullable:
    """Draw the photograph of each scene.

    Args:
        config: distributions. draws: of this component.
        scheme: lighting of each row.
        sweep_deg: ``(N, 3)`` turn of heads whose motion is known; else it is drawn.

    Raises:
        SpecError: ``light_ev`` names a scheme that there is not.
    """
    for name in config.light_ev:
        if name not in scheme.names:
            hint = nearest(name, scheme.names)
            raise SpecError(f"photo.light_ev: no lighting scheme {name!r}; {hint}")
    stops = np.array([config.light_ev.get(name, 0.0) for name in scheme.names])[scheme.codes]
    electrons = config.electrons.ppf(draws.uniform("electrons")) * 2.0**stops

    def happens(name: str, share: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        return np.asarray(draws.uniform(name) < share)

    if sweep_deg is None:
        turn = config.turn
        about = [(turn.pitch, "turn.pitch"), (turn.yaw, "turn.yaw"), (turn.roll, "turn.roll")]
        drawn = np.stack([each.ppf(draws.uniform(name)) for each, name in about], axis=1)
        sweep_deg = drawn * happens("turns", turn.share)[:, None]
    sweep_deg = np.clip(sweep_deg, -MOST_SWEEP_DEG, MOST_SWEEP_DEG)
    shake, small = config.shake, config.small
    shaken = happens("shaken", shake.share)
    scaled = happens("scaled", small.share)
    faded = happens("is_faded", config.faded.share)
    compressed = happens("compressed", config.jpeg.share)
    infrared = happens("is_infrared", config.infrared.share)
    columns: Columns = {
        "vignette": config.vignette.ppf(draws.uniform("vignette")),
        **{f"turn_{axis}_deg": sweep_deg[:, k] for k, axis in enumerate("xyz")},
        "aberration": config.aberration.ppf(draws.uniform("aberration")),
        "shake": np.where(shaken, shake.way.ppf(draws.uniform("shake.way")), 0.0),
        "shake_deg": shake.direction.ppf(draws.uniform("shake.direction")),
        "scale": np.where(scaled, small.scale.ppf(draws.uniform("small.scale")), 1.0),
        "electrons": np.clip(electrons, 20, 1e6),
        "read_noise": config.read_noise.ppf(draws.uniform("read_noise")),
        "white_balance_mired": config.white_balance.ppf(draws.uniform("white_balance")),
        "tint_ev": config.tint.ppf(draws.uniform("tint")),
        "saturation": np.where(
            faded, config.faded.saturation.ppf(draws.uniform("faded.saturation")), 1.0
        ),
        "infrared": infrared.astype(np.float64),
        "jpeg_quality": np.where(
            compressed, np.rint(config.jpeg.quality.ppf(draws.uniform("jpeg.quality"))), 0
        ).astype(np.int64),
    }
    return Nullable(columns, happens("is_photo", config.share))
