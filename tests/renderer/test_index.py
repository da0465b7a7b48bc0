"""What became of every row: journals compacted, merged over shards, listed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from renderer import index as index_module
from renderer.index import write_index
from renderer.journal import final_failures
from renderer.phases import PHASES, PhaseClock
from renderer.profile import ProfileSum
from renderer.status import dataset_status
from renderer.storage import LocalStorage, Storage, open_storage
from spec_schema import Dataset, DatasetError
from spec_schema.manifest import Manifest
from tests.renderer.runner import N_ROWS, Runner, journal_lines

STEPS = ("read", "decode", "geometry", "paths", "write")


def test_the_index_tells_of_every_row(runner: Runner) -> None:
    out = runner.folder / "out"
    runner.fake(rows={"1": "abort", "4": "exception", "5": "leave-once"})
    assert runner.render(out, workers=1)[0] == 1
    table = Dataset(out).index()
    rows = table.to_pylist()
    assert [row["row"] for row in rows] == list(range(N_ROWS))
    assert [row["index"] for row in rows] == list(range(N_ROWS))
    status = {row["row"]: row["status"] for row in rows}
    assert status == {row: "failed" if row in (1, 4) else "done" for row in range(N_ROWS)}
    assert [row["attempts"] for row in rows] == [1, 2, 1, 1, 2, 2, 1]
    one, four = Dataset(out).failures()
    assert (one["row"], one["kind"], one["signal"], one["phase"]) == (
        1,
        "crash",
        "SIGABRT",
        "paths",
    )
    assert (four["row"], four["kind"], four["exit_code"]) == (4, "exception", None)
    assert "this face can't be" in four["message"]
    assert rows[5]["kind"] is None
    done = {line["row"]: line for line in journal_lines(out) if line["event"] == "done"}
    for row in (0, 5):
        assert rows[row]["seconds"] == pytest.approx(done[row]["seconds"])
        assert rows[row]["spec_hash"] == done[row]["spec_hash"]
        spent = {name: s for name, s in rows[row]["wall_s"].items() if s is not None}
        assert tuple(spent) == STEPS
        assert all(wall >= 0 for wall in spent.values())
    assert rows[1]["wall_s"] is None
    summed = json.loads(table.schema.metadata[b"replicantface.profile"])
    assert summed["samples"] == N_ROWS - 2
    expected = sum(line["phases"]["write"][0] for line in done.values())
    assert summed["wall_s"]["write"] == pytest.approx(expected, abs=1e-3)
    assert tuple(summed["cpu_s"]) == PHASES

    runner.fake()
    assert runner.render(out, retry_failed=True)[0] == 0
    assert set(Dataset(out).index()["status"].to_pylist()) == {"done"}
    assert Dataset(out).failures() == []


def test_two_machines_shards_are_merged(runner: Runner) -> None:
    """Each shard into a folder of its own; copied together, a run finds nothing to do."""
    runner.fake(rows={"3": "exception"})
    a, b = runner.folder / "a", runner.folder / "b"
    assert runner.render(a, "1/2")[0] == 0
    assert runner.render(b, "2/2")[0] == 1
    assert set(Dataset(a).index()["status"].to_pylist()) == {"done", "missing"}
    shutil.copytree(b, a, dirs_exist_ok=True)
    assert dataset_status(a).counts == {"done": N_ROWS - 1, "failed": 1}
    code, told = runner.render(a)
    assert code == 1
    assert "6 of 7 samples are done; 1 failed before" in told
    assert [row["row"] for row in Dataset(a).failures()] == [3]
    assert [row["status"] for row in Dataset(a).index().to_pylist()].count("done") == N_ROWS - 1


def test_shards_that_end_together_lose_nothing(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one writes the index, another shard ends: the one that was read too early is redone."""
    out = runner.folder / "out"
    assert runner.render(out, "1/2")[0] == 0
    real, raced = index_module.read_histories, []

    def late(storage: Storage) -> object:
        histories = real(storage)
        if not raced:
            raced.append(True)
            assert runner.render(out, "2/2")[0] == 0
        return histories

    monkeypatch.setattr(index_module, "read_histories", late)
    write_index(LocalStorage(out, "shard-1-of-2"), Manifest(runner.manifest))
    assert raced
    assert all(row["attempts"] == 1 for row in Dataset(out).index().to_pylist())


