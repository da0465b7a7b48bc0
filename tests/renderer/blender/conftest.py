"""Without bpy there is nothing here to test."""

from __future__ import annotations

import importlib.util

collect_ignore_glob = [] if importlib.util.find_spec("bpy") else ["test_*.py"]
