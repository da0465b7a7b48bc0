"""Histograms of what a file holds: a column of a CSV file, or of another manifest."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from sampler.streams import F64
from spec_schema.errors import ReplicantfaceError, SpecError, nearest

__all__ = ["FILE_KINDS", "histogram_of"]

FILE_KINDS: Final = ("csv", "manifest")
_KEYS: Final = ("kind", "path", "column", "bins", "low", "high")
_DEFAULT_BINS: Final = 64
_MAX_BINS: Final = 4096


def histogram_of(declared: Mapping[str, Any]) -> dict[str, Any]:
    """The ``histogram`` (or, if all values are equal, the ``constant``) that stands for a file.

    Args:
        declared: ``kind`` (csv or manifest), ``path`` and ``column``; optional ``bins``, ``low``
            and ``high``. A path is relative to the current directory.

    Raises:
        SpecError: the file can't be read, or lacks the column, or it holds no numbers.
    """
    for key in declared:
        if key not in _KEYS:
            raise SpecError(f"unknown key {key!r}; {nearest(str(key), _KEYS)}")
    path, column = (_text(declared, key) for key in ("path", "column"))
    bins = declared.get("bins", _DEFAULT_BINS)
    if not isinstance(bins, int) or isinstance(bins, bool) or not 1 <= bins <= _MAX_BINS:
        raise SpecError(f"bins is {bins!r}: must be a whole number from 1 to {_MAX_BINS}")
    read = _csv_column if declared["kind"] == "csv" else _manifest_column
    try:
        values = read(Path(path), column)
    except (OSError, UnicodeDecodeError) as e:
        raise SpecError(f"{path}: can't be read: {e}") from e
    values = values[(values >= _limit(declared, "low", -1)) & (values <= _limit(declared, "high"))]
    if values.size == 0:
        raise SpecError(f"{path}: column {column!r} holds no value to make a histogram of")
    low, high = float(values.min()), float(values.max())
    if high - low <= 1e-9 * max(abs(low), abs(high), 1e-9):
        return {"kind": "constant", "value": low}
    counts, edges = np.histogram(values, bins, (low, high))
    return {
        "kind": "histogram",
        "edges": [low, *(float(f"{e:.9g}") for e in edges[1:-1]), high],
        "weights": [int(c) for c in counts],
    }


def _text(declared: Mapping[str, Any], key: str) -> str:
    value = declared.get(key)
    if not isinstance(value, str) or not value:
        raise SpecError(f'kind = {declared["kind"]!r} needs {key} = "…"')
    return value


def _limit(declared: Mapping[str, Any], key: str, sign: int = 1) -> float:
    value = declared.get(key, sign * math.inf)
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise SpecError(f"{key} is {value!r}: must be a number")
    return float(value)


def _csv_column(path: Path, column: str) -> F64:
    out: list[float] = []
    with path.open(newline="", encoding="utf-8-sig") as f:
        rows = csv.reader(f)
        header = [name.strip() for name in next(rows, [])]
        if column not in header:
            raise SpecError(f"{path}: no column {column!r}; {nearest(column, header)}")
        at = header.index(column)
        try:
            for row in rows:
                text = row[at].strip() if at < len(row) else ""
                if text:
                    out.append(_number(text, path, rows.line_num, column))
        except csv.Error as e:
            raise SpecError(f"{path}: line {rows.line_num}: not valid CSV: {e}") from e
    return np.array(out)


def _number(text: str, path: Path, line: int, column: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise SpecError(f"{path}: line {line}: {column} is {text!r}: must be a finite number")
    return value


def _manifest_column(path: Path, column: str) -> F64:
    # pyarrow is slow to import, and few configs need it.
    import pyarrow as pa
    import pyarrow.compute as pc

    from spec_schema.arrow import leaves
    from spec_schema.manifest import Manifest

    try:
        manifest = Manifest(path)
        table = manifest.table([column])
    except ReplicantfaceError as e:
        raise SpecError(str(e)) from e
    known = [leaf.name for leaf in leaves() if leaf.kind is not str]
    array: Any = table
    for name in column.split("."):
        if array is table and name in table.column_names:
            array = table.column(name).combine_chunks()
        elif isinstance(array, pa.StructArray) and array.type.get_field_index(name) >= 0:
            array = pc.struct_field(array, name)
        else:
            raise SpecError(f"{path}: no column {column!r}; {nearest(column, known)}")
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if not (pa.types.is_floating(array.type) or pa.types.is_integer(array.type)):
        raise SpecError(f"{path}: column {column!r} holds {array.type}, and not numbers")
    return np.asarray(array.drop_null().to_numpy(zero_copy_only=False), np.float64)
