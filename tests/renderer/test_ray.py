"""Rendering on a Ray cluster whose nodes come and go; the nodes here are processes of one machine.

The environment of a node is that of its actors and render processes, so the fake engine's plan
is the same for all tests: rows 3 and 5 fail, row 9 fails once, row 15 takes its actor with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from renderer import ray_actor
from renderer.cli import with_ray_address
from renderer.journal import JOURNAL_FOLDER
from renderer.ray_actor import Outcome, RayJob, Refusal, RenderActor
from renderer.ray_pool import LOSSES, RayCluster, check_device, shared_place
from renderer.storage import LocalStorage
from renderer.store import SampleState, SampleStore
from renderer.supervisor import Limits
from spec_schema import ToolError, spec_hash
from tests.renderer.fake_engine import ENGINE, NAME
from tests.renderer.runner import ROOT, SETTINGS, Runner, journal_lines
from tests.renderer.specs import ASSET_LOCK, row_spec, tree, write_manifest

ARGUMENTS = ("--size", 32, "--samples", 1)
PLAN: dict[str, Any] = {
    "all": "slow",
    "rows": {"3": "abort", "5": "exception", "9": "exception-once", "15": "orphan"},
}
NODE: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 80 << 20}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the fake engine keeps count."""
    return tmp_path_factory.mktemp("seen")


@pytest.fixture(scope="module")
def cluster(seen: Path) -> Iterator[Any]:
    """A head and a node, of one core each."""
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "disabled")
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("RF_FAKE", json.dumps({**PLAN, "folder": str(seen)}))
        quick_to_miss = {
            "health_check_initial_delay_ms": 0,
            "health_check_period_ms": 500,
            "health_check_failure_threshold": 4,
        }
        head = {**NODE, "include_dashboard": False, "_system_config": quick_to_miss}
        made = Cluster(initialize_head=True, head_node_args=head)
        made.add_node(**NODE)
        yield made
        made.shutdown()