def test_a_failure_that_was_mended_counts_no_more(runner: Runner) -> None:
    out = runner.folder / "out"
    runner.fake(rows={"2": "abort"})
    assert runner.render(out)[0] == 1
    assert list(final_failures(open_storage(out, "t"))) == [2]
    runner.fake()
    assert runner.render(out, retry_failed=True)[0] == 0
    assert final_failures(open_storage(out, "t")) == {}
    # Lost later on, the sample is rendered again like any other.
    (out / "00000/00000002.done.json").unlink()
    assert runner.render(out)[0] == 0


def test_status_as_a_command(runner: Runner) -> None:
    out = runner.folder / "out"
    runner.fake(rows={"1": "abort", "2": "leave"})
    assert runner.render(out, "1/3")[0] == 0
    assert runner.render(out, "2/3")[0] == 1
    process = runner.start("--status", out)
    told, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (1, "")
    assert told == (
        "7 samples: 4 done, 1 failed, 2 missing\n"
        "row 1: crash (SIGABRT) in phase 'paths', 2 attempts: the worker was killed by SIGABRT\n"
    )
    runner.fake()
    assert runner.render(out, retry_failed=True)[0] == 0
    process = runner.start("--status", out)
    assert process.communicate(timeout=60)[0] == "7 samples: 7 done, 0 failed, 0 missing\n"
    assert process.returncode == 0
    code, said = runner.command("--status", runner.folder / "nowhere")
    assert code == 2
    assert "no dataset of rf-render" in said


def test_no_index_and_a_broken_one(runner: Runner) -> None:
    out = runner.folder / "out"
    assert runner.render(out)[0] == 0
    path = out / "journal/index.parquet"
    path.write_bytes(b"PAR1 no")
    with pytest.raises(DatasetError, match="unreadable"):
        Dataset(out).index()
    path.unlink()
    with pytest.raises(DatasetError, match="missing"):
        Dataset(out).index()


def test_a_clock_adds_up() -> None:
    wall, cpu = iter([0.0, 1.0, 3.0, 7.0, 8.0]), iter([0.0, 0.5, 0.5, 4.5, 5.0])
    told: list[str] = []
    clock = PhaseClock(told.append, lambda: next(wall), lambda: next(cpu))
    for name in ("geometry", "skin", "geometry", "hair"):
        clock(name)
    assert clock.stop() == {"geometry": (5.0, 4.5), "skin": (2.0, 0.0), "hair": (1.0, 0.5)}
    assert told == ["geometry", "skin", "geometry", "hair"]


def test_the_profile_table() -> None:
    total = ProfileSum()
    assert total.table() == ""
    total.add({"paths": (6.0, 11.0), "skin": (1.0, 0.5), "sync": (2.0, 2.0)})
    total.add({"paths": (8.0, 13.0), "skin": (2.0, 1.5), "sync": (1.0, 1.0)})
    lines = {line.split("  ")[0]: line for line in total.table().splitlines()}
    assert lines["skin"].split()[:4] == ["skin", "1.500", "1.000", "15.0%"]
    assert lines["not paths"].split()[2:] == ["3.000", "2.500", "30.0%"]
    assert lines["ours"].split()[1:] == ["1.500", "1.000", "15.0%"]
    assert list(lines).index("skin") < list(lines).index("paths")


def test_a_profiled_run_tells_each_sample_and_the_sum(runner: Runner, tmp_path: Path) -> None:
    code, told = runner.render(runner.folder / "out", profile=True)
    assert code == 0
    for row in range(N_ROWS):
        assert f"row {row}: " in told
    assert f"profile of {N_ROWS} samples" in told
    assert told.index("profile of") > told.index("row 6: ")
