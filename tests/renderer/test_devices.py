"""Devices: what is there, which worker gets which, and none in the place of another."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderer.devices import FoundDevice, ask_devices, choose_gpus, device_table
from renderer.settings import RenderSettings
from spec_schema import ToolError
from tests.renderer.fake_engine import NAME
from tests.renderer.runner import SETTINGS, Runner, journal_lines
from tests.renderer.specs import tree

CPU = FoundDevice("cpu", "CPU")
GPUS = (CPU, FoundDevice("optix", "A"), FoundDevice("optix", "B"), FoundDevice("cuda", "A"))


@pytest.mark.parametrize(
    ("asked", "found", "kind", "gpus"),
    [
        ("cpu", GPUS, "cpu", 0),
        ("optix", GPUS, "optix", 2),
        ("cuda", GPUS, "cuda", 1),
        ("auto", GPUS, "optix", 2),
        ("auto", (CPU,), "cpu", 0),
    ],
)
def test_choice(asked: str, found: tuple[FoundDevice, ...], kind: str, gpus: int) -> None:
    settings = RenderSettings.model_validate({"device": asked})
    chosen, count = choose_gpus(settings, found)
    assert (chosen.device, count) == (kind, gpus)


def test_a_missing_kind_says_what_was_found() -> None:
    with pytest.raises(ToolError, match=r"'hip'.*found: cpu \(CPU\), optix \(A\), optix \(B\)"):
        choose_gpus(RenderSettings(device="hip"), GPUS)


def test_the_table_counts_within_a_kind() -> None:
    assert device_table(GPUS) == "cpu      0  CPU\noptix    0  A\noptix    1  B\ncuda     0  A\n"


def test_each_worker_has_its_own_gpu(runner: Runner) -> None:
    bound = runner.folder / "bound"
    bound.mkdir()
    runner.fake(gpus=str(bound), all="slow")
    settings = SETTINGS.model_copy(update={"device": "auto"})
    code, told = runner.render(runner.folder / "out", settings=settings, workers=None)
    assert code == 0
    assert "optix, 2 x" in told
    seen = sorted(path.name.split(".", 1)[1] for path in bound.iterdir())
    assert seen == ["optix.0", "optix.1"]
    (line,) = [line for line in journal_lines(runner.folder / "out") if line["event"] == "run"]
    assert (line["device"], line["gpus"], line["workers"]) == ("optix", 2, 2)


def test_more_workers_than_gpus_share_them_out(runner: Runner) -> None:
    bound = runner.folder / "bound"
    bound.mkdir()
    runner.fake(gpus=str(bound), all="slow", devices=[["cuda", "A"], ["cuda", "B"]])
    settings = SETTINGS.model_copy(update={"device": "cuda"})
    assert runner.render(runner.folder / "out", settings=settings, workers=4)[0] == 0
    numbers = [path.name.split(".")[2] for path in bound.iterdir()]
    assert sorted(numbers) == ["0", "0", "1", "1"]


def test_a_missing_device_leaves_nothing_behind(runner: Runner) -> None:
    out = runner.folder / "out"
    runner.fake(devices=[])
    arguments = (runner.manifest, "--out", out)
    code, said = runner.command(*arguments, "--device", "cuda")
    assert code == 2
    assert said.startswith("rf-render: device 'cuda': Blender finds none on this machine; found: ")
    assert not out.exists()
    assert runner.command(*arguments, "--size", 32, "--samples", 1)[0] == 0


def test_workers_that_never_start_leave_a_folder_that_is_still_free(runner: Runner) -> None:
    out = runner.folder / "out"
    runner.fake(start="die")
    with pytest.raises(ToolError, match="don't start"):
        runner.render(out)
    assert tree(out) == {}
    runner.fake()
    other = SETTINGS.model_copy(update={"size_px": 48})
    assert runner.render(out, settings=other)[0] == 0


@pytest.mark.parametrize(
    ("plan", "words"),
    [("die", r"(?s)exit code 7.*no libGL here"), ("tool", "device 'optix': found")],
)
def test_a_worker_that_can_not_tell(runner: Runner, plan: str, words: str) -> None:
    runner.fake(start=plan)
    with pytest.raises(ToolError, match=words):
        ask_devices(NAME)


def test_a_worker_that_does_not_answer(runner: Runner) -> None:
    runner.fake(start="hang")
    with pytest.raises(ToolError, match="no answer within 1 s"):
        ask_devices(NAME, 1.0)


def test_list_devices(runner: Runner, tmp_path: Path) -> None:
    process = runner.start("--list-devices")
    told, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "")
    assert told == "cpu      0  CPU\noptix    0  GPU 0\noptix    1  GPU 1\ncuda     0  GPU 0\n"
