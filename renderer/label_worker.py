"""A process of ``--labels-only``: ``python -m renderer.label_worker PARENT_PID``.

It is given rows, reads them from the manifest itself and writes the records itself, so that the
process that started it has nothing to do a record but to note it. Numpy does not crash as
renderers do: there is no retrying here.

::

    crew → worker    start {manifest, place, tag, settings, settings_hash, rows}
    worker → crew    ready {}
                     labelled {records}    each (row, index, spec hash, seconds, error or None)
                     refused {message}     the output can't be written any more
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from pathlib import Path
from types import FrameType
from typing import Any, Final

from renderer.atomic import StoreError
from renderer.labels_only import ENGINE
from renderer.protocol import read_frame, send
from renderer.settings import RenderSettings
from renderer.storage import open_storage
from renderer.store import SampleStore
from renderer.worker import claim_pipes, die_with_parent
from spec_schema.manifest import Manifest
from spec_schema.spec import spec_hash

__all__ = ["main"]

_TOLD_TOGETHER: Final = 32
_TOLD_AFTER_S: Final = 0.5


class _Draining:
    """Set by the first SIGTERM: the record in work is finished, and no more begun."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True


def label_rows(incoming: int, outgoing: int) -> None:
    """Label the rows that the start message names."""
    start = read_frame(incoming)
    if start is None:
        return
    draining = _Draining()
    settings = RenderSettings.model_validate(start["settings"])
    label_row = ENGINE.start(settings, lambda _: None)
    storage = open_storage(start["place"], start["tag"], durable=False)
    store = SampleStore(storage, start["settings_hash"])
    send(outgoing, {"kind": "ready"})
    told: list[list[Any]] = []
    since = time.monotonic()
    try:
        for row, spec in Manifest(Path(start["manifest"])).specs(start["rows"].tolist()):
            if draining.asked:
                break
            begun, error = time.perf_counter(), None
            digest = spec_hash(spec)
            try:
                files = label_row(row, spec)
            except Exception as e:  # whatever a row does, it costs that row alone
                traceback.print_exc()
                error = f"{type(e).__name__}: {e}"
            else:
                store.write(row, digest, files)
            seconds = round(time.perf_counter() - begun, 4)
            told.append([row, spec.sample.index, digest, seconds, error])
            if len(told) >= _TOLD_TOGETHER or time.monotonic() - since > _TOLD_AFTER_S:
                send(outgoing, {"kind": "labelled", "records": told})
                told, since = [], time.monotonic()
    except StoreError as e:
        send(outgoing, {"kind": "refused", "message": str(e)})
    finally:
        send(outgoing, {"kind": "labelled", "records": told})


def main() -> None:
    """Entry of the process; never returns."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the crew's process
        incoming, outgoing = claim_pipes()
        die_with_parent(int(sys.argv[1]))
        label_rows(incoming, outgoing)
        code = 0
    except BrokenPipeError:
        pass  # the crew's process is gone
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
