"""Files that are there whole or not at all, also after a crash or a power cut."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from spec_schema.errors import EXIT_INTERRUPTED, DatasetError

__all__ = ["StoreError", "fsync_folder", "temporary_name", "write_atomic", "write_atomic_pieces"]


class StoreError(DatasetError):
    """The output can't be written any more (full disk, lost mount); resumable (exit 75)."""

    exit_code = EXIT_INTERRUPTED


def temporary_name(path: Path, tag: str) -> Path:
    """Where ``path`` is written before it gets its name: beside it, hidden.

    Args:
        path: the file to be.
        tag: the writer's own word, so that two writers never share a temporary file, and the
            next run of the same writer knows what an interrupted one left behind.
    """
    return path.with_name(f".{path.name}.{tag}.tmp")


def write_atomic(path: Path, data: bytes, tag: str, *, synced: bool = True) -> None:
    """Write, sync (unless told not to) and rename.

    Raises:
        StoreError: the system refuses; nothing stays behind under either name.
    """
    write_atomic_pieces(path, [data], tag, synced=synced)


def write_atomic_pieces(
    path: Path, pieces: Iterable[bytes], tag: str, *, synced: bool = True
) -> None:
    """:func:`write_atomic` for what is too large to hold."""
    temporary = temporary_name(path, tag)
    try:
        try:
            _write(temporary, pieces, synced)
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
    except OSError as e:
        raise StoreError(f"{path}: can't be written: {e.strerror or e}") from e


def fsync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut.

    Raises:
        StoreError: the system refuses.
    """
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as e:
        raise StoreError(f"{folder}: can't be synced: {e.strerror or e}") from e


def _write(path: Path, pieces: Iterable[bytes], synced: bool) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        for piece in pieces:
            view = memoryview(piece)
            while view:
                view = view[os.write(handle, view) :]
        if synced:
            os.fsync(handle)
    finally:
        os.close(handle)
