"""Which release this is, and how the commands say it."""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import typer

__all__ = ["own_version", "version_option"]

_DISTRIBUTION: Final = "replicantface"


def own_version() -> str:
    """Version of this release, whether it is installed or runs from its source tree."""
    project = Path(__file__).parents[1] / "pyproject.toml"
    if project.is_file():
        declared = tomllib.loads(project.read_text("utf-8")).get("project", {})
        if declared.get("name") == _DISTRIBUTION:
            return str(declared["version"])
    return metadata.version(_DISTRIBUTION)


def version_option(command: str) -> Any:
    """The option ``--version`` of a command, which prints its name and version, and ends it."""

    def say(wanted: bool) -> None:
        if wanted:
            typer.echo(f"{command} {own_version()}")
            raise typer.Exit

    return typer.Option(
        "--version", callback=say, is_eager=True, help="Print the version and exit."
    )
