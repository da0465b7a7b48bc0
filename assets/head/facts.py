"""Facts about the head mesh that stand in ``assets/data/head.toml``, typed."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

__all__ = ["HeadFacts", "LidFacts", "NeckFacts", "load_facts"]


@dataclass(frozen=True)
class LidFacts:
    """``[lids]`` of ``head.toml``."""

    corners: tuple[int, int]
    blink_at: tuple[float, ...]
    blink_by_inner: tuple[float, ...]
    blink_by_outer: tuple[float, ...]
    blink_over: tuple[float, ...]
    blink_forward_m: float
    squint_by_blink: float
    wide_by_look_up: float
    most_wide: float
    blink_by_look_down: float


@dataclass(frozen=True)
class NeckFacts:
    """``[neck_shape]`` of ``head.toml``."""

    span_y_m: tuple[float, float]
    half_width_m: float
    axis_z_m: float
    front_z_m: float
    fade_m: float
    apple_y_m: float
    apple_m: float
    apple_half_width_m: float
    apple_up_m: float
    apple_down_m: float
    apple_of_women: float
    cord_x_m: float
    cord_half_width_m: float
    cord_m: float
    between_cords: float
    fold_y_m: float
    fold_pitch_m: float
    fold_rise: float
    fold_m: float
    wattle_m: float
    wattle_half_width_m: float
    padding: float
    slack_from_years: float
    slack_full_years: float


@dataclass(frozen=True)
class LipCornerFacts:
    """``[lip_corners]`` of ``head.toml``."""

    gap_m: float
    upper: tuple[int, ...]
    lower: tuple[int, ...]
    upper_before: tuple[int, ...]
    lower_before: tuple[int, ...]
    upper_behind: tuple[int, ...]
    lower_behind: tuple[int, ...]


@dataclass(frozen=True)
class LipSealFacts:
    """``[lip_seal]`` of ``head.toml``."""

    upper: tuple[int, ...]
    lower: tuple[int, ...]
    follow: tuple[float, ...]
    overlap_m: float
    identity: float
    units: dict[str, float]
    corner_keep: tuple[float, ...]
    corner_units: dict[str, float]


@dataclass(frozen=True)
class EyeDepthFacts:
    """``[eye_depth]`` of ``head.toml``."""

    lids: dict[str, tuple[int, ...]]
    share: float
    least_m: float
    most_m: float


@dataclass(frozen=True)
class HeadFacts:
    """See the comments in ``head.toml``."""

    min_y_m: float
    max_abs_x_m: float
    subdivisions: int
    dense_min_y_m: float
    mouth_to_eye_lean_deg: float
    mean_age_years: float
    neck_fractions: dict[str, float]
    neck_whole_at: float
    pivot_bone: str
    arm_fractions: dict[str, float]
    arm_pivot_bone: str
    arm_lowering_deg: float
    eye_ranges: dict[str, tuple[int, int]]
    eye_depth: EyeDepthFacts
    lids: LidFacts
    neck_shape: NeckFacts
    regions: dict[str, Any]
    landmarks: dict[int, tuple[int, ...]]
    opposites: tuple[tuple[str, str], ...]
    target_groups: frozenset[str]
    unit_gains: dict[str, float]
    neutral_lip_gap_m: float
    lower_by_smile: float
    lip_corners: LipCornerFacts
    lip_seal: LipSealFacts
    young_years: float
    old_years: float


@lru_cache(maxsize=1)
def load_facts() -> HeadFacts:
    """Read ``head.toml`` from the package."""
    text = resources.files("assets").joinpath("data/head.toml").read_text("utf-8")
    d = tomllib.loads(text)
    return HeadFacts(
        min_y_m=d["crop"]["min_y_m"],
        max_abs_x_m=d["crop"]["max_abs_x_m"],
        subdivisions=d["crop"]["subdivisions"],
        dense_min_y_m=d["crop"]["dense_min_y_m"],
        mouth_to_eye_lean_deg=d["frame"]["mouth_to_eye_lean_deg"],
        mean_age_years=d["frame"]["mean_age_years"],
        neck_fractions=d["neck"]["fractions"],
        neck_whole_at=d["neck"]["whole_at"],
        pivot_bone=d["neck"]["pivot_bone"],
        arm_fractions=d["arms"]["fractions"],
        arm_pivot_bone=d["arms"]["pivot_bone"],
        arm_lowering_deg=d["arms"]["lowering_deg"],
        eye_ranges={side: (r[0], r[1]) for side, r in d["eyes"].items()},
        eye_depth=EyeDepthFacts(
            **{**d["eye_depth"], "lids": _frozen(d["eye_depth"]["lids"])},
        ),
        lids=LidFacts(**_frozen(d["lids"])),
        neck_shape=NeckFacts(**_frozen(d["neck_shape"])),
        regions=d["regions"],
        landmarks={int(k): tuple(v) for k, v in d["landmarks"].items()},
        opposites=tuple((p, n) for p, n in d["targets"]["opposites"]),
        target_groups=frozenset(d["targets"]["groups"]),
        unit_gains=d["expression"]["gains"],
        neutral_lip_gap_m=d["expression"]["neutral_lip_gap_m"],
        lower_by_smile=d["expression"]["lower_by_smile"],
        lip_corners=LipCornerFacts(**_frozen(d["lip_corners"])),
        lip_seal=LipSealFacts(**_frozen(d["lip_seal"])),
        young_years=d["targets"]["macro_young_years"],
        old_years=d["targets"]["macro_old_years"],
    )


def _frozen(table: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
