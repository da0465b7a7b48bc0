"""``rf-render --status``: how far a dataset is, and what failed and why. Renders nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from renderer.index import index_table, read_histories
from renderer.storage import local_copy, open_storage
from renderer.store import SampleStore
from spec_schema.dataset import dataset_info
from spec_schema.manifest import Manifest

__all__ = ["Status", "dataset_status"]


@dataclass(frozen=True)
class Status:
    """Rows of a dataset by what the markers and journals say; no file is hashed."""

    counts: Counter[str]
    """Of ``done``, ``failed`` and ``missing``."""
    failures: tuple[dict[str, Any], ...]
    """Rows of the index that were given up."""

    @property
    def finished(self) -> bool:
        """Whether every row is done."""
        return not self.counts["failed"] and not self.counts["missing"]

    def text(self) -> str:
        """For people: a line of counts, then a line a failure."""
        total = sum(self.counts.values())
        line = ", ".join(f"{self.counts[word]} {word}" for word in ("done", "failed", "missing"))
        lines = [f"{total} samples: {line}"]
        for row in self.failures:
            how = row["signal"] or ("" if row["exit_code"] is None else f"exit {row['exit_code']}")
            cause = f"{row['kind']}{f' ({how})' if how else ''} in phase {row['phase']!r}"
            message = " ".join((row["message"] or "").split())
            tries = f"{row['attempts']} attempt{'s' * (row['attempts'] != 1)}"
            lines.append(f"row {row['row']}: {cause}, {tries}: {message}")
        return "\n".join(lines) + "\n"


def dataset_status(place: Path | str) -> Status:
    """Merge the journals of all shards with the markers.

    Raises:
        DatasetError: no dataset is there.
    """
    storage = open_storage(place, "status")
    dataset_info(storage.read(["dataset.json"]).get("dataset.json"), storage.where())
    with local_copy(storage.where("manifest.parquet")) as path:
        marked = SampleStore(storage, "").scan()
        table = index_table(Manifest(path), marked, read_histories(storage))
    rows = table.select([c for c in table.column_names if not c.endswith("_s")]).to_pylist()
    return Status(
        Counter(row["status"] for row in rows),
        tuple(row for row in rows if row["status"] == "failed"),
    )
