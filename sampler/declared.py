"""What a preset declares of the quantities that are plotted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from sampler.config import SamplerConfig
from sampler.plotted import QUANTITIES
from sampler.streams import F64
from sampler.wear import WearConfig
from spec_schema.spec import WORN_SLOTS

__all__ = ["Declared", "declared"]

_QUANTILES: Final = (np.arange(100_000) + 0.5) / 100_000


@dataclass(frozen=True)
class Declared:
    """Distributions by themselves, without the rules that a scene has to keep besides."""

    name: str
    values: Mapping[str, F64]
    """Evenly spaced quantiles ``(100000,)``, by the keys of :data:`QUANTITIES`."""
    present: Mapping[str, float]
    """Declared share of the faces that have it."""
    schemes: Mapping[str, float]
    """Declared share of each lighting scheme."""
    tied: frozenset[str]
    """Components with correlations, whose joint densities are no products."""

    def independent(self, *names: str) -> bool:
        """Whether quantities are drawn apart."""
        return not {QUANTITIES[n].declared.partition(".")[0] for n in names} & self.tied


def _at(config: SamplerConfig, path: str) -> Any:
    value: Any = config
    for name in path.split("."):
        value = getattr(value, name)
    return value


def _worn_share(config: SamplerConfig, slot: str) -> float:
    """Of everyone, where nothing else that is worn forbids it."""
    worn: WearConfig = getattr(config, slot)
    rarer = (1 - worn.male_factor) * config.identity.sex.ppf(_QUANTILES)
    return float((worn.share * (1 - rarer)).mean())


def declared(config: SamplerConfig, name: str) -> Declared:
    """The quantities of which a config states the distribution.

    Args:
        name: of the preset, for the legend.
    """
    values = {
        key: np.asarray(_at(config, quantity.declared).ppf(_QUANTILES), np.float64)
        for key, quantity in QUANTITIES.items()
        if quantity.declared
    }
    # Poses beyond these limits are drawn again.
    accept = config.accept
    for key, limit in (
        ("yaw", accept.max_yaw_deg), ("pitch", accept.max_pitch_deg), ("roll", accept.max_roll_deg),
    ):  # fmt: skip
        values[key] = values[key][np.abs(values[key]) <= limit]
    schemes = config.environment.schemes
    lit = sum(s.share for s in schemes.values())
    return Declared(
        name=name,
        values=values,
        present={
            **{slot: _worn_share(config, slot) for slot in WORN_SLOTS},
            **{
                f"{lamp} light": config.environment.lamp_share(f"{lamp}_light")
                for lamp in ("key", "fill", "rim")
            },
            "photo effects": config.photo.share,
        },
        schemes={name: s.share / lit for name, s in schemes.items()},
        tied=frozenset(
            name
            for name in type(config).model_fields
            if getattr(getattr(config, name), "copula", None) is not None
        ),
    )
