"""The errors that a user can cause, and the exit codes of the commands.

::

    ReplicantfaceError            exit 2
    ├── SpecError                 a field of a scene spec breaks a rule
    ├── ManifestError             a manifest can't be read, or was written by another version
    ├── DatasetError              a rendered dataset is broken, or belongs to another manifest
    ├── AssetError                an asset is unknown, missing or damaged
    │   └── FetchError            a pack could not be fetched
    └── ToolError                 something the command needs is not installed or not present

Exit codes of every command: 0 done; 1 done, but some samples failed; 2 the input or the
call is wrong, nothing was done; 75 interrupted, run again to go on.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

__all__ = [
    "EXIT_FAILED_SAMPLES",
    "EXIT_INTERRUPTED",
    "EXIT_OK",
    "EXIT_USAGE",
    "AssetError",
    "DatasetError",
    "FetchError",
    "ManifestError",
    "ReplicantfaceError",
    "SpecError",
    "ToolError",
    "nearest",
]

EXIT_OK: Final = 0
EXIT_FAILED_SAMPLES: Final = 1
EXIT_USAGE: Final = 2
EXIT_INTERRUPTED: Final = 75


class ReplicantfaceError(Exception):
    """A user's mistake or a machine's lack, told in one message."""

    exit_code: int = EXIT_USAGE


class SpecError(ReplicantfaceError):
    """A field of a scene spec breaks a rule."""


class ManifestError(ReplicantfaceError):
    """A manifest can't be read, or was written by another version."""


class DatasetError(ReplicantfaceError):
    """A rendered dataset is broken, or belongs to another manifest."""


class AssetError(ReplicantfaceError):
    """An asset is unknown, missing or damaged."""


class FetchError(AssetError):
    """A pack could not be fetched."""


class ToolError(ReplicantfaceError):
    """Something the command needs is not installed or not present."""


def nearest(word: str, choices: Iterable[str]) -> str:
    """A "did you mean" clause for an unknown name, with the valid choices when they are few."""
    names = sorted(choices)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    if len(names) <= 12:
        return "valid: " + ", ".join(names)
    return f"{len(names)} valid names, among them " + ", ".join(names[:8])
