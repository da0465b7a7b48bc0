"""Sheets of a set's distributions, at the width of a printed page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from sampler import panels
from sampler.declared import Declared
from sampler.figures import Figures
from sampler.panels import DASHED, REFERENCE, STYLE, look_of
from sampler.plotted import HIGH, PRESENT, QUANTITIES, bin_edges
from sampler.streams import F64
from spec_schema.errors import SpecError, nearest

__all__ = ["SECTIONS", "plot"]

_WIDTH: Final = 6.875
"""Inches; two columns of the common conference templates."""
_DPI: Final = 240
"""Of a PNG, and of the maps' cells in a PDF or SVG."""
_PAGE_HEIGHT: Final = 9.4
_COLUMNS: Final = 3
_ROW: Final = 1.5
_MAP: Final = 1.65
_LOWEST_MAP: Final = 1.2
_HEADING: Final = 0.26
_BAR: Final = 0.11
"""Inches of height for each name of a bar chart."""
_MOST_BARS: Final = 28

Panel = Callable[[Axes], None]
Sized = tuple[Panel, float]
"""A panel and the height that it needs, in inches."""


@dataclass(frozen=True)
class _Row:
    """Columns beside each other, each of panels above each other."""

    columns: Sequence[Sequence[Sized]]
    count: int = _COLUMNS

    @property
    def height(self) -> float:
        return max(sum(height for _, height in column) for column in self.columns)


@dataclass(frozen=True)
class _Section:
    title: str
    rows: Sequence[_Row]

    @property
    def height(self) -> float:
        return _HEADING + sum(row.height for row in self.rows)


class _Sets:
    """Makes the panels of some sets and a reference."""

    def __init__(self, sets: Sequence[Figures], against: Declared | None) -> None:
        self.sets, self.against = sets, against

    def values(self, name: str) -> list[F64]:
        return [s.values[name] for s in self.sets]

    def histogram(self, name: str) -> Panel:
        reference = self.against.values.get(name) if self.against else None

        def draw(axes: Axes) -> None:
            panels.histogram(axes, QUANTITIES[name], self.values(name), reference)

        return draw

    def heats(self, x: str, y: str, cells: float = 2, downward: bool = False) -> list[Panel]:
        """One map for each set, all on the same cells."""
        pairs = list(zip(self.values(x), self.values(y), strict=True))
        reference = None
        a = self.against
        if a is not None and {x, y} <= a.values.keys() and a.independent(x, y):
            reference = (a.values[x], a.values[y])

        def of(k: int) -> Panel:
            def draw(axes: Axes) -> None:
                panels.heat(axes, (QUANTITIES[x], QUANTITIES[y]), pairs, k, reference, cells)
                if downward:
                    axes.invert_yaxis()
                if len(self.sets) > 1:
                    axes.set_title(self.sets[k].name, loc="left", color=look_of(k).colour)

            return draw

        return [of(k) for k in range(len(self.sets))]

    def bars(
        self, title: str, shares: Callable[[Figures], Mapping[str, float]],
        reference: Mapping[str, float] | None = None, names: Sequence[str] | None = None,
    ) -> Sized:  # fmt: skip
        groups = [dict(shares(s)) for s in self.sets]
        if names is None:
            found = dict.fromkeys(name for group in groups for name in group)
            names = sorted(found, key=lambda name: -max(g.get(name, 0.0) for g in groups))
            if len(names) > _MOST_BARS:
                rest = names[_MOST_BARS - 1 :]
                other = f"{len(rest)} others"
                for group in groups:
                    group[other] = sum(group.get(name, 0.0) for name in rest)
                names = [*names[: _MOST_BARS - 1], other]
        shown = list(names)

        def draw(axes: Axes) -> None:
            panels.bars(axes, groups, title, shown, reference)

        return draw, self._bar_height(len(shown))

    def _bar_height(self, names: int) -> float:
        each = _BAR * max(1.0, 0.6 * len(self.sets))
        return max(0.65 + each * names, 1.1)


def _grid(cells: Iterable[Panel], height: float = _ROW) -> list[_Row]:
    flat = [[(panel, height)] for panel in cells]
    return [_Row(flat[k : k + _COLUMNS]) for k in range(0, len(flat), _COLUMNS)]


def _pose(s: _Sets) -> _Section:
    maps = s.heats("yaw", "pitch")
    if len(s.sets) == 1:
        maps += s.heats("yaw", "roll") + s.heats("pitch", "roll")
    rows = _grid(map(s.histogram, ("yaw", "pitch", "roll")))
    wide, high = (np.ptp(bin_edges(QUANTITIES[n], s.values(n))) for n in ("yaw", "pitch"))
    height = max(0.75 + 1.35 * float(high / wide), _LOWEST_MAP)
    return _Section("Head pose in the camera frame", [*rows, *_grid(maps, height)])


