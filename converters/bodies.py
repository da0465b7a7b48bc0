"""Where samples gather while an export is made, so that it can be taken up after any stop.

A body takes the files of one sample after another and gives a *mark* for each: a small JSON
value with a checksum of what was stored. After a crash the marks tell how much of the body is
sound; the rest is cut off and written again, so that the finished bytes are always the same.
"""

from __future__ import annotations

import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final, Protocol

__all__ = [
    "Body",
    "Content",
    "FolderBody",
    "Mark",
    "SpoolBody",
    "TarBody",
    "ZipBody",
    "ZipOrFolder",
]

Mark = Any
"""Where one sample lies in a body, and its checksum: plain JSON."""
Content = bytes | Iterable[bytes]
"""What a closing file holds; in pieces where it may be large."""

# Stored entries look like those of the archives that the readers were written for: made under
# DOS or Windows, with the archive bit. opentrack's reader keeps only entries with exactly that.
_EXTERNAL_ATTR: Final = 0x20
_MADE_ON_DOS: Final = 0
_DATE: Final = (1980, 1, 1, 0, 0, 0)
_ALREADY_COMPRESSED: Final = frozenset({".jpg", ".png", ".npz", ".tar"})
_DEFLATE_LEVEL: Final = 6
_READ_BYTES: Final = 1 << 20


class Body(Protocol):
    """Takes samples in their order."""

    def resume(self, marks: Sequence[Mark]) -> int:
        """Go on after these samples; how many of them are sound, the others are cut off."""

    def write(self, files: Iterable[tuple[str, bytes]]) -> Mark:
        """Add the files of one sample; names are relative, with forward slashes."""

    def close(self, files: Iterable[tuple[str, Content]]) -> Path:
        """Add the files about the whole; the finished file or folder, synced."""

    def release(self) -> None:
        """Let go of what is open, to be taken up later."""


def _pieces(content: Content) -> Iterable[bytes]:
    return (content,) if isinstance(content, bytes) else content


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


class _Growing:
    """A file that only grows, with checksums of its regions."""

    def __init__(self, path: Path) -> None:
        path.touch()
        self.file: BinaryIO = path.open("r+b")
        self.end = 0

    def checksum(self, start: int, end: int) -> int:
        self.file.flush()
        self.file.seek(start)
        crc, left = 0, end - start
        while left > 0:
            piece = self.file.read(min(left, _READ_BYTES))
            if not piece:
                break
            crc, left = zlib.crc32(piece, crc), left - len(piece)
        self.file.seek(end)
        return crc if left == 0 else -1

    def sound(self, mark: Mark) -> bool:
        """Whether the region from the last sound end to the mark's is as it was."""
        if self.checksum(self.end, mark["end"]) != mark["crc"]:
            return False
        self.end = mark["end"]
        return True

    def cut(self) -> None:
        """Drop all after the last sound end."""
        self.file.truncate(self.end)
        self.file.seek(self.end)

    def mark(self, end: int) -> dict[str, Any]:
        """Take in what was written up to there."""
        start, self.end = self.end, end
        return {"end": end, "crc": self.checksum(start, end)}


class ZipBody:
    """One zip archive; its directory is written when it closes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._grown = _Growing(path)
        self._archive: zipfile.ZipFile | None = None

    def resume(self, marks: Sequence[Mark]) -> int:
        """See :class:`Body`."""
        sound = list(_leading(self._grown.sound, marks))
        self._grown.cut()
        archive = self._open()
        for mark in sound:
            for name, offset, crc, packed, size, method in mark["entries"]:
                entry = _entry(name)
                entry.header_offset, entry.CRC = offset, crc
                entry.compress_size, entry.file_size, entry.compress_type = packed, size, method
                archive.filelist.append(entry)
                archive.NameToInfo[name] = entry
        return len(sound)

    def _open(self) -> zipfile.ZipFile:
        if self._archive is None:
            self._archive = zipfile.ZipFile(self._grown.file, "w")
        return self._archive

    def write(self, files: Iterable[tuple[str, bytes]]) -> Mark:
        """See :class:`Body`."""
        archive, entries = self._open(), []
        for name, data in files:
            entry = _entry(name)
            archive.writestr(entry, data, compresslevel=_DEFLATE_LEVEL)
            place = (entry.header_offset, entry.CRC, entry.compress_size, entry.file_size)
            entries.append([name, *place, entry.compress_type])
        return {**self._grown.mark(archive.start_dir), "entries": entries}

    def close(self, files: Iterable[tuple[str, Content]]) -> Path:
        """See :class:`Body`."""
        archive = self._open()
        for name, content in files:
            if isinstance(content, bytes):
                archive.writestr(_entry(name), content, compresslevel=_DEFLATE_LEVEL)
                continue
            with archive.open(_entry(name), "w", force_zip64=True) as stored:
                for piece in content:
                    stored.write(piece)
        archive.close()
        _sync(self._grown.file)
        self._grown.file.close()
        return self._path

    def release(self) -> None:
        """See :class:`Body`."""
        with suppress(OSError, ValueError):
            if self._archive is not None:
                self._archive.close()
        with suppress(OSError):
            self._grown.file.close()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.create_system = _MADE_ON_DOS
    entry.external_attr = _EXTERNAL_ATTR
    stored = PurePosixPath(name).suffix in _ALREADY_COMPRESSED
    entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    return entry


def _leading(sound: Any, marks: Sequence[Mark]) -> Iterable[Mark]:
    for mark in marks:
        if not sound(mark):
            return
        yield mark


class FolderBody:
    """A folder of files."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(exist_ok=True)

    def resume(self, marks: Sequence[Mark]) -> int:
        """See :class:`Body`."""
        sound = list(_leading(self._sound, marks))
        kept = {name for mark in sound for name, _, _ in mark}
        for path in self._root.rglob("*"):
            if path.is_file() and path.relative_to(self._root).as_posix() not in kept:
                path.unlink()
        return len(sound)

    def _sound(self, mark: Mark) -> bool:
        for name, size, crc in mark:
            path = self._root / name
            if not path.is_file() or path.stat().st_size != size:
                return False
            if zlib.crc32(path.read_bytes()) != crc:
                return False
        return True

    def write(self, files: Iterable[tuple[str, bytes]]) -> Mark:
        """See :class:`Body`."""
        mark = []
        for name, data in files:
            self._put(name, data)
            mark.append([name, len(data), zlib.crc32(data)])
        return mark

    def _put(self, name: str, content: Content) -> None:
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            for piece in _pieces(content):
                file.write(piece)

    def close(self, files: Iterable[tuple[str, Content]]) -> Path:
        """See :class:`Body`."""
        for name, content in files:
            self._put(name, content)
        os.sync()
        return self._root

    def release(self) -> None:
        """See :class:`Body`."""


