"""``--profile``: what a sample's time goes into, a line a sample and a table of all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from renderer.phases import OUTSIDE_CYCLES, PHASES, Seconds

__all__ = ["ProfileSum"]

_NOTES: Final = {
    "read": "manifest row to spec, in the supervisor",
    "decode": "message to spec",
    "geometry": "head, eyes, mouth, clothing, glasses, headwear",
    "skin": "skin maps",
    "hair": "strands",
    "labels": "label record's arrays",
    "upload": "arrays into Blender",
    "sync": "Cycles: textures, BVH, importance map",
    "paths": "Cycles: sampling and denoising",
    "passes": "picture and passes out of Blender, class mask",
    "encode": "files' bytes",
    "write": "to the disk, synced, in the supervisor",
}


class ProfileSum:
    """Seconds by phase, summed over samples."""

    def __init__(self) -> None:
        self.samples = 0
        self.total: Seconds = {}

    def add(self, phases: Mapping[str, tuple[float, float]]) -> None:
        """One more sample."""
        self.samples += 1
        for name, (wall, cpu) in phases.items():
            before = self.total.get(name, (0.0, 0.0))
            self.total[name] = (before[0] + wall, before[1] + cpu)

    @staticmethod
    def line(row: int, phases: Mapping[str, tuple[float, float]]) -> str:
        """One sample's phases, wall seconds."""
        parts = [f"{name} {phases[name][0]:.2f}" for name in _ordered(phases)]
        whole = sum(wall for wall, _ in phases.values())
        return f"row {row}: {whole:.2f} s: {', '.join(parts)}"

    def table(self) -> str:
        """Means over all samples; empty where there are none."""
        if not self.samples:
            return ""
        n = self.samples
        whole = sum(wall for wall, _ in self.total.values())
        lines = [f"profile of {n} samples, seconds a sample", "phase        wall    CPU   share"]
        for name in _ordered(self.total):
            wall, cpu = self.total[name]
            share = wall / whole if whole else 0.0
            note = _NOTES.get(name, "")
            lines.append(f"{name:9} {wall / n:7.3f} {cpu / n:6.3f} {share:6.1%}  {note}".rstrip())
        for name, kept in (
            ("all", list(self.total)),
            ("not paths", [p for p in self.total if p != "paths"]),
            ("ours", [p for p in self.total if p in OUTSIDE_CYCLES]),
        ):
            wall = sum(self.total[p][0] for p in kept)
            cpu = sum(self.total[p][1] for p in kept)
            share = wall / whole if whole else 0.0
            lines.append(f"{name:9} {wall / n:7.3f} {cpu / n:6.3f} {share:6.1%}")
        lines.append(
            "not paths: all outside Cycles' sampling and denoising; ours: that without Cycles' "
            "own preparation"
        )
        return "\n".join(lines)


def _ordered(phases: Mapping[str, object]) -> list[str]:
    known = [name for name in PHASES if name in phases]
    return known + sorted(set(phases) - set(known))
