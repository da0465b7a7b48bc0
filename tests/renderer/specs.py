"""Small manifests to render in tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from spec_schema import ARKIT_UNITS, SCHEMA_VERSION, ManifestInfo, ManifestWriter, SceneSpec
from spec_schema.arrow import spec_to_row
from tests.make_specs import make_spec, merged

SHAPE_KEYS = ("head-oval", "nose-hump")
ASSET_LOCK = {"head": "a" * 64, "hdri": "b" * 64}


def row_spec(row: int, **changes: Any) -> SceneSpec:
    """Spec of a row: each row another."""
    own = {
        "sample": {"index": row},
        "pose": {"yaw_deg": (3.0 * row + 160) % 360 - 180},
        "expression": dict.fromkeys(ARKIT_UNITS, 0.01 * (row % 50)),
        "render_seed": row,
    }
    return make_spec(**merged(own, changes))


def write_manifest(
    path: Path,
    n_rows: int,
    change: Callable[[int, dict[str, Any]], None] = lambda row, record: None,
    *,
    seed: int = 3,
    shape_keys: tuple[str, ...] = SHAPE_KEYS,
    **info: Any,
) -> Path:
    """A manifest of ``n_rows``; ``change(row, record)`` may spoil a record before it is written."""
    fields: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "seed": seed,
        "config": {},
        "versions": {"replicantface": "0"},
        "asset_lock": ASSET_LOCK,
        **info,
    }
    records = []
    for row in range(n_rows):
        record = spec_to_row(row_spec(row))
        record["identity"]["shape"] = dict.fromkeys(shape_keys, 0.25)
        change(row, record)
        records.append(record)
    with ManifestWriter(path, ManifestInfo(**fields), shape_keys, ARKIT_UNITS) as writer:
        writer.write(pa.Table.from_pylist(records, schema=writer.schema))
    return path


def tree(root: Path) -> dict[str, bytes]:
    """Content of a dataset folder by relative path, without the journal."""
    return {
        p.relative_to(root).as_posix(): p.read_bytes()
        for p in sorted(root.rglob("*"))
        if p.is_file() and p.relative_to(root).parts[0] != "journal"
    }
