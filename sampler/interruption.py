"""Ending a run by a signal, so that nothing half-written is left behind."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

__all__ = ["stopping_between_blocks", "term_is_an_interrupt"]

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


def term_is_an_interrupt() -> None:
    """Let a supervisor's SIGTERM end the process as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@contextmanager
def stopping_between_blocks(on_rows: Callable[[int], None]) -> Iterator[Callable[[int], None]]:
    """While a file is written, the first signal takes effect when a block is done.

    So it can't fall between the creation of a file and the code that would remove it, and a
    file whose last block is written is finished. A second signal takes effect at once.

    Yields:
        ``on_rows``, which raises KeyboardInterrupt once a signal has come.
    """
    stop = False

    def remember(signum: int, frame: FrameType | None) -> None:
        nonlocal stop
        if stop:
            raise KeyboardInterrupt
        stop = True

    def checked(rows: int) -> None:
        if stop:
            raise KeyboardInterrupt
        on_rows(rows)

    before = {s: signal.signal(s, remember) for s in _SIGNALS}
    try:
        yield checked
    finally:
        for s, handler in before.items():
            signal.signal(s, handler)
