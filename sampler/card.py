"""The data card of a manifest: what is drawn, shares of people, gaps, licences, cost."""

from __future__ import annotations

import itertools
import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assets.packs import load_packs
from sampler.streams import F64
from spec_schema.dataset import Dataset
from spec_schema.errors import DatasetError
from spec_schema.manifest import Manifest
from spec_schema.spec import WORN_SLOTS

__all__ = ["Measured", "data_card", "measured_cost"]

_AGES: Final = (18, 25, 35, 45, 55, 65, 75, 90.01)
_TONES: Final = (1, 3.5, 5.5, 7.5, 10.01)
_YAWS: Final = (0, 15, 30, 45, 60, 75, 90, 180.01)
_THIN: Final = 0.01
"""Groups under this share of the rows are named as thin."""
_ANCESTRY: Final = ("african", "asian", "european")


@dataclass(frozen=True)
class Measured:
    """What a part of the manifest, or another one like it, took."""

    samples: int
    cpu_s: float
    """Mean of a sample, all its phases."""
    settings: str


def measured_cost(folder: Path) -> Measured:
    """Seconds of a rendered dataset.

    Raises:
        DatasetError: there is no dataset, or its journal tells no seconds.
    """
    dataset = Dataset(folder)
    seconds = [
        sum(s or 0.0 for s in phases.values())
        for phases in dataset.index().column("cpu_s").to_pylist()
        if phases
    ]
    if not seconds:
        raise DatasetError(f"{folder}: its journal tells no seconds of any sample")
    settings = dataset.info.get("settings", {})
    told = f"{settings.get('size_px')} px, {settings.get('samples')} samples a pixel"
    return Measured(len(seconds), float(np.mean(seconds)), told)


def data_card(manifest: Manifest, title: str, cost: Measured | None = None) -> str:
    """Markdown; equal arguments give equal text.

    Args:
        manifest: what is described.
        title: name of the dataset.
        cost: measured seconds to work out the whole from.
    """
    rows = _Rows(manifest)
    fixed = tomllib.loads(files("sampler").joinpath("data/card.toml").read_text("utf-8"))
    parts = [
        f"# {title}\n",
        _about(manifest, rows),
        "## What is drawn\n",
        _pose(rows),
        "## People\n",
        _people(rows),
        "## What they wear and how they look\n",
        _shares(rows),
        "## Known gaps\n",
        "\n".join(f"- {gap}" for gap in [*_thin(rows), *fixed["gaps"]]) + "\n",
        "## Made for\n",
        fixed["uses"] + "\n",
        "## Cost\n",
        _cost(rows.n, cost),
        "## Licences\n",
        _licences(manifest),
    ]
    return "\n".join(parts)


