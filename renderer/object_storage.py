"""A dataset as objects behind a URL that fsspec knows: ``s3://``, ``gs://``, ``memory://``…

Object stores put whole objects, so that neither temporary names nor syncing are needed. Other
file systems behind a URL (``sftp://``, ``hdfs://``) get both a temporary name and a rename.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

from renderer.atomic import StoreError
from spec_schema.errors import DatasetError, ToolError

__all__ = ["ObjectStorage", "fetch", "open_url"]

_PUTS_WHOLE: Final = frozenset(
    {"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oci", "oss", "r2", "memory"}
)
"""Protocols under which a name shows nothing before the whole object is there."""
_DRIVERS: Final = {
    "s3": "s3fs",
    "s3a": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "abfs": "adlfs",
    "abfss": "adlfs",
    "az": "adlfs",
    "adl": "adlfs",
    "oci": "ocifs",
    "oss": "ossfs",
    "sftp": "paramiko",
    "ssh": "paramiko",
    "smb": "smbprotocol",
}
"""Package that brings a protocol, where fsspec itself does not."""
_IN_EXTRA: Final = frozenset({"fsspec", "s3fs", "gcsfs"})


def open_url(url: str) -> tuple[Any, str]:
    """fsspec's file system of a URL, and the path in it.

    Raises:
        ToolError: fsspec or the protocol's package is not installed.
        DatasetError: no such protocol, or its settings are wrong.
    """
    try:
        import fsspec
    except ImportError as e:
        raise ToolError(_lacking(url, "fsspec")) from e
    protocol = url.split("://", 1)[0]
    try:
        fsspec.get_filesystem_class(protocol)
    except ImportError as e:
        raise ToolError(_lacking(url, _DRIVERS.get(protocol) or e.name or str(e))) from e
    except ValueError as e:
        raise DatasetError(
            f"{url}: no storage of the kind {protocol!r} is known; for example s3://BUCKET/FOLDER, "
            "gs://BUCKET/FOLDER, or a path"
        ) from e
    try:
        # Listings are asked for anew each time: other shards write into the same place.
        fs, root = fsspec.url_to_fs(url, use_listings_cache=False, skip_instance_cache=True)
    except Exception as e:  # whatever a driver's constructor says of its settings
        raise DatasetError(f"{url}: can't be opened: {_reason(e)}") from e
    if not root.strip("/") and protocol in _PUTS_WHOLE - {"memory"}:
        raise DatasetError(f"{url}: which bucket? For example {protocol}://BUCKET/FOLDER")
    return fs, root.rstrip("/")


def _lacking(url: str, package: str) -> str:
    choice = "pip install 'replicantface[cloud]'" if package in _IN_EXTRA else ""
    how = " or ".join(filter(None, (choice, f"pip install {package}")))
    return f"{url}: needs the package {package}, which is not installed: {how}"


def fetch(url: str, folder: Path) -> Path:
    """Copy one object into a local folder, under its own name.

    Raises:
        ToolError: what the URL needs is not installed.
        DatasetError: the object can't be read.
    """
    fs, path = open_url(url)
    target = folder / path.rsplit("/", 1)[-1]
    try:
        fs.get_file(path, str(target))
    except Exception as e:  # drivers share no class of errors
        raise DatasetError(f"{url}: can't be read: {_reason(e)}") from e
    return target


_WITH_BUCKETS: Final = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "az"})


class ObjectStorage:
    """Objects under a URL."""

    batch = 64
    rereads = False
    """Reading all of a large dataset again takes hours and is paid for; ``--verify`` does it."""

    def __init__(self, url: str, tag: str) -> None:
        self._url = url.rstrip("/")
        self._tag = tag
        self._fs, self._root = open_url(url)
        self._whole = url.split("://", 1)[0] in _PUTS_WHOLE
        self._prepared = False

    def where(self, name: str = "") -> str:
        """URL of an object."""
        return f"{self._url}/{name}" if name else self._url

    def check_place(self) -> None:
        """Whether the bucket is there; whether it may be written only writing tells."""
        kinds = self._fs.protocol if isinstance(self._fs.protocol, tuple) else (self._fs.protocol,)
        if not _WITH_BUCKETS.intersection(kinds):
            return
        bucket = self._path("").split("/")[0]
        try:
            if not self._fs.exists(bucket):
                raise FileNotFoundError(f"there is no bucket {bucket!r}")
        except Exception as e:
            self._refuse("", "written", e)

    def prepare(self) -> None:
        """See that objects can be written and removed; a bucket is never made."""
        probe = f".probe.{self._tag}.tmp"
        self.write({probe: b""})
        self.remove(probe)
        self._prepared = True

    def entries(self, folder: str = "") -> list[str]:
        """Names under a prefix up to the next ``/``, sorted."""
        path = self._path(folder)
        try:
            names = {str(entry).rstrip("/") for entry in self._fs.ls(path, detail=False)}
        except FileNotFoundError:
            return []
        except Exception as e:
            self._refuse(folder, "listed", e)
        # Some stores keep an empty object in place of the folder itself.
        return sorted(name.rsplit("/", 1)[-1] for name in names if name.strip("/") != path)

    def read(self, names: Iterable[str]) -> dict[str, bytes | None]:
        """Content by name, fetched at once."""
        paths = {self._path(name): name for name in names}
        if not paths:
            return {}
        try:
            # Not cat(): that takes names for patterns, and asks whether each is there first.
            answers = self._fs.cat_ranges(list(paths), None, None, on_error="return")
        except Exception as e:
            self._refuse("", "read", e)
        contents: dict[str, bytes | None] = {}
        for name, answer in zip(paths.values(), answers, strict=True):
            if isinstance(answer, FileNotFoundError):
                continue
            if isinstance(answer, BaseException):
                self._refuse(name, "read", answer)
            contents[name] = bytes(answer)
        return contents

    def sha256(self, names: Iterable[str]) -> dict[str, str | None]:
        """SHA-256 by name; the objects are fetched for it."""
        return {
            name: None if data is None else hashlib.sha256(data).hexdigest()
            for name, data in self.read(names).items()
        }

    def write(self, files: Mapping[str, bytes]) -> None:
        """Put objects, at once where the driver can."""
        try:
            if self._whole:
                self._fs.pipe({self._path(name): data for name, data in files.items()})
                return
            for name, data in files.items():
                temporary = self._make_way(name)
                self._fs.pipe_file(temporary, data)
                self._fs.mv(temporary, self._path(name))
        except Exception as e:
            self._refuse(next(iter(files)), "written", e)

    def copy_in(self, name: str, source: Path) -> None:
        """Put a local file, in parts where it is large."""
        try:
            if self._whole:
                self._fs.put_file(str(source), self._path(name))
                return
            temporary = self._make_way(name)
            self._fs.put_file(str(source), temporary)
            self._fs.mv(temporary, self._path(name))
        except Exception as e:
            self._refuse(name, "written", e)

    def create(self, name: str, data: bytes) -> bool:
        """Put an object unless there is one; of two at once, one wins where the store can tell."""
        if self._whole:
            try:
                self._fs.pipe_file(self._path(name), data, mode="create")
                return True
            except FileExistsError:
                return False
            except Exception:  # a store, or a driver, that knows no such condition
                pass
        folder, _, base = name.rpartition("/")
        if base in self.entries(folder):
            return False
        self.write({name: data})
        return True

    def remove(self, name: str) -> None:
        """Remove an object where there is one."""
        try:
            self._fs.rm_file(self._path(name))
        except FileNotFoundError:
            return
        except Exception as e:
            self._refuse(name, "removed", e)

    def sync(self, folder: str = "") -> None:
        """Nothing to do: what the store has acknowledged, it keeps."""

    def drop_scraps(self, folder: str = "") -> None:
        """Remove what an interrupted write left, on stores that don't put whole objects."""
        if self._whole:
            return
        for entry in self.entries(folder):
            if entry.startswith(".") and entry.endswith(f".{self._tag}.tmp"):
                self.remove(f"{folder}/{entry}" if folder else entry)

    def free_bytes(self) -> int | None:
        """No telling."""
        return None

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root

    def _make_way(self, name: str) -> str:
        """Temporary path beside a file's own, in a folder that is there."""
        folder, _, base = self._path(name).rpartition("/")
        self._fs.makedirs(folder, exist_ok=True)
        return f"{folder}/.{base}.{self._tag}.tmp"

    def _refuse(self, name: str, what: str, error: BaseException) -> NoReturn:
        """Say why. Drivers share no class of errors, hence the broad catching above."""
        if isinstance(error, (DatasetError, ToolError)):
            raise error
        message = f"{self.where(name)}: can't be {what}: {_reason(error)}"
        kind = StoreError if self._prepared else DatasetError
        raise kind(message) from error


def _reason(error: BaseException) -> str:
    """What a driver says, with what to do where that is known."""
    text = next(iter(str(error).splitlines()), "") or type(error).__name__
    told = f"{type(error).__name__} {text}".lower()
    if "credentials" in told or "token" in told:
        return (
            f"{text}; give credentials the way the store's own tools take them: AWS_PROFILE, "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, GOOGLE_APPLICATION_CREDENTIALS, or "
            "the machine's role"
        )
    if "bucket" in told and isinstance(error, (FileNotFoundError, OSError)):
        return f"{text}; make the bucket first, rf-render makes none"
    if isinstance(error, NotImplementedError):
        return "this kind of URL is read-only"
    return text
