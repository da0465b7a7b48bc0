"""Where a dataset lies: a folder here, or objects behind a URL (:mod:`renderer.object_storage`).

Either way a file is there whole or not at all, and what was written stays written.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, Protocol

from renderer.atomic import StoreError, fsync_folder, write_atomic, write_atomic_pieces
from spec_schema.dataset import sha256_file
from spec_schema.errors import DatasetError

__all__ = ["LocalStorage", "Storage", "is_url", "local_copy", "open_storage"]

_CHUNK_BYTES: Final = 1 << 20
_SCRAP_S: Final = 3600.0
"""Age of a temporary file that nobody can be writing any more."""
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(::|://)")
_HERE: Final = re.compile(r"(file|local)://(?=/)")


class Storage(Protocol):
    """A dataset's files by relative name, with ``/`` between folder and file.

    Raises, in every method that reaches the place:
        DatasetError: it refuses before :meth:`prepare` has passed (exit 2).
        StoreError: it refuses later (exit 75).
    """

    batch: int
    """Files that are best asked for at once."""
    rereads: bool
    """Whether finished samples are read again and hashed before a run goes on."""

    def where(self, name: str = "") -> str:
        """Full name of a file, for messages."""
        ...

    def check_place(self) -> None:
        """Refuse what :meth:`prepare` could not make or write, as far as looking tells."""
        ...

    def prepare(self) -> None:
        """Make the place, and see that files can be written and removed there."""
        ...

    def entries(self, folder: str = "") -> list[str]:
        """Names of files and folders in a folder, sorted; none where it is not there."""
        ...

    def read(self, names: Iterable[str]) -> dict[str, bytes | None]:
        """Content by name; a file that is not there is left out, an unreadable one is None."""
        ...

    def sha256(self, names: Iterable[str]) -> dict[str, str | None]:
        """SHA-256 (hex) by name, like :meth:`read`."""
        ...

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write files into folders that may be new; each is there whole or not at all."""
        ...

    def copy_in(self, name: str, source: Path) -> None:
        """:meth:`write` for a local file of any size."""
        ...

    def create(self, name: str, data: bytes) -> bool:
        """Write a small file unless one is there; whether it was written."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file where there is one."""
        ...

    def sync(self, folder: str = "") -> None:
        """What was written into a folder survives a power cut."""
        ...

    def drop_scraps(self, folder: str = "") -> None:
        """Remove what an interrupted writer of the same tag left, or any other long ago."""
        ...

    def free_bytes(self) -> int | None:
        """Space that is left; None where there is no telling."""
        ...


def is_url(place: str | Path) -> bool:
    """Whether a place is a URL and no path."""
    return isinstance(place, str) and _URL.match(place) is not None


def open_storage(place: str | Path, tag: str, *, durable: bool = True) -> Storage:
    """A folder for a path or a ``file://`` URL, objects for any other URL.

    Args:
        place: path or URL.
        tag: the writer's own word, see :func:`renderer.atomic.temporary_name`.
        durable: whether a folder's samples must survive a power cut. Those that don't are
            found by their hashes and made again; that is cheaper where making is.

    Raises:
        ToolError: what the URL needs is not installed.
        DatasetError: no such kind of URL.
    """
    if isinstance(place, str) and (match := _HERE.match(place)):
        place = Path(place[match.end() :])
    if not is_url(place):
        return LocalStorage(Path(place), tag, durable=durable)
    from renderer.object_storage import ObjectStorage

    return ObjectStorage(str(place), tag)


@contextlib.contextmanager
def local_copy(place: str | Path) -> Iterator[Path]:
    """A file as a path: itself where it is here, a copy of it for a URL.

    Raises:
        ToolError: what the URL needs is not installed.
        DatasetError: the URL can't be read.
    """
    if isinstance(place, str) and (match := _HERE.match(place)):
        place = Path(place[match.end() :])
    if not is_url(place):
        yield Path(place)
        return
    from renderer.object_storage import fetch

    with tempfile.TemporaryDirectory(prefix="replicantface-") as folder:
        yield fetch(str(place), Path(folder))


