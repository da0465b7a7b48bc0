"""The name of an export: what may be replaced, and giving it to what is complete."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from converters.work import Interrupted
from spec_schema.errors import ToolError

__all__ = ["EXPORT_RECORD", "checked_target", "give_name", "told_of", "write_whole_file"]

EXPORT_RECORD: Final = "export.json"
"""Name, at the root of an export, of the file that says what it is."""


def _is_our_export(folder: Path) -> bool:
    try:
        record = json.loads((folder / EXPORT_RECORD).read_text())
    except (OSError, ValueError):
        return False
    return isinstance(record, dict) and record.get("made_by") == "rf-convert"


def checked_target(out: Path, overwrite: bool, folder: bool) -> Path:
    """``out``, behind links, once it is sure that an export may get that name.

    Args:
        out: what the user named.
        overwrite: an earlier export may be replaced.
        folder: the export is a folder, not a file.

    Raises:
        ToolError: there is no such place, or something that must not be replaced.
    """
    out = Path(os.path.realpath(out)) if out.is_symlink() else out
    if not out.parent.is_dir():
        raise ToolError(f"{out.parent}: no such folder; make it first")
    if not out.exists():
        return out
    if not out.is_file() and not out.is_dir():
        raise ToolError(f"{out}: is a device or a pipe, and no place for an export; name a file")
    if out.is_dir() and not folder:
        raise ToolError(f"{out}: is a folder; this export is written as a file")
    if out.is_file() and folder:
        raise ToolError(f"{out}: is a file; name a folder, or a .zip where the format allows one")
    if not overwrite:
        raise ToolError(f"{out}: exists already; --overwrite replaces it")
    if out.is_dir() and any(out.iterdir()) and not _is_our_export(out):
        raise ToolError(
            f"{out}: --overwrite replaces only folders that rf-convert wrote, and this one has "
            f"no {EXPORT_RECORD} of its own; choose another name"
        )
    return out


def give_name(finished: Path, out: Path) -> None:
    """Rename a finished file or folder of the same filesystem; what had the name goes."""
    old = out.with_name(f".{out.name}.old")
    if out.is_dir():
        shutil.rmtree(old, ignore_errors=True)
        out.rename(old)
    finished.replace(out)
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def told_of(out: Path, kept: Path | None = None) -> Iterator[None]:
    """Failures to write, in words: which file or folder refuses, and what to do.

    Args:
        out: final name of what is being written.
        kept: folder in which what is done stays.

    Raises:
        ToolError: no permission, a read-only disk, or another fault.
        Interrupted: no space left; there is something to go on from.
    """
    try:
        yield
    except OSError as e:
        where = Path(str(e.filename)) if e.filename else out
        why = e.strerror or str(e)
        if e.errno in (errno.ENOSPC, errno.EDQUOT):
            done = f"; what is done stays in {kept}: make room and run again" if kept else ""
            raise Interrupted(f"{out}: can't be written ({why}){done}") from e
        if e.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            folder = out.parent if where.name.startswith(".") else where
            raise ToolError(f"{out}: can't be written, {folder} is read-only ({why})") from e
        raise ToolError(f"{out}: can't be written ({why})") from e


def write_whole_file(out: Path, data: bytes) -> None:
    """Write one file under a temporary name, then rename it; links are followed.

    Raises:
        ToolError: a device or folder has the name, or the disk refuses.
    """
    out = Path(os.path.realpath(out)) if out.is_symlink() else out
    if out.exists() and not out.is_file():
        raise ToolError(f"{out}: is a folder, a device or a pipe; name a file")
    partial = out.with_name(f".{out.name}.partial")
    with told_of(out):
        try:
            with partial.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(out)
        except OSError:
            partial.unlink(missing_ok=True)
            raise