class TarBody:
    """A folder of tar archives with so many samples each, and the closing files beside them."""

    def __init__(self, root: Path, samples_a_shard: int, name: str) -> None:
        self._folder = FolderBody(root)
        self._root = root
        self._limit = samples_a_shard
        self._name = name
        self._count = 0
        self._shard: _Growing | None = None

    def _path(self, shard: int) -> Path:
        return self._root / self._name.format(shard)

    def _enter(self, shard: int) -> _Growing:
        self._finish()
        self._shard = _Growing(self._path(shard))
        return self._shard

    def _finish(self) -> None:
        """Two empty blocks, then padding to a whole record: how a tar archive ends."""
        if self._shard is None:
            return
        self._shard.cut()
        length = self._shard.end + 2 * tarfile.BLOCKSIZE
        self._shard.file.truncate(length + -length % tarfile.RECORDSIZE)
        _sync(self._shard.file)
        self._shard.file.close()
        self._shard = None

    def resume(self, marks: Sequence[Mark]) -> int:
        """See :class:`Body`."""
        for mark in marks:
            shard, first = divmod(self._count, self._limit)
            grown = self._enter(shard) if first == 0 or self._shard is None else self._shard
            if mark["shard"] != shard or not grown.sound(mark):
                break
            self._count += 1
        if self._shard is not None:
            self._shard.cut()
        kept = {self._path(k) for k in range(-(-self._count // self._limit))}
        for path in self._root.iterdir():
            if path not in kept:
                path.unlink()
        return self._count

    def write(self, files: Iterable[tuple[str, bytes]]) -> Mark:
        """See :class:`Body`."""
        shard, first = divmod(self._count, self._limit)
        if first == 0:
            self._finish()
            self._path(shard).unlink(missing_ok=True)
        grown = self._enter(shard) if first == 0 or self._shard is None else self._shard
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o644
            grown.file.write(info.tobuf(tarfile.USTAR_FORMAT))
            grown.file.write(data + bytes(-len(data) % tarfile.BLOCKSIZE))
        self._count += 1
        return {"shard": shard, **grown.mark(grown.file.tell())}

    def close(self, files: Iterable[tuple[str, Content]]) -> Path:
        """See :class:`Body`."""
        self._finish()
        return self._folder.close(files)

    def release(self) -> None:
        """See :class:`Body`."""
        if self._shard is not None:
            with suppress(OSError):
                self._shard.file.close()


class SpoolBody:
    """One file of blobs, for a format that is put together at the end."""

    def __init__(self, path: Path) -> None:
        self._grown = _Growing(path)
        self._places: list[list[tuple[int, int]]] = []

    def resume(self, marks: Sequence[Mark]) -> int:
        """See :class:`Body`."""
        for mark in _leading(self._grown.sound, marks):
            self._places.append([(start, size) for start, size in mark["places"]])
        self._grown.cut()
        return len(self._places)

    def write(self, files: Iterable[tuple[str, bytes]]) -> Mark:
        """See :class:`Body`."""
        places = []
        for _, data in files:
            places.append((self._grown.file.tell(), len(data)))
            self._grown.file.write(data)
        self._places.append(places)
        return {**self._grown.mark(self._grown.file.tell()), "places": places}

    def __len__(self) -> int:
        return len(self._places)

    def blob(self, sample: int, number: int) -> bytes:
        """The ``number``-th file of a sample."""
        start, size = self._places[sample][number]
        self._grown.file.seek(start)
        return self._grown.file.read(size)

    def release(self) -> None:
        """See :class:`Body`."""
        with suppress(OSError):
            self._grown.file.close()


class ZipOrFolder:
    """Formats of single files: a zip archive where the name ends in ``.zip``, else a folder."""

    def is_folder(self, out: Path) -> bool:
        """Whether the export under this name is a folder."""
        return out.suffix != ".zip"

    def body(self, path: Path, out: Path) -> Body:
        """Takes the samples of an export that will be called ``out``, at ``path``."""
        return FolderBody(path) if self.is_folder(out) else ZipBody(path)
