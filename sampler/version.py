"""Which release this is."""

from __future__ import annotations

from importlib import metadata

__all__ = ["own_version"]


def own_version() -> str:
    """The installed version, or ``source tree`` where nothing is installed."""
    try:
        return metadata.version("replicantface")
    except metadata.PackageNotFoundError:
        return "source tree"
