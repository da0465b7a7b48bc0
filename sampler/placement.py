"""One place before one camera for many faces of an identity, so that all stay in the picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sampler import framing
from sampler.framing import Points
from sampler.streams import F64

__all__ = ["Faces", "Place", "keep_inside", "place_together"]

_ROUNDS: Final = 12
_SLACK: Final = 1e-4
"""Kept beside the margin in picture widths, against rounding."""


@dataclass(frozen=True)
class Faces:
    """Some rows of some identities."""

    owner: NDArray[np.int64]
    """``(n,)`` ascending index of the identity."""
    points: Points
    """``(3, 68, n)`` landmarks in the camera's axes, relative to the identity's place, m."""


@dataclass(frozen=True)
class Place:
    """``(identities,)`` or ``(identities, 3)``."""

    position_m: F64
    bent: NDArray[np.bool_]
    """Where the faces had to be shifted or taken farther away."""
    smallest: F64
    """Longer side of the smallest box of a face, picture widths."""


def _extent(low: Points, high: Points, position: F64, ratio: F64) -> tuple[F64, F64]:
    """Bounds ``(n, 2)`` in the picture of boxes in space ``(3, p, n)``, picture widths."""
    sides_ = (low,) if low is high else (low, high)
    at = np.ascontiguousarray(position.T, low.dtype)
    depths = [ratio.astype(low.dtype) / (side[2] + at[2]) for side in sides_]
    bounds = []
    for take, reduce in ((low, np.minimum), (high, np.maximum)):
        sides = []
        for axis in (0, 1):
            offset = take[axis] + at[axis]
            if low is high:
                edge = np.multiply(offset, depths[0], out=offset)
            else:
                edge = reduce(offset * depths[0], offset * depths[1])
            sides.append(reduce.reduce(edge, axis=0).astype(np.float64) + 0.5)
        bounds.append(np.stack(sides, axis=-1))
    return bounds[0], bounds[1]


def keep_inside(
    low: Points, high: Points, position_m: F64, ratio: F64, margin: float
) -> tuple[F64, NDArray[np.bool_]]:
    """Positions ``(n, 3)`` from which boxes in space lie inside the picture's margin.

    Args:
        low: ``(3, p, n)`` and ``high`` the boxes' corners (both the points themselves, if
            there is but one face), in the camera's axes, relative to the position, metres.
        position_m: ``(n, 3)``; kept where nothing lies outside.
        ratio: ``(n,)`` focal length by picture width.
        margin: picture widths.

    Returns:
        The positions, and which were changed.
    """
    position, moved = position_m.copy(), np.zeros(len(ratio), bool)
    todo = np.arange(len(ratio))
    for _ in range(_ROUNDS):
        at, r = position[todo], ratio[todo]
        some = low[:, :, todo] if len(todo) < low.shape[2] else low
        other = some if high is low else high[:, :, todo]
        lowest, highest = _extent(some, other, at, r)
        least = margin - 2 * framing.TOLERANCE
        outside = ((lowest < least) | (highest > 1 - least)).any(axis=1)
        if not outside.any():
            return position, moved
        todo, at, r = todo[outside], at[outside], r[outside]
        lowest, highest = lowest[outside], highest[outside]
        room = 1 - 2 * (margin + _SLACK)
        factor = np.maximum((highest - lowest).max(axis=1) / room, 1.0)
        shift = np.maximum(margin + _SLACK - lowest, 0) - np.maximum(
            highest - (1 - margin - _SLACK), 0
        )
        # Boxes too large for the picture are centred and taken back.
        large = factor > 1
        shift = np.where(large[:, None], 0.5 - (lowest + highest) / 2, shift)
        at[:, :2] += shift * (at[:, 2] / r)[:, None]
        at *= np.where(large, factor * 1.002, 1.0)[:, None]
        position[todo], moved[todo] = at, True
    # What is still outside goes to the optical axis, as far back as any of it needs.
    aside = np.maximum(np.abs(low[:2, :, todo]), np.abs(high[:2, :, todo])).max(axis=(0, 1))
    depth = ratio[todo] * aside / (0.5 - margin - _SLACK) - low[2][:, todo].min(axis=0)
    position[todo] = np.stack([np.zeros(len(todo)), np.zeros(len(todo)), depth], axis=-1)
    return position, moved


def place_together(
    faces: Callable[[], Iterable[Faces]], position_m: F64, ratio: F64, margin: float, least: float
) -> Place:
    """Shift each identity so that all of its faces stay inside the margin.

    Args:
        faces: gives all rows of all identities, each time it is called.
        position_m: ``(identities, 3)`` where they are wanted.
        ratio: ``(identities,)``.
        least: smallest allowed face, picture widths; nearer is gone where that helps.
    """
    n = len(ratio)
    low = np.full((3, 68, n), np.inf, np.float32)
    high = np.full((3, 68, n), -np.inf, np.float32)
    for some in faces():
        here, begin = np.unique(some.owner, return_index=True)
        low[:, :, here] = np.minimum(
            low[:, :, here], np.minimum.reduceat(some.points, begin, axis=2)
        )
        high[:, :, here] = np.maximum(
            high[:, :, here], np.maximum.reduceat(some.points, begin, axis=2)
        )
    position, bent = keep_inside(low, high, position_m, ratio, margin)
    smallest = _smallest(faces, position, ratio)
    small = smallest < least
    if small.any():
        nearer = np.where(small, smallest / (least * 1.01), 1.0)
        position, again = keep_inside(low, high, position * nearer[:, None], ratio, margin)
        bent |= again | small
        smallest = _smallest(faces, position, ratio)
    return Place(position, bent, smallest)


def _smallest(faces: Callable[[], Iterable[Faces]], position: F64, ratio: F64) -> F64:
    out = np.full(len(ratio), np.inf)
    for some in faces():
        size, _ = framing.box(some.points, position[some.owner], ratio[some.owner])
        np.minimum.at(out, some.owner, size)
    return out
