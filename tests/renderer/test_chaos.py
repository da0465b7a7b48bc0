"""A short version of benchmarks/chaos.py."""

from __future__ import annotations

from pathlib import Path

from benchmarks.chaos import Chaos


def test_kills_at_random_moments_lose_nothing_and_leave_nothing_false(tmp_path: Path) -> None:
    chaos = Chaos(tmp_path, seed=5, rows=24)
    chaos.run(kills=12)
    assert not chaos.faults, (chaos.faults, (tmp_path / "log").read_text()[-3000:])
    assert sum(chaos.killed.values()) >= 12
    assert min(chaos.killed.values()) >= 1
    assert chaos.datasets >= 1
    assert chaos.markers >= 24


def test_a_false_marker_would_be_seen(tmp_path: Path) -> None:
    chaos = Chaos(tmp_path, rows=3, workers=1)
    chaos.run(kills=0)
    assert not chaos.faults
    (tmp_path / "undisturbed/00000/00000001.png").write_bytes(b"half")
    chaos._check_markers(tmp_path / "undisturbed")
    assert len(chaos.faults) == 1
