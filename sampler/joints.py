"""What goes together in a manifest: shares by age and sex, tone by ancestry, gaze by pose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assets.catalog import BALD, SHAVED
from sampler.gaze import lens_angles_deg
from sampler.identity import ANCESTRIES
from sampler.streams import F64
from spec_schema.frames import camera_from_head_rotation
from spec_schema.spec import ARKIT_UNITS, WORN_SLOTS

__all__ = ["JointTable", "expression_families", "joint_tables"]

Mask = NDArray[np.bool_]

_AGES: Final = ((18, 30), (30, 40), (40, 50), (50, 60), (60, 70), (70, 91))
_TONES: Final = ((1, 3), (3, 5), (5, 7), (7, 9), (9, 10.001))
_YAWS: Final = ((0, 15), (15, 30), (30, 45), (45, 60), (60, 90), (90, 180.001))
_MIXED: Final = 0.6
"""Below this share of the largest ancestry a person counts as mixed."""
_AT_LENS_DEG: Final = 0.5
_SHOWN: Final = 0.25
"""Weight from which an expression unit is seen."""
_SHUT: Final = 0.7


@dataclass(frozen=True)
class JointTable:
    """Shares (0 to 1) of the scenes of each row that have what a column says."""

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    shares: F64
    """``(rows, columns)``; NaN where a row has no scenes."""
    scenes: NDArray[np.int64]
    """``(rows,)`` how many scenes a row has."""


class _Columns:
    """A manifest's columns by dotted name."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def _array(self, path: str) -> Any:
        name, *rest = path.split(".")
        array = self._table.column(name).combine_chunks()
        for part in rest:
            array = pc.struct_field(array, part)
        return array

    def __getitem__(self, path: str) -> F64:
        return np.asarray(self._array(path).to_numpy(zero_copy_only=False), np.float64)

    def names(self, path: str) -> tuple[NDArray[np.int64], list[str]]:
        coded = self._array(path).dictionary_encode()
        if isinstance(coded, pa.ChunkedArray):
            coded = coded.combine_chunks()
        return np.asarray(coded.indices), coded.dictionary.to_pylist()

    def equals(self, path: str, name: str) -> Mask:
        codes, names = self.names(path)
        return np.asarray(codes == (names.index(name) if name in names else -1))

    def has(self, item: str) -> Mask:
        return np.asarray(self._array(item).is_valid().to_numpy(zero_copy_only=False), bool)


def _table(title: str, rows: dict[str, Mask], columns: dict[str, Mask]) -> JointTable:
    scenes = np.array([np.count_nonzero(row) for row in rows.values()])
    counts = np.array(
        [[np.count_nonzero(row & c) for c in columns.values()] for row in rows.values()], float
    ).reshape(len(rows), len(columns))
    shares = np.divide(
        counts, scenes[:, None], out=np.full(counts.shape, np.nan), where=scenes[:, None] > 0
    )
    return JointTable(title, tuple(rows), tuple(columns), shares, scenes)


def _bands(values: F64, bands: tuple[tuple[float, float], ...], unit: str = "") -> dict[str, Mask]:
    return {
        f"{low:g} to {int(high):g}{unit}": (values >= low) & (values < high) for low, high in bands
    }


def _hair(c: _Columns) -> JointTable:
    male = c["identity.sex"] >= 0.5
    # What a dye covers is grey no more.
    grey = c["hair.grey"] * (1 - c["hair.dye"])
    rows = {
        f"{who}, {name}": sex & band
        for who, sex in (("women", ~male), ("men", male))
        for name, band in _bands(c["identity.age_years"], _AGES).items()
    }
    return _table(
        "Hair by sex and age",
        rows,
        {
            "bald": c.equals("hair.style", BALD),
            "receding": c["hair.recession"] > _SHOWN,
            "thin": c["hair.thinning"] > _SHOWN,
            "greying": (grey > 0.05) & (grey <= 0.5),
            "grey": grey > 0.5,
            "dyed": c["hair.dye"] > 0,
            "highlights": c["hair.highlights"] > 0,
            "bearded": ~c.equals("facial_hair.style", SHAVED),
        },
    )


def _tone(c: _Columns) -> JointTable:
    mix = np.stack([c[f"identity.{a}"] for a in ANCESTRIES], axis=-1)
    largest, mixed = mix.argmax(axis=1), mix.max(axis=1) < _MIXED
    rows = {f"mostly {a}": (largest == k) & ~mixed for k, a in enumerate(ANCESTRIES)}
    rows |= {"mixed": mixed, "everyone": np.ones(len(mix), bool)}
    columns = _bands(c["skin.monk_tone"], _TONES)
    return _table("Monk skin tone by ancestry", rows, columns)


