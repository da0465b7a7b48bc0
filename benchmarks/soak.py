"""Does a long run slow down or grow?

    python -m benchmarks.soak [--samples 3000] [--workers 2]
    python -m benchmarks.soak --blender --samples 300 --workers 1

Tiny samples through the whole of rf-render: supervisor, workers, files, journal. Workers are not
replaced, so that what grows in one shows. With Blender 25 scenes come again and again, so that
the first hundred samples and the last hundred are the same work. Printed are rate, CPU seconds a
sample and memory of the first and last hundred. Without ``--blender`` the tests' stand-in
renders, which leaves the cost of supervision alone.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from renderer import run
from renderer.engine import find_engine
from renderer.machine import resident_mb
from renderer.recording import Recorder
from renderer.run import RunOptions, render_manifest
from renderer.settings import RenderSettings
from renderer.supervisor import Attempt, Limits
from spec_schema.manifest import Manifest, ManifestWriter

ROOT = Path(__file__).parents[1]
SCENES = 25
WINDOW = 100


@dataclass(frozen=True)
class Point:
    """One sample, settled."""

    at_s: float
    cpu_s: float
    worker_mb: float
    supervisor_mb: float


POINTS: list[Point] = []


class Watched(Recorder):
    """Notes when each sample is settled."""

    def __call__(self, attempt: Attempt) -> None:
        super().__call__(attempt)
        if attempt.files is None:
            print(attempt.failure)  # noqa: T201
        cpu_s = sum(cpu for _, cpu in attempt.phases.values())
        POINTS.append(Point(time.monotonic(), cpu_s, attempt.rss_mb, resident_mb()))


@dataclass(frozen=True)
class NoRecycling(Limits):
    """Workers that stay for the whole run."""

    recycle_items: int = 10**9
    recycle_mb: float = 10.0**9


def write_blender_manifest(folder: Path, samples: int) -> Path:
    """``SCENES`` scenes of the sampler, again and again."""
    drawn, path = folder / "drawn.parquet", folder / "faces.parquet"
    command = [sys.executable, "-m", "sampler.cli", "--n", str(SCENES), "-o", str(drawn)]
    subprocess.run(command, check=True, cwd=ROOT, stderr=subprocess.DEVNULL)
    manifest = Manifest(drawn)
    keys = manifest.shape_keys, manifest.expression_keys
    with ManifestWriter(path, manifest.info, *keys) as writer:
        rows = pa.array([k % SCENES for k in range(samples)])
        writer.write(pq.read_table(drawn).take(rows))
    return path


def tell(name: str, points: list[Point]) -> float:
    """A line about consecutive samples; returns their rate (1/s)."""
    rate = (len(points) - 1) / (points[-1].at_s - points[0].at_s)
    cpu_s = statistics.mean(p.cpu_s for p in points)
    worker = statistics.mean(p.worker_mb for p in points)
    supervisor = statistics.mean(p.supervisor_mb for p in points)
    print(  # noqa: T201
        f"{name:10} {rate:8.2f} samples/s  {cpu_s:7.3f} CPU s a sample  "
        f"worker {worker:6.0f} MB  supervisor {supervisor:6.0f} MB"
    )
    return rate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=3000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--blender", action="store_true")
    given = parser.parse_args()
    engine_name = None
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        folder = Path(name)
        if given.blender:
            manifest = write_blender_manifest(folder, given.samples)
        else:
            from tests.renderer.fake_engine import NAME
            from tests.renderer.specs import write_manifest

            engine_name = NAME
            os.environ["PYTHONPATH"] = str(ROOT)
            manifest = write_manifest(folder / "faces.parquet", given.samples)
        run.Recorder, run.Limits = Watched, NoRecycling  # type: ignore[misc,assignment]
        settings = RenderSettings(size_px=given.size, samples=1)
        options = RunOptions(workers=given.workers, threads=1, engine_name=engine_name)
        engine = find_engine(engine_name)
        code = render_manifest(manifest, folder / "out", settings, options, engine, io.StringIO())
    print(f"{len(POINTS)} samples, exit code {code}")  # noqa: T201
    first, last = POINTS[:WINDOW], POINTS[-WINDOW:]
    ratio = tell("last 100", last) / tell("first 100", first)
    worker = last[-1].worker_mb - first[-1].worker_mb
    supervisor = last[-1].supervisor_mb - first[-1].supervisor_mb
    print(  # noqa: T201
        f"last against first: rate {ratio:.3f}, worker {worker:+.0f} MB, "
        f"supervisor {supervisor:+.0f} MB"
    )


if __name__ == "__main__":
    main()
