"""Expressions as combinations that faces make, over the 52 ARKit units."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Annotated, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from sampler.config_model import ConfigModel
from sampler.copula import ComponentConfig
from sampler.distributions import Categorical
from sampler.quantities import Chance, Fraction, Positive, Share, Signed
from sampler.streams import F64, Draws
from spec_schema.errors import nearest
from spec_schema.spec import ARKIT_UNITS

__all__ = ["BLINK", "ExpressionConfig", "ExpressionKind", "close_lids", "draw", "look", "settle"]

Weight = Annotated[float, Field(ge=0, le=1.5)]

_COLUMN: Final = {unit: i for i, unit in enumerate(ARKIT_UNITS)}
BLINK: Final = [_COLUMN["eyeBlinkLeft"], _COLUMN["eyeBlinkRight"]]
"""Columns of the units that close the lids."""
_WIDE: Final = [_COLUMN["eyeWideLeft"], _COLUMN["eyeWideRight"]]
_SQUINT: Final = [_COLUMN["eyeSquintLeft"], _COLUMN["eyeSquintRight"]]
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


class ExpressionConfig(ComponentConfig):
    drawn_apart: ClassVar[frozenset[str]] = frozenset({"stray", "random_weight"})

    kinds: dict[str, ExpressionKind]
    mixed_share: Chance
    """How many faces blend a second kind in."""
    mixed_intensity: Fraction
    random_share: Chance
    """How many faces are no kind, but a random mixture of units that goes together."""
    random_unit_share: Chance
    """How many of the units of such a face move."""
    random_weight: Fraction
    unit_jitter: Share
    """Standard deviation of each unit's own factor."""
    asymmetry: Signed
    """Left units times 1 + a, right units times 1 - a."""
    stray_share: Chance
    """How many of the other units move a little by themselves."""
    stray: Fraction
    blink: Fraction
    """Closure of the lids by itself, on top of the expression."""
    exclusive: list[Annotated[tuple[str, str], Field(strict=False)]]
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

    @cached_property
    def kind_weights(self) -> F64:
        """``(kinds, 52)`` weights at full intensity."""
        table = np.zeros((len(self.kinds), len(ARKIT_UNITS)))
        for row, kind in zip(table, self.kinds.values(), strict=True):
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


def _played(
    config: ExpressionConfig, draws: Draws, name: str, rows: NDArray[np.int64] | slice
) -> tuple[F64, NDArray[np.int64]]:
    """One drawn expression for some rows: weights ``(m, 52)`` at intensity, and its kind."""
    shares = Categorical(weights={k: v.share for k, v in config.kinds.items()})
    kind, _ = shares.codes(draws.uniform(name)[rows])
    intensity = np.empty(len(kind))
    u = draws.uniform(f"{name}/intensity")[rows]
    for i, declared in enumerate(config.kinds.values()):
        here = kind == i
        intensity[here] = declared.intensity.ppf(u[here])
    weights = config.kind_weights[kind]
    weights *= intensity[:, None]

    # A one-sided kind is declared on the left; half of the faces play it on the right.
    one_sided = np.array([k.one_sided for k in config.kinds.values()])[kind]
    flip = one_sided & (draws.uniform(f"{name}/side")[rows] < 0.5)
    weights[flip] = weights[flip][:, _MIRROR]
    return weights, kind


def draw(config: ExpressionConfig, draws: Draws) -> tuple[F64, NDArray[np.int64]]:
    """Weights ``(n, 52)`` without the eyeLook units, and the kind's index ``(n,)``."""
    weights, kind = _played(config, draws, "kind", slice(None))
    mixed = np.flatnonzero(draws.uniform("mixed") < config.mixed_share)
    second, _ = _played(config, draws, "second", mixed)
    blend = config.mixed_intensity.ppf(draws.uniform("mixed_intensity")[mixed])[:, None]
    weights[mixed] = np.maximum(weights[mixed] * (1 - blend / 2), second * blend)

    factor = draws.uniforms("unit_jitter", len(ARKIT_UNITS))
    factor -= 0.5
    factor *= 2 * np.sqrt(3) * config.unit_jitter
    factor += 1
    weights *= factor
    is_random = draws.uniform("random") < config.random_share
    _move_others(config, draws, weights, is_random)
    asymmetry = config.asymmetry.ppf(draws.uniform("asymmetry"))
    weights *= 1 + asymmetry[:, None] * _side_signs()
    blink = config.blink.ppf(draws.uniform("blink"))
    weights[:, BLINK] += blink[:, None]
    return settle(config, weights), kind


def _move_others(
    config: ExpressionConfig, draws: Draws, weights: F64, is_random: NDArray[np.bool_]
) -> None:
    """Let some units of each face move a little by themselves; faces ``is_random`` are made of
    such units alone, the same on both sides but for what asymmetry adds. Changes ``weights``."""
    u = draws.uniforms("stray", len(ARKIT_UNITS))
    right = np.flatnonzero(_side_signs() < 0)
    random = np.flatnonzero(is_random)
    u[np.ix_(random, right)] = u[np.ix_(random, _MIRROR[right])]
    share = np.where(is_random, config.random_unit_share, config.stray_share)
    row, unit = np.nonzero(u < share[:, None])
    amount, strong = u[row, unit] / share[row], is_random[row]
    weights[random] = 0
    weights[row, unit] += np.where(
        strong, config.random_weight.ppf(amount), config.stray.ppf(amount)
    )


def settle(config: ExpressionConfig, weights: F64) -> F64:
    """Apply what a face can't do: opposites, sums, closed lips over a closed jaw, limits.

    Changes ``weights`` ``(n, 52)`` and returns them.
    """
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


def close_lids(weights: F64, closure: F64) -> F64:
    """Bring the lids from where an expression holds them to closed, by ``closure`` ``(n,)`` 0-1.

    What is closed is neither wide nor squinting. Changes ``weights`` ``(n, 52)`` and returns
    them.
    """
    lids = weights[:, BLINK] - weights[:, _WIDE]
    lids += closure[:, None] * (1 - lids)
    weights[:, BLINK], weights[:, _WIDE] = np.maximum(lids, 0), np.maximum(-lids, 0)
    weights[:, _SQUINT] *= 1 - closure[:, None]
    return weights


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
