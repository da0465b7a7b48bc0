"""The journal: one line of JSON an attempt, appended as it happens.

::

    {"event": "run", "versions": …, "device": …, "workers": …}      when a run starts
    {"event": "done", "row": 7, "spec_hash": …, "attempt": 1, "seconds": …, "rss_mb": …}
    {"event": "failed", "row": 8, …, "kind": "crash", "signal": "SIGSEGV", "exit_code": null,
     "phase": "render", "message": …, "stderr_tail": …, "final": true}

It is a record for people and for ``--retry-failed``. What is done, the markers say.
"""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from renderer.atomic import StoreError
from spec_schema.errors import DatasetError

__all__ = ["JOURNAL_FOLDER", "Journal", "final_failures"]

JOURNAL_FOLDER: Final = "journal"


class Journal:
    """One shard's journal, held by one process at a time.

    Raises:
        DatasetError: another process renders this shard into this folder, or the folder
            can't be written.
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
            raise DatasetError(
                f"{root}: another process is rendering this shard into it; wait for it or stop it"
            ) from e
        except OSError:
            pass  # a file system without locks; markers stay right, work may be done twice
        self._end_torn_line()

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


def final_failures(root: Path) -> dict[int, str]:
    """Spec hash by row of the samples that were given up, from every journal of the folder."""
    failed: dict[int, str] = {}
    for path in sorted((root / JOURNAL_FOLDER).glob("*.jsonl")):
        with path.open("rb") as lines:
            for line in lines:
                try:
                    record = json.loads(line)
                    if record["event"] == "failed" and record["final"]:
                        failed[int(record["row"])] = str(record["spec_hash"])
                except (ValueError, KeyError, TypeError):
                    continue  # a line torn by a crash
    return failed
