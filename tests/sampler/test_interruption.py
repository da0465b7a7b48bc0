"""Signals at any moment leave nothing that reads as a complete manifest."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sampler import Inputs, Sampler, load_config
from sampler.interruption import stopping_between_blocks
from sampler.streams import Draws
from sampler.writing import write_manifest
from spec_schema.errors import EXIT_INTERRUPTED

ROWS = 1_000_000
KINDS = [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]


@dataclass
class Run:
    """One rf-sample, and when it is to be sent which signal."""

    process: subprocess.Popen[str]
    kind: signal.Signals
    written: Path
    growing: Path
    after_s: float
    """From the first bytes on."""
    due: float = math.inf
    sent: bool = False


def _start(folder: Path, name: str, target: str, kind: signal.Signals, after_s: float) -> Run:
    written = folder / f"{name}.parquet"
    command = [sys.executable, "-m", "sampler.cli", "--n", str(ROWS)]
    growing = written
    if target == "path":
        command += ["-o", str(written)]
        growing = folder / f".{written.name}.partial"
    with (folder / f"{name}.parquet" if target == "pipe" else folder / "nothing").open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE, text=True)
    return Run(process, kind, written, growing, after_s)


@pytest.mark.parametrize("target", ["path", "pipe"])
def test_signals_at_random_moments_of_the_writing(tmp_path: Path, target: str) -> None:
    moments = Draws(0, "test", target, 0, len(KINDS)).uniform("moment")
    runs = [
        _start(tmp_path, str(k), target, kind, 1.5 * float(u))
        for k, (kind, u) in enumerate(zip(KINDS, moments, strict=True))
    ]
    give_up = time.monotonic() + 90
    while not all(run.sent for run in runs):
        now = time.monotonic()
        assert now < give_up, "nothing was written"
        for run in runs:
            assert run.sent or run.process.poll() is None, "it ended by itself"
            if run.due == math.inf and run.growing.exists() and run.growing.stat().st_size > 0:
                run.due = now + run.after_s
            if not run.sent and now >= run.due:
                run.process.send_signal(run.kind)
                run.sent = True
        time.sleep(0.005)
    for run in runs:
        _, said = run.process.communicate(timeout=60)
        if run.kind == signal.SIGKILL:
            assert run.process.returncode == -signal.SIGKILL
        else:
            assert run.process.returncode == EXIT_INTERRUPTED
            assert "nothing complete was written" in said
            assert "Traceback" not in said
            assert target == "pipe" or not run.growing.exists()
        if target == "path":
            assert not run.written.exists()
        for left in (run.written, run.growing):
            if left.exists():
                with pytest.raises(pa.ArrowInvalid):
                    pq.ParquetFile(left)


def test_signals_while_it_starts(tmp_path: Path) -> None:
    for k, u in enumerate(Draws(0, "test", "start", 0, 4).uniform("moment")):
        run = _start(tmp_path, str(k), "path", signal.SIGINT, 0)
        time.sleep(0.8 * float(u))
        run.process.send_signal(run.kind)
        run.process.communicate(timeout=60)
        # While Python itself still loads, it dies of the signal.
        assert run.process.returncode in (EXIT_INTERRUPTED, -signal.SIGINT)
        assert not list(tmp_path.glob("*.parquet"))
        assert not list(tmp_path.glob(".*"))


def test_the_first_signal_waits_for_the_block_and_the_second_does_not() -> None:
    seen: list[int] = []
    before = signal.getsignal(signal.SIGINT)

    def signalled(times: int) -> None:
        with stopping_between_blocks(seen.append) as on_rows:
            on_rows(1)
            for _ in range(times):
                signal.raise_signal(signal.SIGTERM)
            seen.append(2)
            on_rows(3)

    with pytest.raises(KeyboardInterrupt):
        signalled(1)
    assert seen == [1, 2]
    with pytest.raises(KeyboardInterrupt):
        signalled(2)
    assert seen == [1, 2, 1]
    assert signal.getsignal(signal.SIGINT) is before


def test_a_signal_after_the_last_block_leaves_a_finished_file(
    tmp_path: Path, inputs: Inputs
) -> None:
    sampler = Sampler(load_config(), inputs, 0, "train")
    path = tmp_path / "m.parquet"
    with stopping_between_blocks(lambda rows: signal.raise_signal(signal.SIGINT)) as on_rows:
        write_manifest(sampler, 0, 10, path, on_rows)
    assert pq.ParquetFile(path).metadata.num_rows == 10
