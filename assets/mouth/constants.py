"""The constants of ``assets/data/mouth.toml``, checked and typed."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

__all__ = ["MouthConstants", "TeethSet", "mouth_constants", "teeth_sets"]

Triple = tuple[float, float, float]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TeethSet(_Model):
    """One of the pack's sets of teeth."""

    proxy: str
    share: float
    back_m: float = 0.0


class Teeth(_Model):
    upper_refs_from: int
    lower_helpers: tuple[int, int]
    upper_shift_m: Triple
    lower_shift_m: Triple
    narrow_from_m: tuple[float, float]
    narrow: float
    narrow_back_m: float
    root_m: tuple[float, float]
    root_narrow: float
    root_back_m: float
    whitest: Triple
    darkest: Triple
    stain: Triple
    gums: Triple
    gums_dark: Triple
    roughness: float
    shading: tuple[float, float]
    uneven: float
    gum_redness: tuple[float, float]


class Lips(_Model):
    below_m: float
    reach: float
    fade: float
    clear_m: float
    side_clear_m: float
    side_from_m: tuple[float, float]
    side_share: float


class Tongue(_Model):
    proxy: str
    colour: Triple
    roughness: float
    shading: tuple[float, float]
    tip_shift_m: Triple
    raised_m: Triple
    furrow_m: float
    furrow_half_width_m: float
    papillae_mm: float


class MouthConstants(_Model):
    """All of ``mouth.toml``."""

    sets: dict[str, TeethSet]
    teeth: Teeth
    lips: Lips
    tongue: Tongue


@cache
def mouth_constants() -> MouthConstants:
    """The constants, read once a process."""
    text = files("assets").joinpath("data/mouth.toml").read_text("utf-8")
    return MouthConstants.model_validate(tomllib.loads(text))


def teeth_sets() -> dict[str, TeethSet]:
    """The sets of teeth that a spec may name, by id."""
    return mouth_constants().sets
