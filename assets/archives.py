"""Reading single members out of a pack's archive; nothing is ever unpacked to disk."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from spec_schema.errors import AssetError

__all__ = ["member_names", "read_members"]


def _is_tar(path: Path) -> bool:
    return path.suffix == ".tgz"


def read_members(path: Path, wanted: Iterable[str]) -> dict[str, bytes]:
    """Bytes of the wanted regular files, by name.

    Only members asked for by name are read, and only into memory, so a member's name can't
    choose where anything is written.

    Raises:
        AssetError: a wanted member is missing, or the archive can't be read.
    """
    missing = set(wanted)
    found: dict[str, bytes] = {}
    try:
        if _is_tar(path):
            # One pass: a gzip stream can't be read out of order without starting again.
            with tarfile.open(path, mode="r|gz") as tar:
                for entry in tar:
                    if entry.name in missing and entry.isreg():
                        stream = tar.extractfile(entry)
                        assert stream is not None  # a regular file always has one
                        found[entry.name] = stream.read()
                        missing.discard(entry.name)
        else:
            with zipfile.ZipFile(path) as archive:
                for name in missing & set(archive.namelist()):
                    found[name] = archive.read(name)
                missing -= set(found)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError) as e:
        raise AssetError(f"{path}: damaged archive ({e}); run `rf-assets verify --repair`") from e
    if missing:
        raise AssetError(f"{path}: lacks {len(missing)} files, first {sorted(missing)[0]!r}")
    return found


def member_names(path: Path) -> list[str]:
    """Names of all files of a zip archive (a wheel)."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError) as e:
        raise AssetError(f"{path}: damaged archive ({e}); run `rf-assets verify --repair`") from e
