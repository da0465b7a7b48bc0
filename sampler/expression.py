"""Expressions as combinations that faces make, over the 52 ARKit units."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from sampler.config_model import ConfigModel
from sampler.distributions import Categorical
from sampler.quantities import Fraction, Positive, Share, Signed
from sampler.streams import F64, Draws
from spec_schema.errors import nearest
from spec_schema.spec import ARKIT_UNITS

__all__ = ["ExpressionConfig", "ExpressionKind", "draw", "look"]

Weight = Annotated[float, Field(ge=0, le=1.5)]

_COLUMN: Final = {unit: i for i, unit in enumerate(ARKIT_UNITS)}
_LOOK: Final = frozenset(u for u in ARKIT_UNITS if u.startswith("eyeLook"))
_MIRROR: Final = np.array(
    [
        _COLUMN[u.replace("Left", "Right") if "Left" in u else u.replace("Right", "Left")]
        for u in ARKIT_UNITS
    ]
)


def _units(name: str) -> tuple[str, ...]:
    """The units that a name stands for: itself, or both sides (``mouthSmile``)."""
    if name in _LOOK or f"{name}Left" in _LOOK:
        raise ValueError(f"{name!r} follows from the gaze, and can't be set here")
    if name in _COLUMN:
        return (name,)
    sides = (f"{name}Left", f"{name}Right")
    if sides[0] in _COLUMN and sides[1] in _COLUMN:
        return sides
    known = {u.removesuffix("Left") for u in ARKIT_UNITS if not u.endswith("Right")}
    raise ValueError(f"no expression unit {name!r}; {nearest(name, known | set(ARKIT_UNITS))}")


def _columns(names: list[str]) -> list[int]:
    return [_COLUMN[u] for name in names for u in _units(name)]


class ExpressionKind(ConfigModel):
    """One thing that faces do: weights at full intensity, for both sides where not named."""

    share: Positive
    intensity: Fraction
    one_sided: bool = False
    """Played on one side, which is drawn (wink, smirk)."""
    weights: dict[str, Weight]

    @model_validator(mode="after")
    def _check(self) -> ExpressionKind:
        _columns(list(self.weights))
        return self


class SumLimit(ConfigModel):
    """Units that together may not exceed a limit; all are scaled down where they would."""

    units: list[str]
    limit: Positive

    @model_validator(mode="after")
    def _check(self) -> SumLimit:
        _columns(self.units)
        return self


class LookLimits(ConfigModel):
    """Gaze angle at which an eyeLook unit is 1."""

    out_deg: Positive
    in_deg: Positive
    up_deg: Positive
    down_deg: Positive


class ExpressionConfig(ConfigModel):
    kinds: dict[str, ExpressionKind]
    mixed_share: Share
    """How many faces blend a second kind in."""
    mixed_intensity: Fraction
    unit_jitter: Share
    """Standard deviation of each unit's own factor."""
    asymmetry: Signed
    """Left units times 1 + a, right units times 1 - a."""
    stray_share: Share
    """How many of the other units move a little by themselves."""
    stray: Fraction
    blink: Fraction
    """Closure of the lids by itself, on top of the expression."""
    exclusive: list[tuple[str, str]]
    """Pairs that pull against each other: only the difference remains."""
    sum_limits: list[SumLimit]
    look: LookLimits

    @model_validator(mode="after")
    def _check(self) -> ExpressionConfig:
        if not self.kinds:
            raise ValueError("at least one kind of expression is needed")
        for a, b in self.exclusive:
            if len(_units(a)) != len(_units(b)):
                raise ValueError(f"exclusive pair {a!r}, {b!r}: one has sides, the other not")
        return self


def _kind_weights(config: ExpressionConfig) -> F64:
    """``(kinds, 52)`` weights at full intensity."""
    table = np.zeros((len(config.kinds), len(ARKIT_UNITS)))
    for row, kind in zip(table, config.kinds.values(), strict=True):
        for name, weight in kind.weights.items():
            row[_columns([name])] = weight
    return table


@lru_cache(maxsize=1)
def _side_signs() -> F64:
    """``(52,)``: 1 for left units, -1 for right ones, 0 for the middle (jawLeft is no side)."""
    signs = [
        1.0 if u.endswith("Left") else -1.0 if u.endswith("Right") else 0.0 for u in ARKIT_UNITS
    ]
    for unit in ("jawLeft", "jawRight", "mouthLeft", "mouthRight"):
        signs[_COLUMN[unit]] = 0.0
    return np.array(signs)


