"""An export that was stopped goes on, and its bytes are those of one that was not."""

from __future__ import annotations

import errno
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from converters.export import Format, Summary, export
from converters.filters import Filters
from converters.format_300w_lp import Format300wLp
from converters.format_facesynthetics import FormatFaceSynthetics
from converters.format_opentrack_h5 import FormatOpentrackH5, RoiKind
from converters.format_webdataset import FormatWebDataset
from converters.pipeline import OnError, ReadOptions
from converters.work import Interrupted, Work
from spec_schema import DatasetError, ToolError, sample_stem
from tests.converters.formats import CASES, EVERYTHING, export_record, tree
from tests.factories import (
    HEAD_SHOTS,
    HeadShot,
    add_pixel_labels,
    head_shape,
    label_record,
    write_dataset,
    write_sample,
)

SHOTS = (*HEAD_SHOTS, HeadShot(14.0, 3.0, -6.0), HeadShot(-44.0, -8.0, 11.0))
KINDS = [*CASES, "300w-lp folder"]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("rendered") / "dataset", SHOTS, 64)


def form_of(kind: str) -> tuple[Format, str]:
    if kind == "webdataset":
        return FormatWebDataset(shard_size=2, filters=EVERYTHING), "out"
    case = CASES[kind.split()[0]]
    return case.form, "out" if kind.endswith("folder") else case.out


@dataclass
class StoppingLate:
    """A format that is stopped after its first closing file."""

    form: Format

    def closing_files(self, *given: Any) -> Iterator[tuple[str, Any]]:
        yield from itertools.islice(self.form.closing_files(*given), 1)
        raise KeyboardInterrupt

    def __getattr__(self, name: str) -> Any:
        return getattr(self.form, name)


@dataclass
class Stopping:
    """A format that is stopped while it hands over the files of some sample."""

    form: Format
    at: int
    error: BaseException

    def files(self, number: int, packed: Any) -> Iterator[tuple[str, bytes]]:
        for i, item in enumerate(self.form.files(number, packed)):
            if number == self.at and i == 1 % max(len(packed.files), 1):
                raise self.error
            yield item
        if number == self.at:
            raise self.error

    def __getattr__(self, name: str) -> Any:
        return getattr(self.form, name)


def run(source: Path, out: Path, form: Any, **options: Any) -> Summary:
    return export(source, out, form, ReadOptions(**options), overwrite=False)


def stop_at(source: Path, out: Path, form: Format, at: int) -> None:
    with pytest.raises(Interrupted, match="run the same command again"):
        run(source, out, Stopping(form, at, KeyboardInterrupt()))
    assert not out.exists()


@pytest.mark.parametrize("at", [1, 2, 5])
@pytest.mark.parametrize("kind", KINDS)
def test_the_bytes_are_those_of_an_uninterrupted_run(
    source: Path, tmp_path: Path, kind: str, at: int
) -> None:
    form, name = form_of(kind)
    straight, out = tmp_path / "straight" / name, tmp_path / "stopped" / name
    straight.parent.mkdir()
    out.parent.mkdir()
    whole = run(source, straight, form)
    stop_at(source, out, form, at)
    again = run(source, out, form)
    assert (again.read, again.written) == (whole.read, whole.written) == (len(SHOTS), len(SHOTS))
    assert tree(out) == tree(straight)
    assert [p.name for p in out.parent.iterdir()] == [name]


@pytest.mark.parametrize("kind", KINDS)
def test_stopped_while_it_closes(source: Path, tmp_path: Path, kind: str) -> None:
    form, name = form_of(kind)
    straight, out = tmp_path / "straight" / name, tmp_path / "stopped" / name
    straight.parent.mkdir()
    out.parent.mkdir()
    run(source, straight, form, workers=2 if kind == "coco" else 1)
    with pytest.raises(Interrupted, match=f"{len(SHOTS)} samples are kept"):
        run(source, out, StoppingLate(form))
    assert not out.exists()
    assert run(source, out, form).written == len(SHOTS)
    assert tree(out) == tree(straight)
    assert [p.name for p in out.parent.iterdir()] == [name]


