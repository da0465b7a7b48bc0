"""Progress on stderr: a live line on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Final, TextIO

__all__ = ["Progress"]

_LIVE_EVERY_S: Final = 0.1
_PLAIN_EVERY_S: Final = 30.0


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


class Progress:
    """Counts to a known total.

    Args:
        label: what counts. total: up to where.
        done: how many were done before, so that they don't make the rest look fast.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        label: str,
        total: int,
        done: int = 0,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._label = label
        self._total = total
        self._done = self._before = done
        self._stream = stream if stream is not None else sys.stderr
        self._live = self._stream.isatty()
        self._clock = clock
        self._start = self._told = clock()
        self._width = 0

    def _text(self) -> str:
        text = f"{self._label}: {self._done:,} of {self._total:,}"
        seconds, fresh = self._clock() - self._start, self._done - self._before
        if fresh > 0 and seconds > 0.5:
            rate = fresh / seconds
            left = _span((self._total - self._done) / rate)
            text += f", {rate:.3g} a second, {left} left"
        return text

    def step(self) -> None:
        """One more is done."""
        self._done += 1
        now = self._clock()
        if self._live and now - self._told >= _LIVE_EVERY_S:
            self._told = now
            text = self._text()
            self._stream.write("\r" + text.ljust(self._width))
            self._width = len(text)
            self._stream.flush()
        elif not self._live and now - self._told >= _PLAIN_EVERY_S:
            self._told = now
            self._stream.write(self._text() + "\n")
            self._stream.flush()

    def close(self) -> None:
        """Clear the live line."""
        if self._live and self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()
