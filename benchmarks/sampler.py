"""How fast manifests are drawn, against the floor and against drawing row by row.

    python -m benchmarks.sampler [ROWS [ROUNDS]]

The floor is a table of the same schema, drawn by numpy with no thought and written by pyarrow
with the same settings, by one thread, start-up left out. ``rf-sample`` is a process of its own,
start-up included. Both take turns, so that what else the machine does falls on both alike; the
best round of each counts. "Row by row" draws single rows through the library, as a naive loop
over scenes would; it is timed on a few rows and scaled up.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from sampler import Sampler, load_config, load_inputs
from sampler.one_thread import one_blas_thread
from sampler.scene import BLOCK_ROWS
from sampler.writing import manifest_info
from spec_schema.manifest import ManifestWriter
from spec_schema.spec import ARKIT_UNITS


@dataclass(frozen=True)
class Took:
    """Seconds of wall time and of processor time, and the peak memory of a process."""

    wall_s: float
    cpu_s: float
    peak_mb: float = 0.0


def _timed(work: Callable[[], object]) -> Took:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Took(time.perf_counter() - wall, time.process_time() - cpu)


def _command(*arguments: str) -> Took:
    begin = time.perf_counter()
    program = [sys.executable, "-m", "sampler.cli", *arguments]
    quiet = [(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
    child = os.posix_spawn(program[0], program, os.environ, file_actions=quiet)
    _, status, usage = os.wait4(child, 0)
    if status:
        raise SystemExit(f"{' '.join(program)} ended with {os.waitstatus_to_exitcode(status)}")
    wall = time.perf_counter() - begin
    return Took(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def _best(rounds: list[Took]) -> Took:
    return Took(
        min(r.wall_s for r in rounds),
        min(r.cpu_s for r in rounds),
        max(r.peak_mb for r in rounds),
    )


def _random(type_: pa.DataType, n: int, rng: np.random.Generator) -> pa.Array:
    if pa.types.is_struct(type_):
        fields = [type_.field(i) for i in range(type_.num_fields)]
        return pa.StructArray.from_arrays([_random(f.type, n, rng) for f in fields], fields=fields)
    if pa.types.is_string(type_):
        return pa.array([f"name{k}" for k in range(20)]).take(pa.array(rng.integers(0, 20, n)))
    if pa.types.is_integer(type_):
        return pa.array(rng.integers(0, 2**32, n))
    return pa.array(rng.standard_normal(n).astype(np.float32), type_)


def _floor(sampler: Sampler, rows: int, path: Path) -> None:
    rng = np.random.default_rng(0)
    with ManifestWriter(path, manifest_info(sampler), sampler.shape_keys, ARKIT_UNITS) as writer:
        for _, n in sampler.blocks(0, rows):
            columns = [_random(f.type, n, rng) for f in sampler.schema]
            writer.write(pa.Table.from_arrays(columns, schema=sampler.schema))


def _say(what: str, took: Took, rows: int) -> None:
    print(  # noqa: T201
        f"{what:38} {took.wall_s:9.2f} s wall {took.cpu_s:9.2f} s of processor "
        f"{rows / took.wall_s:11,.0f} rows/s"
    )


def main(rows: int, rounds: int) -> None:
    """Print the figures."""
    sampler = Sampler(load_config(), load_inputs(), 0, "train")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.parquet"
        ours, floors = [], []
        for _ in range(rounds):
            ours.append(_command("--n", str(rows), "-o", str(path)))
            size = path.stat().st_size / 1e6
            floors.append(_timed(lambda: _floor(sampler, rows, path)))
        start = _best([_command("--n", "1", "-o", str(path)) for _ in range(rounds)])
        whole, floor = _best(ours), _best(floors)
        with one_blas_thread():
            drawing = _timed(lambda: [sampler.draw_block(*p) for p in sampler.blocks(0, rows)])
        few = 5
        one = _timed(lambda: [sampler.draw(k * BLOCK_ROWS, 1) for k in range(few)])
    _say("rf-sample, start-up included", whole, rows)
    _say("rf-sample, one row", start, 1)
    _say("drawing alone, one thread", drawing, rows)
    _say("floor: numpy draws, pyarrow writes", floor, rows)
    _say("row by row (scaled)", Took(*(t / few * rows for t in (one.wall_s, one.cpu_s))), rows)
    print(  # noqa: T201
        f"{size:.0f} MB; peak memory {whole.peak_mb:.0f} MB; {whole.wall_s / floor.wall_s:.2f} x "
        f"the floor in wall time, {whole.cpu_s / floor.cpu_s:.2f} x in processor time"
    )


if __name__ == "__main__":
    main(*(int(a) for a in (*sys.argv[1:3], *("100000", "3")[len(sys.argv) - 1 :])))
