"""The course of every conversion: read, convert, filter, write, count, describe."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Generic, Protocol, TypeVar

from converters.pipeline import Done, Failed, Filtered, ReadOptions, count_samples, outcomes
from converters.progress import Progress
from converters.sink import EXPORT_RECORD, open_sink
from converters.source import SourceSample, Topology
from spec_schema.dataset import Dataset
from spec_schema.errors import DatasetError

__all__ = ["Format", "Packed", "Summary", "export"]

Note = TypeVar("Note")
_SOURCE_README: Final = "SOURCE_README.md"


@dataclass(frozen=True)
class Packed(Generic[Note]):
    """One converted sample: what goes to the output at once, and what is remembered of it."""

    files: Mapping[str, bytes]
    """Content by a key of the format's own."""
    note: Note
    """Small; all notes are in memory until the end."""


class Format(Protocol[Note]):
    """One target format. Instances are frozen and picklable."""

    @property
    def name(self) -> str:
        """As on the command line."""

    def settings(self) -> Mapping[str, Any]:
        """Options that shaped the export, for its record."""

    def convert(self, sample: SourceSample) -> Done[Packed[Note]] | Filtered:
        """The work on one sample; runs in a worker process."""

    def files(self, number: int, packed: Packed[Note]) -> Iterable[tuple[str, bytes]]:
        """Names and bytes of the ``number``-th written sample, counted from 0."""

    def closing_files(self, notes: Sequence[Note]) -> Iterable[tuple[str, bytes]]:
        """Files about the whole, after the last sample."""

    def readme(self, summary: Summary) -> str:
        """README.md of the export."""


@dataclass
class Summary:
    """What became of the samples."""

    read: int = 0
    written: int = 0
    filtered: Counter[str] = field(default_factory=Counter)
    skipped: dict[int, str] = field(default_factory=dict)
    """Message by row of the broken samples."""

    def count(self, outcome: Done[Any] | Filtered | Failed, source: Path) -> None:
        """Take one outcome into account; messages lose the path of the source."""
        self.read += 1
        if isinstance(outcome, Done):
            self.written += 1
        elif isinstance(outcome, Filtered):
            self.filtered[outcome.reason] += 1
        else:
            self.skipped[outcome.row] = outcome.message.replace(f"{source}/", "")

    def record(self) -> dict[str, Any]:
        """For ``export.json``."""
        return {
            "read": self.read,
            "written": self.written,
            "filtered": dict(sorted(self.filtered.items())),
            "skipped_broken": {str(row): text for row, text in sorted(self.skipped.items())},
        }

    def lines(self) -> list[str]:
        """For people."""
        out = [f"{self.written} of {self.read} samples written"]
        out += [f"  left out by a filter, {why}: {n}" for why, n in sorted(self.filtered.items())]
        if self.skipped:
            out.append(f"  skipped because broken: {len(self.skipped)}")
            out += [f"    {text}" for _, text in sorted(self.skipped.items())]
        return out


def _record(dataset: Dataset, form: Format[Note], summary: Summary) -> bytes:
    content = {
        "made_by": "rf-convert",
        "format": form.name,
        "settings": dict(form.settings()),
        "samples": summary.record(),
        "source": dataset.info,
    }
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def export(
    source: Path, out: Path, form: Format[Note], options: ReadOptions, overwrite: bool
) -> Summary:
    """Convert a rendered dataset.

    Args:
        source: folder that ``rf-render`` wrote.
        out: a ``.zip``, or a folder.
        form: target format.
        options: how to read.
        overwrite: replace an earlier export under that name.

    Raises:
        DatasetError: the source is broken, or nothing of it is left to write.
        ToolError: ``out`` can't be written.
    """
    dataset = Dataset(source)
    topology = Topology.load(dataset)
    total = count_samples(dataset, options.limit)
    summary: Summary = Summary()
    notes: list[Note] = []
    with open_sink(out, overwrite) as sink:
        progress = Progress(f"rf-convert {form.name}", total)
        try:
            for outcome in outcomes(dataset, topology, form.convert, options):
                summary.count(outcome, source)
                if isinstance(outcome, Done):
                    for name, data in form.files(len(notes), outcome.result):
                        sink.add(name, data)
                    notes.append(outcome.result.note)
                progress.step()
        finally:
            progress.close()
        if summary.written == 0:
            raise DatasetError("\n".join([f"{source}: nothing to write", *summary.lines()]))
        for name, data in form.closing_files(notes):
            sink.add(name, data)
        readme = source / "README.md"
        if readme.is_file():
            sink.add(_SOURCE_README, readme.read_bytes())
        sink.add("README.md", form.readme(summary).encode())
        sink.add(EXPORT_RECORD, _record(dataset, form, summary))
    return summary