class LocalStorage:
    """A folder: temporary name, sync, rename."""

    batch = 1
    rereads = True

    def __init__(self, root: Path, tag: str, *, durable: bool = True) -> None:
        self.root = root
        self._tag = tag
        self._durable = durable

    def where(self, name: str = "") -> str:
        """Full name of a file, for messages."""
        return str(self.root / name)

    def check_place(self) -> None:
        """Whether the folder, or the nearest one above it that is there, may be written."""
        there = next(p for p in (self.root, *self.root.absolute().parents) if p.exists())
        if not os.access(there, os.W_OK | os.X_OK):
            raise DatasetError(f"{self.root}: can't be written: no leave to write into {there}")

    def prepare(self) -> None:
        """Create the folder, and see that files can be made in it."""
        probe = self.root / f".probe.{os.getpid()}.{self._tag}.tmp"
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            probe.write_bytes(b"")
            probe.unlink(missing_ok=True)
        except OSError as e:
            raise DatasetError(f"{self.root}: can't be written: {e.strerror or e}") from e

    def entries(self, folder: str = "") -> list[str]:
        """Names in a folder, sorted; none where it is not there."""
        path = self.root / folder
        try:
            return sorted(os.listdir(path))
        except FileNotFoundError:
            return []
        except NotADirectoryError as e:
            raise DatasetError(f"{path}: is a file; --out takes a folder") from e
        except OSError as e:
            raise DatasetError(f"{path}: can't be read: {e.strerror or e}") from e

    def read(self, names: Iterable[str]) -> dict[str, bytes | None]:
        """Content by name."""
        contents: dict[str, bytes | None] = {}
        for name in names:
            try:
                contents[name] = (self.root / name).read_bytes()
            except FileNotFoundError:
                continue
            except OSError:
                contents[name] = None
        return contents

    def sha256(self, names: Iterable[str]) -> dict[str, str | None]:
        """SHA-256 by name, without holding a whole file."""
        digests: dict[str, str | None] = {}
        for name in names:
            try:
                digests[name] = sha256_file(self.root / name)
            except FileNotFoundError:
                continue
            except OSError:
                digests[name] = None
        return digests

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write, sync and rename each."""
        for name, data in files.items():
            path = self._in_folder(name)
            of_sample = path.parent != self.root
            write_atomic(path, data, self._tag, synced=self._durable or not of_sample)

    def copy_in(self, name: str, source: Path) -> None:
        """Write, sync and rename, a piece at a time."""
        write_atomic_pieces(self._in_folder(name), _chunks(source), self._tag)

    def create(self, name: str, data: bytes) -> bool:
        """Write, unless there is one."""
        if (self.root / name).exists():
            return False
        self.write({name: data})
        return True

    def remove(self, name: str) -> None:
        """Remove a file where there is one."""
        path = self.root / name
        try:
            path.unlink(missing_ok=True)
        except OSError as e:
            raise StoreError(f"{path}: can't be removed: {e.strerror or e}") from e

    def sync(self, folder: str = "") -> None:
        """Make the names in a folder survive a power cut."""
        if self._durable or not folder:
            fsync_folder(self.root / folder)

    def drop_scraps(self, folder: str = "") -> None:
        """Remove temporary files of our tag, and those of others that no one can be writing."""
        path = self.root / folder
        if not path.is_dir():
            return
        for entry in os.scandir(path):
            if entry.name.startswith(".") and entry.name.endswith(".tmp"):
                with contextlib.suppress(OSError):
                    ours = entry.name.endswith(f".{self._tag}.tmp")
                    if ours or time.time() - entry.stat().st_mtime > _SCRAP_S:
                        os.unlink(entry.path)

    def free_bytes(self) -> int | None:
        """Of the file system that the folder is on, or will be."""
        folder = self.root
        while not folder.exists():
            folder = folder.parent
        if os.statvfs(folder).f_flag & os.ST_RDONLY:  # such a one is often full, too
            raise DatasetError(f"{self.root}: is on a read-only file system")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise DatasetError(f"{self.root}: {folder} may not be written by this user")
        return shutil.disk_usage(folder).free

    def _in_folder(self, name: str) -> Path:
        path = self.root / name
        if not path.parent.is_dir():
            try:
                path.parent.mkdir(exist_ok=True)
            except OSError as e:
                raise StoreError(f"{path.parent}: can't be made: {e.strerror or e}") from e
            fsync_folder(self.root)
        return path


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as f:
        while chunk := f.read(_CHUNK_BYTES):
            yield chunk
