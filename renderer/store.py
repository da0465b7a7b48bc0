"""The samples of a dataset: written whole, marked last, checked by hash.

A sample is done when its marker is there, names the spec and the settings that are asked for,
and every file has the SHA-256 that the marker gives. Nothing else is believed; only that an
object store keeps what it has acknowledged, so that going on there needs no reading again.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, Final

from renderer.storage import Storage
from spec_schema.dataset import FAN_OUT, sample_stem

__all__ = ["MARKER_SUFFIX", "SampleState", "SampleStore"]

MARKER_SUFFIX: Final = ".done.json"
_FOLDER: Final = re.compile(r"[0-9]{5,}")
_MARKER: Final = re.compile(r"([0-9]{8,})\.done\.json")


class SampleState(Enum):
    """What there is of a sample."""

    ABSENT = "absent"
    DAMAGED = "damaged"
    """Marked, but the marker or a file is not what it must be."""
    DONE = "done"


class SampleStore:
    """Samples of one dataset.

    Args:
        storage: where the dataset lies.
        settings_hash: of the settings that are asked for.
        reread: whether :meth:`states` hashes every file, or finds it enough that it is there;
            by default as the storage advises.
    """

    def __init__(self, storage: Storage, settings_hash: str, *, reread: bool | None = None) -> None:
        self.storage = storage
        self._settings_hash = settings_hash
        self._reread = storage.rereads if reread is None else reread
        self._listed: dict[str, frozenset[str]] = {}

    def scan(self) -> set[int]:
        """Rows that have a marker; also removes what an interrupted run of this shard left."""
        rows: set[int] = set()
        self._listed.clear()
        for folder in self._folders():
            self.storage.drop_scraps(folder)
            for name in self.storage.entries(folder):
                if match := _MARKER.fullmatch(name):
                    rows.add(int(match[1]))
        return rows

    def state(self, row: int, digest: str) -> SampleState:
        """:meth:`states` of one row."""
        return next(self.states([(row, digest)]))[2]

    def states(self, asked: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str, SampleState]]:
        """(row, digest, state) of samples, checked against the hash of each one's spec.

        Args:
            asked: (row, hash of its spec).
        """
        pairs = iter(asked)
        while batch := list(itertools.islice(pairs, self.storage.batch)):
            found = self.storage.read([_path(row, MARKER_SUFFIX) for row, _ in batch])
            files: dict[int, dict[str, str] | None] = {}
            for row, digest in batch:
                if (path := _path(row, MARKER_SUFFIX)) in found:
                    files[row] = self._claimed(row, digest, found[path])
            sound = self._sound({row: claim for row, claim in files.items() if claim})
            for row, digest in batch:
                if row not in files:
                    yield row, digest, SampleState.ABSENT
                else:
                    state = SampleState.DONE if row in sound else SampleState.DAMAGED
                    yield row, digest, state

    def what_is_wrong(self, row: int, digest: str) -> str:
        """Why :meth:`states` calls a row damaged, with the names of its files."""
        path = _path(row, MARKER_SUFFIX)
        data = self.storage.read([path]).get(path)
        files = self._claimed(row, digest, data)
        if files is None:
            return f"{path} is {'no whole marker' if not _is_json(data) else 'of another sample'}"
        there = self.storage.sha256(files)
        wrong = [
            f"{name} {'is not what its marker says' if name in there else 'is missing'}"
            for name, digest in files.items()
            if there.get(name) != digest
        ]
        return ", ".join(wrong)

    def _claimed(self, row: int, digest: str, data: bytes | None) -> dict[str, str] | None:
        """SHA-256 by file path as a marker has them; None where it is not the marker asked for."""
        try:
            marker = json.loads(data or b"")
            asked = (row, digest, self._settings_hash)
            if (marker["row"], marker["spec_hash"], marker["settings_hash"]) != asked:
                return None
            folder = sample_stem(row).split("/")[0]
            return {f"{folder}/{name}": str(sha) for name, sha in marker["files"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            return None

    def _sound(self, claims: Mapping[int, Mapping[str, str]]) -> set[int]:
        """Rows whose files are all there, with the right content where that is read."""
        if self._reread:
            paths = [path for files in claims.values() for path in files]
            there: Mapping[str, str | None] = self.storage.sha256(paths)
            return {
                row
                for row, files in claims.items()
                if all(there.get(path) == sha for path, sha in files.items())
            }
        return {row for row, files in claims.items() if all(map(self._is_listed, files))}

    def _is_listed(self, path: str) -> bool:
        folder, name = path.split("/")
        if folder not in self._listed:
            self._listed.clear()  # rows come in order: one folder at a time is enough
            self._listed[folder] = frozenset(self.storage.entries(folder))
        return name in self._listed[folder]

    def discard(self, row: int) -> None:
        """Take back a marker that claims too much.

        Raises:
            StoreError: the system refuses.
        """
        self.storage.remove(_path(row, MARKER_SUFFIX))

    def write(self, row: int, digest: str, files: dict[str, bytes]) -> None:
        """Store one sample; its marker comes last.

        Args:
            row: of the manifest.
            digest: the spec's hash.
            files: content by suffix.

        Raises:
            StoreError: the system refuses; the sample is then not marked.
        """
        self.discard(row)
        self.storage.write({_path(row, suffix): data for suffix, data in files.items()})
        self.storage.sync(f"{row // FAN_OUT:05d}")
        self.storage.write({_path(row, MARKER_SUFFIX): self._marker(row, digest, files)})

    def sync(self) -> None:
        """Make the last markers survive a power cut too, and tidy up."""
        for folder in self._folders():
            self.storage.drop_scraps(folder)
            self.storage.sync(folder)

    def _folders(self) -> list[str]:
        return [name for name in self.storage.entries() if _FOLDER.fullmatch(name)]

    def _marker(self, row: int, digest: str, files: dict[str, bytes]) -> bytes:
        marker: dict[str, Any] = {
            "row": row,
            "spec_hash": digest,
            "settings_hash": self._settings_hash,
            "files": {
                _path(row, suffix).split("/")[1]: hashlib.sha256(data).hexdigest()
                for suffix, data in sorted(files.items())
            },
        }
        return json.dumps(marker).encode() + b"\n"


def _is_json(data: bytes | None) -> bool:
    try:
        return isinstance(json.loads(data or b""), dict)
    except ValueError:
        return False


def _path(row: int, suffix: str) -> str:
    return f"{sample_stem(row)}{suffix}"
