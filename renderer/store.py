"""The samples on disk: written whole, marked last, checked by hash.

A sample is done when its marker is there, names the spec and the settings that are asked for,
and every file has the SHA-256 that the marker gives. Nothing else is believed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from enum import Enum
from pathlib import Path
from typing import Any, Final

from renderer.atomic import StoreError, fsync_folder, write_atomic
from spec_schema.dataset import sample_stem, sha256_file

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
    """Samples of one dataset folder, as written by one shard's run."""

    def __init__(self, root: Path, settings_hash: str, tag: str) -> None:
        self.root = root
        self._settings_hash = settings_hash
        self._tag = tag

    def scan(self) -> set[int]:
        """Rows that have a marker; also removes what an interrupted run of this shard left."""
        rows: set[int] = set()
        for folder in sorted(self.root.iterdir()):
            if not _FOLDER.fullmatch(folder.name) or not folder.is_dir():
                continue
            for entry in os.scandir(folder):
                if match := _MARKER.fullmatch(entry.name):
                    rows.add(int(match[1]))
                elif entry.name.startswith(".") and entry.name.endswith(f".{self._tag}.tmp"):
                    with contextlib.suppress(OSError):
                        os.unlink(entry.path)
        return rows

    def state(self, row: int, digest: str) -> SampleState:
        """Check a sample against its spec's hash, reading all its files."""
        marker_path = self._path(row, MARKER_SUFFIX)
        try:
            marker = json.loads(marker_path.read_bytes())
            sound = (
                marker["row"] == row
                and marker["spec_hash"] == digest
                and marker["settings_hash"] == self._settings_hash
                and len(marker["files"]) > 0
                and all(
                    sha256_file(marker_path.with_name(name)) == sha
                    for name, sha in marker["files"].items()
                )
            )
        except FileNotFoundError as e:
            lost_marker = e.filename == str(marker_path)
            return SampleState.ABSENT if lost_marker else SampleState.DAMAGED
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return SampleState.DAMAGED
        return SampleState.DONE if sound else SampleState.DAMAGED

    def discard(self, row: int) -> None:
        """Take back a marker that claims too much.

        Raises:
            StoreError: the system refuses.
        """
        path = self._path(row, MARKER_SUFFIX)
        try:
            path.unlink(missing_ok=True)
        except OSError as e:
            raise StoreError(f"{path}: can't be removed: {e.strerror or e}") from e

    def write(self, row: int, digest: str, files: dict[str, bytes]) -> None:
        """Store one sample; its marker comes last.

        Args:
            row: of the manifest.
            digest: the spec's hash.
            files: content by suffix.

        Raises:
            StoreError: the system refuses; the sample is then not marked.
        """
        folder = self._path(row, MARKER_SUFFIX).parent
        if not folder.is_dir():
            try:
                folder.mkdir(exist_ok=True)
            except OSError as e:
                raise StoreError(f"{folder}: can't be made: {e.strerror or e}") from e
            fsync_folder(self.root)
        self.discard(row)
        for suffix, data in files.items():
            write_atomic(self._path(row, suffix), data, self._tag)
        fsync_folder(folder)
        write_atomic(self._path(row, MARKER_SUFFIX), self._marker(row, digest, files), self._tag)

    def sync(self) -> None:
        """Make the last markers survive a power cut too."""
        for folder in sorted(self.root.iterdir()):
            if _FOLDER.fullmatch(folder.name) and folder.is_dir():
                fsync_folder(folder)

    def _path(self, row: int, suffix: str) -> Path:
        return self.root / f"{sample_stem(row)}{suffix}"

    def _marker(self, row: int, digest: str, files: dict[str, bytes]) -> bytes:
        marker: dict[str, Any] = {
            "row": row,
            "spec_hash": digest,
            "settings_hash": self._settings_hash,
            "files": {
                self._path(row, suffix).name: hashlib.sha256(data).hexdigest()
                for suffix, data in sorted(files.items())
            },
        }
        return json.dumps(marker).encode() + b"\n"
