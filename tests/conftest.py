"""No test sees what the person who runs it has added to the catalogue, or how it was started."""

from __future__ import annotations

import os
import signal
import tempfile
import threading

os.environ["RF_USER_ASSETS"] = os.path.join(tempfile.gettempdir(), "replicantface-no-such-folder")

# A shell's background jobs ignore SIGINT, and so would all that tests start and interrupt.
if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    and threading.current_thread() is threading.main_thread()
):
    signal.signal(signal.SIGINT, signal.default_int_handler)
