"""Progress on stderr: a live line on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
from typing import Final, TextIO

__all__ = ["Progress"]

_LINES_WITHOUT_TERMINAL: Final = 10


class Progress:
    """Counts to a known total."""

    def __init__(self, label: str, total: int, stream: TextIO | None = None) -> None:
        self._label = label
        self._total = total
        self._stream = stream if stream is not None else sys.stderr
        self._live = self._stream.isatty()
        self._every = max(1, -(-total // _LINES_WITHOUT_TERMINAL))
        self._done = 0

    def step(self) -> None:
        """One more is done."""
        self._done += 1
        text = f"{self._label}: {self._done}/{self._total}"
        if self._live:
            self._stream.write(f"\r{text}")
            self._stream.flush()
        elif self._done % self._every == 0 or self._done == self._total:
            self._stream.write(f"{text}\n")

    def close(self) -> None:
        """Leave the cursor on a line of its own."""
        if self._live and self._done:
            self._stream.write("\n")
            self._stream.flush()
