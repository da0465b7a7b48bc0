"""The files of what a user adds: a folder, a zip archive, or one file of a folder.

Members are read into memory by name; nothing is ever unpacked, so that no name in an archive can
choose where anything is written. Names that point out of the archive are refused all the same.
"""

from __future__ import annotations

import posixpath
import zipfile
from pathlib import Path
from typing import Final

from spec_schema.errors import AssetError

__all__ = ["Source", "open_source"]

_MOST_BYTES: Final = 1 << 29
"""Of one member, unpacked: a 16k texture takes less."""
_MOST_MEMBERS: Final = 50_000


class Source:
    """Files by relative name, with ``/`` between folders."""

    def __init__(self, place: Path, names: list[str], archive: bool) -> None:
        self.place, self.names = place, sorted(names)
        self._archive = archive
        self._folded = {name.casefold(): name for name in reversed(self.names)}

    def read(self, name: str) -> bytes:
        """Content of a file.

        Raises:
            AssetError: it can't be read, or is far too large.
        """
        try:
            if not self._archive:
                path = self.place / name
                if path.stat().st_size > _MOST_BYTES:
                    raise AssetError(f"{path}: larger than {_MOST_BYTES >> 20} MB")
                return path.read_bytes()
            with zipfile.ZipFile(self.place) as archive, archive.open(name) as member:
                data = member.read(_MOST_BYTES + 1)
        except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as e:
            raise AssetError(f"{self.place}: {name}: can't be read: {e}") from e
        if len(data) > _MOST_BYTES:
            raise AssetError(f"{self.place}: {name}: larger than {_MOST_BYTES >> 20} MB unpacked")
        return data

    def text(self, name: str) -> str:
        """Content of a text file; what is no UTF-8 in it is replaced."""
        return self.read(name).decode("utf-8", "replace")

    def beside(self, name: str, reference: str) -> str | None:
        """The file that ``name`` refers to by a relative path, None where it is missing.

        Raises:
            AssetError: the path leads out of the source.
        """
        wanted = reference.replace("\\", "/").strip().strip('"')
        joined = posixpath.normpath(posixpath.join(posixpath.dirname(name), wanted))
        if joined.startswith(("/", "../")) or joined == ".." or ":" in joined:
            raise AssetError(
                f"{self.place}: {name}: refers to {reference!r}, which lies outside of what is "
                f"added; only files inside it are read. {self._wider(name)}"
            )
        return self._folded.get(joined.casefold())

    def _wider(self, name: str) -> str:
        if self._archive:
            return "Pack the archive from one folder higher"
        return f"Add the folder above, {self.place.resolve().parent}, or the file {name} alone"


def open_source(path: Path) -> tuple[Source, list[str]]:
    """What a path holds, and which of it is to be added: all, or the one file that was named.

    Raises:
        AssetError: it is missing, is no zip archive, or holds names that lead out of it.
    """
    if path.is_dir():
        names = _folder_names(path, path)
        return Source(path, names, archive=False), names
    if not path.is_file():
        raise AssetError(f"{path}: there is no such file or folder")
    if path.suffix.lower() == ".zip":
        names = _zip_names(path)
        return Source(path, names, archive=True), names
    # Materials of a pack lie beside their textures' folder: one folder up counts as the pack.
    root = path.resolve().parent.parent
    near = path.resolve().parent
    siblings = {p for p in (near, *root.iterdir()) if p.is_dir() and not p.name.startswith(".")}
    names = [
        f.relative_to(root).as_posix()
        for folder in siblings
        for f in folder.iterdir()
        if f.is_file() and _within(f, root)
    ]
    return Source(root, names, archive=False), [path.resolve().relative_to(root).as_posix()]


def _folder_names(folder: Path, root: Path) -> list[str]:
    names = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            if not _within(path, root):
                raise AssetError(f"{path}: is a link that leads out of {root}")
            names.append(path.relative_to(root).as_posix())
        if len(names) > _MOST_MEMBERS:
            raise AssetError(f"{folder}: more than {_MOST_MEMBERS} files; name a folder inside it")
    return names


def _within(path: Path, root: Path) -> bool:
    return path.resolve().is_relative_to(root.resolve())


def _zip_names(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [i.filename for i in archive.infolist() if not i.is_dir()]
    except (OSError, zipfile.BadZipFile) as e:
        raise AssetError(f"{path}: no readable zip archive: {e}") from e
    for name in names:
        parts = name.replace("\\", "/").split("/")
        if name.startswith("/") or "\\" in name or ".." in parts or ":" in parts[0]:
            raise AssetError(f"{path}: member {name!r} leads out of the archive; it is not read")
    if len(names) > _MOST_MEMBERS:
        raise AssetError(f"{path}: more than {_MOST_MEMBERS} members")
    return names
