"""A contact sheet of a dataset: each image with its labels drawn on it, the mask beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from converters.export import Summary
from converters.overlay_marks import coloured_mask, with_marks
from converters.overlay_style import Colour, OverlayStyle, load_style
from converters.picture import png_bytes
from converters.pipeline import Done, Filtered, ReadOptions, count_samples, outcomes
from converters.progress import Progress
from converters.sink import write_whole_file
from converters.source import SourceSample, Topology
from spec_schema.classes import CLASS_COLOURS, SegmentationClass
from spec_schema.dataset import Dataset
from spec_schema.errors import DatasetError, ToolError

__all__ = ["Tile", "TileJob", "contact_sheet", "write_overlay"]

_MAX_PIXELS: Final = 250_000_000
_CAPTION: Final = 0.075
_MIN_FONT_PX: Final = 11


@dataclass(frozen=True)
class Tile:
    """One sample of the sheet."""

    caption: str
    picture: Image.Image
    mask: Image.Image
    classes: frozenset[int]


@dataclass(frozen=True)
class TileJob:
    """Draws one sample; runs in a worker process."""

    size_px: int

    def __call__(self, sample: SourceSample) -> Done[Tile] | Filtered:
        """Image with marks, coloured mask, and caption."""
        yaw, pitch, roll = sample.labels.angles_deg
        distance_m = sample.labels.camera_from_head[2, 3]
        row = "" if sample.row == sample.index else f" (row {sample.row})"
        mask = sample.mask()
        angles = f"yaw {yaw:+.1f}°   pitch {pitch:+.1f}°   roll {roll:+.1f}°"
        tile = Tile(
            f"#{sample.index}{row}    {angles}    {distance_m:.2f} m",
            with_marks(sample.image(), sample.labels, load_style(), self.size_px),
            coloured_mask(mask, self.size_px),
            frozenset(int(c) for c in np.unique(np.asarray(mask))),
        )
        return Done(sample.row, tile)


@dataclass(frozen=True)
class _Layout:
    """Lengths of a sheet in pixels."""

    size: int
    columns: int
    rows: int

    @property
    def gap(self) -> int:
        return max(4, round(self.size * 0.03))

    @property
    def font(self) -> int:
        return max(_MIN_FONT_PX, round(self.size * _CAPTION * 0.62))

    @property
    def caption(self) -> int:
        return max(round(self.font * 1.6), round(self.size * _CAPTION))

    @property
    def cell(self) -> tuple[int, int]:
        return 2 * self.size + self.gap, self.size + self.caption + self.gap

    @property
    def width(self) -> int:
        return self.columns * self.cell[0] + self.gap


def _columns_for(n: int, size_px: int, aspect: float) -> int:
    """The number of columns that brings the sheet nearest to the aimed-at shape."""

    def misfit(columns: int) -> float:
        cell = _Layout(size_px, columns, 1).cell
        shape = columns * cell[0] / (math.ceil(n / columns) * cell[1])
        return abs(math.log(shape / aspect))

    return min(range(1, n + 1), key=misfit)


def _legend(tiles: Sequence[Tile], style: OverlayStyle) -> list[tuple[str, Colour]]:
    x, y, z = style.axis_colours
    entries = [
        ("x, subject's left", x),
        ("y, up", y),
        ("z, out of the face", z),
        ("gaze", style.gaze),
        ("face box", style.face_box),
    ]
    seen = frozenset[int]().union(*(t.classes for t in tiles))
    entries += [
        (c.name.lower().replace("_", " "), CLASS_COLOURS[c]) for c in SegmentationClass if c in seen
    ]
    return entries


def _legend_lines(
    entries: list[tuple[str, Colour]], font: ImageFont.FreeTypeFont, layout: _Layout
) -> list[list[tuple[float, str, Colour]]]:
    """Entries with their x, broken into lines as wide as the sheet."""
    lines: list[list[tuple[float, str, Colour]]] = [[]]
    x = float(layout.gap)
    for text, colour in entries:
        width = layout.font * 1.4 + font.getlength(text)
        if lines[-1] and x + width > layout.width - layout.gap:
            lines.append([])
            x = float(layout.gap)
        lines[-1].append((x, text, colour))
        x += width + layout.font * 1.3
    return lines


def contact_sheet(tiles: Sequence[Tile], size_px: int, columns: int | None) -> Image.Image:
    """One picture of all tiles, row by row, with a legend below.

    Raises:
        ToolError: it would be too large.
    """
    style = load_style()
    columns = min(columns or _columns_for(len(tiles), size_px, style.aspect), len(tiles))
    layout = _Layout(size_px, columns, math.ceil(len(tiles) / columns))
    font = ImageFont.load_default(layout.font)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise ToolError("this Pillow was built without FreeType, which text needs")
    legend = _legend_lines(_legend(tiles, style), font, layout)
    line_height = round(layout.font * 1.7)
    height = layout.rows * layout.cell[1] + layout.gap + line_height * len(legend) + layout.gap
    if layout.width * height > _MAX_PIXELS:
        raise ToolError(
            f"a sheet of {len(tiles)} samples at {size_px} px would have {layout.width}×{height} "
            "pixels; take a smaller --limit or --size"
        )
    sheet = Image.new("RGB", (layout.width, height), style.background)
    draw = ImageDraw.Draw(sheet)
    for i, tile in enumerate(tiles):
        x = layout.gap + (i % columns) * layout.cell[0]
        y = layout.gap + (i // columns) * layout.cell[1]
        middle = y + layout.caption / 2
        draw.text((x, middle), tile.caption, style.text, font, anchor="lm")
        sheet.paste(tile.picture, (x, y + layout.caption))
        sheet.paste(tile.mask, (x + size_px, y + layout.caption))
    y = layout.gap + layout.rows * layout.cell[1]
    for line in legend:
        for x_text, text, colour in line:
            side, middle = layout.font * 0.8, y + line_height / 2
            box = (x_text, middle - side / 2, x_text + side, middle + side / 2)
            draw.rectangle(box, colour, outline=style.faint_text)
            at = (x_text + layout.font * 1.2, middle)
            draw.text(at, text, style.faint_text, font, anchor="lm")
        y += line_height
    return sheet


def write_overlay(
    source: Path, out: Path, size_px: int, columns: int | None, options: ReadOptions
) -> Summary:
    """Write the contact sheet of a rendered dataset; replaces ``out``.

    Raises:
        DatasetError: the source is broken, or holds no sound sample.
        ToolError: ``out`` can't be written, or the sheet would be too large.
    """
    if out.suffix.lower() != ".png":
        raise ToolError(f"{out}: the sheet is a PNG; give a name that ends in .png")
    if not out.parent.is_dir():
        raise ToolError(f"{out.parent}: no such folder; make it first")
    dataset = Dataset(source)
    topology = Topology.load(dataset)
    progress = Progress("rf-convert overlay", count_samples(dataset, options.limit))
    summary = Summary()
    tiles: list[Tile] = []
    try:
        for outcome in outcomes(dataset, topology, TileJob(size_px), options):
            summary.count(outcome, source)
            if isinstance(outcome, Done):
                tiles.append(outcome.result)
            progress.step()
    finally:
        progress.close()
    if not tiles:
        raise DatasetError("\n".join([f"{source}: nothing to draw", *summary.lines()]))
    write_whole_file(out, png_bytes(contact_sheet(tiles, size_px, columns)))
    return summary