@pytest.mark.parametrize("kind", KINDS)
def test_a_torn_body_and_journal_are_mended(source: Path, tmp_path: Path, kind: str) -> None:
    form, name = form_of(kind)
    straight, out = tmp_path / "straight" / name, tmp_path / "torn" / name
    straight.parent.mkdir()
    out.parent.mkdir()
    run(source, straight, form)
    stop_at(source, out, form, 4)
    work = out.with_name(f".{name}.partial")
    with (work / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"row": 4, "mar')
    body = work / "body"
    newest = (
        max((p for p in body.rglob("*") if p.is_file()), default=body) if body.is_dir() else body
    )
    # What a power cut leaves: the length is there, the last bytes are not.
    data = newest.read_bytes()
    newest.write_bytes(data[: len(data) * 2 // 3] + bytes(len(data) - len(data) * 2 // 3) + b"xy")
    run(source, out, form)
    assert tree(out) == tree(straight)


@pytest.mark.parametrize("kind", ["300w-lp", "coco", "webdataset", "opentrack-h5"])
def test_what_is_done_is_not_done_again(source: Path, tmp_path: Path, kind: str) -> None:
    form, name = form_of(kind)
    stop_at(source, tmp_path / name, form, 4)
    converted: list[int] = []

    @dataclass
    class Counting:
        form: Format

        def convert(self, sample: Any) -> Any:
            converted.append(sample.row)
            return self.form.convert(sample)

        def __getattr__(self, attribute: str) -> Any:
            return getattr(self.form, attribute)

    run(source, tmp_path / name, Counting(form))
    assert converted == [4, 5]


def test_several_stops_and_other_workers(source: Path, tmp_path: Path) -> None:
    form, name = form_of("300w-lp")
    run(source, tmp_path / "straight.zip", form)
    for at in (1, 3, 4):
        stop_at(source, tmp_path / name, form, at)
    run(source, tmp_path / name, form, workers=2)
    assert (tmp_path / name).read_bytes() == (tmp_path / "straight.zip").read_bytes()


def test_other_options_begin_anew(source: Path, tmp_path: Path) -> None:
    form, name = form_of("300w-lp")
    stop_at(source, tmp_path / name, form, 3)
    other = CASES["aflw2000"].form
    run(source, tmp_path / name, other)
    run(source, tmp_path / "straight.zip", other)
    assert (tmp_path / name).read_bytes() == (tmp_path / "straight.zip").read_bytes()


def test_rows_that_were_rendered_meanwhile_get_their_place(tmp_path: Path) -> None:
    source = write_dataset(tmp_path / "source", SHOTS, 64)
    marker = source / f"{sample_stem(1)}.done.json"
    kept = marker.read_bytes()
    marker.unlink()
    form, name = form_of("facesynthetics")
    stop_at(source, tmp_path / name, form, 3)
    marker.write_bytes(kept)
    run(source, tmp_path / name, form)
    run(source, tmp_path / "straight", form)
    assert tree(tmp_path / name) == tree(tmp_path / "straight")
    assert (tmp_path / name / "rows.txt").read_text().split() == list("012345")


def test_a_broken_sample_that_was_mended_is_tried_again(tmp_path: Path) -> None:
    source = write_dataset(tmp_path / "source", SHOTS, 64)
    picture = source / f"{sample_stem(1)}.png"
    kept = picture.read_bytes()
    picture.unlink()
    form, name = form_of("coco")
    with pytest.raises(Interrupted):
        run(
            source,
            tmp_path / name,
            Stopping(form, 3, KeyboardInterrupt()),
            on_error=OnError.SKIP,
        )
    picture.write_bytes(kept)
    summary = run(source, tmp_path / name, form, on_error=OnError.SKIP)
    assert (summary.written, summary.skipped) == (len(SHOTS), {})
    run(source, tmp_path / "straight", form)
    assert tree(tmp_path / name) == tree(tmp_path / "straight")


def test_a_fatal_sample_keeps_what_is_done(tmp_path: Path) -> None:
    source = write_dataset(tmp_path / "source", SHOTS, 64)
    picture = source / f"{sample_stem(4)}.png"
    picture.unlink()
    form, name = form_of("300w-lp")
    with pytest.raises(DatasetError, match=r"4 samples are kept in .*\.out\.zip\.partial"):
        run(source, tmp_path / name, form)
    assert not (tmp_path / name).exists()
    summary = run(source, tmp_path / name, form, on_error=OnError.SKIP)
    assert (summary.written, list(summary.skipped)) == (5, [4])
    assert export_record(tmp_path / name)["samples"]["skipped_broken"].keys() == {"4"}


def test_a_full_disk_can_be_gone_on_from(source: Path, tmp_path: Path) -> None:
    form, name = form_of("300w-lp")
    full = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(Interrupted, match=r"No space left on device.*make room and run again"):
        run(source, tmp_path / name, Stopping(form, 2, full))
    run(source, tmp_path / name, form)
    run(source, tmp_path / "straight.zip", form)
    assert (tmp_path / name).read_bytes() == (tmp_path / "straight.zip").read_bytes()


def test_an_earlier_export_stays_until_the_new_one_is_whole(source: Path, tmp_path: Path) -> None:
    form, name = form_of("facesynthetics")
    run(source, tmp_path / name, form)
    before = tree(tmp_path / name)
    with pytest.raises(Interrupted):
        export(
            source,
            tmp_path / name,
            Stopping(form, 2, KeyboardInterrupt()),
            ReadOptions(),
            overwrite=True,
        )
    assert tree(tmp_path / name) == before
    export(source, tmp_path / name, form, ReadOptions(), overwrite=True)
    assert tree(tmp_path / name) == before


def test_two_at_once_are_told(source: Path, tmp_path: Path) -> None:
    form, name = form_of("300w-lp")
    other = Work(tmp_path / name, {})
    with pytest.raises(ToolError, match="another rf-convert is writing it"):
        run(source, tmp_path / name, form)
    other.close()


@pytest.fixture(scope="module")
def long_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shot, shape = HeadShot(9, 5, 3), head_shape()
    source = write_dataset(tmp_path_factory.mktemp("long") / "dataset", [shot], 32)
    grey, nothing = Image.new("RGB", (32, 32), (128, 128, 128)), Image.new("L", (32, 32))
    for row in range(1, 40):
        record = label_record(shape, shot, row, 32)
        write_sample(source, add_pixel_labels(record, np.zeros((32, 32), np.uint8)), grey, nothing)
    return source


NO_SMALL = Filters(0)
KILLED: dict[str, tuple[Format, tuple[str, ...]]] = {
    "300w-lp": (Format300wLp(filters=NO_SMALL), ("out.zip",)),
    "facesynthetics": (FormatFaceSynthetics(NO_SMALL), ("out",)),
    "webdataset": (
        FormatWebDataset(shard_size=30, filters=NO_SMALL), ("out", "--shard-size", "30")
    ),
    "opentrack-h5": (
        FormatOpentrackH5(roi=RoiKind.FACE, filters=NO_SMALL), ("out.h5", "--roi", "face")
    ),
}  # fmt: skip


def wait_for(journal: Path, lines: int) -> None:
    deadline = time.monotonic() + 60
    while not journal.is_file() or journal.read_bytes().count(b"\n") < lines:
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize(
    ("command", "number"),
    [
        *((command, signal.SIGKILL) for command in KILLED),
        ("300w-lp", signal.SIGINT),
    ],
)
def test_killed_for_real(
    long_source: Path, tmp_path: Path, command: str, number: signal.Signals
) -> None:
    form, (name, *more) = KILLED[command]
    out = tmp_path / name
    call = [sys.executable, "-m", "converters.cli", command, str(long_source), str(out), *more]
    call += ["--min-box-px", "0"]
    root = Path(__file__).parents[2]
    process = subprocess.Popen(call, cwd=root, start_new_session=True, stderr=subprocess.PIPE)
    wait_for(tmp_path / f".{name}.partial/journal.jsonl", 8)
    os.killpg(process.pid, number)
    _, told = process.communicate(timeout=30)
    assert not out.exists()
    if number == signal.SIGINT:
        assert process.returncode == 75
        assert b"run the same command again" in told
        assert b"Traceback" not in told
    # The same call goes on; in this process it is the same work.
    assert run(long_source, out, form).written == 40
    straight = tmp_path / "straight" / name
    straight.parent.mkdir()
    run(long_source, straight, form)
    assert tree(out) == tree(straight)
