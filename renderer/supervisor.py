"""Runs render workers as subprocesses and loses nothing when one of them dies.

Each worker has one item at a time. An item whose worker crashes, hangs or fails is tried once
more on a fresh worker, then given up. What is reported is settled; what is not is still to do.
"""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from renderer.child import Child, Exit
from renderer.protocol import ProtocolError
from renderer.settings import RenderSettings
from spec_schema.errors import ToolError
from spec_schema.spec import SceneSpec

__all__ = ["Attempt", "Failure", "Item", "Limits", "Supervisor"]

ATTEMPTS: Final = 2
_WAIT_S: Final = 0.1


@dataclass(frozen=True)
class Limits:
    """When a worker counts as stuck, broken or worn out."""

    item_s: float
    ready_s: float = 300.0
    start_failures: int = 3
    """Workers that may die in a row before they are ready."""
    recycle_items: int = 500
    recycle_mb: float = 4096.0

    @classmethod
    def for_settings(cls, settings: RenderSettings, item_s: float | None = None) -> Limits:
        """A sample hangs after ten minutes and eight times its cost on one core.

        The cost, long hair: 10 s, and 6 s a path and pixel at 640² (docs/rendering.md).
        """
        cost_s = (10 + 6 * settings.samples) * (settings.size_px / 640) ** 2
        return cls(item_s if item_s is not None else 600 + 8 * cost_s)


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

    kind: Literal["crash", "exception", "timeout", "protocol"]
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


class _Slot:
    """A place for one worker, and the item bound to it."""

    def __init__(self) -> None:
        self.child: Child | None = None
        self.item: Item | None = None
        self.attempt = 1
        self.ready = False
        self.working = False
        self.since = 0.0
        self.phase = "start"
        self.served = 0


class Supervisor:
    """Renders items on ``workers`` subprocesses.

    Args:
        settings: for the workers.
        engine: name of a stand-in for Blender, None for Blender itself.
        workers: how many.
        limits: see :class:`Limits`.
        report: called with every attempt that ended, in this thread.
        tick: called often.
    """

    def __init__(
        self,
        settings: RenderSettings,
        engine: str | None,
        workers: int,
        limits: Limits,
        report: Callable[[Attempt], None],
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings, self._engine, self._limits = settings, engine, limits
        self._report, self._tick = report, tick
        self._slots = [_Slot() for _ in range(workers)]
        self._selector = selectors.DefaultSelector()
        self._start_failures = 0
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
                heard = [key.data for key, _ in self._selector.select(_WAIT_S)]
                for slot in heard:
                    self._listen(slot, items)
                for slot in self._slots:
                    if slot not in heard:  # it may have answered while we were suspended
                        self._check_deadline(slot)
                self._tick()
        finally:
            for slot in self._slots:
                if slot.child is not None:
                    slot.child.kill()
            for slot in self._slots:
                if slot.child is not None:
                    self._retire(slot)
            self._selector.close()

    def _fill(self, slot: _Slot, items: Iterator[Item]) -> None:
        """Give an idle slot work, or let its worker go."""
        if self._draining and not slot.working:
            slot.item = None
        elif slot.item is None:
            slot.item, slot.attempt = next(items, None), 1
            if slot.item is not None and slot.ready:
                self._dispatch(slot)
        if slot.item is None:
            if slot.child is not None:
                self._retire(slot)
            return
        if slot.child is None:
            slot.child = Child(self._settings, self._engine)
            slot.since, slot.phase, slot.served = time.monotonic(), "start", 0
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
                self._start_failures = 0
                if slot.item is not None and not self._draining:
                    self._dispatch(slot)
            case "done":
                self._done(slot, message, items)
            case "failed":
                text = f"{message['error']}: {message['message']}"
                failure = Failure("exception", text, None, None, slot.phase, message["trace"])
                self._failed(slot, failure, message["rss_mb"])
            case "refused":
                raise ToolError(message["message"])
            case kind:
                raise ProtocolError(f"a message of kind {kind!r}")

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

    def _lost(
        self, slot: _Slot, kind: Literal["crash", "timeout", "protocol"], message: str | None
    ) -> None:
        """The worker is gone, or as good as gone."""
        was_ready = slot.ready
        ended = self._retire(slot)
        reason = message or f"the worker {ended}"
        if was_ready:
            failure = Failure(
                kind, reason, ended.signal_name, ended.code, slot.phase, ended.log_tail
            )
            self._failed(slot, failure, ended.peak_mb)
            return
        self._start_failures += 1
        if self._start_failures >= self._limits.start_failures and not self._draining:
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
