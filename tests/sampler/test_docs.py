"""What docs/sampler.md says to type is typed here."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import get_args

import pytest
from typer.testing import CliRunner

import sampler
from sampler import Inputs, cli, load_config, plot_cli, preset_names
from sampler.distributions import Distribution
from sampler.empirical import FILE_KINDS
from spec_schema import Manifest

PAGE = (Path(__file__).parents[2] / "docs" / "sampler.md").read_text("utf-8")
RUNNER = CliRunner()


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inputs: Inputs) -> None:
    """An empty folder, and assets that need no download."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sampler.inputs, "load_inputs", lambda: inputs)
    monkeypatch.setattr(sampler, "load_inputs", lambda: inputs)


@pytest.mark.usefixtures("_here")
@pytest.mark.parametrize("code", _blocks("python"))
def test_python_examples_run(code: str) -> None:
    exec(compile(code, "docs/sampler.md", "exec"), {})


def test_the_page_has_examples() -> None:
    assert len(_blocks("python")) >= 3
    assert sum("rf-sample" in line for block in _blocks("sh") for line in block.splitlines()) > 10


@pytest.mark.usefixtures("_here")
def test_commands_run(tmp_path: Path) -> None:
    """All of them in order, with fewer rows."""
    for line in (line for block in _blocks("sh") for line in block.splitlines()):
        words = shlex.split(re.sub(r"--n \d+", "--n 60", line.replace(">", "-o")))
        if words[0] not in ("rf-sample", "rf-plot") or "faces/" in words:
            continue
        if "--print-config" in words:
            at = words.index("-o")
            printed = RUNNER.invoke(cli.app, words[1:at])
            (tmp_path / words[at + 1]).write_text(printed.output)
            continue
        # What is drawn on a sheet is no matter here, and a whole one takes seconds.
        few = ["--sections", "pose"] if words[0] == "rf-plot" and "--sections" not in words else []
        app = {"rf-sample": cli.app, "rf-plot": plot_cli.app}[words[0]]
        result = RUNNER.invoke(app, [*words[1:], *few])
        assert result.exit_code == 0, f"{line}\n{result.output}"
    for path in tmp_path.glob("*.parquet"):
        Manifest(path).validate()
    assert len(Manifest(tmp_path / "stability.parquet")) == 32 * 33


def test_every_kind_of_distribution_is_described(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inputs: Inputs
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("poses.csv").write_text("name,yaw\na,3\nb,-20.5\n")
    from sampler.writing import write_manifest

    drawn = sampler.Sampler(load_config(), inputs, 0, "train")
    write_manifest(drawn, 0, 20, Path("office.parquet"))
    rows = re.findall(r"^\| `(\w+)` \| .* \| `(\{ kind .*\})` \|$", PAGE, re.MULTILINE)
    for kind, example in rows:
        held = load_config("facesynthetics", [f"pose.yaw={example}"]).pose.yaw
        became = {"csv": "histogram", "manifest": "histogram", "normal": "truncated_normal"}
        assert held.kind == became.get(kind, kind)
    union = get_args(get_args(Distribution)[0])
    kinds = {d.model_fields["kind"].default for d in union}
    assert {kind for kind, _ in rows} == kinds | set(FILE_KINDS)


def test_every_preset_is_in_the_table() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| ", PAGE.split("## Presets")[1].split("##")[0], re.M)
    assert sorted(rows) == preset_names()


def test_pictures_are_there_and_small() -> None:
    names = re.findall(r"!\[[^]]*\]\((images/[^)]+)\)", PAGE)
    assert names
    for name in names:
        path = Path(__file__).parents[2] / "docs" / name
        assert path.is_file(), name
        assert path.stat().st_size < 150_000, name


def test_made_tables_are_filled() -> None:
    for name, text in re.findall(r"<!-- made: (\w+) -->(.*?)<!-- end -->", PAGE, re.DOTALL):
        assert text.count("|---") >= 1, name