@pytest.fixture
def here(runner: Runner, seen: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
    """A runner whose local workers do as those of the cluster do."""
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    for path in seen.iterdir():
        path.unlink()
    runner.fake(**{**PLAN, "folder": str(seen)})
    return runner


def markers(out: Path) -> int:
    return len(list(out.glob("[0-9]*/*.done.json")))


def wait_for(what: Callable[[], bool], process: Any) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def render_processes(seen: Path) -> int:
    """How many the cluster runs, told by their environment."""
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            ours = str(seen).encode() in (process / "environ").read_bytes()
            count += ours and b"renderer.worker" in (process / "cmdline").read_bytes()
    return count


def test_a_node_is_lost_and_the_bytes_are_those_of_a_local_run(
    cluster: Any, here: Runner, seen: Path
) -> None:
    manifest = write_manifest(here.folder / "many.parquet", 14)
    out, local = here.folder / "out", here.folder / "local"
    running = here.start(manifest, "--out", out, *ARGUMENTS, "--ray", cluster.address)
    wait_for(lambda: markers(out) >= 3 and render_processes(seen) == 2, running)
    cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
    wait_for(lambda: markers(out) >= 6, running)
    cluster.add_node(**NODE)
    said = running.communicate(timeout=60)[1]
    assert running.returncode == 1, said
    assert "14 samples, 32 px, 1 samples a pixel, cpu, 2 x 1 threads" in said
    assert "its node was lost; it goes to another" in said
    assert "2 samples failed" in said

    lines = journal_lines(out)
    assert sorted(ln["row"] for ln in lines if ln["event"] == "done") == sorted(
        {*range(14)} - {3, 5}
    )
    failed = [
        (ln["row"], ln["kind"], ln["attempt"], ln["final"])
        for ln in lines
        if ln["event"] == "failed"
    ]
    assert sorted(failed) == [
        (3, "crash", 1, False),
        (3, "crash", 2, True),
        (5, "exception", 1, False),
        (5, "exception", 2, True),
        (9, "exception", 1, False),
    ]
    assert {ln["signal"] for ln in lines if ln.get("row") == 3} == {"SIGABRT"}
    assert all(ln["node"] for ln in lines if "row" in ln)

    here.fake(rows={"3": "exception", "5": "exception"})
    assert here.render(local, manifest=manifest)[0] == 1
    assert tree(out) == tree(local)


def test_interrupted_and_gone_on_with(cluster: Any, here: Runner, seen: Path) -> None:
    manifest = write_manifest(here.folder / "few.parquet", 9)
    out = here.folder / "out"
    command = (manifest, "--out", out, *ARGUMENTS, "--ray", cluster.address, "--workers", 1)
    running = here.start(*command, "--shard", "1/2")
    wait_for(lambda: markers(out) >= 2, running)
    running.send_signal(signal.SIGINT)
    said = running.communicate(timeout=30)[1]
    assert running.returncode == 75, said
    # Between the second file and the signal the third sample may have ended and no other begun.
    assert re.search(r"finishing [01] samples in work", said), said
    assert 2 <= markers(out) < 5
    running = here.start(*command)
    wait_for(lambda: markers(out) >= 4, running)
    running.kill()
    running.communicate()
    deadline = time.monotonic() + 30
    while render_processes(seen):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    before = markers(out)
    assert before < 7
    code, said = here.command(*command)
    assert code == 1
    assert f"{before} of 9 samples are done" in said
    assert not [name for name in tree(out) if name.endswith(".tmp")]
    here.fake()
    assert here.render(out, manifest=manifest, retry_failed=True)[0] == 0
    clean = here.folder / "clean"
    assert here.render(clean, manifest=manifest)[0] == 0
    assert tree(out) == tree(clean)


def test_a_sample_that_ends_its_actor_is_given_up(cluster: Any, here: Runner) -> None:
    manifest = write_manifest(here.folder / "killer.parquet", 17)
    out = here.folder / "out"
    code, said = here.command(
        manifest, "--out", out, *ARGUMENTS, "--ray", cluster.address, "--shard", "16/16"
    )
    assert code == 1
    assert said.count("row 15: its node was lost") == LOSSES - 1
    assert "1 samples failed" in said
    (failure,) = [ln for ln in journal_lines(out) if ln["event"] == "failed"]
    assert (failure["row"], failure["final"]) == (15, True)
    assert f"its actor was lost {LOSSES} times" in failure["message"]


def test_no_such_cluster(here: Runner) -> None:
    out = here.folder / "out"
    code, said = here.command(here.manifest, "--out", out, *ARGUMENTS, "--ray", "127.0.0.1:1")
    assert code == 2
    assert "--ray 127.0.0.1:1: no cluster there" in said
    assert not out.exists()


def test_ray_client_is_refused() -> None:
    with pytest.raises(ToolError, match="run rf-render on a machine of the cluster"):
        RayCluster("ray://head:10001")


def test_ray_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ToolError, match=r"pip install 'replicantface\[ray\]'"):
        RayCluster("auto")


def test_the_device_must_be_named() -> None:
    check_device(SETTINGS)
    with pytest.raises(ToolError, match="--device optix"):
        check_device(SETTINGS.model_copy(update={"device": "auto"}))


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["m", "--ray"], ["m", "--ray", "auto"]),
        (["--ray", "m.parquet", "--out", "x"], ["--ray", "auto", "m.parquet", "--out", "x"]),
        (["m", "--ray", "--out", "x"], ["m", "--ray", "auto", "--out", "x"]),
        (["m", "--ray", "10.0.0.1:6379"], ["m", "--ray", "10.0.0.1:6379"]),
        (["m", "--ray", "ray://head:10001"], ["m", "--ray", "ray://head:10001"]),
        (["m", "--ray=head:6379"], ["m", "--ray=head:6379"]),
    ],
)
def test_the_address_may_be_left_out(given: list[str], meant: list[str]) -> None:
    assert with_ray_address(given) == meant


