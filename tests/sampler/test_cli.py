from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import sampler.inputs
from sampler import Inputs, cli, plot_cli
from spec_schema.manifest import Manifest

RUNNER = CliRunner()


@pytest.fixture
def _assets(monkeypatch: pytest.MonkeyPatch, inputs: Inputs) -> None:
    monkeypatch.setattr(sampler.inputs, "load_inputs", lambda: inputs)


@pytest.mark.usefixtures("_assets")
def test_sample_plot_and_summary(tmp_path: Path) -> None:
    out = tmp_path / "m.parquet"
    args = ["--n", "300", "-o", str(out), "--seed", "5", "--start", "20", "--split", "test"]
    result = RUNNER.invoke(cli.app, [*args, "--set", "pose.yaw.scale_deg=10"])
    assert result.exit_code == 0, result.output
    manifest = Manifest(out)
    spec = next(spec for _, spec in manifest.specs([0]))
    assert (spec.sample.index, spec.sample.split, manifest.info.seed) == (20, "test", 5)

    picture = tmp_path / "poses.png"
    result = RUNNER.invoke(plot_cli.app, [str(out), "-o", str(picture), "--summary"])
    assert result.exit_code == 0, result.output
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "m: 300 scenes" in result.output
    assert "yaw (deg)" in result.output
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.parquet", "poses.png"]


@pytest.mark.usefixtures("_assets")
@pytest.mark.parametrize(("suffix", "magic"), [("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_overlaid_plots(tmp_path: Path, suffix: str, magic: bytes) -> None:
    paths = [str(tmp_path / f"{name}.parquet") for name in ("a", "b")]
    for path, preset in zip(paths, ("facesynthetics", "frontal"), strict=True):
        assert RUNNER.invoke(cli.app, ["--n", "200", "-o", path, "--preset", preset]).exit_code == 0
    picture = tmp_path / f"both.{suffix}"
    result = RUNNER.invoke(
        plot_cli.app, [*paths, "-o", str(picture), "--against", "facesynthetics"]
    )
    assert result.exit_code == 0, result.output
    assert picture.read_bytes().startswith(magic)


def test_print_config_can_be_fed_back(tmp_path: Path) -> None:
    first = RUNNER.invoke(cli.app, ["--set", "glasses.share=0.7", "--print-config"])
    path = tmp_path / "mine.toml"
    path.write_text(first.output)
    again = RUNNER.invoke(cli.app, ["--preset", str(path), "--print-config"])
    assert first.output == again.output
    assert "share = 0.7" in first.output


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "how many scenes?"),
        (["--n", "0"], "--n"),
        (["--n", "x"], "--n"),
        (["--n", "5", "--preset", "frontale"], "did you mean 'frontal'?"),
        (["--n", "5", "--set", "pose.yaw.scal_deg=3"], "did you mean 'scale_deg'?"),
        (["--n", "5", "--split", "trian"], "did you mean 'train'?"),
        (["--n", "5", "-o", "/nowhere/at/all.parquet"], "there is no folder '/nowhere/at'"),
        (["--n", "5", "-o", "/"], "is a folder"),
        (["--n", "5", "--start", "999999999999"], "indices must stay below"),
        (["--n", "5", "--seed", "-1"], "--seed"),
    ],
)
@pytest.mark.usefixtures("_assets")
def test_a_wrong_call_ends_with_2_and_one_message(args: list[str], message: str) -> None:
    result = RUNNER.invoke(cli.app, args)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output


def test_a_terminal_is_not_written_to() -> None:
    master, slave = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "sampler.cli", "--n", "5"],
        stdout=slave, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
    )  # fmt: skip
    os.close(slave)
    os.close(master)
    assert done.returncode == 2
    assert "garble the terminal" in done.stderr
    assert "-o manifest.parquet" in done.stderr


@pytest.mark.usefixtures("_assets")
def test_ctrl_c_ends_with_75(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli._Progress, "__call__", interrupt)
    result = RUNNER.invoke(cli.app, ["--n", "5", "-o", str(tmp_path / "m.parquet")])
    assert result.exit_code == 75
    assert "interrupted" in result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("_assets")
@pytest.mark.parametrize(
    ("content", "args", "message"),
    [
        (None, ["-o", "x.png"], "no such file"),
        (b"not parquet", ["-o", "x.png"], "not a readable Parquet file"),
        (None, [], "nothing to do"),
        (None, ["-o", "x.bmp"], "must end in .png, .svg, .pdf"),
    ],
)
def test_plot_errors(tmp_path: Path, content: bytes | None, args: list[str], message: str) -> None:
    path = tmp_path / "m.parquet"
    if content is not None:
        path.write_bytes(content)
    result = RUNNER.invoke(plot_cli.app, [str(path), *args])
    assert result.exit_code == 2
    assert message in result.output
