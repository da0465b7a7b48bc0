"""Where an export goes: a zip archive or a folder, complete under its name or not there at all."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Final, Protocol

from spec_schema.errors import ToolError

__all__ = ["EXPORT_RECORD", "Sink", "open_sink", "write_whole_file"]

EXPORT_RECORD: Final = "export.json"
"""Name, at the root of an export, of the file that says what it is."""

# Stored entries look like those of the archives that the readers were written for: made under
# DOS or Windows, with the archive bit. opentrack's reader keeps only entries with exactly that.
_EXTERNAL_ATTR: Final = 0x20
_MADE_ON_DOS: Final = 0
_DATE: Final = (1980, 1, 1, 0, 0, 0)
_ALREADY_COMPRESSED: Final = frozenset({".jpg", ".png"})
_DEFLATE_LEVEL: Final = 6


class Sink(Protocol):
    """Takes the files of an export in their order."""

    def add(self, name: str, data: bytes) -> None:
        """Add one file; ``name`` is relative, with forward slashes."""


class _ZipSink:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def add(self, name: str, data: bytes) -> None:
        entry = zipfile.ZipInfo(name, _DATE)
        entry.create_system = _MADE_ON_DOS
        entry.external_attr = _EXTERNAL_ATTR
        stored = PurePosixPath(name).suffix in _ALREADY_COMPRESSED
        entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
        self._archive.writestr(entry, data, compresslevel=_DEFLATE_LEVEL)


class _FolderSink:
    def __init__(self, root: Path) -> None:
        self._root = root

    def add(self, name: str, data: bytes) -> None:
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _sync(path: Path) -> None:
    with path.open("rb+") as f:
        os.fsync(f.fileno())


def _is_our_export(folder: Path) -> bool:
    try:
        record = json.loads((folder / EXPORT_RECORD).read_text())
    except (OSError, ValueError):
        return False
    return isinstance(record, dict) and record.get("made_by") == "rf-convert"


def _check_target(out: Path, overwrite: bool) -> None:
    if not out.parent.is_dir():
        raise ToolError(f"{out.parent}: no such folder; make it first")
    if not out.exists():
        return
    if not overwrite:
        raise ToolError(f"{out}: exists already; --overwrite replaces it")
    if out.is_dir() and any(out.iterdir()) and not _is_our_export(out):
        raise ToolError(
            f"{out}: --overwrite replaces only folders that rf-convert wrote, and this one has "
            f"no {EXPORT_RECORD} of its own; choose another name"
        )


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _give_name(partial: Path, out: Path) -> None:
    if not out.is_dir():
        partial.replace(out)
        return
    old = out.with_name(f".{out.name}.old")
    _remove(old)
    out.rename(old)
    partial.rename(out)
    _remove(old)


@contextmanager
def open_sink(out: Path, overwrite: bool) -> Iterator[Sink]:
    """A zip where ``out`` ends in ``.zip``, else a folder.

    Written beside ``out`` under a temporary name and renamed at the end; an exception removes
    it, so that no half-written export can be taken for one.

    Raises:
        ToolError: ``out`` exists and may not be replaced, or the disk refuses.
    """
    _check_target(out, overwrite)
    partial = out.with_name(f".{out.name}.partial")
    try:
        _remove(partial)
        if out.suffix == ".zip":
            if out.is_dir():
                raise ToolError(f"{out}: is a folder; a .zip is written as a file")
            with zipfile.ZipFile(partial, "w") as archive:
                yield _ZipSink(archive)
            _sync(partial)
        else:
            if out.is_file():
                raise ToolError(f"{out}: is a file; name a folder, or a .zip")
            partial.mkdir()
            yield _FolderSink(partial)
        _give_name(partial, out)
    except OSError as e:
        with suppress(OSError):
            _remove(partial)
        raise ToolError(f"{out}: can't be written ({e.strerror or e})") from e
    except BaseException:
        _remove(partial)
        raise


def write_whole_file(out: Path, data: bytes) -> None:
    """Write one file under a temporary name, then rename it.

    Raises:
        ToolError: the disk refuses.
    """
    partial = out.with_name(f".{out.name}.partial")
    try:
        partial.write_bytes(data)
        _sync(partial)
        partial.replace(out)
    except OSError as e:
        partial.unlink(missing_ok=True)
        raise ToolError(f"{out}: can't be written ({e.strerror or e})") from e
