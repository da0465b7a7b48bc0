"""Columns on their way to Arrow: numpy arrays, names by code, and records that may be null."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["Columns", "Names", "Nullable", "to_table"]


@dataclass(frozen=True)
class Names:
    """A text column: ``names[codes[k]]`` in row k."""

    names: Sequence[str]
    codes: NDArray[np.int64]


@dataclass(frozen=True)
class Nullable:
    """A record that only the rows with ``present`` have."""

    columns: Columns
    present: NDArray[np.bool_]


Columns = Mapping[str, Any]
"""Field name to ``(n,)`` array, :class:`Names`, :class:`Nullable`, None (all null) or Columns."""


_DTYPES: Final = {pa.float32(): np.float32, pa.int64(): np.int64}


def _array(type_: pa.DataType, value: Any, n: int, present: NDArray[np.bool_] | None) -> pa.Array:
    if value is None and pa.types.is_struct(type_):
        return _all_null(type_, n)
    if value is None:
        return pa.nulls(n, type_)
    if isinstance(value, Names):
        return pa.array(list(value.names), type_).take(pa.array(value.codes))
    if isinstance(value, Nullable):
        return _struct(type_, value.columns, n, value.present)
    if pa.types.is_struct(type_):
        return _struct(type_, value, n, present)
    return pa.array(np.ascontiguousarray(value, _DTYPES[type_]), type_)


def _all_null(type_: pa.StructType, n: int) -> pa.Array:
    """Records that are all missing; their fields hold fillers, since those can't be null."""
    fields = [type_.field(i) for i in range(type_.num_fields)]
    fillers = [pa.repeat(pa.scalar("-" if f.type == pa.string() else 0, f.type), n) for f in fields]
    return pa.StructArray.from_arrays(fillers, fields=fields, mask=pa.array(np.ones(n, bool)))


def _struct(
    type_: pa.DataType, columns: Columns, n: int, present: NDArray[np.bool_] | None
) -> pa.Array:
    fields = [type_.field(i) for i in range(type_.num_fields)]
    extra = set(columns) - {f.name for f in fields}
    if extra:
        raise KeyError(f"columns that the spec does not have: {sorted(extra)}")
    arrays = [_array(f.type, columns[f.name], n, None) for f in fields]
    mask = None if present is None else pa.array(~present)
    return pa.StructArray.from_arrays(arrays, fields=fields, mask=mask)


def to_table(schema: pa.Schema, columns: Columns, n: int) -> pa.Table:
    """A table of ``n`` rows with exactly the schema; every field must be given."""
    return pa.Table.from_arrays(
        [_array(f.type, columns[f.name], n, None) for f in schema], schema=schema
    )