def test_nodes_are_told_absolute_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert shared_place("out") == str(tmp_path / "out")
    assert shared_place("s3://bucket/out") == "s3://bucket/out"


# The counting of places, without a cluster.


class SomeNodes(RayCluster):
    def __init__(self, *nodes: dict[str, float]) -> None:
        self._nodes = list(nodes)

    def nodes(self) -> list[dict[str, float]]:
        return self._nodes


GB = float(1 << 30)


def test_places_are_counted_by_cores_and_memory() -> None:
    nodes = SomeNodes({"CPU": 8, "memory": 64 * GB}, {"CPU": 16, "memory": 4 * GB}, {"memory": GB})
    assert nodes.crew(100, SETTINGS, None, None) == (8 + 2, 1)
    assert nodes.crew(100, SETTINGS, None, 3) == (2 + 2, 3)
    assert nodes.crew(3, SETTINGS, None, None) == (3, 1)
    assert nodes.crew(100, SETTINGS, 40, None) == (40, 1)


def test_places_are_counted_by_gpus() -> None:
    nodes = SomeNodes(
        {"CPU": 32, "GPU": 4, "memory": 64 * GB}, {"CPU": 12, "GPU": 2, "memory": 64 * GB}
    )
    settings = SETTINGS.model_copy(update={"device": "optix"})
    assert nodes.crew(100, settings, None, None) == (6, 6)


# The actor, in this process.


@pytest.fixture
def job(runner: Runner) -> RayJob:
    out = runner.folder / "out"
    (out / JOURNAL_FOLDER).mkdir(parents=True)
    (out / JOURNAL_FOLDER / "shard-1-of-1.jsonl").touch()
    limits = Limits(item_s=30.0)
    lock = ENGINE.asset_lock()
    return RayJob(str(out), "shard-1-of-1", SETTINGS, "e" * 64, NAME, limits, {"fake": "1"}, lock)


def test_an_actor_keeps_its_worker_and_writes_what_it_renders(runner: Runner, job: RayJob) -> None:
    runner.fake(rows={"1": "abort-once"})
    actor = RenderActor(job, "w")
    assert isinstance(actor.start(), str)
    assert actor._supervisor is not None
    worker = actor._supervisor._slots[0].child
    store = SampleStore(LocalStorage(Path(job.place), "t"), job.settings_hash)
    for row in (0, 1, 2):
        digest = spec_hash(row_spec(row))
        outcome = actor.render(row, row_spec(row).model_dump(), digest)
        assert isinstance(outcome, Outcome)
        assert [t.failure.kind if t.failure else None for t in outcome.tries] == (
            ["crash", None] if row == 1 else [None]
        )
        assert "write" in outcome.tries[-1].phases
        assert store.state(row, digest) is SampleState.DONE
        if row == 0:
            assert actor._supervisor._slots[0].child is worker
    actor._supervisor.close()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"place": "/nowhere/shared"}, "is not the same place here"),
        ({"versions": {"fake": "2"}}, "version of fake: 1 is here, and 2 where rf-render runs"),
        ({"asset_lock": {**ASSET_LOCK, "head": "e" * 64}}, "asset pack of head"),
    ],
)
def test_a_node_that_differs_says_so(
    job: RayJob, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], words: str
) -> None:
    monkeypatch.setattr(ray_actor, "_SEEN_WITHIN_S", 0.0)
    answer = RenderActor(replace(job, **change), "w").start()
    assert isinstance(answer, Refusal)
    assert words in answer.message
    assert os.uname().nodename in answer.message


def test_a_full_disk_on_a_node_is_resumable(
    runner: Runner, job: RayJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = RenderActor(job, "w")
    assert isinstance(actor.start(), str)
    (Path(job.place) / "00000").write_bytes(b"in the way")
    answer = actor.render(0, row_spec(0).model_dump(), spec_hash(row_spec(0)))
    assert isinstance(answer, Refusal)
    assert answer.exit_code == 75
    assert actor._supervisor is not None
    actor._supervisor.close()
