"""Pictures of a manifest's distributions, for a paper or a README."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy.ndimage import gaussian_filter

from sampler.figures import Figures
from sampler.pose import PoseConfig
from sampler.streams import F64

__all__ = ["plot"]

# Okabe & Ito's palette: told apart by colour-blind readers and in grey.
_COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
_REFERENCE: Final = "#333333"
_STYLE: Final[dict[Any, Any]] = {
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.frameon": False,
    "svg.hashsalt": "replicantface",
}
_MOST_BARS: Final = 14


def _histogram(
    axes: Axes,
    series: Sequence[F64],
    label: str,
    limits: tuple[float, float] | None = None,
    reference: F64 | None = None,
    bins: int = 60,
) -> None:
    low, high = limits or (min(v.min() for v in series), max(v.max() for v in series))
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, bins + 1)
    for k, values in enumerate(series):
        density = np.histogram(values, edges)[0] / len(values)
        colour = _COLOURS[k % len(_COLOURS)]
        axes.stairs(density, edges, color=colour, linewidth=1.0)
        if len(series) == 1:
            axes.stairs(density, edges, color=colour, fill=True, alpha=0.25)
    if reference is not None:
        density = np.histogram(reference, edges)[0] / len(reference)
        axes.stairs(density, edges, color=_REFERENCE, linewidth=1.0, linestyle="--")
    if len(series) == 1:
        text = f"mean {series[0].mean():.3g}   sd {series[0].std():.3g}"
        axes.set_title(text, loc="right", fontsize=7)
    axes.set_xlabel(label)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlim(low, high)
    axes.set_ylim(bottom=0)


def _heat(
    axes: Axes,
    pairs: Sequence[tuple[F64, F64]],
    labels: tuple[str, str],
    limits: tuple[tuple[float, float], tuple[float, float]],
    bins: int = 60,
) -> None:
    """The first manifest as a map, the others as outlines of their densest 90 %."""
    edges = [np.linspace(*limit, bins + 1) for limit in limits]
    for k, (x, y) in enumerate(pairs):
        density = np.histogramdd(np.stack([x, y], axis=-1), bins=edges)[0].T
        if k == 0:
            axes.pcolormesh(*edges, np.sqrt(density), cmap="Blues", rasterized=True)
            continue
        density = gaussian_filter(density, 1.2)
        ordered = np.sort(density.ravel())[::-1]
        level = ordered[np.searchsorted(np.cumsum(ordered), 0.9 * ordered.sum())]
        middles = [(e[1:] + e[:-1]) / 2 for e in edges]
        colour = _COLOURS[k % len(_COLOURS)]
        axes.contour(*middles, density, levels=[max(level, 1e-6)], colors=[colour], linewidths=0.9)
    axes.set(xlabel=labels[0], ylabel=labels[1], xlim=limits[0], ylim=limits[1])


def _bars(axes: Axes, groups: Sequence[dict[str, float]], title: str) -> None:
    names = list(dict.fromkeys(name for group in groups for name in group))
    names.sort(key=lambda name: -max(group.get(name, 0.0) for group in groups))
    names = names[:_MOST_BARS]
    height = 0.8 / len(groups)
    for k, group in enumerate(groups):
        at = np.arange(len(names)) + (k - (len(groups) - 1) / 2) * height
        shares = [100 * group.get(name, 0.0) for name in names]
        axes.barh(at, shares, height, color=_COLOURS[k % len(_COLOURS)], alpha=0.8)
    axes.set_yticks(range(len(names)), [n.replace("_", " ") for n in names], fontsize=6.5)
    axes.set_ylim(max(len(names), 3) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("share (%)")
    axes.set_title(title, loc="left")


def _limits(series: Sequence[F64]) -> tuple[float, float]:
    """Room for nearly all values, so that a long tail does not squeeze the rest."""
    return (
        float(min(np.percentile(v, 0.2) for v in series)),
        float(max(np.percentile(v, 99) for v in series)),
    )


def _worn(figures: Figures) -> dict[str, float]:
    return {
        item: 1 - figures.shares[item].get(f"no {item}", 0.0)
        for item in ("glasses", "headwear", "clothing")
    }


def _reference(pose: PoseConfig | None) -> dict[str, F64 | None]:
    if pose is None:
        return dict.fromkeys(("yaw", "pitch", "roll"))
    u = (np.arange(200_000) + 0.5) / 200_000
    return {name: getattr(pose, name).ppf(u) for name in ("yaw", "pitch", "roll")}


def plot(manifests: Sequence[Figures], target: Path, against: PoseConfig | None = None) -> None:
    """Draw all panels into a PNG, SVG or PDF.

    Args:
        manifests: overlaid in this order.
        target: its suffix decides the format.
        against: a declared pose to overlay as dashed lines.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(11, 12.2), layout="constrained")
        grid = figure.subplots(5, 4)
        reference = _reference(against)

        def values(name: str) -> list[F64]:
            return [f.values[name] for f in manifests]

        for axes, name, limit in zip(grid[0], ("yaw", "pitch", "roll"), (95, 65, 65), strict=False):
            series = values(f"{name} (deg)")
            reach = max(limit, *(float(np.abs(v).max()) for v in series))
            _histogram(axes, series, f"{name} (deg)", (-reach, reach), reference[name])
        pairs = list(zip(values("yaw (deg)"), values("pitch (deg)"), strict=True))
        _heat(grid[0, 3], pairs, ("yaw (deg)", "pitch (deg)"), ((-95, 95), (-65, 65)))

        sizes, centres = [f.box_size for f in manifests], [f.box_centre for f in manifests]
        _histogram(grid[1, 0], sizes, "face box, longer side (picture widths)", (0, 1))
        _heat(
            grid[1, 1], [(c[:, 0], c[:, 1]) for c in centres],
            ("face centre x (widths)", "y, downward"), ((0, 1), (0, 1)), bins=80,
        )  # fmt: skip
        grid[1, 1].invert_yaxis()
        grid[1, 1].set_aspect("equal")
        distance, focal = values("distance (m)"), values("focal length (mm)")
        _histogram(grid[1, 2], distance, "distance (m)", _limits(distance))
        _histogram(grid[1, 3], focal, "focal length (35 mm equivalent)", _limits(focal))

        pairs = list(zip(values("gaze yaw (deg)"), values("gaze pitch (deg)"), strict=True))
        _heat(grid[2, 0], pairs, ("gaze yaw (deg)", "gaze pitch (deg)"), ((-35, 35), (-25, 25)))
        _histogram(grid[2, 1], values("sex"), "sex (0 female, 1 male)", (0, 1), bins=40)
        _histogram(grid[2, 2], values("age (years)"), "age (years)", (18, 90), bins=36)
        _histogram(grid[2, 3], values("Monk tone"), "skin tone (Monk scale)", (1, 10), bins=36)

        _histogram(grid[3, 0], values("hair melanin"), "hair melanin", (0, 1), bins=40)
        _histogram(grid[3, 1], values("grey hair"), "grey strands", (0, 1), bins=40)
        _bars(grid[3, 2], [_worn(f) for f in manifests], "worn")
        _bars(grid[3, 3], [dict(f.units) for f in manifests], "expression units above 0.25")
        for axes, group in zip(
            grid[4], ("hair", "facial hair", "iris", "environment"), strict=True
        ):
            _bars(axes, [dict(f.shares[group]) for f in manifests], group)

        names = [f"{f.name} ({f.n:,} scenes)" for f in manifests]
        handles = [
            Line2D([], [], color=_COLOURS[k % len(_COLOURS)], label=name)
            for k, name in enumerate(names)
        ]
        if against is not None:
            handles.append(Line2D([], [], color=_REFERENCE, ls="--", label="declared"))
        figure.legend(handles=handles, loc="outside upper left", ncols=3)
        metadata = {"Date": None} if target.suffix == ".svg" else None
        figure.savefig(target, dpi=130, metadata=metadata)
