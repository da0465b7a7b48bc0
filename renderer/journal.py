"""The journal: one line of JSON an attempt, appended as it happens.

::

    {"event": "run", "versions": …, "device": …, "workers": …}      when a run starts
    {"event": "done", "row": 7, "spec_hash": …, "attempt": 1, "seconds": …, "rss_mb": …,
     "phases": {"geometry": [wall seconds, CPU seconds], …}}
    {"event": "failed", "row": 8, …, "kind": "crash", "signal": "SIGSEGV", "exit_code": null,
     "phase": "render", "message": …, "stderr_tail": …, "final": true}

It is a record for people and for ``--retry-failed``. What is done, the markers say.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from renderer.atomic import StoreError
from renderer.storage import Storage
from spec_schema.errors import DatasetError

__all__ = ["JOURNAL_FOLDER", "Journal", "attempts", "final_failures", "journal_names"]

JOURNAL_FOLDER: Final = "journal"


class Journal:
    """One shard's journal, held by one process at a time.

    Raises:
        StoreError: another process renders this shard into this folder.
        DatasetError: the folder can't be written.
    """

    def __init__(self, root: Path, tag: str) -> None:
        self.path = root / JOURNAL_FOLDER / f"{tag}.jsonl"
        try:
            self.path.parent.mkdir(exist_ok=True)
            self._handle = os.open(
                self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666
            )
        except OSError as e:
            raise DatasetError(f"{self.path}: can't be written: {e.strerror or e}") from e
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as e:
            os.close(self._handle)
            raise StoreError(
                f"{root}: another process is rendering this shard into it; wait for it or stop it"
            ) from e
        except OSError:
            pass  # a file system without locks; markers stay right, work may be done twice
        self._end_torn_line()

    @property
    def where(self) -> str:
        """Its place, for messages."""
        return str(self.path)

    def append(self, record: dict[str, Any]) -> None:
        """Add one line; a failure's line is synced.

        Raises:
            StoreError: the system refuses.
        """
        line = json.dumps(record, ensure_ascii=False).encode() + b"\n"
        try:
            view = memoryview(line)
            while view:
                view = view[os.write(self._handle, view) :]
            if record.get("event") == "failed":
                os.fsync(self._handle)
        except OSError as e:
            raise StoreError(f"{self.path}: can't be written: {e.strerror or e}") from e

    def flush(self) -> None:
        """Nothing to do: each line is written as it comes."""

    def _end_torn_line(self) -> None:
        size = os.fstat(self._handle).st_size
        if size and os.pread(self._handle, 1, size - 1) != b"\n":
            os.write(self._handle, b"\n")

    def close(self) -> None:
        """Let go of the shard."""
        os.close(self._handle)

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()


def journal_names(storage: Storage) -> list[str]:
    """Files of all journals of a dataset, in the order in which they were written per shard."""
    names = storage.entries(JOURNAL_FOLDER)
    return [f"{JOURNAL_FOLDER}/{name}" for name in names if name.endswith(".jsonl")]


def attempts(storage: Storage) -> Iterator[dict[str, Any]]:
    """The records of all attempts; lines torn by a crash are passed over."""
    names = journal_names(storage)
    for start in range(0, len(names), storage.batch):
        batch = names[start : start + storage.batch]
        contents = storage.read(batch)
        for name in batch:
            for line in (contents.get(name) or b"").splitlines():
                if (record := _attempt(line)) is not None:
                    yield record


def _attempt(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
        if record["event"] == "failed":
            record = {**record, "final": bool(record["final"])}
        elif record["event"] != "done":
            return None
        return {**record, "row": int(record["row"]), "spec_hash": str(record["spec_hash"])}
    except (ValueError, KeyError, TypeError):
        return None


def final_failures(storage: Storage) -> dict[int, str]:
    """Spec hash by row of the samples that were given up and not rendered after that."""
    failed: dict[int, str] = {}
    for record in attempts(storage):
        if record["event"] == "done":
            failed.pop(record["row"], None)
        elif record["final"]:
            failed[record["row"]] = record["spec_hash"]
    return failed
