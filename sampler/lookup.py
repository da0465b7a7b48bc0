"""Smooth functions by linear interpolation in an even table, where the exact one costs too much."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sampler.streams import F64

__all__ = ["Lookup"]


@dataclass(frozen=True, eq=False)
class Lookup:
    """A function on an interval."""

    low: float
    cells_per_unit: float
    values: F64
    """``(cells,)`` at the cells' lower ends."""
    steps: F64
    """``(cells,)`` from there to the upper ends."""

    @staticmethod
    def of(function: Callable[[F64], F64], low: float, high: float, cells: int) -> Lookup:
        """A table of a function that is finite from ``low`` to ``high``."""
        ends = np.asarray(function(np.linspace(low, high, cells + 1)))
        return Lookup(low, cells / (high - low), ends[:-1].copy(), np.diff(ends))

    def __call__(self, x: F64) -> F64:
        """Values of the same shape; ``x`` must lie within the interval."""
        at = (x - self.low) * self.cells_per_unit
        cell = at.astype(np.intp)
        at -= cell
        # "clip" is numpy's fastest way to take; nothing is out of range.
        at *= self.steps.take(cell, mode="clip")
        at += self.values.take(cell, mode="clip")
        return at
