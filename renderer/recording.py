"""What becomes of an attempt: files and marker, a line in the journal, progress."""

from __future__ import annotations

from typing import Any

from renderer.journal_files import JournalWriter
from renderer.phases import PhaseClock, Seconds, rounded
from renderer.profile import ProfileSum
from renderer.progress import Progress
from renderer.store import SampleStore
from renderer.supervisor import Attempt

__all__ = ["Recorder", "write_sample"]


def write_sample(store: SampleStore, attempt: Attempt, files: dict[str, bytes]) -> Seconds:
    """Store the files of an attempt; gives its phases, the writing among them.

    Raises:
        StoreError: they can't be written.
    """
    clock = PhaseClock()
    clock("write")
    store.write(attempt.item.row, attempt.item.digest, files)
    return {**attempt.phases, **clock.stop()}


class Recorder:
    """Stores and records attempts, in the order in which they end.

    Args:
        store: of the dataset.
        journal: of this shard.
        progress: told of each sample.
        profile: whether each sample's phases are told too.
    """

    def __init__(
        self, store: SampleStore, journal: JournalWriter, progress: Progress, *, profile: bool
    ) -> None:
        self._store, self._journal, self._progress = store, journal, progress
        self._profile = profile
        self.sum = ProfileSum()

    def __call__(self, attempt: Attempt) -> None:
        """Settle one attempt.

        Raises:
            StoreError: it can't be written.
        """
        if attempt.stored:
            self._done(attempt, attempt.phases)
        elif attempt.files is not None:
            self._done(attempt, write_sample(self._store, attempt, attempt.files))
        else:
            self._failed(attempt)

    def _done(self, attempt: Attempt, phases: Seconds) -> None:
        item = attempt.item
        self._journal.append(
            {"event": "done", **_common(attempt), "phases": rounded(phases)},
        )
        self.sum.add(phases)
        self._progress.count()
        if self._profile:
            self._progress.say(ProfileSum.line(item.row, phases))

    def _failed(self, attempt: Attempt) -> None:
        failure = attempt.failure
        assert failure is not None
        self._journal.append(
            {
                "event": "failed",
                **_common(attempt),
                "final": attempt.final,
                "kind": failure.kind,
                "signal": failure.signal,
                "exit_code": failure.exit_code,
                "phase": failure.phase,
                "message": failure.message,
                "stderr_tail": failure.stderr_tail,
            }
        )
        if attempt.final:
            self._progress.count(failed=True)
        verdict = "given up" if attempt.final else "tried again"
        self._progress.say(
            f"row {attempt.item.row} failed in phase {failure.phase!r} ({failure.message}); "
            f"{verdict}"
        )


def _common(attempt: Attempt) -> dict[str, Any]:
    return {
        "row": attempt.item.row,
        "index": attempt.item.spec.sample.index,
        "spec_hash": attempt.item.digest,
        "attempt": attempt.number,
        "seconds": round(attempt.seconds, 3),
        "rss_mb": round(attempt.rss_mb),
        **({"node": attempt.node} if attempt.node is not None else {}),
    }
