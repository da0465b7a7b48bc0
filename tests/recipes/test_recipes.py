"""The recipes are commands that run, and their people don't overlap."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from renderer.cli import app as render_app

RECIPES = Path(__file__).parents[2] / "recipes"
PAGE = (RECIPES.parent / "docs" / "datasets.md").read_text("utf-8")


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"recipes_{name}", RECIPES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKE = _module("make")
COST = _module("cost")
ALL = MAKE.recipes()


def _option(arguments: list[str], name: str) -> str | None:
    return arguments[arguments.index(name) + 1] if name in arguments else None


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("replicantface-100k", 100_000),
        ("replicantface-10k", 10_000),
        ("replicantface-stability", 32 * 33),
        ("wide", 50_000),
        ("sequences", 64 * 300),
        ("sample-256", 256),
    ],
)
def test_rows(name: str, rows: int) -> None:
    assert COST.rows_of(ALL[name]) == rows
    assert f"| `{name}` | {rows:,} |" in PAGE


def test_every_recipe_is_known_and_described() -> None:
    assert set(ALL) == {
        "replicantface-100k", "replicantface-10k", "replicantface-stability", "wide", "sequences",
        "sample-256",
    }  # fmt: skip


def test_no_two_recipes_draw_the_same_scenes() -> None:
    """Splits have streams and identities of their own; within a split the seed differs."""
    keys = [(_option(r["sample"], "--split"), _option(r["sample"], "--seed")) for r in ALL.values()]
    assert len(set(keys)) == len(keys)


def test_the_test_set_is_not_of_the_training_split() -> None:
    assert _option(ALL["replicantface-10k"]["sample"], "--split") == "test"
    assert _option(ALL["replicantface-100k"]["sample"], "--split") == "train"


@pytest.mark.parametrize("name", ALL)
def test_arguments_of_the_renderer_exist(name: str) -> None:
    known = {o for p in render_app.registered_commands for o in _flags(p.callback)}
    given = {a for a in ALL[name]["render"] if a.startswith("--")}
    assert given <= known


def _flags(callback: object) -> set[str]:
    import typer.main

    command = typer.main.get_command(render_app)
    return {o for p in command.params for o in p.opts}


def test_commands_in_order(tmp_path: Path) -> None:
    found = MAKE.commands("sample-256", tmp_path, ["--shard", "1/2"])
    assert [c[0] for c in found] == ["rf-sample", "rf-plot", "rf-render", "rf-plot", "rf-report"]
    assert found[2][-2:] == ["--shard", "1/2"]
    assert found[3][-2:] == ["--measured", str(tmp_path / "dataset")]


def test_list_names_them_all() -> None:
    told = subprocess.run(
        [sys.executable, RECIPES / "make.py", "--list"], check=True, capture_output=True, text=True
    )
    assert [line.split()[0] for line in told.stdout.splitlines()] == list(ALL)


def test_cost_grows_with_the_pixels_where_it_does() -> None:
    phases = {"hair": 0.5, "sync": 2.0, "paths": 6.0, "data": 0.25}
    assert COST.seconds_at(phases, 256, 256) == pytest.approx(8.75)
    assert COST.seconds_at(phases, 256, 640) == pytest.approx(2.5 + 6.25 * 6.25)


def test_cost_is_told_of_what_was_measured(tmp_path: Path) -> None:
    run = [sys.executable, RECIPES / "cost.py"]
    none = subprocess.run([*run, tmp_path], capture_output=True, text=True)
    assert none.returncode == 1
    assert str(tmp_path) in none.stderr
    assert "Traceback" not in none.stderr