def expression_families(table: pa.Table) -> dict[str, Mask]:
    """What faces show, by the weights of their units; a face may be in several families."""
    return _families(_Columns(table))


def _families(c: _Columns) -> dict[str, Mask]:
    unit = {name: c[f"expression.{name}"] for name in ARKIT_UNITS}

    def either(name: str) -> F64:
        return np.maximum(unit[f"{name}Left"], unit[f"{name}Right"])

    left, right = unit["eyeBlinkLeft"], unit["eyeBlinkRight"]
    sides = [u.removesuffix("Left") for u in ARKIT_UNITS if u.endswith("Left")]
    sides = [s for s in sides if s not in ("jaw", "mouth") and not s.startswith("eyeLook")]
    uneven = np.max([np.abs(unit[f"{s}Left"] - unit[f"{s}Right"]) for s in sides], axis=0)
    still = np.max([w for name, w in unit.items() if not name.startswith("eyeLook")], axis=0)
    return {
        "neutral": still < _SHOWN,
        "smile": either("mouthSmile") >= _SHOWN,
        "mouth corners down": either("mouthFrown") >= _SHOWN,
        "mouth open": unit["jawOpen"] >= _SHOWN,
        "lips rounded": np.maximum(unit["mouthPucker"], unit["mouthFunnel"]) >= _SHOWN,
        "lips pressed or rolled": np.maximum(
            either("mouthPress"), np.maximum(unit["mouthRollLower"], unit["mouthRollUpper"])
        )
        >= _SHOWN,
        "nose wrinkled": either("noseSneer") >= _SHOWN,
        "brows up": np.maximum(unit["browInnerUp"], either("browOuterUp")) >= _SHOWN,
        "brows down": either("browDown") >= _SHOWN,
        "eyes wide": either("eyeWide") >= _SHOWN,
        "eyes narrowed": either("eyeSquint") >= _SHOWN,
        "eyes shut": np.minimum(left, right) >= _SHUT,
        "wink": (np.maximum(left, right) >= _SHUT) & (np.minimum(left, right) < 0.5),
        "uneven sides": uneven >= _SHOWN,
        "cheeks puffed": unit["cheekPuff"] >= _SHOWN,
        "tongue out": unit["tongueOut"] >= _SHOWN,
    }


def _lens(c: _Columns) -> tuple[Mask, F64]:
    """Who looks into the lens, and how far the eyes are turned in the head, degrees."""
    rotation = camera_from_head_rotation(*(c[f"pose.{a}_deg"] for a in ("yaw", "pitch", "roll")))
    position = np.stack([c[f"pose.{a}_m"] for a in "xyz"], axis=-1)
    lens_yaw, lens_pitch, _ = lens_angles_deg(rotation, position)
    yaw, pitch = c["gaze.yaw_deg"], c["gaze.pitch_deg"]
    return np.hypot(yaw - lens_yaw, pitch - lens_pitch) < _AT_LENS_DEG, np.hypot(yaw, pitch)


def _gaze(c: _Columns) -> JointTable:
    at_lens, turned = _lens(c)
    shut = np.minimum(c["expression.eyeBlinkLeft"], c["expression.eyeBlinkRight"]) >= _SHUT
    return _table(
        "Gaze by head yaw",
        _bands(np.abs(c["pose.yaw_deg"]), _YAWS, "°"),
        {
            "into the lens": at_lens,
            "aside, under 10°": ~at_lens & (turned < 10),
            "aside, 10° or more": ~at_lens & (turned >= 10),
            "eyes shut": shut,
        },
    )


def _worn(c: _Columns) -> JointTable:
    sex = c["identity.sex"]
    return _table(
        "Worn things and make-up by sex",
        {"women": sex < 0.5, "men": sex >= 0.5},
        {item: c.has(item) for item in WORN_SLOTS} | {"make-up": c["skin.makeup"] > 0},
    )


def _under_hats(c: _Columns) -> JointTable:
    codes, names = c.names("hair.style")
    hat = c.has("headwear")
    order = sorted(range(len(names)), key=names.__getitem__)
    return _table(
        "Hair style with and without headwear",
        {"bare-headed": ~hat, "with headwear": hat},
        {names[k]: codes == k for k in order},
    )


def joint_tables(table: pa.Table) -> list[JointTable]:
    """All tables of a manifest."""
    c = _Columns(table)
    everyone = np.ones(table.num_rows, bool)
    male = c["identity.sex"] >= 0.5
    people = {"women": ~male, "men": male, "everyone": everyone}
    return [
        _hair(c),
        _tone(c),
        _table("Expressions, as far as they are seen", people, _families(c)),
        _gaze(c),
        _worn(c),
        _under_hats(c),
    ]
