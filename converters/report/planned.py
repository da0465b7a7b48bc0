"""How a manifest's values are spread: one histogram a field, over all of its rows."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from converters.report.fields import NONE, Field, Value, spec_fields
from spec_schema.errors import ManifestError
from spec_schema.manifest import Manifest

__all__ = ["bins_for", "histogram", "of_values", "open_manifest", "planned", "share_table"]

_FEWEST_BINS: Final = 8
_MOST_BINS: Final = 36


def open_manifest(root: Path) -> tuple[Manifest | None, str]:
    """The manifest beside the samples; or None, and why."""
    try:
        return Manifest(root / "manifest.parquet"), ""
    except ManifestError as e:
        return None, str(e).replace(f"{root}/", "")


def bins_for(n: int) -> int:
    """Bins of a histogram of ``n`` values: few where more would show noise alone."""
    return int(np.clip(1.5 * np.sqrt(n), _FEWEST_BINS, _MOST_BINS))


def histogram(values: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, Any]:
    """Limits and counts of finite values in even bins; how many are absent."""
    known = values[np.isfinite(values)]
    bins = bins_for(len(known))
    if not len(known):
        return {"low": 0.0, "high": 1.0, "counts": [0] * bins, "absent": len(values)}
    low, high = float(known.min()), float(known.max())
    high = high if high > low else low + max(abs(low) * 1e-3, 1e-3)
    counts, _ = np.histogram(known, bins, (low, high))
    return {
        "low": low, "high": high, "counts": counts.tolist(), "absent": len(values) - len(known),
    }  # fmt: skip


def share_table(names: list[str]) -> dict[str, Any]:
    """Counts by name, the commonest first."""
    return {"names": dict(Counter(names).most_common())}


def _column(table: pa.Table, name: str) -> pa.Array:
    """A leaf's values, null where a record above it is."""
    first, *rest = name.split(".")
    column = table.column(first).combine_chunks()
    for part in rest:
        column = pc.struct_field(column, part)
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _spread(table: pa.Table, field: Field) -> dict[str, Any]:
    column = _column(table, field.name)
    if field.kind == "text":
        return share_table(column.fill_null(NONE).to_pylist())
    numbers = column.cast(pa.float64()).fill_null(float("nan"))
    return histogram(np.asarray(numbers.to_numpy(zero_copy_only=False), np.float64))


def planned(manifest: Manifest) -> dict[str, dict[str, Any]]:
    """Histogram or counts of every field of the spec, one column in memory at a time."""
    out = {}
    for field in spec_fields():
        if field.name.startswith("expression."):
            continue
        out[field.name] = _spread(manifest.table([field.name]), field)
    return out


def of_values(field: Field, values: list[Value]) -> dict[str, Any]:
    """The same of values that were read elsewhere."""
    if field.kind == "text":
        return share_table([str(v) for v in values])
    return histogram(np.array([np.nan if v is None else v for v in values], np.float64))
