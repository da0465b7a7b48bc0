from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sampler import Inputs, Sampler, load_config, writing
from sampler.scene import BLOCK_ROWS
from sampler.writing import write_manifest
from spec_schema.manifest import Manifest
from tests.sampler.conftest import make_inputs


def test_a_manifest_says_what_it_was_drawn_from(sampler: Sampler, tmp_path: Path) -> None:
    path = tmp_path / "m.parquet"
    seen: list[int] = []
    tally = write_manifest(sampler, BLOCK_ROWS - 10, 30, path, seen.append)
    manifest = Manifest(path)
    manifest.validate()
    assert len(manifest) == 30
    assert seen == [10, 30]
    assert tally.rows == 30
    assert 30 <= tally.candidates < 45
    assert tally.bent < 3
    assert tally.rate == (30 - tally.bent) / tally.candidates
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


@pytest.mark.parametrize("preset", ["facesynthetics", "stability", "sequence"])
def test_threads_do_not_change_a_byte(
    inputs: Inputs, tmp_path: Path, preset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    for threads in (1, 2, 3):
        monkeypatch.setattr(writing, "_THREADS", threads)
        fresh = Sampler(load_config(preset), inputs, 3, "val")
        path = tmp_path / f"{threads}.parquet"
        write_manifest(fresh, 100, 2 * BLOCK_ROWS, path)
        written.append(path.read_bytes())
    assert written[0] == written[1] == written[2]


def test_processes_that_share_a_range_draw_the_rows_of_one(
    sampler: Sampler, tmp_path: Path
) -> None:
    write_manifest(sampler, 0, BLOCK_ROWS + 500, tmp_path / "one.parquet")
    parts = [(0, 1000), (1000, 3000), (4000, BLOCK_ROWS + 500 - 4000)]
    code = (
        "import sys; from tests.sampler.test_writing import write_part; write_part(*sys.argv[1:])"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / f"{a}.parquet"), str(a), str(n)]
        )
        for a, n in parts
    ]
    assert [p.wait(timeout=60) for p in running] == [0, 0, 0]
    tables = [pq.read_table(tmp_path / f"{a}.parquet") for a, _ in parts]
    assert pa.concat_tables(tables).equals(pq.read_table(tmp_path / "one.parquet"))


def write_part(path: str, start: str, n: str) -> None:
    """Write some rows of the ``sampler`` fixture's stream in a process of its own."""
    own = Sampler(load_config(), make_inputs(), 7, "train")
    write_manifest(own, int(start), int(n), Path(path))
