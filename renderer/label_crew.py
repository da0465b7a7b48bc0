"""The processes of ``--labels-only``, in the supervisor's place: each has its share of the rows."""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from renderer.atomic import StoreError
from renderer.child import worker_environment
from renderer.journal_files import JournalWriter
from renderer.machine import resident_mb_of
from renderer.progress import Progress
from renderer.protocol import FrameDecoder, send
from renderer.settings import RenderSettings
from spec_schema.errors import ToolError

__all__ = ["LabelCrew", "LabelJob"]

_TICK_S: Final = 0.1
_READ_BYTES: Final = 1 << 20
_TAIL_BYTES: Final = 4000


@dataclass(frozen=True)
class LabelJob:
    """What all processes of one run have in common."""

    manifest: Path
    place: str
    tag: str
    settings: RenderSettings
    settings_hash: str


class _Hand:
    """One process."""

    def __init__(self, job: LabelJob, rows: Sequence[int]) -> None:
        self.log = tempfile.TemporaryFile()  # noqa: SIM115  closed by LabelCrew
        self.decoder = FrameDecoder()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "renderer.label_worker", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            bufsize=0,
            env=worker_environment(),
            process_group=0,  # Ctrl-C at the terminal is for us
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.out = self.process.stdout
        start = {
            "kind": "start",
            "manifest": str(job.manifest.absolute()),
            "place": job.place,
            "tag": job.tag,
            "settings": job.settings.model_dump(),
            "settings_hash": job.settings_hash,
            "rows": np.asarray(rows, np.int64),
        }
        with contextlib.suppress(BrokenPipeError):
            send(self.process.stdin.fileno(), start)
        self.process.stdin.close()

    def tail(self) -> str:
        """The end of what it printed."""
        size = os.fstat(self.log.fileno()).st_size
        tail = os.pread(self.log.fileno(), _TAIL_BYTES, max(0, size - _TAIL_BYTES))
        return tail.decode(errors="replace").strip()


class LabelCrew:
    """Labels rows on ``workers`` processes.

    Args:
        job: of all of them.
        rows: to be labelled, ascending.
        workers: how many.
        journal: a line a record.
        progress: told of each record.
        tick: called often.
        on_ready: called once, when the first process is ready.
    """

    def __init__(
        self,
        job: LabelJob,
        rows: Sequence[int],
        workers: int,
        journal: JournalWriter,
        progress: Progress,
        tick: Callable[[], None],
        on_ready: Callable[[], None],
    ) -> None:
        self._job, self._rows, self._workers = job, rows, workers
        self._journal, self._progress, self._tick = journal, progress, tick
        self._on_ready: Callable[[], None] | None = on_ready
        self._hands: list[_Hand] = []
        self._draining = False

    @property
    def busy(self) -> int:
        """How many records are in work."""
        return sum(hand.process.poll() is None for hand in self._hands)

    def drain(self) -> None:
        """Finish what is in work; signal-safe."""
        self._draining = True
        for hand in self._hands:
            hand.process.terminate()

    def stop(self) -> None:
        """Drop what is in work; signal-safe."""
        self._draining = True
        for hand in self._hands:
            hand.process.kill()

    def run(self, items: Iterator[Any]) -> None:
        """Label all rows, or those that are done when asked to drain.

        Args:
            items: not used; the processes read the manifest themselves.

        Raises:
            StoreError: the output can't be written any more.
            ToolError: a process ended before it was ready.
        """
        share = -(-len(self._rows) // self._workers)
        try:
            with selectors.DefaultSelector() as selector:
                for first in range(0, len(self._rows), share):
                    hand = _Hand(self._job, self._rows[first : first + share])
                    self._hands.append(hand)
                    selector.register(hand.out, selectors.EVENT_READ, hand)
                if self._draining:  # asked between two of the lines above
                    self.drain()
                while selector.get_map():
                    for key, _ in selector.select(_TICK_S):
                        data = os.read(key.fd, _READ_BYTES)
                        if not data:
                            selector.unregister(key.fileobj)
                            self._ended(key.data)
                        for message in key.data.decoder.feed(data):
                            self._hear(key.data, message)
                    self._tick()
        finally:
            for hand in self._hands:
                hand.process.kill()
                hand.process.wait()
                hand.out.close()
                hand.log.close()

    def _hear(self, hand: _Hand, message: dict[str, Any]) -> None:
        match message["kind"]:
            case "ready":
                if self._on_ready is not None:
                    self._on_ready()
                    self._on_ready = None
            case "refused":
                raise StoreError(message["message"])
            case "labelled":
                rss_mb = round(resident_mb_of(hand.process.pid))
                for record in message["records"]:
                    self._note(record, rss_mb)

    def _note(self, record: list[Any], rss_mb: int) -> None:
        row, index, digest, seconds, error = record
        line: dict[str, Any] = {
            "event": "done" if error is None else "failed",
            "row": row,
            "index": index,
            "spec_hash": digest,
            "attempt": 1,
            "seconds": seconds,
            "rss_mb": rss_mb,
        }
        if error is not None:
            line |= {
                "final": True,
                "kind": "exception",
                "signal": None,
                "exit_code": None,
                "phase": "labels",
                "message": error,
                "stderr_tail": "",
            }
            self._progress.say(f"row {row} failed in phase 'labels' ({error}); given up")
        self._journal.append(line)
        self._progress.count(failed=error is not None)

    def _ended(self, hand: _Hand) -> None:
        code = hand.process.wait()
        if code == 0 or self._draining:
            return
        if self._on_ready is not None:
            raise ToolError(f"a process that labels ended with code {code}:\n{hand.tail()}")
        self._progress.say(f"a process ended with code {code}; its rows are left for the next run")