def _framing(s: _Sets) -> _Section:
    maps = s.heats("face_x", "face_y", 1, downward=True)
    cells = list(map(s.histogram, ("face_size", "face_x", "face_y", "distance", "focal_length")))
    if len(maps) == 1:
        return _Section("Face size and position", _grid([*cells, *maps]))
    return _Section("Face size and position", [*_grid(cells), *_grid(maps, _MAP)])


def _gaze(s: _Sets) -> _Section:
    cells = list(map(s.histogram, ("gaze_yaw", "gaze_pitch", "off_lens")))
    maps = s.heats("gaze_yaw", "gaze_pitch", 1)
    if len(s.sets) == 1:
        maps += s.heats("yaw", "gaze_yaw") + s.heats("pitch", "gaze_pitch")
    return _Section("Gaze", [*_grid(cells), *_grid(maps, _MAP)])


def _people(s: _Sets) -> _Section:
    shares, height = s.bars("ancestry", lambda f: f.ancestry)

    def mean_shares(axes: Axes) -> None:
        shares(axes)
        axes.set_xlabel("mean share (%)")

    ancestry = (mean_shares, height)
    iris = s.bars("iris", lambda f: f.shares["iris"])
    skins = s.bars("skin texture", lambda f: f.shares["skin texture"])
    wrinkles = (s.histogram("wrinkles"), _ROW)
    teeth = s.bars("teeth", lambda f: f.shares["teeth"])
    rows = _grid(map(s.histogram, ("sex", "age", "tone")))
    return _Section("People", [*rows, _Row([[ancestry, wrinkles], [iris, teeth], [skins]])])


def _hair(s: _Sets) -> _Section:
    styles = s.bars("hair", lambda f: f.shares["hair"])
    beards = s.bars("facial hair", lambda f: f.shares["facial hair"])
    colours = [(s.histogram(name), _ROW) for name in ("melanin", "grey")]
    return _Section("Hair", [_Row([[styles], [beards], colours])])


def _worn(s: _Sets) -> _Section:
    reference = s.against.present if s.against else None
    has = s.bars("what a face has", lambda f: f.present, reference, PRESENT)

    def worn(item: str) -> Sized:
        def among(f: Figures) -> dict[str, float]:
            return {name: share for name, share in f.shares[item].items() if name != f"no {item}"}

        return s.bars(item, among)

    columns = [
        [has, worn("facewear"), worn("earwear"), worn("neckwear")],
        [worn("clothing"), worn("jewellery")],
        [worn("glasses"), worn("headwear")],
    ]
    return _Section("Accessories and clothes", [_Row(columns)])


def _light(s: _Sets) -> _Section:
    hdris = s.bars("environment (HDRI)", lambda f: f.shares["environment (HDRI)"])
    declared = s.against.schemes if s.against else None
    schemes = s.bars("lighting scheme", lambda f: f.shares["lighting scheme"], declared)
    behind = s.bars("background", lambda f: f.shares["background"])
    names = ("hdri_rotation", "key_power", "key_azimuth", "key_elevation")
    cells = [(s.histogram(name), _ROW) for name in names if all(map(len, s.values(name)))]
    return _Section("Light", [_Row([[hdris], [schemes, behind, *cells[:1]], cells[1:]])])


def _expression(s: _Sets) -> _Section:
    names = sorted(s.sets[0].units, key=lambda name: -max(f.units[name].high for f in s.sets))
    high = s.bars(
        f"units above {HIGH:g}", lambda f: {n: u.high for n, u in f.units.items()}, None, names
    )

    def intensities(axes: Axes) -> None:
        panels.ranges(axes, [f.units for f in s.sets], names)

    strongest = (s.histogram("expression"), _ROW)
    return _Section("Expression", [_Row([[high], [(intensities, high[1])], [strongest]])])


def _tracks(s: _Sets) -> _Section:
    lines = (("yaw", "yaw (°)"), ("pitch", "pitch (°)"), ("roll", "roll (°)"), ("blink", "blink"))

    def of(f: Figures, name: str, label: str) -> Panel:
        def draw(axes: Axes) -> None:
            panels.time_series(axes, f.tracks, name, label, name == "blink")
            if name == "yaw" and len(s.sets) > 1:
                axes.set_title(f.name, loc="left")
            if name == "yaw":
                axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=4,
                            handlelength=1.2, columnspacing=1, borderpad=0)  # fmt: skip

        return draw

    moving = [f for f in s.sets if f.tracks]
    heights = (1.0, 0.9, 0.9, 1.05)
    columns = [
        [(of(f, *line), height) for line, height in zip(lines, heights, strict=True)]
        for f in moving
    ]
    return _Section("Tracks over time", [_Row(columns, len(moving))])


