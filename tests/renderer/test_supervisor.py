"""What a worker does to itself costs its own sample, and nothing else."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from renderer import supervisor as supervisor_module
from renderer.atomic import StoreError
from renderer.child import Child
from renderer.machine import usable_cores
from renderer.run import choose_workers
from renderer.supervisor import Attempt, Item, Limits, Supervisor
from spec_schema import Dataset, ToolError, spec_hash
from tests.renderer.fake_engine import NAME
from tests.renderer.runner import N_ROWS, SETTINGS, Runner, journal_lines
from tests.renderer.specs import row_spec, tree
from tests.renderer.test_store import fail_after


def items(n: int) -> list[Item]:
    return [Item(row, spec, spec_hash(spec)) for row, spec in ((r, row_spec(r)) for r in range(n))]


def supervise(
    n: int, workers: int = 2, limits: Limits | None = None
) -> tuple[list[Attempt], Supervisor]:
    attempts: list[Attempt] = []
    supervisor = Supervisor(SETTINGS, NAME, workers, limits or Limits(60.0), attempts.append)
    supervisor.run(iter(items(n)))
    return attempts, supervisor


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What an undisturbed run leaves."""
    with pytest.MonkeyPatch.context() as patch:
        runner = Runner(tmp_path_factory.mktemp("clean"), patch)
        assert runner.render(runner.folder / "out")[0] == 0
        return tree(runner.folder / "out")


def test_failures_of_every_kind_are_retried_once(runner: Runner, clean: dict[str, bytes]) -> None:
    kinds = ["abort", "segv", "kill", "leave", "exception", "memory", "noisy"]
    runner.fake(rows={str(row): f"{kind}-once" for row, kind in enumerate(kinds)})
    code, _ = runner.render(runner.folder / "out")
    assert code == 0
    assert tree(runner.folder / "out") == clean
    lines = journal_lines(runner.folder / "out")
    failed = {line["row"]: line for line in lines if line["event"] == "failed"}
    assert sorted(failed) == [0, 1, 2, 3, 4, 5]
    assert [failed[row]["signal"] for row in range(4)] == ["SIGABRT", "SIGSEGV", "SIGKILL", None]
    assert failed[3]["exit_code"] == 3
    assert failed[4]["kind"] == "exception"
    assert "this face can't be" in failed[4]["stderr_tail"]
    assert "MemoryError" in failed[5]["message"]
    assert {line["phase"] for line in failed.values()} == {"paths"}
    assert not any(line["final"] for line in failed.values())
    assert all(line["rss_mb"] > 1 for line in failed.values())
    done = [line for line in lines if line["event"] == "done"]
    assert sorted(line["row"] for line in done) == list(range(N_ROWS))
    assert {line["row"]: line["attempt"] for line in done} == {
        row: 2 if row in failed else 1 for row in range(N_ROWS)
    }


def test_rows_that_always_fail_end_as_failed_and_no_others(
    runner: Runner, clean: dict[str, bytes]
) -> None:
    out = runner.folder / "out"
    runner.fake(rows={"1": "abort", "4": "exception"})
    code, told = runner.render(out)
    assert code == 1
    assert "2 samples failed" in told
    left = tree(out)
    assert left == {k: v for k, v in clean.items() if "00000001" not in k and "00000004" not in k}
    finals = [line for line in journal_lines(out) if line.get("final")]
    assert sorted((line["row"], line["attempt"]) for line in finals) == [(1, 2), (4, 2)]

    # A plain rerun leaves them alone, also where they would now work.
    runner.fake()
    code, told = runner.render(out)
    assert code == 1
    assert "5 of 7 samples are done; 2 failed before" in told
    assert "nothing to do" in told
    assert tree(out) == left

    code, told = runner.render(out, retry_failed=True)
    assert code == 0
    assert tree(out) == clean
    assert runner.render(out)[0] == 0


def test_a_hang_is_ended(runner: Runner) -> None:
    runner.fake(rows={"2": "hang"})
    began = time.monotonic()
    code, _ = runner.render(runner.folder / "out", item_seconds=1.0)
    assert time.monotonic() - began < 20
    assert code == 1
    failed = [ln for ln in journal_lines(runner.folder / "out") if ln["event"] == "failed"]
    assert [(line["row"], line["kind"]) for line in failed] == [(2, "timeout")] * 2
    assert failed[0]["phase"] == "paths"
    assert len([p for p in tree(runner.folder / "out") if p.endswith(".done.json")]) == N_ROWS - 1


