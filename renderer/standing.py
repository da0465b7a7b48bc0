"""A supervisor that keeps its one worker between items, for who is asked one item at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from renderer.settings import RenderSettings
from renderer.supervisor import Attempt, Item, Limits, Supervisor, _Slot

__all__ = ["StandingSupervisor"]

_NOTHING: Final[Iterator[Item]] = iter(())


class StandingSupervisor(Supervisor):
    """Renders items one after another on one worker.

    Args:
        settings: for the worker.
        engine: name of a stand-in for Blender, None for Blender itself.
        limits: when a worker counts as stuck, broken or worn out.
        report: called with every attempt that ended.
    """

    def __init__(
        self,
        settings: RenderSettings,
        engine: str | None,
        limits: Limits,
        report: Callable[[Attempt], None],
    ) -> None:
        super().__init__(settings, engine, 1, limits, report)

    def warm(self) -> None:
        """Start the worker, where there is none, and wait until it is ready.

        Raises:
            ToolError: workers don't start, or the machine lacks what the settings ask for.
        """
        slot = self._slots[0]
        while not slot.ready:
            if slot.child is None:
                self._open(slot)
            self._turn(_NOTHING)

    def render(self, item: Item) -> None:
        """Render one item, and once more where that fails; every attempt is reported.

        Raises:
            ToolError: workers don't start, or the machine lacks what the settings ask for.
        """
        slot = self._slots[0]
        slot.item, slot.attempt = item, 1
        if slot.ready:
            self._dispatch(slot)
        while slot.item is not None:
            if slot.child is None:
                self._open(slot)
            self._turn(_NOTHING)

    def _fill(self, slot: _Slot, items: Iterator[Item]) -> None:
        """Keep the worker when there is nothing to do."""
