"""One render worker as its supervisor sees it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import Any, Final

from renderer.machine import peak_mb
from renderer.protocol import FrameDecoder, encode_frame
from renderer.settings import RenderSettings

__all__ = ["Child", "Exit", "start_message"]

_TAIL_BYTES: Final = 4000
_READ_BYTES: Final = 1 << 20
_EXIT_PATIENCE_S: Final = 5.0


@dataclass(frozen=True)
class Exit:
    """How a worker ended."""

    code: int | None
    """Exit code; None where a signal ended it."""
    signal_name: str | None
    """Such as ``SIGSEGV``; None where it left by itself."""
    peak_mb: float
    """Largest resident size."""
    log_tail: str
    """The end of what it printed."""

    def __str__(self) -> str:
        if self.signal_name is None:
            return f"left with exit code {self.code}"
        hint = " (out of memory?)" if self.signal_name == "SIGKILL" else ""
        return f"was killed by {self.signal_name}{hint}"


def signal_name(number: int) -> str:
    """``SIGSEGV`` for 11."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def start_message(settings: RenderSettings, engine: str | None) -> dict[str, Any]:
    """What makes a worker ready to render."""
    return {"kind": "start", "settings": settings.model_dump(), "engine": engine}


class Child:
    """A running worker: its pipes, its log and its end.

    Args:
        first: the message that says what it is for.
    """

    def __init__(self, first: dict[str, Any]) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  closed by reap()
        self._decoder = FrameDecoder()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "renderer.worker", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            bufsize=0,
            env=worker_environment(),
            process_group=0,  # Ctrl-C at the terminal is for the supervisor
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout
        os.set_blocking(self._out.fileno(), False)
        self.send(first)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def fileno(self) -> int:
        """What to wait on for messages."""
        return self._out.fileno()

    def send(self, message: dict[str, Any]) -> None:
        """A message to the worker; if that is dead, its silence will tell."""
        view = memoryview(encode_frame(message))
        with contextlib.suppress(BrokenPipeError):
            while view:
                view = view[os.write(self._in.fileno(), view) :]

    def receive(self) -> list[dict[str, Any]] | None:
        """The messages that have arrived; None when the worker has closed its pipe.

        Raises:
            ProtocolError: it sent something else.
        """
        try:
            data = os.read(self._out.fileno(), _READ_BYTES)
        except BlockingIOError:
            return []
        return list(self._decoder.feed(data)) if data else None

    def kill(self) -> None:
        """End it now."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def reap(self, patience_s: float = _EXIT_PATIENCE_S) -> Exit:
        """Close its input, wait for its end (killing it when it takes too long), let go."""
        self._in.close()
        deadline = time.monotonic() + patience_s
        pid, status, usage = os.wait4(self.pid, os.WNOHANG)
        while not pid and time.monotonic() < deadline:
            time.sleep(0.005)
            pid, status, usage = os.wait4(self.pid, os.WNOHANG)
        if not pid:
            self.kill()
            _, status, usage = os.wait4(self.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        self._process.returncode = code  # so that Popen knows it need not wait
        tail = self._log_tail()
        self._out.close()
        self._log.close()
        if code < 0:
            return Exit(None, signal_name(-code), peak_mb(usage), tail)
        return Exit(code, None, peak_mb(usage), tail)

    def _log_tail(self) -> str:
        size = os.fstat(self._log.fileno()).st_size
        tail = os.pread(self._log.fileno(), _TAIL_BYTES, max(0, size - _TAIL_BYTES))
        return tail.decode(errors="replace").strip()


def worker_environment() -> dict[str, str]:
    """Of a worker: one BLAS thread, since the number of threads changes the order of sums.

    And memory that stays with the process from one sample's arrays to the next one's: having the
    system hand over some hundred megabytes anew took 0.1 s of each sample.
    """
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    accelerate = {"VECLIB_MAXIMUM_THREADS": "1"}
    kept = {"MALLOC_MMAP_THRESHOLD_": str(64 << 20), "MALLOC_TRIM_THRESHOLD_": str(256 << 20)}
    return {**kept, **os.environ, **dict.fromkeys(threads, "1"), **accelerate}
