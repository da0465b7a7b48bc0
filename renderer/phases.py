"""What a sample's time goes into: phases that follow one another, each with its seconds.

Whoever makes a sample is given a :data:`Phase` and calls it with a name at the start of each
piece of work; the piece before ends there. The names are those of :data:`PHASES`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

__all__ = [
    "OUTSIDE_CYCLES",
    "PHASES",
    "Phase",
    "PhaseClock",
    "Seconds",
    "say_nothing",
]

Phase = Callable[[str], None]
"""Told the name of the piece of work that begins now."""

Seconds = dict[str, tuple[float, float]]
"""Wall and CPU seconds (of all threads of the process) by phase."""

PHASES: Final = (
    "read",
    "decode",
    "geometry",
    "skin",
    "hair",
    "labels",
    "upload",
    "sync",
    "paths",
    "passes",
    "data",
    "encode",
    "write",
)
"""In order. ``read`` (row to spec) and ``write`` (files, synced) happen in the supervisor;
``sync`` is Cycles' own preparation (textures, BVH, importance map); ``paths`` its sampling and
denoising; ``data`` the renders for depth, normals, UVs and layers; the rest is ours."""

OUTSIDE_CYCLES: Final = tuple(name for name in PHASES if name not in ("sync", "paths", "data"))
"""What this project's Python does, and numpy, zlib and Blender's file writers for it."""


def say_nothing(_: str) -> None:
    """A :data:`Phase` for callers who don't care."""


class PhaseClock:
    """A :data:`Phase` that keeps time.

    Args:
        tell: passed each name too.
        wall: a clock, seconds.
        cpu: a clock of CPU seconds.
    """

    def __init__(
        self,
        tell: Phase = say_nothing,
        wall: Callable[[], float] = time.perf_counter,
        cpu: Callable[[], float] = time.process_time,
    ) -> None:
        self._tell, self._wall, self._cpu = tell, wall, cpu
        self._spent: Seconds = {}
        self._name: str | None = None
        self._since = (0.0, 0.0)

    def __call__(self, name: str) -> None:
        """``name`` begins, what went before ends. A name that comes again adds up."""
        self._end()
        self._name = name
        self._tell(name)

    def stop(self) -> Seconds:
        """The last phase ends; all seconds so far, and the clock is empty again."""
        self._end()
        self._name = None
        spent, self._spent = self._spent, {}
        return spent

    def _end(self) -> None:
        now = self._wall(), self._cpu()
        if self._name is not None:
            wall, cpu = self._spent.get(self._name, (0.0, 0.0))
            self._spent[self._name] = (
                wall + now[0] - self._since[0],
                cpu + now[1] - self._since[1],
            )
        self._since = now


def rounded(spent: Mapping[str, tuple[float, float]]) -> dict[str, list[float]]:
    """To milliseconds, for the journal."""
    return {name: [round(wall, 3), round(cpu, 3)] for name, (wall, cpu) in spent.items()}
