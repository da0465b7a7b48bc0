"""Labelled pictures on one sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from PIL import Image, ImageDraw, ImageFont

__all__ = ["columns_for", "sheet"]

_LABEL_PX: Final = 18
_GAP_PX: Final = 2
_PAPER: Final = (24, 24, 26)
_INK: Final = (232, 232, 228)


def columns_for(count: int) -> int:
    """Columns of a sheet that is a little wider than high."""
    return max(1, min(count, math.ceil(math.sqrt(1.6 * count))))


def sheet(
    pictures: Sequence[Image.Image], labels: Sequence[str], columns: int | None = None
) -> Image.Image:
    """RGB sheet of equal pictures, each with its label below, row by row."""
    side = pictures[0].width
    across = columns_for(len(pictures)) if columns is None else columns
    down = math.ceil(len(pictures) / across)
    width, height = side + _GAP_PX, side + _LABEL_PX + _GAP_PX
    out = Image.new("RGB", (across * width - _GAP_PX, down * height - _GAP_PX), _PAPER)
    draw = ImageDraw.Draw(out)
    font = ImageFont.load_default(12)
    for i, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        x, y = i % across * width, i // across * height
        out.paste(picture, (x, y))
        shown = label
        while draw.textlength(shown, font) > side - 6 and len(shown) > 1:
            shown = shown.rstrip("…")[:-1] + "…"
        draw.text((x + 4, y + side + 1), shown, _INK, font)
    return out
