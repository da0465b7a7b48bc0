"""The figures of ``rf-plot`` as text."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from sampler.declared import Declared
from sampler.figures import Figures
from sampler.plotted import ACTIVE, HIGH, QUANTITIES
from sampler.streams import F64

__all__ = ["summary"]

_YAW_EDGES: Final = (-180, -90, -60, -30, -10, 10, 30, 60, 90, 180)
_PITCH_EDGES: Final = (90, 45, 30, 15, 0, -15, -30, -45, -90)
_LENS_DEG: Final = 2.0
"""A gaze this near to the lens meets the viewer's eye."""


def summary(sets: Sequence[Figures], against: Declared | None = None) -> str:
    """All figures that the plots show, as text for a terminal.

    Args:
        sets: the second and later ones are compared with the first.
        against: a declared reference to compare each with.
    """
    blocks = []
    for k, figures in enumerate(sets):
        lines = [
            f"{figures.title}",
            *_grouping(figures),
            "",
            *_quantities(figures),
            "",
            *_pose_table(figures),
            "",
            *_shares(figures),
            "",
            *_units(figures),
        ]
        if against is not None:
            lines += ["", *_against(figures, against)]
        if k:
            lines += ["", *_compared(figures, sets[0])]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _span(low: int, high: int) -> str:
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _grouping(figures: Figures) -> list[str]:
    g = figures.grouping
    if g.tracks:
        text = f"{g.tracks:,} tracks × {_span(*g.frames)} frames, up to {g.seconds:.2f} s"
        return [f"{text}; {g.identities:,} identities"]
    if g.rows_an_identity[1] == 1:
        return [f"{g.identities:,} identities, one scene each"]
    text = f"{g.identities:,} identities × {_span(*g.rows_an_identity)} variations"
    neutral = f", the first neutral in {g.neutral_first:,}" if g.neutral_first else ""
    return [text + neutral]


def _quantities(figures: Figures) -> list[str]:
    lines = [f"{'':32}{'mean':>9}{'sd':>9}{'min':>9}{'5 %':>9}{'median':>9}{'95 %':>9}{'max':>9}"]
    for name, quantity in QUANTITIES.items():
        values = figures.values[name]
        if not len(values):
            lines.append(f"{quantity.label:32}{'none':>9}")
            continue
        marks = np.percentile(values, [0, 5, 50, 95, 100])
        numbers = (values.mean(), values.std(), *marks)
        unit = "widths" if quantity.unit == "picture widths" else quantity.unit
        label = f"{quantity.label} ({unit})" if unit else quantity.label
        lines.append(f"{label:32}" + "".join(f"{x + 0.0:9.3f}" for x in numbers))
    lens = (figures.values["off_lens"] <= _LENS_DEG).mean()
    beyond = (np.abs(figures.values["yaw"]) > 90).mean()
    lines.append(f"look within {_LENS_DEG:g}° of the lens: {100 * lens:.1f} %")
    if beyond:
        lines.append(f"turned beyond ±90° of yaw: {100 * beyond:.1f} %")
    boxes = len(figures.values["face_size"])
    if boxes < figures.n:
        lines.append(f"(face boxes of {boxes:,} scenes, spread evenly)")
    return lines


def _pose_table(figures: Figures) -> list[str]:
    """Shares of yaw by pitch, coarse."""
    yaw, pitch = figures.values["yaw"], figures.values["pitch"]
    counts = np.histogram2d(pitch, yaw, (_PITCH_EDGES[::-1], _YAW_EDGES))[0][::-1]
    percent = 100 * counts / figures.n
    columns = [k for k in range(len(_YAW_EDGES) - 1) if counts[:, k].any() or 1 <= k <= 7]
    head = "".join(f"{f'{_YAW_EDGES[k]} to {_YAW_EDGES[k + 1]}':>12}" for k in columns)
    lines = ["pitch (rows) by yaw (columns), degrees, % of the faces", f"{'':12}{head}"]
    for row, (high, low) in enumerate(itertools.pairwise(_PITCH_EDGES)):
        if counts[row].any():
            cells = "".join(f"{percent[row, k]:12.2f}" for k in columns)
            lines.append(f"{f'{low} to {high}':>12}{cells}")
    return lines


def _percent(shares: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {100 * share:.1f}" for name, share in shares.items())


def _shares(figures: Figures) -> list[str]:
    lines = ["shares (%)", f"  has: {_percent(figures.present)}"]
    lines.append(f"  mean ancestry: {_percent(figures.ancestry)}")
    return lines + [f"  {group}: {_percent(shares)}" for group, shares in figures.shares.items()]


def _units(figures: Figures) -> list[str]:
    lines = [
        f"expression units: share of faces above {HIGH:g} (%), "
        f"and the weights above {ACTIVE:g}: 5 %, median, 95 %"
    ]
    for name, unit in figures.units.items():
        low, _, middle, _, high = unit.quantiles
        weights = "never" if np.isnan(middle) else f"{low:7.2f}{middle:7.2f}{high:7.2f}"
        lines.append(f"  {name:16}{100 * unit.high:7.1f}{weights:>22}")
    return lines


def _distance(a: F64, b: F64) -> float:
    """Kolmogorov and Smirnov's: the greatest difference of the two distribution functions."""
    at = np.concatenate([a, b])
    below_a, below_b = (np.searchsorted(np.sort(v), at, side="right") / len(v) for v in (a, b))
    return float(np.abs(below_a - below_b).max())


def _against(figures: Figures, against: Declared) -> list[str]:
    lines = [
        f"against {against.name} as declared: mean and sd there, and the distance D of "
        "Kolmogorov and Smirnov"
    ]
    for name, declared in against.values.items():
        have = figures.values[name]
        lines.append(
            f"  {QUANTITIES[name].label:30}{declared.mean():9.3f}{declared.std():9.3f}"
            f"   D {_distance(have, declared):.4f}"
        )
    for name, share in against.present.items():
        have_share = figures.present[name]
        lines.append(f"  {name:30}{100 * share:8.1f} %   here {100 * have_share:.1f} %")
    lit = figures.shares["lighting scheme"]
    for name, share in against.schemes.items():
        label = f"light: {name}"
        lines.append(f"  {label:30}{100 * share:8.1f} %   here {100 * lit.get(name, 0.0):.1f} %")
    return lines


def _compared(figures: Figures, first: Figures) -> list[str]:
    lines = [
        f"against {first.name}: distance D of Kolmogorov and Smirnov, and for shares the "
        "part of the faces that would have to change"
    ]
    for name, quantity in QUANTITIES.items():
        if not (len(figures.values[name]) and len(first.values[name])):
            continue
        d = _distance(figures.values[name], first.values[name])
        lines.append(f"  {quantity.label:30}   D {d:.4f}")
    for group, shares in figures.shares.items():
        there = first.shares[group]
        names = {*shares, *there}
        moved = sum(abs(shares.get(n, 0.0) - there.get(n, 0.0)) for n in names) / 2
        lines.append(f"  {group:30}     {100 * moved:.1f} %")
    return lines