class _Rows:
    """Columns of a manifest, read when they are asked for."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self.n = len(manifest)

    def column(self, name: str) -> pa.Array:
        """Values of a leaf or a record."""
        first, *rest = name.split(".")
        column = self._manifest.table([name]).column(first).combine_chunks()
        for part in rest:
            column = pc.struct_field(column, part)
        return column

    def numbers(self, name: str) -> F64:
        return np.asarray(self.column(name).to_numpy(zero_copy_only=False), np.float64)

    def named(self, name: str) -> dict[str, float]:
        """Share by name, the commonest first; rows without are left out."""
        counts = pc.value_counts(self.column(name).drop_null()).to_pylist()
        ordered = sorted(counts, key=lambda c: (-c["counts"], c["values"]))
        return {c["values"]: c["counts"] / self.n for c in ordered}


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _range(low: float, high: float) -> str:
    # Last edges lie a little beyond what may occur, so that it falls in.
    return f"{low:g} to {np.floor(10 * high) / 10:g}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _about(manifest: Manifest, rows: _Rows) -> str:
    identities = pc.count_distinct(rows.column("sample.identity_id")).as_py()
    info = manifest.info
    layout = info.config.get("layout", {}) if isinstance(info.config, dict) else {}
    index = rows.numbers("sample.index")
    return _table(
        ["", ""],
        [
            ["scenes", f"{rows.n:,}"],
            ["identities", f"{identities:,}"],
            ["layout", str(layout.get("kind", "unknown"))],
            ["split", ", ".join(rows.named("sample.split"))],
            ["seed", str(info.seed)],
            ["positions in the stream", f"{index.min():.0f} to {index.max():.0f}"],
            ["schema version", str(info.schema_version)],
            ["made with", json.dumps(info.versions, sort_keys=True).strip("{}").replace('"', "")],
        ],
    )


def _pose(rows: _Rows) -> str:
    lines = []
    for name, label in (
        ("pose.yaw_deg", "yaw, °"), ("pose.pitch_deg", "pitch, °"), ("pose.roll_deg", "roll, °"),
        ("pose.z_m", "distance, m"), ("camera.focal_length_mm", "focal length, mm (36 mm wide)"),
    ):  # fmt: skip
        values = rows.numbers(name)
        marks = np.percentile(values, [0, 5, 50, 95, 100])
        lines.append([label, *(f"{v + 0.0:.2f}" for v in (values.mean(), values.std(), *marks))])
    spread = _table(["", "mean", "sd", "least", "5 %", "median", "95 %", "most"], lines)
    bands = _bands(np.abs(rows.numbers("pose.yaw_deg")), _YAWS)
    return spread + "\n" + _table(["yaw, either side", "share"], [[f"{b}°", s] for b, s in bands])


def _bands(values: F64, edges: Sequence[float]) -> list[tuple[str, str]]:
    counts, _ = np.histogram(values, edges)
    return [
        (_range(low, high), _percent(count / len(values)))
        for low, high, count in zip(edges, edges[1:], counts, strict=False)
    ]


def _people(rows: _Rows) -> str:
    sex, age, tone = (rows.numbers(f) for f in ("identity.sex", "identity.age_years",
                                                "skin.monk_tone"))  # fmt: skip
    lines = []
    for name, chosen in (("female (under 0.5)", sex < 0.5), ("male", sex >= 0.5)):
        shares = np.histogram(age[chosen], _AGES)[0] / len(sex)
        lines.append([name, _percent(chosen.mean()), *map(_percent, shares)])
    ages = [_range(low, high) for low, high in itertools.pairwise(_AGES)]
    text = _table(["sex, and age in years", "all", *ages], lines)
    text += "\n" + _table(["skin tone, Monk scale", "share"], _pairs(_bands(tone, _TONES)))
    ancestry = np.stack([rows.numbers(f"identity.{a}") for a in _ANCESTRY], axis=1)
    largest = np.bincount(ancestry.argmax(axis=1), minlength=3) / rows.n
    return text + "\n" + _table(
        ["largest share of ancestry", "of the faces", "mean share"],
        [[a, _percent(s), _percent(m)]
         for a, s, m in zip(_ANCESTRY, largest, ancestry.mean(axis=0), strict=True)],
    )  # fmt: skip


def _pairs(bands: Sequence[tuple[str, str]]) -> list[list[str]]:
    return [list(band) for band in bands]


def _listed(shares: dict[str, float], most: int = 8) -> str:
    first = [f"{name} {_percent(share)}" for name, share in list(shares.items())[:most]]
    return ", ".join(first + ([f"and {len(shares) - most} more"] if len(shares) > most else []))


def _shares(rows: _Rows) -> str:
    lines = [
        ["hair", _listed(rows.named("hair.style"))],
        ["beards", _listed(rows.named("facial_hair.style"))],
    ]
    for slot in WORN_SLOTS:
        kinds = rows.named(f"{slot}.id")
        lines.append([slot, f"{_percent(sum(kinds.values()))}: {_listed(kinds, 5)}"])
    lines += [
        ["light", _listed(rows.named("environment.scheme"))],
        ["environments", _listed(rows.named("environment.hdri"), 5)],
        ["photographs", _percent(1 - rows.column("photo").null_count / rows.n)],
    ]
    return _table(["", "share of the scenes"], lines)


def _thin(rows: _Rows) -> list[str]:
    """Groups of sex, age and tone that make up less than :data:`_THIN` of the rows."""
    sex, age, tone = (rows.numbers(f) for f in ("identity.sex", "identity.age_years",
                                                "skin.monk_tone"))  # fmt: skip
    table, _ = np.histogramdd(
        np.stack([sex, age, tone], axis=1), ((-0.01, 0.5, 1.01), _AGES, _TONES)
    )
    thin = [
        f"{('women', 'men')[s]} of {_range(*_AGES[a : a + 2])} years and tone "
        f"{_range(*_TONES[t : t + 2])} ({_percent(table[s, a, t] / rows.n)})"
        for s, a, t in np.argwhere(table < _THIN * rows.n)
    ]
    return (
        [f"Thin, under {_percent(_THIN)} of the scenes: " + "; ".join(thin) + "."] if thin else []
    )


def _cost(n: int, cost: Measured | None) -> str:
    if cost is None:
        return "Not measured yet. Render a part, and give its folder with `--measured`.\n"
    hours = n * cost.cpu_s / 3600
    return (
        f"{cost.samples:,} samples at {cost.settings} took {cost.cpu_s:.1f} CPU seconds each; "
        f"all {n:,} at that are {hours:,.1f} CPU hours. A GPU traces paths faster, and does not do "
        "the rest; none was measured.\n"
    )


def _licences(manifest: Manifest) -> str:
    locked: dict[str, Any] = manifest.info.asset_lock
    packs = [p for p in load_packs().values() if p.name in locked or not locked]
    text = _table(
        ["pack", "licence", "attribution", "taken from it"],
        [[p.name, p.licence, p.attribution, p.takes] for p in packs],
    )
    own = sorted(set(locked) - {p.name for p in packs})
    if own:
        text += "\nAlso used, under licences of their own: " + ", ".join(own) + ".\n"
    return text
