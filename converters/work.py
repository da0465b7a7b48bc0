"""The work folder of an export: what is done so far, in a journal that survives any stop.

::

    .OUT.partial/about.json      what is being made, from what
    .OUT.partial/journal.jsonl   one line a sample, in the order of the export
    .OUT.partial/body            the export itself, without its closing files

It lies beside ``OUT``, so that the finished body gets its name by one rename.
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from spec_schema.errors import EXIT_INTERRUPTED, ToolError

__all__ = ["Interrupted", "Notes", "Work"]

_ABOUT: Final = "about.json"
_JOURNAL: Final = "journal.jsonl"


class Interrupted(ToolError):
    """Stopped from outside or by a full disk; the same call goes on."""

    exit_code = EXIT_INTERRUPTED


class Notes:
    """What is remembered of the written samples, read from the journal each time."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal

    def __iter__(self) -> Iterator[Any]:
        with self._journal.open("rb") as lines:
            for line in lines:
                record = json.loads(line)
                if "note" in record:
                    yield record["note"]


class Work:
    """The work folder for ``out``, locked against other processes.

    Args:
        out: final name of the export.
        about: what is being made; a work folder of anything else is begun anew.

    Raises:
        ToolError: another process has it.
    """

    def __init__(self, out: Path, about: dict[str, Any]) -> None:
        self.folder = out.with_name(f".{out.name}.partial")
        self.body = self.folder / "body"
        self.folder.mkdir(exist_ok=True)
        self._lock = (self.folder / ".lock").open("wb")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as e:
            self._lock.close()
            raise ToolError(f"{out}: another rf-convert is writing it just now") from e
        path = self.folder / _ABOUT
        text = json.dumps(about, sort_keys=True, indent=1, ensure_ascii=False)
        if not path.is_file() or path.read_text() != text:
            self.reset_body()
            (self.folder / _JOURNAL).unlink(missing_ok=True)
            path.write_text(text)
        self._journal = (self.folder / _JOURNAL).open("a+b")
        self._ends: list[int] = []

    def reset_body(self) -> None:
        """Remove the body."""
        if self.body.is_dir():
            shutil.rmtree(self.body)
        else:
            self.body.unlink(missing_ok=True)

    def lines(self) -> Iterator[dict[str, Any]]:
        """The journal so far, without the notes; a torn line and what follows are passed over."""
        self._ends = []
        self._journal.seek(0)
        for line in self._journal:
            try:
                record = json.loads(line)
            except ValueError:
                return
            if not line.endswith(b"\n") or not isinstance(record, dict):
                return
            self._ends.append((self._ends[-1] if self._ends else 0) + len(line))
            record.pop("note", None)
            yield record

    def keep(self, count: int) -> None:
        """Drop all lines after the first ``count``."""
        del self._ends[count:]
        self._journal.truncate(self._ends[-1] if self._ends else 0)
        self._journal.seek(0, 2)

    def append(self, line: dict[str, Any]) -> None:
        """Note what became of one sample, after its files are in the body."""
        data = json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
        self._journal.write(data)
        self._journal.flush()
        self._ends.append((self._ends[-1] if self._ends else 0) + len(data))

    @property
    def count(self) -> int:
        """How many samples are dealt with."""
        return len(self._ends)

    @property
    def notes(self) -> Notes:
        """Of the written samples, in order."""
        return Notes(self.folder / _JOURNAL)

    def close(self) -> None:
        """Let go of it; it stays where it is."""
        self._journal.close()
        self._lock.close()

    def remove(self) -> None:
        """Delete it."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)
