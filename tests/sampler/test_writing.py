from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sampler import Sampler
from sampler.scene import BLOCK_ROWS
from sampler.writing import write_manifest
from spec_schema.manifest import Manifest


def test_a_manifest_says_what_it_was_drawn_from(sampler: Sampler, tmp_path: Path) -> None:
    path = tmp_path / "m.parquet"
    seen: list[int] = []
    accepted = write_manifest(sampler, BLOCK_ROWS - 10, 30, path, seen.append)
    manifest = Manifest(path)
    manifest.validate()
    assert len(manifest) == 30
    assert seen == [10, 30]
    assert 25 < accepted <= 30
    assert manifest.info.seed == 7
    assert manifest.info.asset_lock == {"head": "0" * 64}
    assert manifest.info.config == sampler.config.model_dump(mode="json")
    assert type(sampler.config).model_validate(manifest.info.config) == sampler.config
    assert manifest.info.versions["numpy"]
    assert [spec.sample.index for _, spec in manifest.specs()] == list(range(4086, 4116))


def test_a_pipe_gets_the_same_rows_as_a_file(sampler: Sampler, tmp_path: Path) -> None:
    write_manifest(sampler, 0, 50, tmp_path / "m.parquet")
    pipe = io.BytesIO()
    write_manifest(sampler, 0, 50, pipe)
    assert pq.read_table(io.BytesIO(pipe.getvalue())) == pq.read_table(tmp_path / "m.parquet")


def test_an_interruption_leaves_nothing_that_reads_as_complete(
    sampler: Sampler, tmp_path: Path
) -> None:
    def interrupt(rows: int) -> None:
        raise KeyboardInterrupt

    pipe = io.BytesIO()
    for target in (tmp_path / "m.parquet", pipe):
        with pytest.raises(KeyboardInterrupt):
            write_manifest(sampler, 0, 3 * BLOCK_ROWS, target, interrupt)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
    assert len(pipe.getvalue()) > 100_000
    with pytest.raises(pa.ArrowInvalid):
        pq.read_table(io.BytesIO(pipe.getvalue()))