def test_a_poison_manifest_ends_with_exactly_those_rows_failed(
    runner: Runner, clean: dict[str, bytes]
) -> None:
    out = runner.folder / "out"
    poison = {"0": "hang", "1": "abort", "3": "grow", "4": "segv", "6": "memory"}
    runner.fake(rows=poison)
    code, _ = runner.render(out, item_seconds=3.0, worker_mb=400.0)
    assert code == 1
    left = tree(out)
    spoilt = tuple(f"0000000{row}" for row in poison)
    assert left == {k: v for k, v in clean.items() if not any(name in k for name in spoilt)}
    failed = {row["row"]: row for row in Dataset(out).failures()}
    assert {row: record["kind"] for row, record in failed.items()} == {
        0: "timeout",
        1: "crash",
        3: "memory",
        4: "crash",
        6: "memory",
    }
    assert all(record["attempts"] == 2 for record in failed.values())
    assert failed[3]["message"].endswith("over its limit of 400 MB")
    assert (failed[1]["signal"], failed[4]["signal"]) == ("SIGABRT", "SIGSEGV")
    assert "MemoryError" in failed[6]["message"]


def test_the_largest_worker_is_ended_before_the_system_ends_what_it_likes(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "usable_memory_mb", lambda: 700)
    runner.fake(rows={"2": "grow"}, all="slow")
    code, _ = runner.render(runner.folder / "out")
    assert code == 1
    (failed,) = Dataset(runner.folder / "out").failures()
    assert (failed["row"], failed["kind"]) == (2, "memory")
    assert "all together" in failed["message"]


def test_a_kill_by_the_system_for_lack_of_memory_is_told_as_such(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = iter([0, 1])
    monkeypatch.setattr(supervisor_module, "oom_kills", lambda: next(counted, 1))
    runner.fake(rows={"0": "kill-once"})
    attempts, _ = supervise(1, 1)
    assert [a.failure.kind for a in attempts if a.failure] == ["memory"]
    assert [a.files is not None for a in attempts] == [False, True]
    assert attempts[0].failure is not None
    assert attempts[0].failure.message == "the system killed the worker for lack of memory"


def test_workers_that_never_start(runner: Runner) -> None:
    runner.fake(start="die")
    with pytest.raises(ToolError, match=r"(?s)3 in a row.*exit code 7.*no libGL here"):
        supervise(4)


def test_workers_that_are_killed_at_their_start(runner: Runner) -> None:
    """From outside: more patience, and a code that says to run again."""
    runner.fake(start="kill")
    with pytest.raises(ToolError, match=r"killed before they are ready, 4 in a row") as caught:
        supervise(4, limits=Limits(60.0, start_kills=4))
    assert caught.value.exit_code == 75


def test_a_worker_that_hangs_at_its_start(runner: Runner) -> None:
    runner.fake(start="hang")
    with pytest.raises(ToolError, match=r"no answer within 0\.3 s"):
        supervise(1, 1, Limits(60.0, ready_s=0.3))


@pytest.mark.parametrize("plan", [{"start": "tool"}, {"rows": {"1": "tool"}}])
def test_a_missing_device_is_told_as_it_is(runner: Runner, plan: dict[str, object]) -> None:
    runner.fake(**plan)
    code, said = runner.command(
        runner.manifest, "--out", runner.folder / "out", "--device", "optix"
    )
    assert code == 2
    assert said.endswith("rf-render: device 'optix': found: cpu (CPU)\n")
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("limits", "n_workers"),
    [
        (Limits(60.0), 1),
        (Limits(60.0, recycle_items=2), 3),
        (Limits(60.0, recycle_mb=1.0), 5),
    ],
)
def test_workers_are_replaced_when_worn_out(
    runner: Runner, monkeypatch: pytest.MonkeyPatch, limits: Limits, n_workers: int
) -> None:
    pids = []

    class Counted(Child):
        def __init__(self, first: dict[str, Any]) -> None:
            super().__init__(first)
            pids.append(self.pid)

    monkeypatch.setattr(supervisor_module, "Child", Counted)
    attempts, _ = supervise(5, 1, limits)
    assert [a.item.row for a in attempts] == list(range(5))
    assert len(pids) == n_workers


def test_no_worker_is_left_behind(runner: Runner) -> None:
    # In a process of its own, since pytest's may have other children.
    code = (
        "import os\n"
        "from tests.renderer.test_supervisor import supervise\n"
        "_, supervisor = supervise(3)\n"
        "assert supervisor.busy == 0\n"
        "try:\n"
        "    os.waitpid(-1, os.WNOHANG)\n"
        "except ChildProcessError:\n"
        "    print('none')\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, check=True, capture_output=True, text=True
    )
    assert done.stdout == "none\n"


