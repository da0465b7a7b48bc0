"""docs/own-assets.md: its TOML files are valid, its tables whole, its commands there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assets.cli import app
from assets.user.head_mesh import HeadMarks
from assets.user.models import Attachment, ModelRequest
from assets.user.reference import FRAMES, SCALES

TEXT = (Path(__file__).parents[3] / "docs" / "own-assets.md").read_text("utf-8")
TABLES = re.findall(r"```toml\n(.*?)```", TEXT, re.S)
RUNNER = CliRunner()


@pytest.mark.parametrize("table", TABLES)
def test_its_toml_files_are_valid(table: str) -> None:
    if "landmarks" in table:
        marks = tomllib.loads(table.replace("[ … ]", str(list(range(68)))))
        assert HeadMarks.model_validate(marks).keys
    else:
        assert ModelRequest.model_validate(tomllib.loads(table)).licence == "CC0-1.0"


def test_there_are_some() -> None:
    assert len(TABLES) == 3


@pytest.mark.parametrize(
    "field", sorted({*ModelRequest.model_fields, *Attachment.model_fields} - {"attachment"})
)
def test_every_field_is_in_the_table(field: str) -> None:
    rows = "\n".join(line for line in TEXT.splitlines() if line.startswith("| `"))
    assert f"{field}`" in rows


@pytest.mark.parametrize("name", [*FRAMES, *SCALES])
def test_every_frame_and_measure_is_named(name: str) -> None:
    assert f"`{name}`" in TEXT


def test_its_commands_are_there() -> None:
    lines = re.findall(r"^rf-assets ([a-z-]+)(.*)$", TEXT, re.M)
    assert {"add", "add-head", "check", "list", "preview", "reference-head", "remove"} <= {
        name for name, _ in lines
    }
    for name, rest in lines:
        told = RUNNER.invoke(app, [name, "--help"]).stdout
        for option in re.findall(r"--[a-z-]+", rest.split("#")[0]):
            assert option in told
