"""Whether the marks of a head may be those of a face: against a mean face, and by themselves.

The limits leave room around what was measured on 3,000 drawn people (brought to the mean face of
their sex, age and ancestry by rotation, shift and size: no landmark farther than 17 mm, of the jaw,
and 9 to 14 mm in the other parts; 5.7 mm at most over all, root mean square; no pair of left and
right more than 6.4 mm from mirror images). A face found on the side or back of a head was off by
9.8 to 13 mm over all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assets.accessories.fit import F64Array
from assets.rigid import rigid_between
from spec_schema.errors import AssetError

__all__ = ["Marked", "check_marks", "misplaced", "repeated"]

_PARTS: Final = (
    ("jaw", range(17), 25.0),
    ("brows", range(17, 27), 15.0),
    ("nose", range(27, 36), 20.0),
    ("eyes", range(36, 48), 15.0),
    ("mouth", range(48, 68), 20.0),
)
"""Parts of iBUG 68 and how many millimetres off a landmark of them may be."""
_LIMIT_MM: Final = [limit for _, rows, limit in _PARTS for _ in rows]
_OVERALL_MM: Final = 8.0
"""Of all landmarks, root mean square."""
_MIRROR_MM: Final = 12.0
_ALONG: Final = -0.2
"""Least cosine between a step to the next landmark and that of the mean face; 0.3 was measured."""
_ENDS: Final = (17, 22, 27, 31, 36, 42, 48, 60, 68)
"""Where a chain of landmarks ends and the next begins."""
_MIRRORED: Final = (
    *range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31,
    45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,
    54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65,
)  # fmt: skip
_MOST_NAMED: Final = 5


@dataclass(frozen=True)
class Marked:
    """How far marks are from where a mean face has its landmarks, millimetres."""

    overall_mm: float
    """Root mean square."""
    worst: int
    """Number of the landmark that is farthest off."""
    worst_mm: float

    def __str__(self) -> str:
        return (
            f"its landmarks are {self.overall_mm:.1f} mm from those of a mean face overall, most "
            f"{self.worst} by {self.worst_mm:.0f} mm"
        )


def repeated(marks: Sequence[int]) -> str:
    """Which landmarks are the same vertex, in words; empty where all are distinct."""
    places: dict[int, list[int]] = {}
    for number, vertex in enumerate(marks):
        places.setdefault(vertex, []).append(number)
    told = [
        f"landmarks {', '.join(map(str, numbers))} are all vertex {vertex}"
        for vertex, numbers in places.items()
        if len(numbers) > 1
    ]
    return f"{'; '.join(told)}; each has a vertex of its own" if told else ""


def check_marks(own: F64Array, mean: F64Array, where: str) -> Marked:
    """Compare marked places (68, 3) with the landmarks (68, 3) of a mean face, both in metres.

    Raises:
        AssetError: they are no face's: landmarks, millimetres and the rule are named.
    """
    marked, told = misplaced(own, mean)
    if told:
        raise AssetError(
            f"{where}: {told}; check which vertex each of them is, their order, and that the "
            "subject's right side comes first"
        )
    return marked


def misplaced(own: F64Array, mean: F64Array) -> tuple[Marked, str]:
    """How far off the marks are, and which rule they break, in words; empty where none."""
    fitted = _brought(own, mean)
    off = np.linalg.norm(fitted - mean, axis=1) * 1000
    marked = Marked(float(np.sqrt((off**2).mean())), int(off.argmax()), float(off.max()))
    far = [k for k in range(68) if off[k] > _LIMIT_MM[k]]
    if far:
        limits = ", ".join(f"{name} {limit:g}" for name, _, limit in _PARTS)
        rule = f"off from where a mean face has it, and it may be (mm): {limits}"
        return marked, f"{_named(far, off)} {rule}"
    if marked.overall_mm > _OVERALL_MM:
        return marked, (
            f"the landmarks are {marked.overall_mm:.1f} mm overall from those of a mean face, and "
            f"may be {_OVERALL_MM:g}; most {_named(list(range(68)), off)}"
        )
    back = _backwards(fitted, mean)
    if back:
        rule = "lies behind it along the face and not before: are they swapped?"
        return marked, f"landmark {back[1]} follows landmark {back[0]}, and {rule}"
    image = own[list(_MIRRORED)] * [-1.0, 1.0, 1.0]
    turn, shift = rigid_between(image, own)
    apart = np.linalg.norm(image @ turn.T + shift - own, axis=1) * 1000
    uneven = [k for k in range(68) if apart[k] > _MIRROR_MM and k <= _MIRRORED[k]]
    if uneven:
        rule = f"off from the mirror image of the other side, and may be {_MIRROR_MM:g}"
        return marked, f"{_named(uneven, apart)} {rule}"
    return marked, ""


def _brought(own: F64Array, mean: F64Array) -> F64Array:
    """Own points turned, moved and scaled to lie on others as well as they can."""
    spread = [float(np.linalg.norm(p - p.mean(0))) for p in (own, mean)]
    sized = own * (spread[1] / max(spread[0], 1e-9))
    turn, shift = rigid_between(sized, mean)
    return np.asarray(sized @ turn.T + shift)


def _backwards(fitted: F64Array, mean: F64Array) -> tuple[int, int] | None:
    steps = np.array([k for k in range(67) if k + 1 not in _ENDS])
    a, b = (points[steps + 1] - points[steps] for points in (fitted, mean))
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    along = (a * b).sum(1) / np.maximum(lengths, 1e-12)
    first = int(steps[along.argmin()])
    return (first, first + 1) if along.min() < _ALONG else None


def _named(numbers: list[int], off_mm: NDArray[np.float64]) -> str:
    """The worst of some landmarks, each with its millimetres."""
    worst = sorted(numbers, key=lambda k: -off_mm[k])[:_MOST_NAMED]
    told = ", ".join(f"landmark {k} by {off_mm[k]:.0f} mm" for k in worst)
    return f"{told} and {len(numbers) - len(worst)} more" if len(numbers) > len(worst) else told
