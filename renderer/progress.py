"""How far a run is, told on stderr: one rewritten line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import shutil
import time
from collections import deque
from collections.abc import Callable
from typing import Final, TextIO

__all__ = ["Progress", "duration"]

_TERMINAL_INTERVAL_S: Final = 0.2
_PLAIN_INTERVAL_S: Final = 30.0
_WINDOW: Final = 100
"""Samples over which the rate is taken."""


def duration(seconds: float) -> str:
    """A duration for people: ``42 s``, ``3 min``, ``5 h 10 min``, ``2 d 4 h``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h"


class Progress:
    """Counts samples and says so."""

    def __init__(
        self,
        name: str,
        total: int,
        stream: TextIO,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.done = 0
        self.failed = 0
        self._name, self._total, self._stream, self._now = name, total, stream, now
        self._terminal = stream.isatty()
        self._finished: deque[float] = deque([now()], maxlen=_WINDOW + 1)
        self._told = now()
        self._line_open = False

    def count(self, *, failed: bool = False) -> None:
        """One more sample is settled."""
        if failed:
            self.failed += 1
        else:
            self.done += 1
        self._finished.append(self._now())

    def tick(self) -> None:
        """Tell, when it is time to."""
        interval = _TERMINAL_INTERVAL_S if self._terminal else _PLAIN_INTERVAL_S
        if self._now() - self._told >= interval:
            self._tell()

    def say(self, text: str) -> None:
        """A line of its own."""
        self._end_line()
        self._stream.write(f"{self._name}: {text}\n")
        self._stream.flush()

    def close(self) -> None:
        """The last state, left standing."""
        self._tell()
        self._end_line()

    def line(self) -> str:
        """The state in one line."""
        settled = self.done + self.failed
        share = settled / self._total if self._total else 1.0
        parts = [f"{settled}/{self._total} samples ({share:.0%})"]
        span = self._finished[-1] - self._finished[0]
        counted = len(self._finished) - 1
        if counted and span > 0:
            rate = counted / span
            parts.append(f"{rate:.2f}/s" if rate >= 0.1 else f"{1 / rate:.0f} s each")
            if settled < self._total:
                parts.append(f"{duration((self._total - settled) / rate)} left")
        if self.failed:
            parts.append(f"{self.failed} failed")
        return f"{self._name}: " + ", ".join(parts)

    def _tell(self) -> None:
        self._told = self._now()
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write(f"\r\x1b[2K{self.line()[:width]}")
            self._line_open = True
        else:
            self._stream.write(self.line() + "\n")
        self._stream.flush()

    def _end_line(self) -> None:
        if self._line_open:
            self._stream.write("\n")
            self._line_open = False
