"""How fast manifests are drawn, against the floor and against drawing row by row.

    python -m benchmarks.sampler [ROWS]

The floor is a table of the same schema, drawn by numpy with no thought and written by pyarrow
with the same settings. "Row by row" draws single rows through the library, as a naive loop
over scenes would; it is timed on a few rows and scaled up.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from sampler import Sampler, load_config, load_inputs
from sampler.scene import BLOCK_ROWS
from sampler.writing import manifest_info
from spec_schema.manifest import ManifestWriter
from spec_schema.spec import ARKIT_UNITS


def _timed(what: str, seconds: float, rows: int) -> float:
    print(f"{what:44} {seconds:8.2f} s  {rows / seconds:12,.0f} rows/s")  # noqa: T201
    return seconds


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


def main(rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.parquet"
        begin = time.perf_counter()
        command = [sys.executable, "-m", "sampler.cli", "--n", str(rows), "-o", str(path)]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        whole = _timed("rf-sample, start-up included", time.perf_counter() - begin, rows)
        size = path.stat().st_size / 1e6
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024

        sampler = Sampler(load_config(), load_inputs(), 0, "train")
        begin = time.perf_counter()
        for piece in sampler.blocks(0, rows):
            sampler.draw_block(*piece)
        _timed("drawing alone, one thread", time.perf_counter() - begin, rows)

        begin = time.perf_counter()
        _floor(sampler, rows, path)
        floor = _timed("floor: numpy draws, pyarrow writes", time.perf_counter() - begin, rows)

        begin = time.perf_counter()
        few = 5
        for k in range(few):
            sampler.draw(k * BLOCK_ROWS, 1)
        _timed("row by row (scaled)", (time.perf_counter() - begin) / few * rows, rows)
        print(f"{size:.0f} MB, peak memory {memory:.0f} MB, {whole / floor:.2f} x the floor")  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
