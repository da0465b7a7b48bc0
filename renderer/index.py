"""``journal/index.parquet``: what became of every row, from the journals of all shards.

One row a row of the manifest. It tells of runs (seconds, attempts, causes), so it differs from
run to run as the journals do, and is no part of what is equal byte for byte.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from renderer.journal import JOURNAL_FOLDER, attempts, journal_names
from renderer.phases import PHASES
from renderer.storage import Storage
from renderer.store import SampleStore
from spec_schema.dataset import INDEX_PATH
from spec_schema.manifest import Manifest

__all__ = ["INDEX_SCHEMA", "RowHistory", "index_table", "read_histories", "write_index"]

_TRIES: Final = 5
_SECONDS: Final = pa.struct([(name, pa.float32()) for name in PHASES])

INDEX_SCHEMA: Final = pa.schema(
    [
        ("row", pa.int64()),
        ("index", pa.int64()),
        ("spec_hash", pa.string()),
        ("status", pa.string()),
        ("attempts", pa.int32()),
        ("seconds", pa.float32()),
        ("rss_mb", pa.float32()),
        ("kind", pa.string()),
        ("signal", pa.string()),
        ("exit_code", pa.int32()),
        ("phase", pa.string()),
        ("message", pa.string()),
        ("wall_s", _SECONDS),
        ("cpu_s", _SECONDS),
    ]
)


@dataclass
class RowHistory:
    """What the journals tell of one row."""

    attempts: int = 0
    last: dict[str, Any] | None = None
    """Record of the last attempt."""
    given_up: bool = False


def read_histories(storage: Storage) -> dict[int, RowHistory]:
    """By row, from every journal of the dataset."""
    histories: dict[int, RowHistory] = {}
    for record in attempts(storage):
        history = histories.setdefault(record["row"], RowHistory())
        history.given_up = record["event"] == "failed" and record["final"]
        history.attempts += 1
        history.last = record
    return histories


def index_table(manifest: Manifest, marked: set[int], histories: dict[int, RowHistory]) -> pa.Table:
    """The index: ``status`` is ``done`` by the marker, else ``failed`` or ``missing``."""
    columns: dict[str, list[Any]] = {name: [] for name in INDEX_SCHEMA.names}
    for row, index in enumerate(_indices(manifest)):
        history = histories.get(row, RowHistory())
        last = history.last or {}
        status = "done" if row in marked else "failed" if history.given_up else "missing"
        failure = last if last.get("event") == "failed" and status != "done" else {}
        phases = last.get("phases", {}) if status == "done" else {}
        values = {
            "row": row,
            "index": index,
            "spec_hash": last.get("spec_hash"),
            "status": status,
            "attempts": history.attempts,
            "seconds": last.get("seconds"),
            "rss_mb": last.get("rss_mb"),
            **{key: failure.get(key) for key in ("kind", "signal", "exit_code", "phase")},
            "message": failure.get("message"),
            "wall_s": {name: spent[0] for name, spent in phases.items()} or None,
            "cpu_s": {name: spent[1] for name, spent in phases.items()} or None,
        }
        for name, value in values.items():
            columns[name].append(value)
    table = pa.Table.from_pydict(columns, schema=INDEX_SCHEMA)
    return table.replace_schema_metadata({"replicantface.profile": json.dumps(_summed(table))})


def _indices(manifest: Manifest) -> Sequence[int]:
    indices: list[int] = []
    for batch in manifest.batches():
        indices += pc.struct_field(batch.column("sample"), "index").to_pylist()
    return indices


def _summed(table: pa.Table) -> dict[str, Any]:
    """Samples and seconds by phase, of the samples whose phases are known."""
    known = [row for row in table.column("wall_s").to_pylist() if row is not None]
    cpu = [row for row in table.column("cpu_s").to_pylist() if row is not None]
    return {
        "samples": len(known),
        "wall_s": {p: round(sum(row[p] or 0.0 for row in known), 3) for p in PHASES},
        "cpu_s": {p: round(sum(row[p] or 0.0 for row in cpu), 3) for p in PHASES},
    }


def write_index(storage: Storage, manifest: Manifest) -> None:
    """Compact the journals of all shards into the index.

    Shards that end together may each write it. Whoever wrote while a journal grew does it once
    more, so that the last one to write has read what all had to tell.

    Raises:
        StoreError: the system refuses.
    """
    storage.drop_scraps(JOURNAL_FOLDER)
    for _ in range(_TRIES):
        before = _state(storage)
        table = index_table(manifest, SampleStore(storage, "").scan(), read_histories(storage))
        buffer = io.BytesIO()
        pq.write_table(table, buffer, compression="zstd")
        storage.write({INDEX_PATH: buffer.getvalue()})
        if _state(storage) == before:
            return


def _state(storage: Storage) -> list[tuple[str, str | None]]:
    return sorted(storage.sha256(journal_names(storage)).items())
