"""Specs to Parquet and back; every kind of damage named."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spec_schema import (
    ARKIT_UNITS,
    SCHEMA_VERSION,
    Manifest,
    ManifestError,
    ManifestInfo,
    ManifestWriter,
    SceneSpec,
    SpecError,
    adopt,
    shard_rows,
    spec_hash,
)
from spec_schema.arrow import arrow_schema, leaves, spec_to_row
from tests.make_specs import make_spec, merged

SHAPE_KEYS = ["head-oval", "nose-hump"]
INFO = ManifestInfo(
    schema_version=SCHEMA_VERSION,
    seed=3,
    config={"pose": {"yaw": 1}},
    versions={"replicantface": "0"},
    asset_lock={"head": "abc"},
)
GLASSES = {
    "id": "round",
    "red": 0.1,
    "green": 0.1,
    "blue": 0.1,
    "size": 1.0,
    "roughness": 0.3,
    "metallic": 0.0,
    "tilt_deg": 0.0,
    "pattern": 0.0,
    "print": "plain",
    "second_red": 0.5,
    "second_green": 0.5,
    "second_blue": 0.5,
    "height": 0.0,
    "thickness": 1.0,
    "seed": 1,
}
ALL_UNITS = dict.fromkeys(ARKIT_UNITS, 0.0)


def full(i: int, **changes: Any) -> SceneSpec:
    changes = merged({"sample": {"index": i}, "expression": ALL_UNITS}, changes)
    return make_spec(**changes)


def write(path: Path, rows: list[dict[str, Any]], info: ManifestInfo = INFO) -> Path:
    with ManifestWriter(path, info, SHAPE_KEYS, ARKIT_UNITS) as writer:
        writer.write(pa.Table.from_pylist(rows, schema=writer.schema))
    return path


def test_specs_round_trip(tmp_path: Path) -> None:
    specs = [full(i, glasses=GLASSES if i % 2 else None) for i in range(7)]
    manifest = Manifest(write(tmp_path / "m.parquet", [spec_to_row(s) for s in specs]))
    manifest.validate()
    assert [s for _, s in manifest.specs()] == specs
    assert [row for row, _ in manifest.specs([5, 1])] == [1, 5]
    assert manifest.info == INFO
    assert manifest.shape_keys == SHAPE_KEYS


def test_float32_is_what_a_spec_holds() -> None:
    assert make_spec(pose={"yaw_deg": 0.1}).pose.yaw_deg != 0.1
    assert spec_hash(make_spec(pose={"yaw_deg": 0.1})) == spec_hash(
        make_spec(pose={"yaw_deg": 0.1 + 1e-12})
    )
    assert spec_hash(make_spec()) != spec_hash(make_spec(render_seed=16))


def test_every_leaf_is_a_column() -> None:
    schema = arrow_schema(SHAPE_KEYS, ARKIT_UNITS)
    for leaf in leaves():
        field = schema.field(leaf.path[0])
        for name in leaf.path[1:]:
            field = field.type.field(name)
        assert field.nullable == leaf.nullable or leaf.weights


def test_a_stream_holds_the_same_bytes_as_a_file(tmp_path: Path) -> None:
    rows = [spec_to_row(full(i)) for i in range(3)]
    path = write(tmp_path / "m.parquet", rows)
    stream = io.BytesIO()
    with ManifestWriter(stream, INFO, SHAPE_KEYS, ARKIT_UNITS) as writer:
        writer.write(pa.Table.from_pylist(rows, schema=writer.schema))
    assert stream.getvalue() == path.read_bytes()


def test_an_exception_leaves_nothing(tmp_path: Path) -> None:
    def fail_halfway() -> None:
        with ManifestWriter(tmp_path / "m.parquet", INFO, SHAPE_KEYS, ARKIT_UNITS) as writer:
            writer.write(pa.Table.from_pylist([spec_to_row(full(0))], schema=writer.schema))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "value", "rule"),
    [
        (("pose", "yaw_deg"), float("nan"), "finite"),
        (("pose", "z_m"), -1.0, "> 0.05"),
        (("identity", "age_years"), 7.0, ">= 18"),
        (("identity", "shape", "nose-hump"), 3.0, "<= 2"),
        (("expression", "jawOpen"), float("inf"), "finite"),
        (("skin", "texture"), "", "empty"),
        (("glasses", "size"), 9.0, "<= 2"),
        (("render_seed",), -1, ">= 0"),
    ],
)
def test_bad_values_are_named(tmp_path: Path, path: tuple[str, ...], value: Any, rule: str) -> None:
    rows = [spec_to_row(full(i, glasses=GLASSES)) for i in range(3)]
    target: Any = rows[2]
    for name in path[:-1]:
        target = target[name]
    target[path[-1]] = value
    file = write(tmp_path / "m.parquet", rows)
    with pytest.raises(SpecError) as caught:
        Manifest(file).validate()
    message = str(caught.value)
    assert "m.parquet" in message
    assert "row 2" in message
    assert ".".join(path) in message
    assert rule in message


def test_shares_must_add_up() -> None:
    with pytest.raises(ValueError, match="must be 1"):
        make_spec(identity={"african": 0.9})


def test_files_that_are_no_manifest(tmp_path: Path) -> None:
    text = tmp_path / "a.parquet"
    text.write_text("hello")
    with pytest.raises(ManifestError, match="not a readable Parquet"):
        Manifest(text)
    other = tmp_path / "b.parquet"
    pq.write_table(pa.table({"x": [1]}), other)
    with pytest.raises(ManifestError, match="no manifest"):
        Manifest(other)
    with pytest.raises(ManifestError, match="no such file"):
        Manifest(tmp_path / "c.parquet")


def test_another_schema_version(tmp_path: Path) -> None:
    info = INFO.model_copy(update={"schema_version": 99})
    path = write(tmp_path / "m.parquet", [spec_to_row(full(0))], info)
    with pytest.raises(ManifestError, match=f"version 99.*version {SCHEMA_VERSION}"):
        Manifest(path)


def test_a_missing_column(tmp_path: Path) -> None:
    path = write(tmp_path / "m.parquet", [spec_to_row(full(0))])
    table = pq.read_table(path).drop_columns(["skin"])
    pq.write_table(table, path)
    with pytest.raises(ManifestError, match="'skin' is missing"):
        Manifest(path)


def test_metadata_is_json(tmp_path: Path) -> None:
    path = write(tmp_path / "m.parquet", [spec_to_row(full(0))])
    raw = pq.read_schema(path).metadata[b"replicantface"]
    assert json.loads(raw)["seed"] == 3


@pytest.mark.parametrize("n", [0, 1, 7, 16, 33])
def test_shards_cover_every_row_once(n: int) -> None:
    rows = [r for i in range(1, 6) for r in shard_rows(n, i, 5)]
    assert sorted(rows) == list(range(n))


@pytest.mark.parametrize(("i", "n"), [(0, 16), (17, 16), (1, 0)])
def test_shards_count_from_one(i: int, n: int) -> None:
    with pytest.raises(ManifestError, match=r"count from 1|at least one shard"):
        shard_rows(10, i, n)


def test_a_filtered_table_becomes_a_manifest_again(tmp_path: Path) -> None:
    specs = [full(i, glasses=GLASSES if i % 2 else None) for i in range(5)]
    original = Manifest(write(tmp_path / "m.parquet", [spec_to_row(s) for s in specs]))

    def loosened(kind: pa.DataType) -> pa.DataType:
        if pa.types.is_struct(kind):
            fields = [kind.field(i) for i in range(kind.num_fields)]
            return pa.struct([pa.field(f.name, loosened(f.type)) for f in fields])
        return pa.large_string() if pa.types.is_string(kind) else kind

    # What pandas, polars and DuckDB leave: nullable everywhere, other strings, no metadata.
    table = original.table()
    loose = pa.schema([pa.field(f.name, loosened(f.type)) for f in table.schema])
    rows = [r for r in table.to_pylist() if r["sample"]["index"] != 2]
    filtered = pa.Table.from_pylist(rows[::-1], schema=loose)
    pq.write_table(filtered, tmp_path / "loose.parquet")
    with pytest.raises(ManifestError, match="adopt"):
        Manifest(tmp_path / "loose.parquet")

    adopt(pq.read_table(tmp_path / "loose.parquet"), original, tmp_path / "mine.parquet")
    mine = Manifest(tmp_path / "mine.parquet")
    mine.validate()
    assert [s for _, s in mine.specs()] == [specs[i] for i in (4, 3, 1, 0)]
    assert mine.info == original.info
    with pytest.raises(ManifestError, match="'skin' is missing"):
        adopt(filtered.drop_columns(["skin"]), original, tmp_path / "bad.parquet")
    assert not (tmp_path / "bad.parquet").exists()


@pytest.mark.parametrize(
    "metadata",
    [b"{broken", b"\xff\xfe", b"[1]", f'{{"schema_version": {SCHEMA_VERSION}}}'.encode()],
)
def test_damaged_metadata(tmp_path: Path, metadata: bytes) -> None:
    path = write(tmp_path / "m.parquet", [spec_to_row(full(0))])
    table = pq.read_table(path).replace_schema_metadata({b"replicantface": metadata})
    pq.write_table(table, path)
    with pytest.raises(ManifestError, match="damaged metadata"):
        Manifest(path)


def test_only_regular_files_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ManifestError, match="not a regular file"):
        ManifestWriter(tmp_path / "folder", INFO, SHAPE_KEYS, ARKIT_UNITS)
    with pytest.raises(ManifestError, match="not a regular file"):
        ManifestWriter(Path("/dev/null"), INFO, SHAPE_KEYS, ARKIT_UNITS)


def test_row_groups_grow_so_that_their_descriptions_stay_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spec_schema.manifest.ROW_GROUP_ROWS", 2)
    monkeypatch.setattr("spec_schema.manifest._GROUPS_OF_A_SIZE", 2)
    path, n = tmp_path / "m.parquet", 83
    with ManifestWriter(path, INFO, SHAPE_KEYS, ARKIT_UNITS) as writer:
        rows = pa.Table.from_pylist([spec_to_row(full(i)) for i in range(n)], schema=writer.schema)
        for begin, size in ((0, 1), (1, 2), (3, 50), (53, 30)):
            writer.write(rows.slice(begin, size))
    metadata = pq.ParquetFile(path).metadata
    groups = [metadata.row_group(k).num_rows for k in range(metadata.num_row_groups)]
    assert groups == [2, 2, 4, 4, 8, 8, 16, 16, 16, 7]
    assert [s.sample.index for _, s in Manifest(path).specs()] == list(range(n))
    assert [row for row, _ in Manifest(path).specs([80, 3, 11])] == [3, 11, 80]
