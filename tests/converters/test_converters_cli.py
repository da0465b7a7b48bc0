from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

import converters.cli
from converters.cli import app, main
from converters.sink import EXPORT_RECORD
from tests.factories import HeadShot, head_shape, label_record, write_dataset, write_sample

COMMANDS = ("300w-lp", "facesynthetics", "overlay")
runner = CliRunner()


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["rf-convert", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        main()
    return int(caught.value.code or 0)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples(command: str) -> None:
    text = runner.invoke(app, [command, "--help"]).output
    assert f"rf-convert {command} dataset" in text
    assert "rf-render wrote" in text


def test_the_first_help_lists_commands_and_exit_codes() -> None:
    text = runner.invoke(app, ["--help"]).output
    assert all(f"rf-convert {c}" in text for c in COMMANDS)
    assert "75 interrupted" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_done_is_0_and_skipped_is_1(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = write_dataset(tmp_path / "source", [HeadShot(9, 5, 3), HeadShot(-9, 5, 3)], 96)
    out = tmp_path / "out.png"
    assert run(monkeypatch, command, source, out) == 0
    assert "2 of 2 samples written" in capsys.readouterr().err
    next(source.glob("*/*1.msgpack")).unlink()
    again = tmp_path / "again.png"
    assert run(monkeypatch, command, source, again) == 2
    told = capsys.readouterr().err
    assert "00000001.msgpack: missing" in told
    assert "--on-error skip" in told
    assert not again.exists()
    assert run(monkeypatch, command, source, again, "--on-error", "skip") == 1
    assert "skipped because broken: 1" in capsys.readouterr().err
    assert again.exists()


def test_wrong_calls_are_2_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "300w-lp", tmp_path / "none", tmp_path / "out.zip") == 2
    assert "no dataset of rf-render" in capsys.readouterr().err
    assert run(monkeypatch, "300w-lp", tmp_path, tmp_path / "o.zip", "--subset", "a/b") == 2
    assert "letters and digits" in capsys.readouterr().err
    assert run(monkeypatch, "300w-lp", tmp_path, tmp_path / "o.zip", "--workers", 0) == 2
    assert list(tmp_path.iterdir()) == []


def test_interrupted_is_75(
    dataset_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(converters.cli, "export", interrupt)
    assert run(monkeypatch, "300w-lp", dataset_dir, tmp_path / "out.zip") == 75


def test_ctrl_c_ends_all_workers_quietly_and_leaves_nothing(tmp_path: Path) -> None:
    shot, shape = HeadShot(9, 5, 3), head_shape()
    source = write_dataset(tmp_path / "source", [shot], 64)
    plain = Image.new("RGB", (64, 64), (128, 128, 128)), Image.new("L", (64, 64))
    for row in range(1, 400):
        write_sample(source, label_record(shape, shot, row, 64), *plain)
    out = tmp_path / "out.zip"
    call = [sys.executable, "-m", "converters.cli", "300w-lp", str(source), str(out)]
    process = subprocess.Popen(
        [*call, "--workers", "2", "--min-box-px", "0"],
        cwd=Path(__file__).parents[2],
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    first = process.stderr.readline()
    os.killpg(process.pid, signal.SIGINT)
    _, rest = process.communicate(timeout=30)
    assert first == "rf-convert 300w-lp: 40/400\n"
    assert process.returncode == 75
    assert "Traceback" not in rest
    assert "interrupted; nothing was written" in rest
    assert [p.name for p in tmp_path.iterdir()] == ["source"]


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
