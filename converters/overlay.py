"""Contact sheets of a dataset: one picture, numbered pictures, or the pages of a PDF."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

from converters.export import Summary
from converters.overlay_panels import Tile, TileJob
from converters.overlay_sheet import contact_sheet
from converters.picture import png_bytes
from converters.pipeline import Done, ReadOptions, candidates, count_samples, outcomes
from converters.progress import Progress
from converters.sink import told_of
from converters.source import Topology
from spec_schema.dataset import Dataset
from spec_schema.errors import DatasetError, ToolError

__all__ = ["Drawn", "OverlayOptions", "write_overlay"]

_PDF_DPI: Final = 150
_PDF_QUALITY: Final = 92
# A PDF names the time it was made; equal labels shall give equal bytes.
_PDF_DATE: Final = time.gmtime(315532800)


@dataclass(frozen=True)
class OverlayOptions:
    """How the sheets look."""

    size_px: int = 320
    columns: int | None = None
    page: int = 24
    """Samples a sheet."""
    dense: bool = False


@dataclass(frozen=True)
class Drawn:
    """What was read, and the files that were written."""

    summary: Summary
    paths: tuple[Path, ...]


class _Pages:
    """Sheets under temporary names, given their own all at once."""

    def __init__(self, out: Path, expected: int) -> None:
        self._out = out
        self._digits = max(2, len(str(expected)))
        self._single = expected == 1 or out.suffix.lower() == ".pdf"
        self._partial: list[tuple[Path, Path]] = []
        self._count = 0

    def _name(self) -> Path:
        if self._single:
            return self._out
        return self._out.with_name(
            f"{self._out.stem}-{self._count:0{self._digits}d}{self._out.suffix}"
        )

    def add(self, sheet: Image.Image) -> None:
        self._count += 1
        final = self._name()
        partial = final.with_name(f".{final.name}.partial")
        if final.suffix.lower() == ".pdf":
            first = self._count == 1
            sheet.save(
                partial,
                "PDF",
                append=not first,
                resolution=_PDF_DPI,
                quality=_PDF_QUALITY,
                creationDate=_PDF_DATE,
                modDate=_PDF_DATE,
            )
            if not first:
                return
        else:
            partial.write_bytes(png_bytes(sheet))
        self._partial.append((partial, final))

    def finish(self) -> tuple[Path, ...]:
        for partial, final in self._partial:
            with partial.open("rb+") as file:
                os.fsync(file.fileno())
            partial.replace(final)
        return tuple(final for _, final in self._partial)

    def drop(self) -> None:
        for partial, _ in self._partial:
            partial.unlink(missing_ok=True)


def _check(out: Path) -> Path:
    if out.suffix.lower() not in (".png", ".pdf"):
        raise ToolError(f"{out}: sheets are PNG or PDF; give a name that ends in .png or .pdf")
    out = Path(os.path.realpath(out)) if out.is_symlink() else out
    if not out.parent.is_dir():
        raise ToolError(f"{out.parent}: no such folder; make it first")
    if out.exists() and not out.is_file():
        raise ToolError(f"{out}: is a folder, a device or a pipe; name a file")
    return out


def _tiles(
    dataset: Dataset, look: OverlayOptions, options: ReadOptions, summary: Summary, total: int
) -> Iterator[Tile]:
    job, topology = TileJob(look.size_px, look.dense), Topology.load(dataset)
    progress = Progress("rf-convert overlay", total)
    try:
        for outcome in outcomes(candidates(dataset, options), topology, job, options):
            summary.count(outcome, dataset.root)
            if isinstance(outcome, Done):
                yield outcome.result
            progress.step()
    finally:
        progress.close()


def write_overlay(source: Path, out: Path, look: OverlayOptions, options: ReadOptions) -> Drawn:
    """Write the contact sheets of a rendered dataset; files of these names are replaced.

    One sheet gets the name ``out`` itself, more of them ``out-01.png`` and so on; a PDF holds
    them all.

    Raises:
        DatasetError: the source is broken, or holds no sound sample.
        ToolError: ``out`` can't be written, or a sheet would be too large.
    """
    out = _check(out)
    dataset, summary = Dataset(source), Summary()
    total = count_samples(dataset, options.limit)
    pages = _Pages(out, -(-total // look.page))
    wide = look.page if total > look.page else 1
    waiting: list[Tile] = []
    with told_of(out):
        try:
            for tile in _tiles(dataset, look, options, summary, total):
                waiting.append(tile)
                if len(waiting) == look.page:
                    pages.add(contact_sheet(waiting, look.size_px, look.columns, wide))
                    waiting.clear()
            if waiting:
                pages.add(contact_sheet(waiting, look.size_px, look.columns, wide))
            if not summary.written:
                raise DatasetError("\n".join([f"{source}: nothing to draw", *summary.lines()]))
            return Drawn(summary, pages.finish())
        finally:
            pages.drop()
