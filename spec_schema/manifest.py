"""Manifests: Parquet files of scene specs, written and read as a stream.

The file's metadata (key ``replicantface``, JSON) holds the schema version, the root seed, the
whole sampler config, the versions and the asset lock. The manifest is the record of what was
drawn; the seed alone is not, since numpy does not promise its streams across versions.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, ValidationError

from spec_schema.arrow import arrow_schema, leaves, row_to_spec, validate_table
from spec_schema.errors import ManifestError, nearest
from spec_schema.spec import SCHEMA_VERSION, SceneSpec

__all__ = [
    "ROW_GROUP_ROWS",
    "Manifest",
    "ManifestInfo",
    "ManifestWriter",
    "adopt",
    "shard_rows",
]

ROW_GROUP_ROWS: Final = 4096
"""Rows of a file's first row groups. The description of a row group takes 0.3 MB of the writer's
memory until the file is closed, so that they double after each :data:`_GROUPS_OF_A_SIZE`."""
_GROUPS_OF_A_SIZE: Final = 64
_DOUBLINGS: Final = 3
_ROWS_AS_PYTHON: Final = 512
_KEY: Final = b"replicantface"


class ManifestInfo(BaseModel):
    """What a manifest says of itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int
    seed: int
    config: dict[str, Any]
    versions: dict[str, str]
    asset_lock: dict[str, str]
    """Content hash of every pack that the specs refer to, by pack name."""


class ManifestWriter:
    """Writes record batches to a path or a binary stream in bounded memory.

    A path is written under a temporary name and renamed by :meth:`close`; leaving the context
    by an exception removes it, so that no half-written file can be taken for a manifest.
    """

    def __init__(
        self,
        target: Path | IO[bytes],
        info: ManifestInfo,
        shape_keys: Sequence[str],
        expression_keys: Sequence[str],
        compression: str = "zstd",
    ) -> None:
        self.schema = arrow_schema(shape_keys, expression_keys).with_metadata(
            {_KEY: info.model_dump_json().encode()}
        )
        self._path = target if isinstance(target, Path) else None
        if self._path is not None:
            if self._path.exists() and not self._path.is_file():
                raise ManifestError(f"{self._path}: not a regular file, so it is not replaced")
            self._partial = self._path.with_name(f".{self._path.name}.partial")
            sink: Any = str(self._partial)
        else:
            sink = pa.PythonFile(target, mode="w")
        # Dictionaries and statistics of random floats cost more time than the rest of writing
        # and help nobody; names and what people filter by keep both.
        named = [leaf.name for leaf in leaves() if leaf.kind is str]
        self._writer = pq.ParquetWriter(
            sink,
            self.schema,
            compression=compression,
            use_dictionary=named,
            write_statistics=[leaf.name for leaf in leaves() if not leaf.weights],
        )
        self._groups = 0
        self._waiting: list[pa.Table] = []
        self._waiting_rows = 0

    def write(self, table: pa.Table) -> None:
        """Append rows; columns may come in any order and must match the schema's names."""
        # The metadata alone may differ from the schema's, and a cast would copy for it.
        table = table.select(self.schema.names)
        if not table.schema.equals(self.schema):
            table = table.cast(self.schema)
        self._waiting.append(table.replace_schema_metadata(self.schema.metadata))
        self._waiting_rows += table.num_rows
        while self._waiting_rows >= self._group_rows:
            self._write_group(self._group_rows)

    @property
    def _group_rows(self) -> int:
        return ROW_GROUP_ROWS << min(self._groups // _GROUPS_OF_A_SIZE, _DOUBLINGS)

    def _write_group(self, rows: int) -> None:
        waiting = pa.concat_tables(self._waiting)
        self._writer.write_table(waiting.slice(0, rows), row_group_size=rows)
        self._groups += 1
        self._waiting = [waiting.slice(rows)] if waiting.num_rows > rows else []
        self._waiting_rows -= rows

    def close(self) -> None:
        """Finish the file and give it its name."""
        if self._waiting_rows:
            self._write_group(self._waiting_rows)
        self._writer.close()
        if self._path is not None:
            with self._partial.open("rb+") as f:
                os.fsync(f.fileno())
            self._partial.replace(self._path)

    def abort(self) -> None:
        """Drop what was written."""
        if self._path is not None:
            self._writer.close()
            self._partial.unlink(missing_ok=True)

    def __enter__(self) -> ManifestWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.abort()
            return
        try:
            self.close()
        except BaseException:
            if self._path is not None:
                self._partial.unlink(missing_ok=True)
            raise


def adopt(table: pa.Table, like: Manifest, path: Path) -> None:
    """Make a manifest of rows that another program filtered, reordered or edited.

    pandas, polars and DuckDB drop a Parquet file's metadata and loosen its types on writing.

    Args:
        table: the rows, all columns of a manifest among them.
        like: the manifest they came from; gives metadata and types.
        path: the manifest to write.

    Raises:
        ManifestError: a column is missing, or can't be read as the manifest's type.
    """
    with ManifestWriter(path, like.info, like.shape_keys, like.expression_keys) as writer:
        columns = []
        for field in writer.schema:
            if field.name not in table.column_names:
                hint = nearest(field.name, table.column_names)
                raise ManifestError(f"{path}: column {field.name!r} is missing; {hint}")
            column = table.column(field.name).combine_chunks()
            columns.append(_conform(column, field.type, field.name))
        writer.write(pa.Table.from_arrays(columns, schema=writer.schema))


def _conform(array: pa.Array, kind: pa.DataType, name: str) -> pa.Array:
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if not pa.types.is_struct(kind):
        try:
            return array.cast(kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as e:
            raise ManifestError(f"column {name!r}: {array.type} can't be read as {kind}") from e
    fields = [kind.field(i) for i in range(kind.num_fields)]
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), kind)
    missing = [f.name for f in fields if array.type.get_field_index(f.name) < 0]
    if missing:
        raise ManifestError(f"column {name + '.' + missing[0]!r} is missing")
    children = []
    for f in fields:
        child = _conform(array.field(f.name), f.type, f"{name}.{f.name}")
        if not f.nullable and array.null_count:
            # Under an absent struct other programs write nulls where the schema has none.
            filler = pa.scalar("" if pa.types.is_string(f.type) else 0, f.type)
            child = pc.if_else(array.is_null(), filler, child)
        children.append(child)
    return pa.StructArray.from_arrays(children, fields=fields, mask=array.is_null())


