"""Where the posed lids are: rings of points about each eye's opening, from rendered vertices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from assets.eyes.constants import eye_constants
from assets.geometry import F32Array

if TYPE_CHECKING:
    from assets.store import Store

__all__ = ["HasSkin", "LidRings", "between", "lid_rings"]

F64Array = NDArray[np.float64]


class HasSkin(Protocol):
    """A head, as far as its lids are concerned."""

    @property
    def vertices_m(self) -> F32Array: ...


@dataclass(frozen=True)
class LidRings:
    """Points about one opening, world frame, metres: ``(S, 3)`` each, in the same order.

    The first station is the inner corner; they run along the upper lid to the outer corner
    and back along the lower lid.
    """

    edge: F64Array
    """The lid's outer edge."""
    inner: F64Array
    """The lid's inner edge, nearer to the ball."""
    behind: F64Array
    """Further in, on the side that lies on the ball."""

    def finer(self, times: int) -> LidRings:
        """``times`` as many stations, on smooth closed curves through these."""
        return LidRings(*(_smooth(r, times) for r in (self.edge, self.inner, self.behind)))


def lid_rings(head: HasSkin, side: str, store: Store) -> LidRings:
    """The rings of one ``side`` (the subject's left or right)."""
    # Loaded late: the head package itself needs the eyes' shape.
    from assets.head.surface import load_surface

    cage_index = load_surface(store).cage_index
    mirror = np.asarray(store.array("head/mirror"))
    lids = eye_constants().lids

    def ring(left: tuple[int, ...]) -> F64Array:
        base = np.asarray(left) if side == "left" else mirror[list(left)]
        return head.vertices_m[np.searchsorted(cage_index, base)].astype(np.float64)

    return LidRings(ring(lids.edge), ring(lids.inner), ring(lids.behind))


def between(a: F64Array, b: F64Array, share: Any) -> F64Array:
    """Points a ``share`` (broadcast over the last axis) of the way from a to b."""
    return np.asarray(a + np.asarray(share) * (b - a))


def _smooth(points: F64Array, times: int) -> F64Array:
    """Closed Catmull-Rom curve through points ``(S, 3)``, ``times`` points a span."""
    before, after = np.roll(points, 1, 0), np.roll(points, -1, 0)
    beyond = np.roll(points, -2, 0)
    t = (np.arange(times) / times)[None, :, None]
    p0, p1, p2, p3 = (p[:, None] for p in (before, points, after, beyond))
    out = 0.5 * (
        2 * p1
        + (p2 - p0) * t
        + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
        + (3 * p1 - p0 - 3 * p2 + p3) * t**3
    )
    return np.asarray(out.reshape(-1, 3))
