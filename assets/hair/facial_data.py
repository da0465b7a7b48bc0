"""Beards, brows and lashes as data: assets/data/facial_hair.toml, checked and typed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "BeardMap",
    "BrowData",
    "Combed",
    "FacialStyle",
    "LashData",
    "LashRim",
    "Region",
]

Region = Literal[
    "moustache", "connector", "soul", "chin", "jaw", "cheek", "sideburn", "neck"
]  # fmt: skip
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Combed(_Data):
    """How hair of a region lies: out from the middle of the face, up, forward."""

    out: float = 0.0
    fan: float = 0.0
    """More of ``out`` for each decimetre from the middle."""
    up: float
    forward: float = 0.0


class BeardMap(_Data):
    """Where facial hair can grow, in rest decimetres, |x| and y up, z forward."""

    upper_x: tuple[float, ...]
    upper_y: tuple[float, ...]
    """Line under mouth and cheek."""
    lower_z: tuple[float, ...]
    lower_y: tuple[float, ...]
    """Line on the neck."""
    jaw_z: tuple[float, ...]
    jaw_y: tuple[float, ...]
    """Edge of the jaw, from before the ear to the chin."""
    combed: dict[Region, Combed]


class FacialStyle(_Data):
    """One style of facial hair."""

    share: Annotated[float, Field(ge=0)]
    """Relative frequency among men."""
    min_length_m: Positive
    max_length_m: Positive
    """Shortest and longest ``facial_hair.length_m`` at which the style is itself."""
    regions: dict[Region, Share]
    """Density of each region, 0-1."""
    count: Annotated[int, Field(gt=0)]
    radius_um: Positive
    moustache_mm: Positive = 11.0
    """Longest hair of the moustache."""
    moustache_sweep: Share = 0.0
    """How far the moustache is combed to its ends."""
    moustache_curl: float = 0.0
    """How far its ends turn up (1) or hang (-1)."""
    moustache_gap: Share = 0.35
    """How bare the groove under the nose is."""
    crisp: Share = 0.0
    """How sharply the edges are shaved."""
    taper: Share = 0.0
    """How much shorter hair gets from chin to sideburn."""
    narrow: Share = 0.0
    """How much a long beard is cut to a point."""
    lift: Share = 0.35
    curl_mm: float = 1.2
    points: Annotated[int, Field(ge=3)] = 12


class BrowData(_Data):
    """Two brow shapes in rest decimetres of the subject's left side, mixed by person."""

    x_dm: tuple[float, ...]
    straight_y_dm: tuple[float, ...]
    arched_y_dm: tuple[float, ...]
    half_width_dm: tuple[float, ...]
    z_dm: tuple[float, ...]
    """Of the brow ridge."""
    count: int
    radius_um: Positive
    length_mm: Positive
    points: int


class LashRim(_Data):
    """Helper vertices of the base mesh along one lid, from the outer to the inner corner."""

    rim: tuple[int, ...]
    middle: tuple[int, ...]
    tip: tuple[int, ...]


class LashData(_Data):
    right_upper: LashRim
    right_lower: LashRim
    left_upper: LashRim
    left_lower: LashRim
    upper_count: int
    lower_count: int
    upper_mm: Positive
    lower_mm: Positive
    radius_um: Positive
    points: int
