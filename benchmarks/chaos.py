"""Kills render workers and their supervisor at random moments, and compares what is left.

    python -m benchmarks.chaos [--seed 0] [--kills 100] [--rows 40] [--workers 3] [--blender]

``rf-render`` runs as a command. At moments and of victims that the seed decides, a worker or the
supervisor gets SIGKILL. After each death of the supervisor every completion marker is checked
against the files it names. The command is run again until it says that all is done; the dataset
must then equal, byte for byte, that of a run which nobody disturbed. Then the next dataset is
begun, until there were enough kills. Exit code 1 where anything differs.

Without ``--blender`` the tests' stand-in renders, so that a hundred kills take minutes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
SUPERVISOR_SHARE = 0.2
"""Of the kills."""
_ORPHAN_S = 60.0
"""A worker that is only just loading leaves when it has loaded."""


@dataclass
class Chaos:
    """One series of kills.

    Args:
        folder: to work in.
        seed: decides moments and victims.
        rows: of the manifest.
        workers: render processes.
        blender: whether Blender renders, or the tests' stand-in.
    """

    folder: Path
    seed: int = 0
    rows: int = 40
    workers: int = 3
    blender: bool = False
    killed: dict[str, int] = field(default_factory=lambda: {"worker": 0, "supervisor": 0})
    datasets: int = 0
    starts: int = 0
    markers: int = 0
    faults: list[str] = field(default_factory=list)

    def run(self, kills: int) -> None:
        """Kill until there were so many, and finish what is begun."""
        self._rng = np.random.default_rng(self.seed)
        self._manifest = self._write_manifest()
        out = self.folder / "undisturbed"
        if (code := self._start(out).wait()) != 0:
            self.faults.append(f"the undisturbed run ended with exit code {code}")
            return
        expected = contents(out)
        while sum(self.killed.values()) < kills and not self.faults:
            out = self.folder / f"disturbed-{self.datasets}"
            self._one_dataset(out, kills)
            if contents(out) != expected:
                self.faults.append(f"{out}: differs from the undisturbed run")
            self.datasets += 1

    def _one_dataset(self, out: Path, kills: int) -> None:
        while not self.faults:
            process = self._start(out)
            while process.poll() is None:
                self._wait(process)
                if sum(self.killed.values()) < kills and process.poll() is None:
                    self._kill(process)
            self.starts += 1
            self._check_markers(out)
            if process.returncode == 0:
                return
            if process.returncode not in (1, 75, -signal.SIGKILL):
                self.faults.append(f"rf-render ended with exit code {process.returncode}")

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        try:
            process.wait(self._rng.uniform(0.0, 6.0 if self.blender else 0.8))
        except subprocess.TimeoutExpired:
            return

    def _kill(self, process: subprocess.Popen[bytes]) -> None:
        workers = children(process.pid)
        # Rarely while it only loads, or a slow machine would hardly get to anything else.
        chance = SUPERVISOR_SHARE * (1.0 if workers else 0.1)
        # Its turn in any case where chance alone would leave it out of a short series.
        due = self.killed["supervisor"] + 1 <= SUPERVISOR_SHARE * sum(self.killed.values())
        if self._rng.random() < chance or (workers and due):
            kind, victim = "supervisor", process.pid
        elif workers:
            kind, victim = "worker", int(self._rng.choice(workers))
        else:
            return
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.killed[kind] += 1
        if kind == "supervisor":
            process.wait()
            deadline = time.monotonic() + _ORPHAN_S
            while any(alive(pid) for pid in workers):
                if time.monotonic() > deadline:
                    self.faults.append("workers outlived their supervisor")
                    return
                time.sleep(0.01)

    def _check_markers(self, out: Path) -> None:
        for path in out.glob("*/*.done.json"):
            self.markers += 1
            try:
                for name, digest in json.loads(path.read_bytes())["files"].items():
                    data = (path.parent / name).read_bytes()
                    if hashlib.sha256(data).hexdigest() != digest:
                        self.faults.append(f"{path.parent / name}: is not what its marker says")
            except (OSError, ValueError) as e:
                self.faults.append(f"{path}: {e}")

    def _start(self, out: Path) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        if not self.blender:
            from tests.renderer.fake_engine import NAME

            plan = {"seconds": 0.05, "folder": str(self.folder)}
            environment |= {"RF_TEST_BACKEND": NAME, "RF_FAKE": json.dumps(plan)}
        places = [str(self._manifest), "--out", str(out), "--retry-failed"]
        options = ["--size=48", "--samples=1", f"--workers={self.workers}", "--threads=1"]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "renderer.cli", *places, *options],
                env=environment,
                stderr=log,
            )

    def _write_manifest(self) -> Path:
        path = self.folder / "faces.parquet"
        if self.blender:
            command = [sys.executable, "-m", "sampler.cli", "--n", str(self.rows), "-o", str(path)]
            subprocess.run(command, check=True, cwd=ROOT, stderr=subprocess.DEVNULL)
            return path
        from tests.renderer.specs import write_manifest

        return write_manifest(path, self.rows)


def contents(root: Path) -> dict[str, str]:
    """SHA-256 by relative path of all of a dataset but its journal, hidden files included."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.relative_to(root).parts[0] != "journal"
    }


def children(pid: int) -> list[int]:
    """Processes that ``pid`` started."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True)
    pairs = (line.split() for line in listed.stdout.splitlines())
    return sorted(int(own) for own, parent in pairs if int(parent) == pid)


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    listed = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return bool(listed.stdout.strip()) and not listed.stdout.strip().startswith("Z")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--rows", type=int, default=40)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--blender", action="store_true")
    given = parser.parse_args()
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        chaos = Chaos(Path(folder), given.seed, given.rows, given.workers, given.blender)
        chaos.run(given.kills)
    kills = ", ".join(f"{count} of {kind}s" for kind, count in chaos.killed.items())
    print(  # noqa: T201
        f"seed {given.seed}: {sum(chaos.killed.values())} kills ({kills}), {chaos.datasets} "
        f"datasets of {given.rows} samples, {chaos.starts} runs, {chaos.markers} markers checked, "
        f"{time.perf_counter() - begin:.0f} s: "
        + ("; ".join(chaos.faults) if chaos.faults else "nothing lost, nothing false")
    )
    return 1 if chaos.faults else 0


if __name__ == "__main__":
    sys.exit(main())
