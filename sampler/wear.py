"""Worn things of all slots: what is worn together, and in which colours and prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from assets.worn import goes_with, known_prints
from sampler.columns import Names, Nullable
from sampler.config_model import ConfigModel, Within
from sampler.copula import ComponentConfig
from sampler.distributions import Categorical, Distribution
from sampler.identity import Identity
from sampler.pool import Pool, choose, names
from sampler.quantities import Chance, Fraction, Positive, Share, Signed, Weight
from sampler.streams import F64, Draws
from spec_schema.spec import PLAIN_PRINT, WORN_SLOTS

__all__ = ["Swatch", "Wardrobe", "Wear", "WearConfig", "draw", "linear_from_srgb"]


class Swatch(ConfigModel):
    """One colour of a palette."""

    srgb: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
    share: Positive
    metallic: Share = 0.0

    def linear(self) -> F64:
        """Linear sRGB ``(3,)``."""
        return _from_hex(self.srgb)


class WearConfig(ComponentConfig):
    share: Chance
    """How many wear one, of those whose other things leave them any."""
    male_factor: Annotated[float, Field(ge=0, le=1)]
    """How much rarer it is among men."""
    shares: dict[str, Weight]
    """Replace the catalogue's shares, by id."""
    palette: Annotated[dict[str, Swatch], Field(min_length=1)]
    brightness: Annotated[Distribution, Within("", 0.05, 4)]
    """Factor on the linear colour."""
    tint: Annotated[Distribution, Within("", 0, 0.5)]
    """How far each channel may leave the swatch by itself."""
    size: Annotated[Distribution, Within("", 0.5, 2)]
    roughness: Fraction
    tilt: Annotated[Distribution, Within("deg", -45, 45)]
    height: Signed
    thickness: Annotated[Distribution, Within("", 0.5, 2)]
    pattern_share: Chance
    """How many are printed."""
    pattern: Fraction


@dataclass(frozen=True)
class Wear:
    """What the rows wear in one slot."""

    slot: str
    present: NDArray[np.bool_]
    codes: NDArray[np.int64]
    column: Nullable | None


class Wardrobe:
    """The things of all slots, and which of them are worn together."""

    def __init__(self, pools: Mapping[str, Pool]) -> None:
        self.pools = pools
        self._together = {
            (a, b): np.array(
                [[goes_with(a, x, b, y) for y in pools[b].attributes] for x in pools[a].attributes],
                bool,
            ).reshape(len(pools[a].ids), len(pools[b].ids))
            for i, b in enumerate(WORN_SLOTS)
            for a in WORN_SLOTS[:i]
        }
        self._free = {pair: bool(table.all()) for pair, table in self._together.items()}
        self._needs_hair = {
            slot: np.array([bool(a.get("needs_hair", False)) for a in pool.attributes], bool)
            for slot, pool in pools.items()
        }
        self._hides_hair = {
            slot: np.array([_covers_hair(a) for a in pool.attributes], bool)
            for slot, pool in pools.items()
        }

    def beside(
        self, slot: str, worn: list[Wear], bare: NDArray[np.bool_] | None = None
    ) -> NDArray[np.bool_] | None:
        """Which things ``(n, K)`` of a slot go with all that is worn; None if all of them do.

        ``bare`` ``(n,)`` are those without hair to fasten anything to.
        """
        allowed: NDArray[np.bool_] | None = None
        needy = self._needs_hair[slot]
        if bare is not None and needy.any():
            allowed = ~(bare[:, None] & needy)
        for other in worn:
            pair = (other.slot, slot)
            if other.column is None or self._free[pair]:
                continue
            fits = self._together[pair][other.codes] | ~other.present[:, None]
            allowed = fits if allowed is None else allowed & fits
        return allowed

    def presses_hair(self, worn: Wear) -> NDArray[np.bool_]:
        """Rows whose thing in this slot hides hair."""
        if worn.column is None:
            return worn.present
        return np.asarray(worn.present & self._hides_hair[worn.slot][worn.codes])


def _covers_hair(attributes: Mapping[str, Any]) -> bool:
    return bool(attributes.get("covers", {}).get("hair", "none") == "tight")