def _played(config: ExpressionConfig, draws: Draws, name: str) -> tuple[F64, NDArray[np.int64]]:
    """One drawn expression a row: weights ``(n, 52)`` at intensity, and its kind's index."""
    shares = Categorical(weights={k: v.share for k, v in config.kinds.items()})
    kind, _ = shares.codes(draws.uniform(name))
    intensity = np.empty(draws.n)
    u = draws.uniform(f"{name}/intensity")
    for i, declared in enumerate(config.kinds.values()):
        here = kind == i
        intensity[here] = declared.intensity.ppf(u[here])
    weights = _kind_weights(config)[kind] * intensity[:, None]

    # A one-sided kind is declared on the left; half of the faces play it on the right.
    one_sided = np.array([k.one_sided for k in config.kinds.values()])[kind]
    flip = one_sided & (draws.uniform(f"{name}/side") < 0.5)
    weights[flip] = weights[flip][:, _MIRROR]
    return weights, kind


def draw(config: ExpressionConfig, draws: Draws) -> tuple[F64, NDArray[np.int64]]:
    """Weights ``(n, 52)`` without the eyeLook units, and the kind's index ``(n,)``."""
    weights, kind = _played(config, draws, "kind")
    second, _ = _played(config, draws, "second")
    blend = config.mixed_intensity.ppf(draws.uniform("mixed_intensity"))
    blend *= draws.uniform("mixed") < config.mixed_share
    weights = np.maximum(weights * (1 - blend / 2)[:, None], second * blend[:, None])

    n_units = len(ARKIT_UNITS)
    jitter = 2 * draws.uniforms("unit_jitter", n_units) - 1
    weights *= 1 + config.unit_jitter * np.sqrt(3) * jitter
    stray = config.stray.ppf(draws.uniforms("stray", n_units))
    weights += stray * (draws.uniforms("strays", n_units) < config.stray_share)
    asymmetry = config.asymmetry.ppf(draws.uniform("asymmetry"))
    weights *= 1 + asymmetry[:, None] * _side_signs()
    blink = config.blink.ppf(draws.uniform("blink"))
    for unit in ("eyeBlinkLeft", "eyeBlinkRight"):
        weights[:, _COLUMN[unit]] += blink
    return _settle(config, weights), kind


def _settle(config: ExpressionConfig, weights: F64) -> F64:
    """Apply what a face can't do: opposites, sums, closed lips over a closed jaw, limits."""
    for a, b in config.exclusive:
        for i, j in zip(_columns([a]), _columns([b]), strict=True):
            both = np.minimum(weights[:, i], weights[:, j])
            weights[:, i] -= both
            weights[:, j] -= both
    for rule in config.sum_limits:
        columns = _columns(rule.units)
        total = weights[:, columns].sum(axis=1)
        weights[:, columns] *= np.minimum(1, rule.limit / np.maximum(total, 1e-9))[:, None]
    # ARKit: mouthClose closes the lips independent of the jaw, so it can't exceed jawOpen.
    close, jaw = _COLUMN["mouthClose"], _COLUMN["jawOpen"]
    weights[:, close] = np.minimum(weights[:, close], weights[:, jaw])
    weights[:, sorted(_COLUMN[u] for u in _LOOK)] = 0
    return np.clip(weights, 0, 1, out=weights)


def look(limits: LookLimits, weights: F64, gaze_yaw_deg: F64, gaze_pitch_deg: F64) -> F64:
    """The weights with the eyeLook units that go with a gaze, so that lids follow the eyes.

    Args:
        weights: ``(n, 52)``.
        gaze_yaw_deg: ``(n,)`` to the subject's left.
        gaze_pitch_deg: ``(n,)`` up.
    """
    out = weights.copy()
    left, right = np.maximum(gaze_yaw_deg, 0), np.maximum(-gaze_yaw_deg, 0)
    up, down = np.maximum(gaze_pitch_deg, 0), np.maximum(-gaze_pitch_deg, 0)
    for unit, angle, limit in (
        ("eyeLookOutLeft", left, limits.out_deg),
        ("eyeLookInRight", left, limits.in_deg),
        ("eyeLookInLeft", right, limits.in_deg),
        ("eyeLookOutRight", right, limits.out_deg),
        ("eyeLookUpLeft", up, limits.up_deg),
        ("eyeLookUpRight", up, limits.up_deg),
        ("eyeLookDownLeft", down, limits.down_deg),
        ("eyeLookDownRight", down, limits.down_deg),
    ):
        out[:, _COLUMN[unit]] = np.clip(angle / limit, 0, 1)
    return out
