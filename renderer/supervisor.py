"""Runs render workers as subprocesses and loses nothing when one of them dies.

Each worker has one item at a time. An item whose worker crashes, hangs or fails is tried once
more on a fresh worker, then given up. What is reported is settled; what is not is still to do.
"""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from renderer.child import Child, Exit, start_message
from renderer.machine import oom_kills, resident_mb_of, usable_memory_mb
from renderer.phases import PhaseClock, Seconds
from renderer.protocol import ProtocolError
from renderer.settings import OUTPUT_COSTS, RenderSettings
from spec_schema.errors import EXIT_INTERRUPTED, ToolError
from spec_schema.spec import SceneSpec

__all__ = ["Attempt", "Cause", "Failure", "Item", "Limits", "Supervisor", "WorkersKilled"]

ATTEMPTS: Final = 2
_WAIT_S: Final = 0.1
_MEMORY_SHARE: Final = 0.92
"""Of the machine's memory: where the workers hold more together, the largest of them is ended.
The system would else kill what it likes, the supervisor included."""


class WorkersKilled(ToolError):
    """Something ends the workers from outside; resumable (exit 75)."""

    exit_code = EXIT_INTERRUPTED


@dataclass(frozen=True)
class Limits:
    """When a worker counts as stuck, broken or worn out."""

    item_s: float
    ready_s: float = 300.0
    start_failures: int = 3
    """Workers that may die in a row before they are ready."""
    start_kills: int = 12
    """Workers that may be killed from outside in a row before they are ready."""
    recycle_items: int = 500
    recycle_mb: float = 4096.0
    """A worker that holds more after a sample is replaced before the next."""
    worker_mb: float | None = None
    """A worker that holds more while it renders is ended; None: see :data:`_MEMORY_SHARE`."""

    @classmethod
    def for_settings(
        cls,
        settings: RenderSettings,
        item_s: float | None = None,
        worker_mb: float | None = None,
    ) -> Limits:
        """A sample hangs after ten minutes and eight times its cost on one core.

        The cost, long hair: 10 s, and 6 s a path and pixel at 640² (docs/rendering.md), and
        what the optional outputs take.
        """
        if settings.labels_only:  # nothing of a worker wears out
            return cls(item_s if item_s is not None else 60, recycle_items=10**9)
        outputs_s = sum(OUTPUT_COSTS[name].seconds for name in settings.outputs)
        cost_s = (10 + 6 * settings.samples + outputs_s) * (settings.size_px / 640) ** 2
        return cls(item_s if item_s is not None else 600 + 8 * cost_s, worker_mb=worker_mb)


Cause = Literal["crash", "exception", "timeout", "memory", "protocol"]


@dataclass(frozen=True)
class Item:
    """One sample to render."""

    row: int
    spec: SceneSpec
    digest: str
    """The spec's hash."""


@dataclass(frozen=True)
class Failure:
    """Why an attempt came to nothing."""

    kind: Cause
    message: str
    signal: str | None
    exit_code: int | None
    phase: str
    stderr_tail: str


@dataclass(frozen=True)
class Attempt:
    """One try at one item, ended."""

    item: Item
    number: int
    """From 1."""
    seconds: float
    rss_mb: float
    files: dict[str, bytes] | None
    """By suffix; None where it failed."""
    failure: Failure | None
    final: bool
    """Whether the item is settled."""
    phases: Seconds = field(default_factory=dict)
    """What its time went into (renderer.phases); empty where it failed."""
    stored: bool = False
    """Whether the sample is written already, where it was rendered."""
    node: str | None = None
    """The machine, where it is another than the supervisor's."""


class _Slot:
    """A place for one worker, and the item bound to it."""

    def __init__(self, settings: RenderSettings) -> None:
        self.settings = settings
        self.child: Child | None = None
        self.item: Item | None = None
        self.attempt = 1
        self.ready = False
        self.working = False
        self.since = 0.0
        self.phase = "start"
        self.served = 0
        self.read: Seconds = {}
        self.oom_kills = 0


