"""What this process may use of the machine, and how much it uses."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path
from typing import Final

__all__ = [
    "WORKER_MB",
    "oom_kills",
    "peak_mb",
    "resident_mb",
    "resident_mb_of",
    "usable_cores",
    "usable_memory_mb",
]

WORKER_MB: Final = 1800
"""Memory set aside for a worker: at 640 px it held 1.5 to 2.2 GB after each of 16 samples."""

_MB: Final = 1 << 20
_CGROUP: Final = Path("/sys/fs/cgroup")


def usable_cores() -> int:
    """CPU cores that this process may use: affinity and container quota counted."""
    if sys.platform == "linux":
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    quota = _cgroup_words("cpu.max")
    if len(quota) == 2 and quota[0].isdigit() and int(quota[1]) > 0:
        cores = min(cores, max(1, int(quota[0]) // int(quota[1])))
    return cores


def usable_memory_mb() -> int:
    """Memory of the machine, or of the container where that is less."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // _MB
    limit = _cgroup_words("memory.max")
    if len(limit) == 1 and limit[0].isdigit():
        total = min(total, int(limit[0]) // _MB)
    return int(total)


def _cgroup_words(name: str) -> list[str]:
    try:
        return (_CGROUP / name).read_text().split()
    except OSError:
        return []


def peak_mb(usage: resource.struct_rusage) -> float:
    """Largest resident size that a resource record tells of."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kilobytes elsewhere
    return usage.ru_maxrss * unit / _MB


def resident_mb() -> float:
    """Resident size of this process now (its largest so far where the system hides it)."""
    return resident_mb_of(os.getpid()) or peak_mb(resource.getrusage(resource.RUSAGE_SELF))


def resident_mb_of(pid: int) -> float:
    """Resident size of a process now; 0 where the system hides it, or it is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / _MB


def oom_kills() -> int:
    """How often the system has killed for lack of memory since it started, where it says so."""
    for path in (_CGROUP / "memory.events", Path("/proc/vmstat")):
        try:
            counts = dict(line.split() for line in path.read_text().splitlines())
            return int(counts["oom_kill"])
        except (OSError, KeyError, ValueError):
            continue
    return 0
