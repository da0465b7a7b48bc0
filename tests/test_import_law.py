"""Who may import whom, and that nothing outside renderer/blender brings Blender in."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = {"spec_schema", "assets", "sampler", "renderer", "converters"}
ALLOWED = {
    "spec_schema": {"spec_schema"},
    "assets": {"spec_schema", "assets"},
    "sampler": {"spec_schema", "assets", "sampler"},
    "renderer": {"spec_schema", "assets", "renderer"},
    "converters": {"spec_schema", "assets", "converters"},
}
BLENDER = {"bpy", "mathutils", "bmesh"}
FILES = sorted(p for name in OURS for p in (ROOT / name).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Top-level names of all modules that a file imports, at any depth of its code."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_layers(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    names = imported(path)
    assert names & OURS <= ALLOWED[package]
    assert "random" not in names
    if "renderer/blender" not in path.as_posix():
        assert not names & BLENDER


def test_there_are_files_to_check() -> None:
    assert {p.relative_to(ROOT).parts[0] for p in FILES} == OURS


@pytest.mark.parametrize("package", sorted(OURS))
def test_import_brings_no_blender(package: str) -> None:
    code = f"import {package}, sys; sys.exit(bool(set(sys.modules) & {BLENDER!r}))"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_commands_bring_no_blender() -> None:
    modules = (
        "sampler.cli, sampler.plot_cli, renderer.cli, converters.cli, converters.report.cli, "
        "assets.cli"
    )
    code = f"import {modules}, sys; sys.exit('bpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
