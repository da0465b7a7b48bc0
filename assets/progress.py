"""Progress lines on standard error, for people who wait."""

from __future__ import annotations

import sys
import time
from typing import TextIO

__all__ = ["Progress"]

_PLAIN_INTERVAL_S = 5.0


class Progress:
    """Writes lines; on a terminal, a growing size is redrawn in place."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._open_line = False
        self._last_plain_s = time.monotonic()

    @property
    def stream(self) -> TextIO:
        """Where the lines go; standard error as it is now, unless told otherwise."""
        return self._stream if self._stream is not None else sys.stderr

    def __call__(self, line: str) -> None:
        """Write one line."""
        self._end_open_line()
        self._write(f"rf-assets: {line}\n")

    def size(self, what: str, done_bytes: int, total_bytes: int) -> None:
        """Say how much of ``what`` is here; cheap enough to call often."""
        text = f"rf-assets: {what}: {done_bytes / 1e6:.0f} of {total_bytes / 1e6:.0f} MB"
        if self.stream.isatty():
            self._write(f"\r\x1b[K{text}")
            self._open_line = True
        elif time.monotonic() - self._last_plain_s > _PLAIN_INTERVAL_S:
            self._last_plain_s = time.monotonic()
            self._write(f"{text}\n")

    def _end_open_line(self) -> None:
        if self._open_line:
            self._open_line = False
            self._write("\n")

    def _write(self, text: str) -> None:
        self.stream.write(text)
        self.stream.flush()