def linear_from_srgb(encoded: F64) -> F64:
    """sRGB (IEC 61966-2-1) 0-1 to linear."""
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


@lru_cache(maxsize=4096)
def _from_hex(srgb: str) -> F64:
    return linear_from_srgb(np.array([int(srgb[i : i + 2], 16) / 255 for i in (1, 3, 5)]))


def draw(
    config: WearConfig,
    draws: Draws,
    slot: str,
    wardrobe: Wardrobe,
    identity: Identity,
    worn: list[Wear],
    bare: NDArray[np.bool_] | None = None,
) -> Wear:
    """Draw one slot beside what is ``worn``. Nobody wears anything of which there is none.

    ``bare`` ``(n,)`` are those without hair to fasten anything to; None: nobody, or not yet known.
    """
    items = wardrobe.pools[slot]
    if not items.ids:
        nobody = np.zeros(draws.n, bool)
        return Wear(slot, nobody, np.zeros(draws.n, np.int64), None)
    weights = items.by_sex(identity.sex)
    allowed = wardrobe.beside(slot, worn, bare)
    share = config.share * (1 - (1 - config.male_factor) * identity.sex)
    present = draws.uniform("worn") < share
    if allowed is not None:
        weights = weights * allowed
        present &= weights.sum(axis=1) > 0
    codes = choose(weights, draws.uniform("id"))
    colour, metallic = _coloured(config, draws, items, codes, "")
    second, _ = _coloured(config, draws, items, codes, "second_")
    prints, print_codes = _prints(items, codes, draws.uniform("print"))
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
        "print": Names(prints, np.where(printed, print_codes, 0)),
        "second_red": second[:, 0],
        "second_green": second[:, 1],
        "second_blue": second[:, 2],
        "height": config.height.ppf(draws.uniform("height")),
        "thickness": config.thickness.ppf(draws.uniform("thickness")),
        "seed": draws.seeds("seed"),
    }
    return Wear(slot, present, codes, Nullable(columns, present))


def _coloured(
    config: WearConfig, draws: Draws, items: Pool, codes: NDArray[np.int64], which: str
) -> tuple[F64, F64]:
    """Linear colours ``(n, 3)`` and how metallic ``(n,)``: an entry's own, or of the palette."""
    shares = Categorical(weights={k: s.share for k, s in config.palette.items()})
    u = draws.uniform(f"{which}swatch")
    swatch, _ = shares.codes(u)
    colour = np.array([s.linear() for s in config.palette.values()])[swatch]
    metallic = np.array([s.metallic for s in config.palette.values()])[swatch]
    own = items.attribute(f"{which}colours", ())
    count = np.array([len(c) for c in own])
    if count.any():
        table = np.zeros((len(own), count.max(), 3))
        for k, hexes in enumerate(own):
            for j, srgb in enumerate(hexes):
                table[k, j] = _from_hex(srgb)
        at = np.minimum((u * count[codes]).astype(np.int64), np.maximum(count[codes] - 1, 0))
        has = count[codes] > 0
        colour = np.where(has[:, None], table[codes, at], colour)
        metallic = np.where(has, draws.uniform(f"{which}metallic"), metallic)
    tint = config.tint.ppf(draws.uniform(f"{which}tint"))
    wander = 1 + tint[:, None] * (2 * draws.uniforms(f"{which}tint_rgb", 3) - 1)
    brightness = config.brightness.ppf(draws.uniform(f"{which}brightness"))
    return np.clip(colour * brightness[:, None] * wander, 0.003, 0.9), metallic


def _prints(
    items: Pool, codes: NDArray[np.int64], u: F64
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """All prints, and for each row the code of one that its entry may have."""
    known = known_prints(items.attributes)
    own = [a.get("prints", ()) or (PLAIN_PRINT,) for a in items.attributes]
    table = np.zeros((len(own), max(map(len, own))), np.int64)
    for k, prints in enumerate(own):
        table[k, : len(prints)] = [known.index(p) for p in prints]
    count = np.array([len(p) for p in own])[codes]
    return known, table[codes, np.minimum((u * count).astype(np.int64), count - 1)]
