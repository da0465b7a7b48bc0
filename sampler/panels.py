"""The single panels of ``rf-plot``: histograms, maps, bars, ranges and tracks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, PowerNorm
from matplotlib.ticker import MaxNLocator, MultipleLocator
from scipy.ndimage import gaussian_filter

from sampler.figures import Track, UnitFigures
from sampler.plotted import ACTIVE, Quantity, bin_edges
from sampler.streams import F64

__all__ = [
    "DASHED",
    "REFERENCE",
    "STYLE",
    "Look",
    "bars",
    "heat",
    "histogram",
    "look_of",
    "ranges",
    "time_series",
]

# Okabe & Ito's palette: told apart by colour-blind readers.
_COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
_LINES: Final = ("-", (0, (4, 1.2)), (0, (1, 1)), (0, (5, 1, 1, 1)))
REFERENCE: Final = "#222222"
DASHED: Final = (0, (2, 1.5))
_MAP: Final = ListedColormap(mpl.colormaps["Blues"](np.linspace(0.12, 1, 256))).with_extremes(
    bad="white"
)
"""One hue from pale to dark, which a grey print keeps; empty cells stay white."""
_FEW: Final = 400
"""Faces up to which a map shows each as a dot."""

STYLE: Final[dict[Any, Any]] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Arial", "Helvetica", "sans-serif"],
    "font.size": 7,
    "axes.titlesize": 7,
    "axes.labelsize": 7,
    "figure.titlesize": 8.5,
    "legend.fontsize": 7,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.5,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "legend.frameon": False,
    # Text stays text: TrueType in a PDF (publishers refuse Type 3), <text> in an SVG.
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "replicantface",
}


@dataclass(frozen=True)
class Look:
    """How a set is drawn everywhere."""

    colour: str
    line: Any


def look_of(k: int) -> Look:
    """Of the k-th set; colours and dashes that together do not repeat for 24 sets."""
    # Dashes change with each set too, so that a grey print tells them apart.
    count = len(_COLOURS)
    return Look(_COLOURS[k % count], _LINES[(k + k // count) % len(_LINES)])


def histogram(
    axes: Axes, quantity: Quantity, series: Sequence[F64], reference: F64 | None = None
) -> None:
    """Normalised densities over common bins.

    Args:
        series: values of each set.
        reference: declared quantiles, drawn dashed.
    """
    edges = bin_edges(quantity, series)
    percent = quantity.unit in _PERCENT
    scale = 100 if percent else 1
    for k, values in enumerate(series):
        density = np.histogram(values, edges)[0] / (np.diff(edges) * len(values)) * scale
        look = look_of(k)
        if len(series) == 1:
            axes.stairs(density, edges, color=look.colour, fill=True, alpha=0.2, linewidth=0)
        axes.stairs(density, edges, color=look.colour, linewidth=0.9, linestyle=look.line)
    if reference is not None:
        density = np.histogram(reference, edges)[0] / (np.diff(edges) * len(reference)) * scale
        axes.stairs(density, edges, color=REFERENCE, linewidth=0.8, linestyle=DASHED)
    if len(series) == 1:
        mean, sd = float(series[0].mean()), float(series[0].std())
        digits = min(max(0, 2 - int(np.floor(np.log10(sd)))), 4) if sd > 0 else 2
        mean = round(mean, digits) + 0.0  # no "−0"
        text = f"mean {mean:.{digits}f}, sd {sd:.{digits}f}".replace("-", "−")
        axes.set_title(text, loc="right")
    axes.set_xlabel(quantity.title)
    per = {"years": "year"}.get(quantity.unit, quantity.unit)
    unit = f" (% per {per})" if percent else f" (1/{per})" if len(per) == 1 else ""
    axes.set_ylabel(f"density{unit}")
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    _ticks(axes, quantity, "x", edges[-1] - edges[0])


_PERCENT: Final = ("°", "years", "mm", "W")
"""Units so small that densities are easier to read in per cent."""


def _ticks(axes: Axes, quantity: Quantity, axis: str, span: float) -> None:
    """Angles in steps that people count them in."""
    which = axes.xaxis if axis == "x" else axes.yaxis
    if quantity.unit == "°":
        step = 90 if span > 240 else 45 if span > 150 and axis == "x" else 30 if span > 70 else 20
        which.set_major_locator(MultipleLocator(step))
    else:
        which.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))


def heat(
    axes: Axes,
    quantities: tuple[Quantity, Quantity],
    sets: Sequence[tuple[F64, F64]],
    k: int,
    reference: tuple[F64, F64] | None = None,
    cells: float = 1,
) -> None:
    """A map of the k-th set over the cells that all sets share; few faces are dots.

    Args:
        sets: (x, y) values of every set.
        reference: independent quantiles, of whose joint density the densest 50 and 90 % are
            outlined.
        cells: width of a cell, in the widths of the histograms' bins.
    """
    binned = min((len(x) for x, _ in sets if len(x) > _FEW), default=_FEW)
    x_edges, y_edges = (
        _wider(bin_edges(quantity, [pair[axis] for pair in sets], binned), cells)
        for axis, quantity in enumerate(quantities)
    )
    x, y = sets[k]
    if len(x) <= _FEW:
        axes.plot(x, y, ".", color=look_of(k).colour, markersize=3, markeredgewidth=0)
    else:
        counts = np.histogramdd(np.column_stack([x, y]), [x_edges, y_edges])[0].T
        percent = np.where(counts > 0, 100 * counts / len(x), np.nan)
        drawn = axes.imshow(
            percent,
            extent=(x_edges[0], x_edges[-1], y_edges[0], y_edges[-1]),
            origin="lower", cmap=_MAP, norm=PowerNorm(0.5, 0, np.nanmax(percent)),
            aspect="auto", interpolation="nearest",
        )  # fmt: skip
        size = " × ".join(f"{e[1] - e[0]:.3g}{q.unit if q.unit == '°' else ''}"
                          for e, q in zip((x_edges, y_edges), quantities, strict=True))  # fmt: skip
        bar = axes.figure.colorbar(drawn, cax=axes.inset_axes((1.03, 0, 0.05, 1)))
        bar.set_label(f"% per {size}", fontsize=6)
        bar.ax.yaxis.set_major_locator(MaxNLocator(3))
        bar.ax.tick_params(labelsize=6)
        bar.ax.tick_params(width=0.4)
    if reference is not None:
        _outlines(axes, reference, x_edges, y_edges)
    same = quantities[0].unit == quantities[1].unit
    axes.set_aspect("equal" if same else "auto")
    axes.set(xlabel=quantities[0].short_title, ylabel=quantities[1].short_title)
    axes.set_xlim(x_edges[0], x_edges[-1])
    axes.set_ylim(y_edges[0], y_edges[-1])
    _ticks(axes, quantities[0], "x", x_edges[-1] - x_edges[0])
    _ticks(axes, quantities[1], "y", y_edges[-1] - y_edges[0])


def _wider(edges: F64, factor: float) -> F64:
    step = (edges[1] - edges[0]) * factor
    first, last = np.floor(edges[0] / step + 1e-6), np.ceil(edges[-1] / step - 1e-6)
    return np.asarray(np.arange(first, last + 1) * step)


def _outlines(axes: Axes, reference: tuple[F64, F64], x_edges: F64, y_edges: F64) -> None:
    fine = [np.linspace(e[0], e[-1], 181) for e in (x_edges, y_edges)]
    parts = [np.histogram(v, e)[0].astype(np.float64)
             for v, e in zip(reference, fine, strict=True)]  # fmt: skip
    density = gaussian_filter(np.outer(parts[1], parts[0]), 1.0)
    ordered = np.sort(density.ravel())[::-1]
    mass = np.cumsum(ordered) / ordered.sum()
    levels = [ordered[np.searchsorted(mass, share)] for share in (0.9, 0.5)]
    middles = [(e[1:] + e[:-1]) / 2 for e in fine]
    if levels[0] < levels[1]:
        axes.contour(*middles, density, levels=levels, colors=[REFERENCE], linewidths=0.7,
                     linestyles=["--"])  # fmt: skip


def bars(
    axes: Axes,
    groups: Sequence[Mapping[str, float]],
    title: str,
    names: Sequence[str],
    reference: Mapping[str, float] | None = None,
) -> None:
    """Shares of each set side by side, and ticks where they were declared."""
    height = 0.8 / len(groups)
    top = 0.0
    for k, group in enumerate(groups):
        at = np.arange(len(names)) + (k - (len(groups) - 1) / 2) * height
        shares = [100 * group.get(name, 0.0) for name in names]
        top = max([top, *shares])
        axes.barh(at, shares, height * 0.92, color=look_of(k).colour, linewidth=0)
    for row, name in enumerate(names):
        if reference is not None and name in reference:
            x = 100 * reference[name]
            top = max(top, x)
            axes.plot([x, x], [row - 0.45, row + 0.45], color=REFERENCE, linewidth=1.1)
    if not names:
        axes.text(0.5, 0.5, "none", transform=axes.transAxes, ha="center", va="center")
    axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names], fontsize=6)
    axes.set_ylim(max(len(names), 1) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, max(top * 1.04, 1e-6))
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlabel("share of faces (%)")
    axes.set_title(title, loc="left")


def ranges(axes: Axes, sets: Sequence[Mapping[str, UnitFigures]], names: Sequence[str]) -> None:
    """Median, middle half and 5 to 95 % of the weights of each expression unit."""
    height = 0.8 / len(sets)
    top = 1.0
    for k, units in enumerate(sets):
        colour = look_of(k).colour
        for row, name in enumerate(names):
            at = row + (k - (len(sets) - 1) / 2) * height
            low, first, middle, third, high = units[name].quantiles
            if np.isnan(middle):
                continue
            top = max(top, high)
            axes.plot([low, high], [at, at], color=colour, linewidth=0.6)
            axes.plot([first, third], [at, at], color=colour, linewidth=2.2,
                      solid_capstyle="butt", alpha=0.6)  # fmt: skip
            axes.plot([middle], [at], "o", color=colour, markersize=2.2, markeredgewidth=0)
    axes.set_yticks(range(len(names)), names, fontsize=6)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, top * 1.02)
    axes.set_xlabel("weight (5, 25, 50, 75, 95 %)")
    axes.set_title(f"intensities above {ACTIVE:g}", loc="left")


def time_series(axes: Axes, tracks: Sequence[Track], name: str, label: str, last: bool) -> None:
    """One line a track."""
    for k, track in enumerate(tracks):
        look = look_of(k)
        axes.plot(track.time_s, getattr(track, name), color=look.colour, linewidth=0.8,
                  label=f"track {track.id}")  # fmt: skip
    axes.set_ylabel(label)
    axes.margins(x=0)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.grid(axis="x", linewidth=0.3, color="#cccccc")
    if last:
        axes.set_xlabel("time since the track's first frame (s)")
    else:
        axes.tick_params(labelbottom=False)
