"""The render worker: ``python -m renderer.worker PARENT_PID``, started by the supervisor only.

Blender prints from C and may hang when the interpreter ends. So the pipes are moved away from
descriptors 0 and 1 before anything loads, what is printed goes to the log (descriptor 2), and
the process leaves by ``os._exit``.
"""

from __future__ import annotations

import ctypes
import faulthandler
import os
import resource
import signal
import sys
import threading
import time
import traceback
from typing import Any, Final

from renderer.engine import find_engine
from renderer.machine import resident_mb
from renderer.phases import PhaseClock
from renderer.protocol import ProtocolError, read_frame, send
from renderer.settings import RenderSettings
from spec_schema.errors import ReplicantfaceError, ToolError
from spec_schema.spec import SceneSpec

__all__ = ["main", "serve"]

_PR_SET_PDEATHSIG: Final = 1


def claim_pipes() -> tuple[int, int]:
    """Move the pipes to the supervisor to fresh descriptors: (incoming, outgoing).

    0 then reads /dev/null and 1 writes to the log, whoever prints.
    """
    incoming, outgoing = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    os.close(null)
    return incoming, outgoing


def die_with_parent(parent_pid: int) -> None:
    """See that no worker outlives its supervisor, however that ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_watch_parent, args=(parent_pid,), daemon=True).start()
    if os.getppid() != parent_pid:  # it died before we could ask for the signal
        os._exit(1)


def _watch_parent(parent_pid: int) -> None:
    while os.getppid() == parent_pid:
        time.sleep(1.0)
    os._exit(1)


def serve(incoming: int, outgoing: int) -> None:
    """Answer items until the supervisor closes the pipe.

    Raises:
        ProtocolError: the supervisor speaks otherwise.
    """
    start = read_frame(incoming)
    if start is None:
        return
    if start["kind"] == "devices":
        send(outgoing, _devices(start["engine"]))
        return
    if start["kind"] != "start":
        raise ProtocolError(f"expected a start message, got {start['kind']!r}")

    def phase(name: str) -> None:
        send(outgoing, {"kind": "phase", "name": name})

    clock = PhaseClock(phase)
    try:
        settings = RenderSettings.model_validate(start["settings"])
        render_row = find_engine(start["engine"]).start(settings, clock)
    except ReplicantfaceError as e:
        send(outgoing, _refusal(e))
        return
    send(outgoing, {"kind": "ready", "rss_mb": resident_mb()})
    while (item := read_frame(incoming)) is not None:
        row = item["row"]
        clock.stop()
        try:
            clock("decode")
            files = render_row(row, SceneSpec.model_validate(item["spec"]))
        except ToolError as e:
            send(outgoing, _refusal(e))
            return
        except Exception as e:  # whatever a sample does, it costs that sample alone
            traceback.print_exc()
            send(outgoing, _failure(row, e))
        else:
            answer = {"kind": "done", "row": row, "files": files, "rss_mb": resident_mb()}
            send(outgoing, {**answer, "phases": clock.stop()})


def _devices(engine: str | None) -> dict[str, Any]:
    try:
        found = find_engine(engine).devices()
    except ReplicantfaceError as e:
        return _refusal(e)
    return {"kind": "devices", "devices": [{"kind": kind, "name": name} for kind, name in found]}


def _refusal(error: ReplicantfaceError) -> dict[str, Any]:
    return {"kind": "refused", "error": type(error).__name__, "message": str(error)}


def _failure(row: int, error: Exception) -> dict[str, Any]:
    return {
        "kind": "failed",
        "row": row,
        "error": type(error).__name__,
        "message": str(error),
        "trace": traceback.format_exc(),
        "rss_mb": resident_mb(),
    }


def main() -> None:
    """Entry of the process; never returns."""
    code = 1
    try:
        # Ctrl-C reaches the whole terminal; the supervisor alone decides what it means, and
        # Python would swallow it during a render.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        incoming, outgoing = claim_pipes()
        die_with_parent(int(sys.argv[1]))
        faulthandler.enable()
        _, most = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, most))  # crashes must not fill the disk
        serve(incoming, outgoing)
        code = 0
    except BrokenPipeError:
        pass  # the supervisor is gone
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
