from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

import converters.command
from converters.cli import app, main
from converters.sink import EXPORT_RECORD
from tests.converters.formats import CASES
from tests.factories import HeadShot, write_dataset

COMMANDS = (*CASES, "overlay")
OUTS = {name: case.out for name, case in CASES.items()} | {"overlay": "out.png"}
# Tiny pictures have tiny faces, and in these nothing hides the face.
MORE = {name: ["--min-box-px", "8"] for name in CASES} | {"overlay": ["--size", "64"]}
runner = CliRunner()


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["rf-convert", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        main()
    return int(caught.value.code or 0)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples_and_all_shared_options(command: str) -> None:
    text = runner.invoke(app, [command, "--help"], env={"COLUMNS": "200"}).output
    assert f"rf-convert {command} dataset" in text
    assert "rf-render wrote" in text
    shared = ["--on-error", "--workers", "--verify", "--limit"]
    if command != "overlay":
        shared += ["--min-box-px", "--max-yaw-deg", "--min-brightness", "--overwrite"]
    assert [option for option in shared if option not in text] == []


def test_the_first_help_lists_commands_and_exit_codes() -> None:
    text = runner.invoke(app, ["--help"]).output
    assert all(f"rf-convert {c}" in text for c in COMMANDS)
    assert "75 interrupted" in text


def test_the_page_of_the_converters_names_every_command_and_option() -> None:
    page = (Path(__file__).parents[2] / "docs/converters.md").read_text()
    for command in COMMANDS:
        assert f"`{command}`" in page or f"## {command}" in page
        for line in runner.invoke(app, [command, "--help"], env={"COLUMNS": "200"}).output.split():
            if line.startswith("--") and line not in ("--help", "--no-verify"):
                assert f"`{line}" in page, f"{command} {line}"


def test_the_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "--version") == 0
    assert capsys.readouterr().out == f"rf-convert {version('replicantface')}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_done_is_0_broken_is_2_and_skipped_is_1(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = write_dataset(tmp_path / "source", [HeadShot(9, 5, 3), HeadShot(-9, 5, 3)], 64)
    out = tmp_path / OUTS[command]
    assert run(monkeypatch, command, source, out, *MORE[command]) == 0
    told = capsys.readouterr().err
    assert "2 of 2 samples written" in told
    assert len(told.splitlines()) == 2, "no line a sample"
    next(source.glob("*/*1.msgpack")).unlink()
    again = tmp_path / f"again-{OUTS[command]}"
    assert run(monkeypatch, command, source, again, *MORE[command]) == 2
    told = capsys.readouterr().err
    assert "00000001.msgpack: missing" in told
    assert "--on-error skip" in told
    assert not again.exists()
    assert run(monkeypatch, command, source, again, *MORE[command], "--on-error", "skip") == 1
    assert "skipped because broken: 1" in capsys.readouterr().err
    assert again.exists()


@pytest.mark.parametrize("command", CASES)
def test_filters_are_options_and_counted(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shots = [
        HeadShot(20.0, -9.0, 6.0),
        HeadShot(20.0, -9.0, 6.0, z_m=4.0),
        HeadShot(118.0, -9.0, 6.0),
        HeadShot(20.0, -9.0, 6.0, brightness=0.05),
    ]
    source = write_dataset(tmp_path / "source", shots, 96)
    out = tmp_path / OUTS[command]
    small = {"300w-lp": 80, "aflw2000": 80, "facesynthetics": 90}.get(command, 17)
    options = ["--min-box-px", small, "--max-yaw-deg", 100, "--min-brightness", 30]
    assert run(monkeypatch, command, source, out, *options) == 0
    told = capsys.readouterr().err
    assert "1 of 4 samples written" in told
    assert f"left out by a filter, face box under {small} px: 1" in told
    assert "left out by a filter, yaw over 100 degrees: 1" in told
    assert "left out by a filter, darker than 30: 1" in told


def test_wrong_calls_are_2_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "300w-lp", tmp_path / "none", tmp_path / "out.zip") == 2
    assert "no dataset of rf-render" in capsys.readouterr().err
    assert run(monkeypatch, "300w-lp", tmp_path, tmp_path / "o.zip", "--subset", "a/b") == 2
    assert "letters and digits" in capsys.readouterr().err
    assert run(monkeypatch, "300w-lp", tmp_path, tmp_path / "o.zip", "--workers", 0) == 2
    assert run(monkeypatch, "coco", tmp_path, tmp_path / "o", "--split", "../x") == 2
    assert run(monkeypatch, "webdataset", tmp_path, tmp_path / "o", "--shard-size", 0) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_device_is_refused_and_stays(
    dataset_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "300w-lp", dataset_dir, "/dev/null", "--overwrite") == 2
    assert "is a device or a pipe" in capsys.readouterr().err
    assert Path("/dev/null").is_char_device()


def test_a_read_only_folder_is_named(
    dataset_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if os.geteuid() == 0:
        # Root may write anywhere but where the kernel says no.
        place = Path("/sys/kernel")
    else:
        place = tmp_path / "locked"
        place.mkdir(mode=0o555)
    assert run(monkeypatch, "300w-lp", dataset_dir, place / "out.zip") == 2
    told = capsys.readouterr().err
    assert f"{place} is read-only" in told
    assert "Traceback" not in told


def test_interrupted_is_75(
    dataset_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(converters.command, "export", interrupt)
    assert run(monkeypatch, "300w-lp", dataset_dir, tmp_path / "out.zip") == 75


def test_overwrite_replaces_its_own_export(
    dataset_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    assert run(monkeypatch, "300w-lp", dataset_dir, out) == 0
    assert run(monkeypatch, "300w-lp", dataset_dir, out) == 2
    assert run(monkeypatch, "300w-lp", dataset_dir, out, "--overwrite", "--subset", "LFPW") == 0
    assert sorted(p.name for p in (out / "300W_LP").iterdir()) == [
        "LFPW", "files.txt", "fits.csv", "landmarks"
    ]  # fmt: skip
    assert (out / EXPORT_RECORD).is_file()


def test_importing_converters_loads_neither_blender_nor_the_other_packages() -> None:
    code = (
        "import sys, converters.cli\n"
        "bad = {'bpy', 'sampler', 'renderer'} & {m.split('.')[0] for m in sys.modules}\n"
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
