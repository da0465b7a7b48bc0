"""What the runs that made a dataset tell: seconds, and what became of every row."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from spec_schema.dataset import Dataset
from spec_schema.errors import DatasetError

__all__ = ["Failure", "Runs", "read_runs"]

_COLUMNS: Final = ("row", "status", "attempts", "seconds", "rss_mb", "kind", "phase", "message")


@dataclass(frozen=True)
class Failure:
    """A row without a sound sample."""

    row: int
    kind: str
    """``crash``, ``exception``, ``timeout``, ``memory``, ``protocol``, or ``damaged``."""
    phase: str
    message: str
    attempts: int = 0


@dataclass(frozen=True)
class Runs:
    """From ``journal/index.parquet``; empty where there is none."""

    note: str = ""
    """Why there are no figures."""
    spent: dict[int, tuple[float | None, float | None, float]] = field(default_factory=dict)
    """Seconds, megabytes and attempts by row."""
    failures: tuple[Failure, ...] = ()
    status: dict[str, int] = field(default_factory=dict)
    """Rows by ``done``, ``failed``, ``missing``."""
    wall_s: dict[str, float] = field(default_factory=dict)
    """By phase, over all samples whose phases are known."""
    cpu_s: dict[str, float] = field(default_factory=dict)

    def throughput(self) -> dict[str, Any]:
        """Figures for the page."""
        seconds = np.array([s for s, _, _ in self.spent.values() if s is not None])
        if not len(seconds):
            return {"samples": 0, "wall_s": self.wall_s, "cpu_s": self.cpu_s}
        marks = np.percentile(seconds, [5, 50, 95, 100])
        return {
            "samples": len(seconds),
            "mean_s": float(seconds.mean()),
            "quantiles_s": [float(m) for m in marks],
            "total_h": float(seconds.sum()) / 3600,
            "samples_an_hour": 3600 / max(float(seconds.mean()), 1e-9),
            "most_mb": max((m for _, m, _ in self.spent.values() if m is not None), default=None),
            "wall_s": self.wall_s,
            "cpu_s": self.cpu_s,
        }


def read_runs(dataset: Dataset) -> Runs:
    """Read the index of a dataset; where there is none, the page says so."""
    try:
        table = dataset.index()
        rows = table.select([c for c in _COLUMNS if c in table.column_names]).to_pylist()
        wall, cpu = (table.column(c).to_pylist() for c in ("wall_s", "cpu_s"))
    except (DatasetError, KeyError) as e:
        return Runs(note=str(e).replace(f"{dataset.root}/", ""))
    spent, failures, status = {}, [], Counter[str]()
    for r in rows:
        status[r["status"]] += 1
        if r["status"] == "done":
            spent[r["row"]] = r.get("seconds"), r.get("rss_mb"), float(r.get("attempts") or 0)
        elif r["status"] == "failed":
            kind, phase, message = (str(r.get(k) or "") for k in ("kind", "phase", "message"))
            tries = int(r.get("attempts") or 0)
            failures.append(Failure(r["row"], kind, phase, message, tries))
    return Runs(
        spent=spent,
        failures=tuple(failures),
        status=dict(status),
        wall_s=_by_phase(wall),
        cpu_s=_by_phase(cpu),
    )


def _by_phase(structs: list[dict[str, float | None] | None]) -> dict[str, float]:
    total: dict[str, float] = {}
    for struct in structs:
        for phase, seconds in (struct or {}).items():
            total[phase] = total.get(phase, 0.0) + (seconds or 0.0)
    return {phase: round(seconds, 3) for phase, seconds in total.items() if seconds}
