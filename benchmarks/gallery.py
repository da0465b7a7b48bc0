"""Sheets of a dataset's faces for docs: ``python -m benchmarks.gallery DATASET -o gallery_%d.jpg``.

Each sheet has ``--tiles`` pictures (64) in rows of ``--columns`` (8), in the order of the manifest,
and is written as the best JPEG that stays under ``--kilobytes`` (300). ``%d`` in the name is the
sheet's number; old sheets with higher numbers are removed. ``--raw`` shows the pictures before the
camera.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from PIL import Image

from spec_schema.dataset import Dataset

_QUALITIES: Final = range(88, 30, -3)


def sheets(pictures: list[Path], tiles: int, columns: int, tile_px: int) -> Iterator[Image.Image]:
    """One picture for each so many tiles; the last may have fewer rows."""
    for first in range(0, len(pictures), tiles):
        part = pictures[first : first + tiles]
        rows = -(-len(part) // columns)
        sheet = Image.new("RGB", (columns * tile_px, rows * tile_px), (24, 24, 28))
        for k, path in enumerate(part):
            with Image.open(path) as picture:
                tile = picture.convert("RGB").resize((tile_px, tile_px), Image.Resampling.LANCZOS)
            sheet.paste(tile, (k % columns * tile_px, k // columns * tile_px))
        yield sheet


def best_jpeg(sheet: Image.Image, most_bytes: int) -> bytes:
    """The file of highest quality that is not larger.

    Raises:
        ValueError: none is so small.
    """
    for quality in _QUALITIES:
        buffer = io.BytesIO()
        sheet.save(buffer, "JPEG", quality=quality, optimize=True, progressive=True)
        if buffer.tell() <= most_bytes:
            return buffer.getvalue()
    raise ValueError(f"no JPEG of {sheet.size} has {most_bytes} bytes; take smaller tiles")


def main() -> None:
    """Read the dataset, write its sheets."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("-o", "--out", type=Path, default=Path("gallery_%d.jpg"))
    parser.add_argument("--tiles", type=int, default=64)
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--tile-px", type=int, default=128)
    parser.add_argument("--kilobytes", type=int, default=300)
    parser.add_argument("--raw", action="store_true")
    given = parser.parse_args()
    suffix = "_raw.png" if given.raw else ".png"
    pictures = [sample.path(suffix) for sample in Dataset(given.dataset).samples()]
    made = 0
    for made, sheet in enumerate(
        sheets(pictures, given.tiles, given.columns, given.tile_px), start=1
    ):
        path = given.out.with_name(given.out.name.replace("%d", str(made)))
        path.write_bytes(best_jpeg(sheet, 1000 * given.kilobytes))
        print(f"{path}: {sheet.size}, {path.stat().st_size / 1000:.0f} kB")  # noqa: T201
    number = made + 1
    while "%d" in given.out.name:
        old = given.out.with_name(given.out.name.replace("%d", str(number)))
        if not old.exists():
            break
        old.unlink()
        number += 1


if __name__ == "__main__":
    main()
