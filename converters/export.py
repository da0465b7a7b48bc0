"""The course of every conversion: read, convert, filter, write, count, describe."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Final, Protocol

from converters.bodies import Body, Content, Mark
from converters.pipeline import (
    Done,
    Failed,
    Filtered,
    OnError,
    Outcome,
    ReadOptions,
    attempt,
    candidates,
    count_samples,
    outcomes,
)
from converters.progress import Progress
from converters.sink import EXPORT_RECORD, checked_target, give_name, told_of
from converters.source import SourceSample, Topology
from converters.work import Interrupted, Notes, Work
from spec_schema.dataset import Dataset, Sample
from spec_schema.errors import DatasetError, ReplicantfaceError

__all__ = ["Format", "Packed", "Summary", "export"]

_SOURCE_README: Final = "SOURCE_README.md"


@dataclass(frozen=True)
class Packed:
    """One converted sample: what goes to the output at once, and what is remembered of it."""

    files: Mapping[str, bytes]
    """Content by a key of the format's own."""
    note: Any
    """Plain JSON, kept in the journal until the end."""


class Format(Protocol):
    """One target format. Instances are frozen and picklable."""

    @property
    def name(self) -> str:
        """As on the command line."""

    def settings(self) -> Mapping[str, Any]:
        """Options that shaped the export, for its record."""

    def is_folder(self, out: Path) -> bool:
        """Whether the export under this name is a folder.

        Raises:
            ToolError: the format can't be written under such a name.
        """

    def body(self, path: Path, out: Path) -> Body:
        """Where the samples gather on their way to ``out``."""

    def convert(self, sample: SourceSample) -> Done[Packed] | Filtered:
        """The work on one sample; runs in a worker process."""

    def files(self, number: int, packed: Packed) -> Iterable[tuple[str, bytes]]:
        """Names and bytes of the ``number``-th written sample, counted from 0."""

    def closing_files(self, notes: Notes, dataset: Dataset) -> Iterable[tuple[str, Content]]:
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

    def count(self, outcome: Outcome[Any], source: Path) -> None:
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


def _record(dataset: Dataset, form: Format, summary: Summary) -> bytes:
    content = {
        "made_by": "rf-convert",
        "format": form.name,
        "settings": dict(form.settings()),
        "samples": summary.record(),
        "source": dataset.info,
    }
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def _about(dataset: Dataset, form: Format, out: Path, options: ReadOptions) -> dict[str, Any]:
    """What must be equal for an interrupted export to be gone on with."""
    topology = hashlib.sha256((dataset.root / "topology.npz").read_bytes()).hexdigest()
    return {
        "format": form.name,
        "settings": dict(form.settings()),
        "kind": out.suffix,
        "verify": options.verify,
        "source": dataset.info,
        "topology_sha256": topology,
    }


def _fingerprint(candidate: Sample | Failed) -> int:
    if isinstance(candidate, Failed):
        return zlib.crc32(candidate.message.encode())
    return zlib.crc32(json.dumps(candidate.marker, sort_keys=True).encode())


def _line(candidate: Sample | Failed, outcome: Outcome[Packed], mark: Mark) -> dict[str, Any]:
    line: dict[str, Any] = {"row": candidate.row, "marker": _fingerprint(candidate)}
    if isinstance(outcome, Done):
        return {**line, "mark": mark, "note": outcome.result.note}
    if isinstance(outcome, Filtered):
        return {**line, "filtered": outcome.reason}
    return {**line, "failed": outcome.message}


def _outcome(line: Mapping[str, Any]) -> Outcome[None]:
    if "mark" in line:
        return Done(line["row"], None)
    if "filtered" in line:
        return Filtered(line["row"], line["filtered"])
    return Failed(line["row"], line["failed"])


