"""What rendering costs beside Cycles itself, and beside one Blender process a sample.

    python -m benchmarks.render [--faces 16] [--size 640] [--samples 16]

The same faces are rendered by one ``rf-render`` with one worker of one thread, and then by one
``rf-render`` a face, which loads Blender, assets and caches anew for each, as the original
project's script did. Cycles alone is the phase ``paths`` of the first run: its sampling and
denoising. All figures are processor seconds of the whole process tree, but for the last, the wall
time.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq


@dataclass(frozen=True)
class Took:
    """Seconds of a process with its children."""

    wall_s: float
    cpu_s: float


def _run(*command: str) -> Took:
    begin, before = time.perf_counter(), os.times()
    subprocess.run([sys.executable, "-m", *command], check=True, stderr=subprocess.DEVNULL)
    after = os.times()
    cpu = sum(after[2:4]) - sum(before[2:4])
    return Took(time.perf_counter() - begin, cpu)


def _phases(folder: Path) -> dict[str, float]:
    """CPU seconds of each phase, over all samples of a dataset."""
    cpu = pq.read_table(folder / "journal" / "index.parquet")["cpu_s"].combine_chunks()
    names = [cpu.type.field(i).name for i in range(cpu.type.num_fields)]
    return {name: pc.sum(cpu.field(name)).as_py() or 0.0 for name in names}


def main(faces: int, size: int, samples: int) -> None:
    """Print the figures."""
    look = ["--size", str(size), "--samples", str(samples), "--workers", "1", "--threads", "1"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        manifest = folder / "faces.parquet"
        _run("sampler.cli", "--n", str(faces), "--seed", "17", "-o", str(manifest))
        ours = _run("renderer.cli", str(manifest), "--out", str(folder / "ours"), *look)
        phases = _phases(folder / "ours")
        single = [
            _run(
                "renderer.cli", str(manifest), "--out", str(folder / f"one-{k}"),
                "--shard", f"{k + 1}/{faces}", *look,
            )
            for k in range(faces)
        ]  # fmt: skip
    alone = phases["paths"]
    each = Took(sum(t.wall_s for t in single), sum(t.cpu_s for t in single))
    beside = sum(phases.values()) - alone
    for what, cpu in (
        ("Cycles alone (sampling and denoising)", alone),
        ("one rf-render", ours.cpu_s),
        ("one Blender process a sample", each.cpu_s),
    ):
        print(f"{what:40} {cpu / faces:8.2f} CPU s a sample {cpu / alone:7.2f} x Cycles")  # noqa: T201
    python = beside - phases["sync"]
    print(  # noqa: T201
        f"outside sampling and denoising {beside / faces:.2f} CPU s a sample "
        f"({beside / (beside + alone):.1%}), without Cycles' own preparation {python / faces:.2f}; "
        f"wall time of a process a sample {each.wall_s / ours.wall_s:.2f} x ours"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--faces", type=int, default=16)
    parser.add_argument("--size", type=int, default=640)
    parser.add_argument("--samples", type=int, default=16)
    given = parser.parse_args()
    main(given.faces, given.size, given.samples)
