"""Sheets of samples with a legend below."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from converters.overlay_panels import Tile
from converters.overlay_style import Colour, OverlayStyle, load_style
from spec_schema.classes import CLASS_COLOURS, SegmentationClass
from spec_schema.errors import ToolError

__all__ = ["contact_sheet"]

_MAX_PIXELS: Final = 250_000_000
_CAPTION: Final = 0.085
_MIN_FONT_PX: Final = 11


@dataclass(frozen=True)
class _Layout:
    """Lengths of a sheet in pixels."""

    size: int
    panels: int
    columns: int
    rows: int

    @property
    def gap(self) -> int:
        return max(6, round(self.size * 0.05))

    @property
    def seam(self) -> int:
        """Between the panels of one sample."""
        return max(2, round(self.size * 0.012))

    @property
    def font(self) -> int:
        return max(_MIN_FONT_PX, round(self.size * _CAPTION * 0.62))

    @property
    def caption(self) -> int:
        return max(round(self.font * 1.7), round(self.size * _CAPTION))

    @property
    def cell(self) -> tuple[int, int]:
        width = self.panels * self.size + (self.panels - 1) * self.seam
        return width + self.gap, self.size + self.caption + self.gap

    @property
    def width(self) -> int:
        return self.columns * self.cell[0] + self.gap


def _columns_for(n: int, size_px: int, panels: int, aspect: float) -> int:
    """The number of columns that brings the sheet nearest to the aimed-at shape."""

    def misfit(columns: int) -> float:
        cell = _Layout(size_px, panels, columns, 1).cell
        shape = columns * cell[0] / (math.ceil(n / columns) * cell[1])
        return abs(math.log(shape / aspect))

    return min(range(1, n + 1), key=misfit)


def _legend(tiles: Sequence[Tile], style: OverlayStyle) -> list[list[tuple[str, Colour]]]:
    """Groups of entries, each of which begins a line."""
    x, y, z = style.axis_colours
    kinds, boxes = style.visibility, style.boxes
    pose = [
        ("x, subject's left", x),
        ("y, up", y),
        ("z, out of the face", z),
        ("gaze", style.gaze),
        ("face box", boxes.face),
        ("head box", boxes.head),
        ("visible-face box", boxes.visible_face),
    ]
    landmarks = [
        ("landmark seen", kinds.visible),
        ("hidden by the head", kinds.self_occluded),
        ("covered", kinds.covered),
        ("out of the frame", kinds.out_of_frame),
    ]
    seen = frozenset[int]().union(*(t.classes for t in tiles))
    classes = [
        (c.name.lower().replace("_", " "), CLASS_COLOURS[c]) for c in SegmentationClass if c in seen
    ]
    return [group for group in (pose, landmarks, classes) if group]


def _legend_lines(
    groups: list[list[tuple[str, Colour]]], font: ImageFont.FreeTypeFont, layout: _Layout
) -> list[list[tuple[float, str, Colour]]]:
    """Entries with their x, broken into lines as wide as the sheet."""
    lines: list[list[tuple[float, str, Colour]]] = []
    for group in groups:
        lines.append([])
        x = float(layout.gap)
        for text, colour in group:
            width = layout.font * 1.4 + font.getlength(text)
            if lines[-1] and x + width > layout.width - layout.gap:
                lines.append([])
                x = float(layout.gap)
            lines[-1].append((x, text, colour))
            x += width + layout.font * 1.3
    return lines


def _title(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    font: ImageFont.FreeTypeFont,
    style: OverlayStyle,
) -> None:
    """The name of a panel in its lower left corner, readable on any picture."""
    draw.text(at, text, style.text, font, anchor="ls", stroke_width=2, stroke_fill=(0, 0, 0))


def contact_sheet(
    tiles: Sequence[Tile], size_px: int, columns: int | None, page: int = 1
) -> Image.Image:
    """One picture of all tiles, row by row, with a legend below.

    Args:
        tiles: what to draw. size_px: side of a panel.
        columns: tiles side by side; chosen where there is none.
        page: for how many tiles columns are chosen, so that the last sheet is like the others.

    Raises:
        ToolError: it would be too large.
    """
    style = load_style()
    panels = max(len(tile.panels) for tile in tiles)
    wanted = columns or _columns_for(max(page, len(tiles)), size_px, panels, style.aspect)
    across = min(wanted, len(tiles))
    layout = _Layout(size_px, panels, across, math.ceil(len(tiles) / across))
    font = ImageFont.load_default(layout.font)
    small = ImageFont.load_default(max(_MIN_FONT_PX - 1, round(layout.font * 0.82)))
    if not isinstance(font, ImageFont.FreeTypeFont) or not isinstance(
        small, ImageFont.FreeTypeFont
    ):
        raise ToolError("this Pillow was built without FreeType, which text needs")
    legend = _legend_lines(_legend(tiles, style), font, layout)
    line_height = round(layout.font * 1.7)
    height = layout.rows * layout.cell[1] + layout.gap + line_height * len(legend) + layout.gap
    if layout.width * height > _MAX_PIXELS:
        raise ToolError(
            f"a sheet of {len(tiles)} samples at {size_px} px would have {layout.width}×{height} "
            "pixels; take a smaller --page or --size"
        )
    sheet = Image.new("RGB", (layout.width, height), style.background)
    draw = ImageDraw.Draw(sheet)
    for i, tile in enumerate(tiles):
        x = layout.gap + (i % across) * layout.cell[0]
        y = layout.gap + (i // across) * layout.cell[1]
        draw.text((x, y + layout.caption / 2), tile.caption, style.text, font, anchor="lm")
        for panel in tile.panels:
            sheet.paste(panel.picture, (x, y + layout.caption))
            corner = (x + layout.font * 0.5, y + layout.caption + size_px - layout.font * 0.5)
            _title(draw, corner, panel.title, small, style)
            x += size_px + layout.seam
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
