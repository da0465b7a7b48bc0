"""How fast ``rf-render --labels-only`` is, against building the geometry of a render.

    python -m benchmarks.labels [RECORDS]

CPU time, so that what else the machine does counts as little as can be. "Whole head" is what a
full render builds before it labels: every vertex of the rendered head, and no hair, skin maps,
clothing or pixels. The last lines are the command itself with one worker, from reading the
manifest to the written records, start-up left out by taking the difference of two runs.
"""

from __future__ import annotations

import io
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from assets.head import load_head_model
from assets.store import open_store
from renderer.labels import geometric_labels, label_file
from renderer.labels_only import ENGINE, NAME
from renderer.run import RunOptions, render_manifest
from renderer.settings import RenderSettings
from spec_schema.manifest import Manifest

SIZE_PX = 640


def _print(what: str, seconds: float) -> float:
    print(f"{what:44} {1e3 * seconds:8.2f} ms  {1 / seconds:8.1f} a second")  # noqa: T201
    return seconds


def _each(what: str, action: Callable[[Any], Any], items: list[Any]) -> float:
    action(items[0])
    begin = time.process_time()
    for item in items:
        action(item)
    return _print(what, (time.process_time() - begin) / len(items))


def _command(manifest: Path, out: Path) -> tuple[float, float]:
    """CPU seconds of one run with one worker: the command's own process, its worker."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)

    def used() -> list[float]:
        return [u.ru_utime + u.ru_stime for u in map(resource.getrusage, who)]

    before = used()
    settings = RenderSettings(size_px=SIZE_PX, labels_only=True)
    options = RunOptions(workers=1, threads=1, engine_name=NAME)
    if render_manifest(manifest, out, settings, options, ENGINE, io.StringIO()):
        raise SystemExit("the run failed")
    own, worker = (b - a for a, b in zip(before, used(), strict=True))
    return own, worker


def _manifest(folder: Path, n: int) -> Path:
    path = folder / f"{n}.parquet"
    command = [sys.executable, "-m", "sampler.cli", "--n", str(n), "-o", str(path)]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return path


def main(records: int) -> None:
    os.environ["OMP_NUM_THREADS"] = "1"
    model = load_head_model(open_store())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few, many = _manifest(folder, max(10, records // 10)), _manifest(folder, records)
        specs = [spec for _, spec in Manifest(many).specs(range(min(records, 200)))]
        whole = _each("whole head, built", model.build, specs)
        rows = _each("labelled rows, built", model.build_labelled, specs)
        heads = [(s, model.build_labelled(s)) for s in specs]
        labels = _each("labels", lambda p: geometric_labels(*p, model, SIZE_PX), heads)
        made = [(s, geometric_labels(s, h, model, SIZE_PX)) for s, h in heads]
        file = _each("record as bytes", lambda p: label_file(0, p[0], SIZE_PX, p[1]), made)
        _print("labelled rows to bytes", rows + labels + file)
        _print("whole head to bytes", whole + labels + file)
        few_s, many_s = _command(few, folder / "few"), _command(many, folder / "many")
        n = len(Manifest(many)) - len(Manifest(few))
        own, worker = ((b - a) / n for a, b in zip(few_s, many_s, strict=True))
        _print("rf-render --labels-only, its own process", own)
        _print("rf-render --labels-only, its worker", worker)
        _print("rf-render --labels-only, both", own + worker)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
