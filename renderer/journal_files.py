"""Which journal a dataset gets: a file that is appended to, or one object after another."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Protocol, Self

from renderer.journal import JOURNAL_FOLDER, Journal
from renderer.storage import LocalStorage, Storage

__all__ = ["JournalWriter", "ObjectJournal", "open_journal"]

_FLUSH_LINES: Final = 500
_FLUSH_S: Final = 60.0


class JournalWriter(Protocol):
    """What a run writes its journal with."""

    @property
    def where(self) -> str:
        """Its place, for messages."""
        ...

    def append(self, record: dict[str, Any]) -> None:
        """Add one line; a failure's line is safe when this returns."""
        ...

    def flush(self) -> None:
        """Let others read what was added so far."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None: ...


def open_journal(storage: Storage, tag: str) -> JournalWriter:
    """The journal of a shard's run.

    Raises:
        DatasetError: another process renders this shard into this folder, or it can't be written.
        StoreError: the object store refuses.
    """
    if isinstance(storage, LocalStorage):
        return Journal(storage.root, tag)
    return ObjectJournal(storage, tag)


class ObjectJournal:
    """A journal of objects, since these can't be appended to.

    ``journal/shard-1-of-3.0002.00005.jsonl`` is the sixth piece of the shard's third run. A
    piece is written after 500 lines, a minute, or a failure, and at the end; a crash loses the
    ``done`` lines since then, which only people miss. There is no lock: two processes on one
    shard do the work twice and write the same bytes.
    """

    def __init__(
        self, storage: Storage, tag: str, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._storage, self._now = storage, now
        self._lines: list[bytes] = []
        self._piece = 0
        self._flushed = now()
        run = self._last_run(tag) + 1
        while not storage.create(f"{JOURNAL_FOLDER}/{tag}.{run:04d}.00000.jsonl", b""):
            run += 1  # another process has just begun
        self._stem = f"{JOURNAL_FOLDER}/{tag}.{run:04d}"

    @property
    def where(self) -> str:
        """URL of its pieces."""
        return self._storage.where(f"{self._stem}.*.jsonl")

    def append(self, record: dict[str, Any]) -> None:
        """Add one line; a failure's line is written at once."""
        self._lines.append(json.dumps(record, ensure_ascii=False).encode() + b"\n")
        due = len(self._lines) >= _FLUSH_LINES or self._now() - self._flushed >= _FLUSH_S
        if due or record.get("event") == "failed":
            self.flush()

    def flush(self) -> None:
        """Write what has gathered."""
        if self._lines:
            name = f"{self._stem}.{self._piece:05d}.jsonl"
            self._storage.write({name: b"".join(self._lines)})
            self._lines.clear()
            self._piece += 1
        self._flushed = self._now()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.flush()

    def _last_run(self, tag: str) -> int:
        runs = [-1]
        for name in self._storage.entries(JOURNAL_FOLDER):
            stem = name.removeprefix(f"{tag}.")
            run = stem.split(".")[0]
            if stem != name and run.isdigit():
                runs.append(int(run))
        return max(runs)