@dataclass
class _Course:
    """One run of an export, from where an earlier one stopped."""

    dataset: Dataset
    topology: Topology
    form: Format
    options: ReadOptions
    work: Work
    body: Body
    summary: Summary = field(default_factory=Summary)

    def taken_up(self) -> Iterator[Sample | Failed]:
        """Compare the journal with the source, keep what still holds; the samples that are left.

        What failed before is tried again: it may have been mended.
        """
        options = self.options
        found = candidates(self.dataset, options)
        left: Iterator[Sample | Failed] = iter(())
        kept: list[dict[str, Any]] = []
        for line in self.work.lines():
            candidate = next(found, None)
            if candidate is None:
                break
            same = line.get("row") == candidate.row and line["marker"] == _fingerprint(candidate)
            if same and "failed" in line:
                again = attempt(self.form.convert, self.topology, options.verify, candidate)
                same = isinstance(again, Failed) and options.on_error == OnError.SKIP
            if not same:
                left = iter((candidate,))
                break
            kept.append(line)
        sound = self.body.resume([line["mark"] for line in kept if "mark" in line])
        reached = _reach(kept, sound)
        if reached < len(kept):
            found, left = candidates(self.dataset, options), iter(())
            for _ in range(reached):
                next(found)
        self.work.keep(reached)
        for line in kept[:reached]:
            self.summary.count(_outcome(line), self.dataset.root)
        return chain(left, found)

    def run(self) -> None:
        total = count_samples(self.dataset, self.options.limit)
        rest = self.taken_up()
        progress = Progress(f"rf-convert {self.form.name}", total, self.work.count)
        read: deque[Sample | Failed] = deque()

        def noted() -> Iterator[Sample | Failed]:
            for candidate in rest:
                read.append(candidate)
                yield candidate

        try:
            found = outcomes(noted(), self.topology, self.form.convert, self.options)
            for outcome in found:
                mark = None
                if isinstance(outcome, Done):
                    packed = outcome.result
                    mark = self.body.write(self.form.files(self.summary.written, packed))
                self.work.append(_line(read.popleft(), outcome, mark))
                self.summary.count(outcome, self.dataset.root)
                progress.step()
        finally:
            progress.close()

    def closing_files(self) -> Iterator[tuple[str, Content]]:
        yield from self.form.closing_files(self.work.notes, self.dataset)
        readme = self.dataset.root / "README.md"
        if readme.is_file():
            yield _SOURCE_README, readme.read_bytes()
        yield "README.md", self.form.readme(self.summary).encode()
        yield EXPORT_RECORD, _record(self.dataset, self.form, self.summary)


def _reach(lines: list[dict[str, Any]], sound: int) -> int:
    """How many lines come before the first of a written sample that is not sound."""
    written = 0
    for i, line in enumerate(lines):
        if "mark" in line:
            if written == sound:
                return i
            written += 1
    return len(lines)


def export(source: Path, out: Path, form: Format, options: ReadOptions, overwrite: bool) -> Summary:
    """Convert a rendered dataset, going on where an earlier call was stopped.

    Args:
        source: folder that ``rf-render`` wrote.
        out: name of the export.
        form: target format.
        options: how to read.
        overwrite: replace an earlier export under that name.

    Raises:
        DatasetError: the source is broken, or nothing of it is left to write.
        ToolError: ``out`` can't be written.
        Interrupted: stopped by Ctrl-C or a full disk; what is done is kept.
    """
    dataset = Dataset(source)
    topology = Topology.load(dataset)
    count_samples(dataset, options.limit)
    out = checked_target(out, overwrite, form.is_folder(out))
    with told_of(out):
        work = Work(out, _about(dataset, form, out, options))
    course: _Course | None = None
    named = False
    try:
        with told_of(out, work.folder):
            body = form.body(work.body, out)
            course = _Course(dataset, topology, form, options, work, body)
            course.run()
            if course.summary.written == 0:
                work.keep(0)
                raise DatasetError(
                    "\n".join([f"{source}: nothing to write", *course.summary.lines()])
                )
            give_name(body.close(course.closing_files()), out)
            named = True
    except KeyboardInterrupt as e:
        raise Interrupted(
            f"interrupted; {work.count} samples are kept in {work.folder}: "
            "run the same command again to go on"
        ) from e
    except ReplicantfaceError as e:
        if work.count and not isinstance(e, Interrupted):
            raise type(e)(
                f"{e}\n({work.count} samples are kept in {work.folder}, to go on from)"
            ) from e
        raise
    finally:
        if course is not None:
            course.body.release()
        if named or work.count == 0:
            work.remove()
        else:
            work.close()
    return course.summary
