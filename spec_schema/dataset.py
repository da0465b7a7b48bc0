"""The folder that ``rf-render`` writes, and reading it back.

::

    DIR/dataset.json                what this is: format version, manifest, settings, classes
    DIR/README.md                   the same for people
    DIR/topology.npz                once: quads, UVs, landmark rows, region classes
    DIR/manifest.parquet            the manifest that was rendered
    DIR/00000/00000007.png          image
    DIR/00000/00000007_mask.png     class mask, one byte a pixel
    DIR/00000/00000007_depth.exr    and others, where asked for: dataset.json lists them
    DIR/00000/00000007.msgpack      label record (docs/labels.md)
    DIR/00000/00000007.done.json    completion marker: hashes; written last
    DIR/journal/shard-1-of-3.jsonl  one line an attempt
    DIR/journal/index.parquet       what became of every row, from all journals

A sample is complete when its marker is there; a marker names every file with its SHA-256.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from spec_schema.errors import DatasetError
from spec_schema.wire import unpackb

__all__ = [
    "DATASET_VERSION",
    "FAN_OUT",
    "INDEX_PATH",
    "Dataset",
    "Sample",
    "dataset_info",
    "sample_stem",
    "sha256_file",
]

DATASET_VERSION: Final = 2
FAN_OUT: Final = 1000
INDEX_PATH: Final = "journal/index.parquet"
"""What became of every row; differs from run to run, as the journals do."""


def sample_stem(row: int) -> str:
    """Path of a sample's files under the dataset, without suffix."""
    return f"{row // FAN_OUT:05d}/{row:08d}"


def sha256_file(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes."""
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def dataset_info(data: bytes | None, where: str) -> dict[str, Any]:
    """Content of a ``dataset.json``.

    Args:
        data: its bytes; None where there is no such file.
        where: folder or URL of the dataset, for messages.

    Raises:
        DatasetError: missing, damaged, or of another format version.
    """
    if data is None:
        raise DatasetError(f"{where}: no dataset of rf-render (dataset.json is missing)")
    try:
        info: dict[str, Any] = json.loads(data)
        version = info.get("dataset_version")
    except (ValueError, AttributeError) as e:
        raise DatasetError(f"{where}/dataset.json: unreadable: {e}") from e
    if version != DATASET_VERSION:
        raise DatasetError(
            f"{where}: dataset version {version}, and this program reads {DATASET_VERSION}"
        )
    return info


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
            data: bytes | None = (root / "dataset.json").read_bytes()
        except FileNotFoundError:
            data = None
        except OSError as e:
            raise DatasetError(f"{root / 'dataset.json'}: unreadable: {e}") from e
        self.info = dataset_info(data, str(root))

    def index(self) -> pa.Table:
        """What became of every row: status, attempts, seconds, causes (docs/dataset.md).

        Raises:
            DatasetError: no run has ended yet, or the index can't be read.
        """
        path = self.root / INDEX_PATH
        if not path.is_file():
            raise DatasetError(f"{path}: missing; it is written when a run of rf-render ends")
        try:
            return pq.read_table(path)
        except (pa.ArrowException, OSError) as e:
            raise DatasetError(f"{path}: unreadable: {e}") from e

    def failures(self) -> list[dict[str, Any]]:
        """Rows that were given up, with kind, signal, exit code, phase and message."""
        table = self.index()
        failed: list[dict[str, Any]] = table.filter(pc.equal(table["status"], "failed")).to_pylist()
        return failed

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