_MAKERS: Final[Mapping[str, Callable[[_Sets], _Section]]] = {
    "pose": _pose,
    "framing": _framing,
    "gaze": _gaze,
    "people": _people,
    "hair": _hair,
    "worn": _worn,
    "light": _light,
    "expression": _expression,
    "tracks": _tracks,
}
SECTIONS: Final = tuple(_MAKERS)


def check_sections(names: Sequence[str]) -> None:
    """Refuse unknown sections.

    Raises:
        SpecError: with the nearest valid name.
    """
    for name in names:
        if name not in SECTIONS:
            raise SpecError(f"no section {name!r}; {nearest(name, SECTIONS)}")


def plot(
    sets: Sequence[Figures],
    target: Path,
    against: Declared | None = None,
    sections: Sequence[str] = (),
) -> None:
    """Draw into a PNG or SVG (one sheet) or a PDF (pages). Equal input gives equal bytes.

    Args:
        sets: laid over each other in this order.
        target: its suffix decides the format.
        against: a declared pose, framing and people to overlay as dashed lines.
        sections: which of :data:`SECTIONS`; all that apply by default.
    """
    maker = _Sets(sets, against)
    wanted = [name for name in SECTIONS if name in (sections or SECTIONS)]
    if not any(s.tracks for s in sets):
        if sections and "tracks" in sections:
            raise SpecError("section 'tracks': none of the sets has tracks")
        wanted = [name for name in wanted if name != "tracks"]
    made = [_MAKERS[name](maker) for name in wanted]
    suffix = target.suffix.lower()
    with mpl.rc_context(STYLE):
        if suffix == ".pdf":
            with PdfPages(target, metadata={"CreationDate": None, "Creator": "rf-plot"}) as pdf:
                for page in _pages(made):
                    pdf.savefig(_sheet(page, sets, against), dpi=_DPI)
            return
        figure = _sheet(made, sets, against)
        if suffix == ".svg":
            figure.savefig(target, dpi=_DPI, metadata={"Date": None, "Creator": "rf-plot"})
        else:
            figure.savefig(target, dpi=_DPI, metadata={"Software": "rf-plot"})


def _pages(sections: Sequence[_Section]) -> list[list[_Section]]:
    """Sections in order, as many on a page as fit."""
    pages: list[list[_Section]] = []
    left = 0.0
    for section in sections:
        if not pages or section.height > left:
            pages.append([])
            left = _PAGE_HEIGHT
        pages[-1].append(section)
        left -= section.height
    return pages


def _sheet(
    sections: Sequence[_Section], sets: Sequence[Figures], against: Declared | None
) -> Figure:
    lines = -(-(len(sets) + (against is not None)) // 2)
    legend = 0.1 + 0.16 * lines
    height = legend + sum(section.height for section in sections)
    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    # Subfigures inside subfigures would leave room for the heading in every row.
    rows = [(row, "" if k else section.title) for section in sections
            for k, row in enumerate(section.rows)]  # fmt: skip
    heights = [row.height + (_HEADING if title else 0) for row, title in rows]
    parts = figure.subfigures(1 + len(rows), 1, height_ratios=[legend, *heights], squeeze=False)[
        :, 0
    ]
    parts[0].legend(handles=_handles(sets, against), loc="upper left", ncols=2, borderpad=0.2)
    for part, (row, title) in zip(parts[1:], rows, strict=True):
        if title:
            part.suptitle(title, x=0.01, ha="left", fontweight="bold")
        _fill(part, row)
    return figure


def _fill(part: SubFigure, row: _Row) -> None:
    places = part.add_gridspec(1, row.count)
    for k, column in enumerate(row.columns):
        heights = [height for _, height in column]
        spare = row.height - sum(heights)
        cells = places[0, k].subgridspec(
            len(column) + (spare > 0.05), 1,
            height_ratios=[*heights, spare] if spare > 0.05 else heights,
        )  # fmt: skip
        for i, (panel, _) in enumerate(column):
            panel(part.add_subplot(cells[i]))
        if spare > 0.05:
            part.add_subplot(cells[len(column)]).set_axis_off()
    for k in range(len(row.columns), row.count):
        part.add_subplot(places[0, k]).set_axis_off()


def _handles(sets: Sequence[Figures], against: Declared | None) -> list[Any]:
    handles = []
    for k, s in enumerate(sets):
        look = look_of(k)
        handles.append(Line2D([], [], color=look.colour, linestyle=look.line, label=s.title))
    if against is not None:
        label = f"declared by {against.name}"
        handles.append(Line2D([], [], color=REFERENCE, linestyle=DASHED, label=label))
    return handles