def shard_rows(n_rows: int, shard: int, shards: int) -> range:
    """Rows of shard ``shard`` (1-based) of ``shards``: those with ``row % shards == shard - 1``."""
    if shards < 1:
        raise ManifestError(f"shard {shard}/{shards}: there must be at least one shard")
    if not 1 <= shard <= shards:
        raise ManifestError(
            f"shard {shard}/{shards}: shards count from 1, so the first number must lie "
            f"between 1 and {shards}"
        )
    return range(shard - 1, n_rows, shards)


class Manifest:
    """A manifest on disk.

    Raises:
        ManifestError: not a Parquet file, not ours, another schema version, columns missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            raise ManifestError(f"{path}: no such file")
        try:
            self._file = pq.ParquetFile(path)
        except (pa.ArrowInvalid, pa.ArrowException, OSError) as e:
            reason = str(e).splitlines()[0]
            raise ManifestError(f"{path}: not a readable Parquet file ({reason})") from e
        raw = (self._file.schema_arrow.metadata or {}).get(_KEY)
        if raw is None:
            raise ManifestError(
                f"{path}: a Parquet file, but no manifest of rf-sample (it lacks the metadata key "
                "'replicantface'); a table that another program filtered is made a manifest "
                "again by spec_schema.adopt(table, original, path)"
            )
        try:
            data = json.loads(raw)
        except ValueError as e:
            raise ManifestError(f"{path}: damaged metadata: no valid JSON ({e})") from e
        if not isinstance(data, dict):
            raise ManifestError(f"{path}: damaged metadata: no JSON object")
        version = data.get("schema_version")
        if version != SCHEMA_VERSION:
            raise ManifestError(
                f"{path}: schema version {version}, and this program reads version "
                f"{SCHEMA_VERSION}; draw it again with rf-sample, or install the release "
                "that wrote it"
            )
        try:
            self.info = ManifestInfo.model_validate(data)
        except ValidationError as e:
            first = e.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            raise ManifestError(f"{path}: damaged metadata: {field}: {first['msg']}") from e
        self._check_columns()

    def _check_columns(self) -> None:
        have = self._file.schema_arrow
        want = arrow_schema(self._keys("identity", "shape"), self._keys("expression"))
        for field in want:
            if field.name not in have.names:
                raise ManifestError(
                    f"{self.path}: column {field.name!r} is missing; "
                    + nearest(field.name, have.names)
                )
            got = have.field(field.name).type
            if got != field.type:
                raise ManifestError(
                    f"{self.path}: column {field.name!r} has type {got}, expected {field.type}"
                )

    def _keys(self, *path: str) -> list[str]:
        try:
            kind = self._file.schema_arrow.field(path[0]).type
            for name in path[1:]:
                kind = kind.field(name).type
        except KeyError as e:
            raise ManifestError(f"{self.path}: column {'.'.join(path)!r} is missing") from e
        if not pa.types.is_struct(kind):
            raise ManifestError(f"{self.path}: column {'.'.join(path)!r} must be a struct")
        return [kind.field(i).name for i in range(kind.num_fields)]

    def __len__(self) -> int:
        return int(self._file.metadata.num_rows)

    @property
    def shape_keys(self) -> list[str]:
        """Names of the identity shape keys, sorted."""
        return sorted(self._keys("identity", "shape"))

    @property
    def expression_keys(self) -> list[str]:
        """Names of the expression units, sorted."""
        return sorted(self._keys("expression"))

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """All rows in order, in bounded memory."""
        yield from self._file.iter_batches(ROW_GROUP_ROWS, columns=columns)

    def table(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The columns (dotted names allowed) as one table."""
        return self._file.read(columns=columns)

    def validate(self) -> None:
        """Check every value against the spec's bounds.

        Raises:
            SpecError: naming file, row, field and rule.
        """
        row = 0
        for batch in self.batches():
            validate_table(batch, str(self.path), row)
            row += batch.num_rows

    def specs(self, rows: Sequence[int] | range | None = None) -> Iterator[tuple[int, SceneSpec]]:
        """(row, spec) for the wanted rows in ascending order, reading only their row groups."""
        wanted = range(len(self)) if rows is None else rows
        remaining = iter(sorted(wanted))
        row = next(remaining, None)
        start = 0
        for group in range(self._file.num_row_groups):
            stop = start + self._file.metadata.row_group(group).num_rows
            picked = []
            while row is not None and row < stop:
                picked.append(row)
                row = next(remaining, None)
            if picked:
                table = self._file.read_row_group(group)
                for first in range(0, len(picked), _ROWS_AS_PYTHON):
                    rows = picked[first : first + _ROWS_AS_PYTHON]
                    records = table.take([r - start for r in rows]).to_pylist()
                    for r, record in zip(rows, records, strict=True):
                        yield r, row_to_spec(record, f"{self.path}: row {r}")
            start = stop
