from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import sampler.inputs
from sampler import Inputs, cli
from spec_schema.manifest import Manifest

RUNNER = CliRunner()


@pytest.fixture
def _assets(monkeypatch: pytest.MonkeyPatch, inputs: Inputs) -> None:
    monkeypatch.setattr(sampler.inputs, "load_inputs", lambda: inputs)


@pytest.mark.usefixtures("_assets")
def test_a_manifest_is_written(tmp_path: Path) -> None:
    out = tmp_path / "m.parquet"
    args = ["--n", "300", "-o", str(out), "--seed", "5", "--start", "20", "--split", "test"]
    result = RUNNER.invoke(cli.app, [*args, "--set", "pose.yaw.scale_deg=10"])
    assert result.exit_code == 0, result.output
    manifest = Manifest(out)
    spec = next(spec for _, spec in manifest.specs([0]))
    assert (spec.sample.index, spec.sample.split, manifest.info.seed) == (20, "test", 5)


@pytest.mark.usefixtures("_assets")
@pytest.mark.parametrize(
    ("args", "rows", "identities"),
    [
        (["--preset", "stability"], 1056, 32),
        (["--preset", "stability", "--identities", "2"], 66, 2),
        (["--preset", "stability", "--n", "40"], 40, 2),
        (["--preset", "sequence", "--identities", "1"], 300, 1),
        (["--identities", "3", "--variations", "4", "--vary", "pose, skin"], 12, 3),
        (["--n", "12", "--variations", "4", "--vary", "hair", "--sequence", "sobol"], 12, 3),
        (["--n", "6", "--variations", "2", "--vary", "expression", "--neutral-first"], 6, 3),
    ],
)
def test_layouts(tmp_path: Path, args: list[str], rows: int, identities: int) -> None:
    out = tmp_path / "m.parquet"
    result = RUNNER.invoke(cli.app, [*args, "-o", str(out)])
    assert result.exit_code == 0, result.output
    assert f"{rows:,} scenes in" in result.output
    assert "of the candidates accepted" in result.output
    manifest = Manifest(out)
    manifest.validate()
    assert len(manifest) == rows
    ids = manifest.table(["sample.identity_id"]).column(0).combine_chunks()
    assert len(ids.field(0).unique()) == identities


def test_version() -> None:
    result = RUNNER.invoke(cli.app, ["--version"])
    assert result.exit_code == 0
    assert result.output.split()[0] == "rf-sample"


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
        (["--n", "7", "--preset", "stability", "--identities", "2"], "2 x 33 variations are 66"),
        (["--n", "7", "--variations", "3"], "vary = ['expression', 'environment']"),
        (["--n", "7", "--variations", "3", "--vary", "pose,gase"], "did you mean 'gaze'?"),
        (["--n", "7", "--vary", "pose"], "vary needs variations of 2 or more"),
        (["--n", "7", "--neutral-first"], "neutral_first needs variations"),
        (["--n", "7", "--sequence", "halton"], "layout.sequence is 'halton': must be 'random'"),
        (["--preset", "sequence", "--variations", "3"], "--variations: this preset draws tracks"),
        (["--n", "7", "--set", "glasses.share=nan"], "glasses.share is nan: must be a finite"),
        (["--n", "7", "--set", "glasses.share"], "write it as --set key=value"),
        (["--n", "7", "--preset", "x"], "no preset 'x' (valid: facesynthetics, "),
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
