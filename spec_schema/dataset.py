"""The folder that ``rf-render`` writes, and reading it back.

::

    DIR/dataset.json                what this is: format version, manifest, settings, classes
    DIR/README.md                   the same for people
    DIR/topology.npz                once: quads, UVs, landmark rows, region classes
    DIR/manifest.parquet            the manifest that was rendered
    DIR/00000/00000007.png          image
    DIR/00000/00000007_mask.png     class mask, one byte a pixel
    DIR/00000/00000007.msgpack      label record (docs/labels.md)
    DIR/00000/00000007.done.json    completion marker: hashes; written last
    DIR/journal/shard-1-of-3.jsonl  one line an attempt

A sample is complete when its marker is there; a marker names every file with its SHA-256.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from spec_schema.errors import DatasetError
from spec_schema.wire import unpackb

__all__ = ["DATASET_VERSION", "FAN_OUT", "Dataset", "Sample", "sample_stem", "sha256_file"]

DATASET_VERSION: Final = 1
FAN_OUT: Final = 1000


def sample_stem(row: int) -> str:
    """Path of a sample's files under the dataset, without suffix."""
    return f"{row // FAN_OUT:05d}/{row:08d}"


def sha256_file(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes."""
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


@dataclass(frozen=True)
class Sample:
    """One complete sample of a dataset."""

    row: int
    folder: Path
    marker: dict[str, Any]

    def path(self, suffix: str) -> Path:
        """File of this sample by suffix: ``.png``, ``_mask.png``, ``.msgpack``."""
        return self.folder / f"{self.row:08d}{suffix}"

    def labels(self) -> dict[str, Any]:
        """The label record.

        Raises:
            DatasetError: missing, or damaged.
        """
        path = self.path(".msgpack")
        try:
            record = unpackb(path.read_bytes())
        except FileNotFoundError as e:
            raise DatasetError(f"{path}: missing, though the marker names it") from e
        except DatasetError as e:
            raise DatasetError(f"{path}: {e}") from e
        if not isinstance(record, dict) or record.get("row") != self.row:
            raise DatasetError(f"{path}: holds the record of another sample")
        return record

    def verify(self) -> None:
        """Check every file against the marker.

        Raises:
            DatasetError: a file is missing or differs from what was written.
        """
        for name, digest in self.marker["files"].items():
            path = self.folder / name
            if not path.is_file():
                raise DatasetError(f"{path}: missing, though the marker names it")
            if sha256_file(path) != digest:
                raise DatasetError(f"{path}: its SHA-256 differs from the marker's")


class Dataset:
    """A rendered dataset on disk.

    Raises:
        DatasetError: the folder is not one, or was written by another format version.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        try:
            self.info: dict[str, Any] = json.loads((root / "dataset.json").read_text())
        except FileNotFoundError as e:
            raise DatasetError(f"{root}: no dataset of rf-render (dataset.json is missing)") from e
        except (ValueError, OSError) as e:
            raise DatasetError(f"{root / 'dataset.json'}: unreadable: {e}") from e
        version = self.info.get("dataset_version")
        if version != DATASET_VERSION:
            raise DatasetError(
                f"{root}: dataset version {version}, and this program reads {DATASET_VERSION}"
            )

    def samples(
        self, on_broken: Callable[[int, DatasetError], None] | None = None
    ) -> Iterator[Sample]:
        """Complete samples in row order.

        Args:
            on_broken: told the row of a marker that can't be read, which is then passed over.

        Raises:
            DatasetError: a marker can't be read and there is no ``on_broken``.
        """
        for marker_path in sorted(self.root.glob("[0-9]*/" + "[0-9]" * 8 + ".done.json")):
            try:
                marker = json.loads(marker_path.read_text())
                row = int(marker["row"])
            except (ValueError, KeyError, TypeError) as e:
                error = DatasetError(f"{marker_path}: unreadable marker: {e}")
                if on_broken is None:
                    raise error from e
                on_broken(int(marker_path.name.split(".")[0]), error)
                continue
            yield Sample(row, marker_path.parent, marker)
