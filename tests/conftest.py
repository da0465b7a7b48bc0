"""No test sees what the person who runs it has added to the catalogue."""

from __future__ import annotations

import os
import tempfile

os.environ["RF_USER_ASSETS"] = os.path.join(tempfile.gettempdir(), "replicantface-no-such-folder")
