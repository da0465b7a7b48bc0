"""A manifest of which some rows abort, hang, fill the memory or raise, rendered by Blender.

    python -m benchmarks.poison [--size 48]

``rf-render`` runs as a user runs it, with Blender, but for what the tests' hook does to five of
eight rows. Exactly these must end as failed, each with its cause, phase, signal and the end of
its log; ``--retry-failed`` without the hook must then finish the dataset, which must equal that
of an undisturbed run. Prints what was recorded; exit code 1 where anything differs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks.chaos import ROOT, contents
from spec_schema import Dataset
from tests.renderer.fake_engine import POISONED_NAME

ROWS: Final = 8
POISON: Final = {"0": "abort", "2": "hang", "3": "grow", "5": "exception", "6": "segv"}
CAUSES: Final = {0: "crash", 2: "timeout", 3: "memory", 5: "exception", 6: "crash"}
SIGNALS: Final = {0: "SIGABRT", 6: "SIGSEGV"}
TOLD: Final = ("abort", "exception", "segv")
"""What leaves a trace in the log."""
HANGS_S: Final = 60
MOST_MB: Final = 4000


def run(*command: object, poison: bool = False) -> tuple[int, str]:
    """Exit code and what was told by one of our commands."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    if poison:
        environment["RF_TEST_BACKEND"] = POISONED_NAME
        environment["RF_FAKE"] = json.dumps({"rows": POISON})
    line = [sys.executable, "-m", *map(str, command)]
    done = subprocess.run(line, env=environment, stderr=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stderr


def log_tails(out: Path) -> dict[int, str]:
    """End of the log of each row's last failure, from the journals."""
    lines = (ln for path in (out / "journal").glob("*.jsonl") for ln in path.open())
    records = (json.loads(line) for line in lines)
    return {r["row"]: r["stderr_tail"] for r in records if r["event"] == "failed" and r["final"]}


def check(folder: Path, size: int) -> list[str]:
    """What differs from what must be."""
    manifest, out, clean = folder / "faces.parquet", folder / "faces", folder / "clean"
    run("sampler.cli", "--n", ROWS, "--seed", 3, "-o", manifest)
    look = ("--size", size, "--samples", 1, "--workers", 2, "--threads", 1)
    limits = ("--timeout", HANGS_S, "--max-memory", MOST_MB)
    faults = []
    code, _ = run("renderer.cli", manifest, "--out", out, *look, *limits, poison=True)
    if code != 1:
        faults.append(f"exit code {code} with poison, not 1")
    failed = {row["row"]: row for row in Dataset(out).failures()}
    tails = log_tails(out)
    for row, record in sorted(failed.items()):
        tail = tails.get(row, "").strip().splitlines()
        print(  # noqa: T201
            f"row {row} ({POISON.get(str(row), 'sound')}): {record['kind']} in phase "
            f"{record['phase']}, signal {record['signal']}, {record['attempts']} attempts: "
            f"{record['message']}; log of {len(tail)} lines: {tail[0] if tail else 'empty'}"
        )
        if not tail and POISON.get(str(row)) in TOLD:
            faults.append(f"row {row}: no end of the log")
        if record["attempts"] != 2 or record["phase"] != "geometry":
            faults.append(f"row {row}: {record['attempts']} attempts, phase {record['phase']}")
        if row in SIGNALS and record["signal"] != SIGNALS[row]:
            faults.append(f"row {row}: signal {record['signal']}, not {SIGNALS[row]}")
    if {row: record["kind"] for row, record in failed.items()} != CAUSES:
        faults.append(f"failed are {sorted(failed)}, poisoned {sorted(CAUSES)}, or causes differ")
    code, said = run("renderer.cli", manifest, "--out", out, *look)
    if code != 1 or f"{len(POISON)} failed before" not in said:
        faults.append("a run without --retry-failed did not leave the failed ones alone")
    code, _ = run("renderer.cli", manifest, "--out", out, *look, "--retry-failed")
    if code != 0:
        faults.append(f"exit code {code} of --retry-failed")
    code, _ = run("renderer.cli", manifest, "--out", clean, *look)
    if code != 0 or contents(out) != contents(clean):
        faults.append("the dataset differs from that of an undisturbed run")
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", type=int, default=48)
    given = parser.parse_args()
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="poison-") as folder:
        faults = check(Path(folder), given.size)
    told = "; ".join(faults) if faults else "exactly the poisoned rows failed, and a retry mended"
    print(f"{ROWS} rows, {time.perf_counter() - begin:.0f} s: {told}")  # noqa: T201
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
