"""Power fails in mid-run, and again: nothing marked is false, and a rerun ends as if it hadn't."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from tests.renderer.power_cut import Disk, PowerCut
from tests.renderer.runner import Runner
from tests.renderer.specs import tree

STEPS = 90
"""Somewhat more syncs, renames and removals than a whole run makes."""


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    with pytest.MonkeyPatch.context() as patch:
        runner = Runner(tmp_path_factory.mktemp("clean"), patch)
        assert runner.render(runner.folder / "out", workers=1)[0] == 0
        return tree(runner.folder / "out")


def assert_markers_hold(out: Path) -> None:
    for path in out.glob("*/*.done.json"):
        data = path.read_bytes()
        for name, digest in json.loads(data)["files"].items():
            assert hashlib.sha256((path.parent / name).read_bytes()).hexdigest() == digest


def run_with_power_cut(
    runner: Runner, out: Path, seed: int, last_step: int | None, *, lies: bool = False
) -> int:
    """Render until the power fails; ``out`` is then what the disk has. Returns the steps made."""
    with pytest.MonkeyPatch.context() as patch:
        disk = Disk(out.parent, patch, seed, last_step, lies=lies)
        try:
            assert runner.render(out, workers=1)[0] == 0
        except PowerCut:
            shutil.rmtree(out, ignore_errors=True)
            if (disk.image / out.name).exists():
                shutil.copytree(disk.image / out.name, out)
        finally:
            disk.close()
            shutil.rmtree(disk.image, ignore_errors=True)
    return disk.steps


def test_a_whole_run_makes_about_so_many_steps(runner: Runner, clean: dict[str, bytes]) -> None:
    out = runner.folder / "here/out"
    out.parent.mkdir()
    steps = run_with_power_cut(runner, out, 0, None)
    assert 0.7 * STEPS < steps <= STEPS
    assert tree(out) == clean


@pytest.mark.parametrize("seed", range(4))
def test_power_cuts_lose_nothing_that_is_marked(
    runner: Runner, clean: dict[str, bytes], seed: int
) -> None:
    out = runner.folder / "here/out"
    out.parent.mkdir()
    for cut, last_step in enumerate((5 + 11 * seed, 20 + 5 * seed, 37 - 3 * seed)):
        run_with_power_cut(runner, out, 100 * seed + cut, last_step)
        assert_markers_hold(out)
    assert runner.render(out, workers=1)[0] == 0
    assert tree(out) == clean


def test_on_a_disk_that_lies_the_same_check_fails(runner: Runner) -> None:
    """So the check can fail, and it is the syncing that holds the rest together."""
    broken = 0
    for seed in range(4):
        out = runner.folder / f"here{seed}/out"
        out.parent.mkdir()
        run_with_power_cut(runner, out, seed, 50, lies=True)
        try:
            assert_markers_hold(out)
        except (AssertionError, OSError, ValueError):
            broken += 1
    assert broken
