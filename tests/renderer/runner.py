"""Runs of rf-render with the fake engine."""

from __future__ import annotations

import io
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from renderer.run import RunOptions, render_manifest
from renderer.settings import RenderSettings
from renderer.shards import parse_shard
from tests.renderer.fake_engine import ENGINE, NAME
from tests.renderer.specs import write_manifest

ROOT = Path(__file__).parents[2]
SETTINGS = RenderSettings(size_px=32, samples=1)
N_ROWS = 7


class Runner:
    """Renders one small manifest, in this process or as the command."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.manifest = write_manifest(folder / "faces.parquet", N_ROWS)
        self._patch = patch
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("RF_TEST_BACKEND", NAME)
        self.fake()

    def fake(self, **plan: Any) -> None:
        """How the workers are to misbehave; see fake_engine."""
        seen = self.folder / "seen"
        seen.mkdir(exist_ok=True)
        self._patch.setenv("RF_FAKE", json.dumps({"folder": str(seen), **plan}))

    def render(
        self,
        out: Path | str,
        shard: str = "1/1",
        *,
        manifest: Path | None = None,
        settings: RenderSettings = SETTINGS,
        workers: int | None = 2,
        **options: Any,
    ) -> tuple[int, str]:
        """(exit code, what was told)."""
        stream = io.StringIO()
        chosen = RunOptions(parse_shard(shard), workers, 1, engine_name=NAME, **options)
        code = render_manifest(manifest or self.manifest, out, settings, chosen, ENGINE, stream)
        return code, stream.getvalue()

    def start(
        self, *arguments: object, limit_bytes: int = resource.RLIM_INFINITY
    ) -> subprocess.Popen[str]:
        """The command, running; ``limit_bytes`` is how large a file may become."""

        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))

        return subprocess.Popen(
            [sys.executable, "-m", "renderer.cli", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=dict(os.environ),
            preexec_fn=limit,
        )

    def command(
        self, *arguments: object, limit_bytes: int = resource.RLIM_INFINITY
    ) -> tuple[int, str]:
        """(exit code, stderr) of the command; stdout must stay empty."""
        process = self.start(*arguments, limit_bytes=limit_bytes)
        told, said = process.communicate(timeout=60)
        assert told == ""
        return process.returncode, said


def journal_lines(out: Path) -> list[dict[str, Any]]:
    """All records of all journals of a dataset."""
    paths = sorted((out / "journal").glob("*.jsonl"))
    return [json.loads(line) for p in paths for line in p.read_text().splitlines()]