class Supervisor:
    """Renders items on ``workers`` subprocesses.

    Args:
        settings: for the workers.
        engine: name of a stand-in for Blender, None for Blender itself.
        workers: how many.
        limits: see :class:`Limits`.
        report: called with every attempt that ended, in this thread.
        tick: called often.
        gpus: how many there are to share out, each worker bound to one; 0 binds none.
        on_ready: called once, when the first worker is ready.
    """

    def __init__(
        self,
        settings: RenderSettings,
        engine: str | None,
        workers: int,
        limits: Limits,
        report: Callable[[Attempt], None],
        tick: Callable[[], None] = lambda: None,
        *,
        gpus: int = 0,
        on_ready: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine, self._limits = engine, limits
        self._report, self._tick, self._on_ready = report, tick, on_ready
        self._slots = [
            _Slot(settings.model_copy(update={"gpu": k % gpus}) if gpus else settings)
            for k in range(workers)
        ]
        self._any_ready = False
        self._memory_mb = _MEMORY_SHARE * usable_memory_mb()
        self._selector = selectors.DefaultSelector()
        self._start_failures = self._start_kills = 0
        self._draining = self._stopped = False

    @property
    def busy(self) -> int:
        """Samples in work."""
        return sum(slot.working for slot in self._slots)

    def drain(self) -> None:
        """Finish what is in work, begin nothing more. May be called from a signal handler."""
        self._draining = True

    def stop(self) -> None:
        """Drop what is in work. May be called from a signal handler."""
        self._draining = self._stopped = True

    def run(self, items: Iterator[Item]) -> None:
        """Render all items, or as many as :meth:`drain` and :meth:`stop` let it.

        Raises:
            ToolError: workers don't start, or the machine lacks what the settings ask for.
        """
        try:
            while not self._stopped:
                for slot in self._slots:
                    self._fill(slot, items)
                if all(slot.child is None for slot in self._slots):
                    break
                self._turn(items)
        finally:
            self.close()

    def close(self) -> None:
        """End all workers."""
        for slot in self._slots:
            if slot.child is not None:
                slot.child.kill()
        for slot in self._slots:
            if slot.child is not None:
                self._retire(slot)
        self._selector.close()

    def _turn(self, items: Iterator[Item]) -> None:
        """Wait a little for what the workers have to say."""
        heard = [key.data for key, _ in self._selector.select(_WAIT_S)]
        for slot in heard:
            self._listen(slot, items)
        for slot in self._slots:
            if slot not in heard:  # it may have answered while we were suspended
                self._check_deadline(slot)
        self._check_memory()
        self._tick()

    def _fill(self, slot: _Slot, items: Iterator[Item]) -> None:
        """Give an idle slot work, or let its worker go."""
        if self._draining and not slot.working:
            slot.item = None
        elif slot.item is None:
            clock = PhaseClock()
            clock("read")
            slot.item, slot.attempt = next(items, None), 1
            slot.read = clock.stop()
            if slot.item is not None and slot.ready:
                self._dispatch(slot)
        if slot.item is None:
            if slot.child is not None:
                self._retire(slot)
            return
        if slot.child is None:
            self._open(slot)

    def _open(self, slot: _Slot) -> None:
        """Start a worker."""
        slot.child = Child(start_message(slot.settings, self._engine))
        slot.since, slot.phase, slot.served = time.monotonic(), "start", 0
        slot.oom_kills = oom_kills()
        self._selector.register(slot.child, selectors.EVENT_READ, slot)

    def _dispatch(self, slot: _Slot) -> None:
        assert slot.child is not None
        assert slot.item is not None
        slot.since, slot.phase, slot.working = time.monotonic(), "start", True
        slot.child.send({"kind": "item", "row": slot.item.row, "spec": slot.item.spec.model_dump()})

    def _listen(self, slot: _Slot, items: Iterator[Item]) -> None:
        assert slot.child is not None
        try:
            messages = slot.child.receive()
            if messages is None:
                self._lost(slot, "crash", None)
                return
            for message in messages:
                self._hear(slot, message, items)
        except ProtocolError as e:
            slot.child.kill()
            self._lost(slot, "protocol", f"the worker sent nonsense: {e}")

    def _hear(self, slot: _Slot, message: dict[str, Any], items: Iterator[Item]) -> None:
        match message["kind"]:
            case "phase":
                slot.phase = message["name"]
            case "ready":
                slot.ready = True
                self._start_failures = self._start_kills = 0
                if not self._any_ready:
                    self._any_ready = True
                    self._on_ready()
                if slot.item is not None and not self._draining:
                    self._dispatch(slot)
            case "done":
                self._done(slot, message, items)
            case "failed":
                text = f"{message['error']}: {message['message']}"
                kind: Cause = "memory" if message["error"] == "MemoryError" else "exception"
                failure = Failure(kind, text, None, None, slot.phase, message["trace"])
                self._failed(slot, failure, message["rss_mb"])
            case "refused":
                raise ToolError(message["message"])
            case other:
                raise ProtocolError(f"a message of kind {other!r}")

    def _done(self, slot: _Slot, message: dict[str, Any], items: Iterator[Item]) -> None:
        assert slot.item is not None
        attempt = Attempt(
            slot.item,
            slot.attempt,
            time.monotonic() - slot.since,
            message["rss_mb"],
            message["files"],
            None,
            final=True,
            phases={**slot.read, **message["phases"]},
        )
        slot.item, slot.working = None, False
        slot.served += 1
        worn_out = slot.served >= self._limits.recycle_items
        if worn_out or message["rss_mb"] > self._limits.recycle_mb:
            self._retire(slot)
        self._fill(slot, items)  # the worker goes on while we write
        self._report(attempt)

    def _check_deadline(self, slot: _Slot) -> None:
        if slot.child is None:
            return
        limit = self._limits.item_s if slot.ready else self._limits.ready_s
        if time.monotonic() - slot.since > limit:
            slot.child.kill()
            self._lost(slot, "timeout", f"no answer within {limit:g} s")

    def _check_memory(self) -> None:
        """End the worker that holds too much, before the system ends what it likes."""
        held = {
            slot: resident_mb_of(slot.child.pid) for slot in self._slots if slot.child is not None
        }
        if not held:
            return
        largest = max(held, key=lambda slot: held[slot])
        limit, together = self._limits.worker_mb, sum(held.values())
        if limit is not None and held[largest] > limit:
            reason = f"the worker held {held[largest]:.0f} MB, over its limit of {limit:.0f} MB"
        elif together > self._memory_mb:
            reason = (
                f"the worker held {held[largest]:.0f} MB and all together {together:.0f} MB, over "
                f"the {self._memory_mb:.0f} MB that may be used here"
            )
        else:
            return
        assert largest.child is not None
        largest.child.kill()
        self._lost(largest, "memory", reason)

    def _lost(self, slot: _Slot, kind: Cause, message: str | None) -> None:
        """The worker is gone, or as good as gone."""
        was_ready = slot.ready
        ended = self._retire(slot)
        reason = message or f"the worker {ended}"
        if message is None and ended.signal_name == "SIGKILL" and oom_kills() > slot.oom_kills:
            kind, reason = "memory", "the system killed the worker for lack of memory"
        elif message is None and "std::bad_alloc" in ended.log_tail:
            kind, reason = "memory", f"{reason}, out of memory (std::bad_alloc)"
        if was_ready:
            failure = Failure(
                kind, reason, ended.signal_name, ended.code, slot.phase, ended.log_tail
            )
            self._failed(slot, failure, ended.peak_mb)
            return
        killed = message is None and ended.signal_name == "SIGKILL"
        self._start_kills += killed
        self._start_failures += not killed
        if self._draining:
            return
        if self._start_kills >= self._limits.start_kills:
            raise WorkersKilled(
                f"render workers are killed before they are ready, {self._start_kills} in a row; "
                f"the last one: {reason}"
            )
        if self._start_failures >= self._limits.start_failures:
            raise ToolError(
                f"render workers don't start: {self._start_failures} in a row ended before they "
                f"were ready; the last one: {reason}\n{ended.log_tail}"
            )

    def _failed(self, slot: _Slot, failure: Failure, rss_mb: float) -> None:
        """Settle or retry the slot's item; the worker that had it is not used again."""
        assert slot.item is not None
        seconds = time.monotonic() - slot.since
        if slot.child is not None:
            self._retire(slot)
        final = slot.attempt >= ATTEMPTS and not self._draining
        attempt = Attempt(slot.item, slot.attempt, seconds, rss_mb, None, failure, final)
        if final:
            slot.item = None
        else:
            slot.attempt += 1
        self._report(attempt)

    def _retire(self, slot: _Slot) -> Exit:
        """Let the slot's worker go; at once where it is not ready yet."""
        assert slot.child is not None
        child, was_ready = slot.child, slot.ready
        self._selector.unregister(child)
        slot.child, slot.ready, slot.working = None, False, False
        if not was_ready:
            child.kill()
        return child.reap()
