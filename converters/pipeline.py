"""Samples through a job, on one process or several, in row order, with failures as values."""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, Literal, TypeVar

from converters.source import SourceSample, Topology, read_sample
from spec_schema.dataset import Dataset, Sample
from spec_schema.errors import DatasetError, ToolError

__all__ = [
    "Done",
    "Failed",
    "Filtered",
    "Job",
    "OnError",
    "Outcome",
    "ReadOptions",
    "attempt",
    "candidates",
    "count_samples",
    "outcomes",
]

T = TypeVar("T")


class OnError(StrEnum):
    """What a broken sample does to the run."""

    SKIP = "skip"
    FAIL = "fail"


# Enough to keep every worker busy while the parent writes, few enough to bound the memory.
_AHEAD_PER_WORKER: Final = 4


@dataclass(frozen=True)
class ReadOptions:
    """How a dataset is read."""

    on_error: OnError = OnError.FAIL
    workers: int = 1
    verify: bool = True
    """Compare every file with the SHA-256 in its marker."""
    limit: int | None = None
    """Read only so many samples."""


@dataclass(frozen=True)
class Done(Generic[T]):
    """What the job made of a sample."""

    row: int
    result: T
    kind: Literal["done"] = "done"


@dataclass(frozen=True)
class Filtered:
    """A sound sample that the filters leave out."""

    row: int
    reason: str
    kind: Literal["filtered"] = "filtered"


@dataclass(frozen=True)
class Failed:
    """A sample that can't be used."""

    row: int
    message: str
    kind: Literal["failed"] = "failed"


Outcome = Done[T] | Filtered | Failed
Job = Callable[[SourceSample], Done[T] | Filtered]
"""Work on one sample; picklable where there are several workers."""


def count_samples(dataset: Dataset, limit: int | None) -> int:
    """How many samples will be read.

    Raises:
        DatasetError: none is complete.
    """
    n = sum(1 for _ in dataset.root.glob("[0-9]*/[0-9]*.done.json"))
    if n == 0:
        raise DatasetError(f"{dataset.root}: no complete sample; has rf-render finished any?")
    return n if limit is None else min(n, limit)


def candidates(dataset: Dataset, options: ReadOptions) -> Iterator[Sample | Failed]:
    """The complete samples in row order, and what is known at once to be broken.

    Raises:
        DatasetError: a marker can't be read and ``on_error`` is ``fail``.
    """
    unreadable: list[Failed] = []
    skip = options.on_error == OnError.SKIP

    def note(row: int, error: DatasetError) -> None:
        unreadable.append(Failed(row, str(error)))

    def found() -> Iterator[Sample | Failed]:
        for sample in dataset.samples(note if skip else None):
            yield from unreadable
            unreadable.clear()
            yield sample
        yield from unreadable

    left = options.limit
    for candidate in found():
        if left is not None:
            if left == 0:
                return
            left -= 1
        yield candidate


def attempt(job: Job[T], topology: Topology, verify: bool, sample: Sample | Failed) -> Outcome[T]:
    """What the job makes of a sample; a broken one is a value."""
    if isinstance(sample, Failed):
        return sample
    try:
        return job(read_sample(sample, topology, verify))
    except (DatasetError, OSError) as e:
        return Failed(sample.row, str(e))


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Processes started within never see Ctrl-C; the parent alone decides how to end."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _parallel(
    call: Callable[[ProcessPoolExecutor, Sample | Failed], Future[Outcome[T]]],
    samples: Iterator[Sample | Failed],
    workers: int,
) -> Iterator[Outcome[T]]:
    pending: deque[Future[Outcome[T]]] = deque()
    # Spawned, not forked: NumPy's and Pillow's threads do not survive a fork.
    pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
    try:
        for sample in samples:
            with _deaf_children():
                pending.append(call(pool, sample))
            if len(pending) >= workers * _AHEAD_PER_WORKER:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    except BrokenProcessPool as e:
        raise ToolError(
            "a worker process died (out of memory?); run again with fewer --workers"
        ) from e
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def outcomes(
    samples: Iterator[Sample | Failed], topology: Topology, job: Job[T], options: ReadOptions
) -> Iterator[Outcome[T]]:
    """What the job makes of each of :func:`candidates`, in their order.

    Raises:
        DatasetError: a sample is broken and ``on_error`` is ``fail``.
        ToolError: a worker died.
    """
    found: Iterator[Outcome[T]]
    if options.workers == 1:
        found = (attempt(job, topology, options.verify, s) for s in samples)
    else:
        found = _parallel(
            lambda pool, s: pool.submit(attempt, job, topology, options.verify, s),
            samples,
            options.workers,
        )
    for outcome in found:
        if isinstance(outcome, Failed) and options.on_error == OnError.FAIL:
            raise DatasetError(
                f"{outcome.message}\n(--on-error skip leaves broken samples out and counts them)"
            )
        yield outcome
