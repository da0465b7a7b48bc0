"""The compiled assets: one read-only memory-mapped file of named arrays and documents.

The file is in the safetensors format: a length, a JSON header with dtype, shape and offsets of
each array, then the arrays. It is mapped, not read: opening takes milliseconds, and processes
share the pages.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import shutil
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assets.cache import Cache, default_cache
from assets.compile import METADATA_KEY, compile_store, header_bytes, receipt_path, store_path
from assets.fetch import fetch_archive
from assets.packs import load_packs
from assets.progress import Progress
from assets.user.shelf import USER_PART, of_user, shelf, user_array, user_arrays
from spec_schema.errors import AssetError, nearest

__all__ = ["Store", "ensure_store", "open_store", "store_problem"]

_DTYPES: Final[dict[str, str]] = {
    "BOOL": "?",
    "U8": "u1",
    "I16": "<i2",
    "I32": "<i4",
    "I64": "<i8",
    "F16": "<f2",
    "F32": "<f4",
    "F64": "<f8",
}


class Store:
    """Named arrays and small documents of the compiled packs."""

    def __init__(self, path: Path) -> None:
        problem = store_problem(path)
        if problem:
            raise AssetError(f"{path}: {problem}")
        self.path = path
        header = header_bytes(path)
        entries = json.loads(header[8:])
        metadata = json.loads(entries.pop("__metadata__")[METADATA_KEY])
        self.lock: dict[str, str] = metadata["lock"]
        self._documents: dict[str, Any] = metadata["documents"]
        self._entries: dict[str, dict[str, Any]] = entries
        self._data_start = len(header)
        with path.open("rb") as f:
            self._map = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)

    def array(self, name: str) -> NDArray[Any]:
        """A read-only view into the mapped file, or an array that a user added.

        ``skins/user/<name>`` is array ``skins`` of the user's asset ``user/<name>``.

        Raises:
            AssetError: there is no array of that name.
        """
        if USER_PART in name:
            return user_array(*of_user(name))
        if name.startswith("head/targets/") and (own := shelf()).heads:
            from assets.user.head_targets import EXTENDED, extended_array

            if name in EXTENDED:
                return extended_array(own, name, self)
        return self.shipped_array(name)

    def shipped_array(self, name: str) -> NDArray[Any]:
        """A read-only view into the mapped file alone.

        Raises:
            AssetError: there is no array of that name.
        """
        entry = self._entries.get(name)
        if entry is None:
            raise AssetError(f"no array {name!r} in the assets; {nearest(name, self._entries)}")
        shape = tuple(entry["shape"])
        count = int(np.prod(shape, dtype=np.int64))
        start = self._data_start + entry["data_offsets"][0]
        return np.frombuffer(self._map, _DTYPES[entry["dtype"]], count, start).reshape(shape)

    def json(self, name: str) -> Any:
        """A small document, such as ``head/groups``. Not to be changed by the caller.

        Raises:
            AssetError: there is no document of that name.
        """
        if name not in self._documents:
            raise AssetError(
                f"no document {name!r} in the assets; {nearest(name, self._documents)}"
            )
        if name == "head/targets/names" and (own := shelf()).heads:
            from assets.user.head_targets import extended_names

            return extended_names(own, self._documents[name])
        return self._documents[name]

    def has(self, name: str) -> bool:
        """Whether there is an array of that name."""
        if USER_PART in name:
            some_id, array = of_user(name)
            return some_id in shelf().assets and array in user_arrays(some_id)
        return name in self._entries

    def names(self, prefix: str = "") -> list[str]:
        """Names of the arrays that begin with ``prefix``, sorted."""
        return sorted(name for name in self._entries if name.startswith(prefix))


def store_problem(path: Path) -> str | None:
    """Why a compiled store must not be used, or None. Cheap: size and header, not content."""
    try:
        receipt = json.loads(receipt_path(path).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return "not compiled yet"
    except (ValueError, OSError):
        return "its receipt is damaged"
    if not isinstance(receipt, dict):
        return "its receipt is damaged"
    try:
        size = path.stat().st_size
        header = header_bytes(path)
    except OSError as e:
        return f"the compiled file can't be read: {e.strerror}"
    if size != receipt.get("bytes"):
        return f"the compiled file has {size} bytes, its receipt says {receipt.get('bytes')}"
    if hashlib.sha256(header).hexdigest() != receipt.get("header_sha256"):
        return "the header of the compiled file is damaged"
    return None


def ensure_store(cache: Cache, progress: Progress) -> Path:
    """Fetch and compile whatever is missing or damaged; quick where nothing is."""
    path = store_path(cache)
    if store_problem(path) is None:
        return path
    with cache.exclusive(progress):
        problem = store_problem(path)  # another process may have just done it
        if problem is None:
            return path
        progress(f"preparing the assets, once ({problem}); they go to {cache.folder}")
        for pack in load_packs().values():
            if pack.fetched:
                fetch_archive(pack, cache, progress)
        path = compile_store(cache, progress)
        shutil.rmtree(cache.tools, ignore_errors=True)  # nothing is left to fetch
        return path


def open_store() -> Store:
    """The asset store of this machine, fetched and compiled first where that is needed.

    Raises:
        FetchError: a pack could not be fetched.
        AssetError: the cache folder can't be used.
    """
    return _open(default_cache())


@lru_cache(maxsize=4)
def _open(cache: Cache) -> Store:
    return Store(ensure_store(cache, Progress()))