def wait_for(condition: object, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_finishes_what_is_in_work(
    runner: Runner, clean: dict[str, bytes], kind: signal.Signals
) -> None:
    out = runner.folder / "out"
    runner.fake(all="slow")
    arguments = (runner.manifest, "--out", out, "--size", 32, "--samples", 1, "--workers", 1)
    process = runner.start(*arguments)
    wait_for(lambda: len(list(out.glob("*/*.done.json"))) >= 1)
    process.send_signal(kind)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 75
    assert "finishing 1 samples" in said
    assert "run the same command again" in said
    assert not [line for line in journal_lines(out) if line["event"] == "failed"]
    n_done = len(list(out.glob("*/*.done.json")))
    assert 2 <= n_done < N_ROWS
    runner.fake()
    code, said = runner.command(*arguments)
    assert code == 0
    assert f"{n_done} of {N_ROWS} samples are done" in said
    assert tree(out) == clean


def test_the_second_signal_stops_at_once(runner: Runner) -> None:
    out = runner.folder / "out"
    runner.fake(all="hang")
    process = runner.start(runner.manifest, "--out", out)
    wait_for(lambda: any((runner.folder / "seen").glob("*.begun")), 60)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 75
    assert not list(out.glob("*/*.done.json"))


def test_a_signal_just_before_a_worker_is_ready(runner: Runner) -> None:
    class Late(Supervisor):
        def _listen(self, slot: Any, items: Iterator[Item]) -> None:
            self.drain()
            super()._listen(slot, items)

    attempts: list[Attempt] = []
    began = time.monotonic()
    Late(SETTINGS, NAME, 1, Limits(60.0), attempts.append).run(iter(items(3)))
    assert not attempts
    assert time.monotonic() - began < 15


def test_a_killed_supervisor_takes_its_workers_along_and_loses_nothing(
    runner: Runner, clean: dict[str, bytes]
) -> None:
    out = runner.folder / "out"
    runner.fake(all="slow")
    arguments = (runner.manifest, "--out", out, "--size", 32, "--samples", 1, "--workers", 2)
    process = runner.start(*arguments)
    wait_for(lambda: len(list(out.glob("*/*.done.json"))) >= 2)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    workers = children.read_text().split() if children.exists() else []
    process.kill()
    process.communicate(timeout=60)
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), 5)
    runner.fake()
    assert runner.command(*arguments)[0] == 0
    assert tree(out) == clean


def test_a_full_disk_stops_the_run_and_a_rerun_finishes(
    runner: Runner, clean: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = runner.folder / "out"
    with monkeypatch.context() as patch:
        fail_after(patch, 4 + 10)  # the shared files, two samples, half of the third
        with pytest.raises(StoreError, match="No space left") as caught:
            runner.render(out)
    assert caught.value.exit_code == 75
    left = tree(out)
    assert len([name for name in left if name.endswith(".done.json")]) == 2
    assert not [name for name in left if name.endswith(".tmp")]
    assert runner.render(out)[0] == 0
    assert tree(out) == clean


def test_a_file_that_may_grow_no_more(runner: Runner, clean: dict[str, bytes]) -> None:
    """A real refusal by the system, in the middle of a file."""
    out = runner.folder / "out"
    arguments = (runner.manifest, "--out", out, "--size", 32, "--samples", 1, "--workers", 1)
    largest = max(len(data) for data in clean.values())
    code, said = runner.command(*arguments, limit_bytes=largest - 1)
    assert code == 75
    assert "can't be written: File too large; what is done is kept" in said
    left = tree(out)
    assert left
    assert all(clean[name] == data for name, data in left.items())
    assert runner.command(*arguments)[0] == 0
    assert tree(out) == clean


def test_full_at_the_very_start(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_after(monkeypatch, 2, errno.EDQUOT)
    with pytest.raises(StoreError, match="quota"):
        runner.render(runner.folder / "out")
    assert not (runner.folder / "out/dataset.json").exists()


def test_choose_workers() -> None:
    cores = usable_cores()
    assert choose_workers(1000, 1, None, None) == (1, cores)
    assert choose_workers(1000, 2, None, None) == (2, max(1, cores // 2))
    assert choose_workers(1, 0, None, None) == (1, cores)
    assert choose_workers(1000, 0, 3, 2) == (3, 2)
    workers, threads = choose_workers(1000, 0, None, None)
    assert workers * threads <= cores
