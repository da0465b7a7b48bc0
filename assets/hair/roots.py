"""Where strands stand: evenly spread roots on the skin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from assets.geometry import F32Array
from assets.hair.surface import SkullHead
from assets.hair.vectors import unit
from assets.noise import Stream

__all__ = ["Density", "Roots", "sample_roots"]

Density = Callable[[F32Array], F32Array]
"""0-1 at rest points ``(*, 3)`` in decimetres."""

GOLDEN = 0.5 * (5**0.5 - 1)
SUNK_M = 0.0003
"""Roots stand this deep in the skin, so that no gap shows under them."""


@dataclass(frozen=True)
class Roots:
    """Roots of n strands, skull frame."""

    point_m: F32Array
    normal: F32Array
    rest_dm: F32Array

    def __len__(self) -> int:
        return len(self.point_m)


def sample_roots(
    head: SkullHead,
    density: Density,
    count: int,
    stream: Stream,
    full: Density | None = None,
) -> Roots:
    """About ``count`` roots where ``density`` is; ears, lips and eyelids carry none.

    With ``full`` given, ``count`` is what that density would get: what ``density`` lacks of
    it is left out instead of crowding the rest.

    Roots come in an order in which every beginning is spread as evenly as the whole (steps of
    the golden ratio through the area of the faces): fewer are the first of many.
    """

    def corners(of: Density) -> list[F32Array]:
        at_vertices = np.zeros(len(head.rest_dm), np.float32)
        at_vertices[head.used] = of(head.rest_dm[head.used])
        return [at_vertices.take(head.faces[:, k]) * head.may_grow for k in range(4)]

    def grown(at_corners: list[F32Array]) -> float:
        return float((area * (0.25 * sum(at_corners))).sum())

    at_corners = corners(density)
    most = np.maximum.reduce(at_corners).astype(np.float64)
    area = head.face_area_m2.astype(np.float64)
    expected = grown(at_corners)
    if expected <= 0:
        return _none()
    wanted = float(count)
    if full is not None:
        wanted = count * expected / max(grown(corners(full)), 1e-12)
    share = np.cumsum(area * most)
    candidates = round(wanted * share[-1] / expected)
    if candidates < 1:
        return _none()
    lot = stream.uniform((candidates, 4))
    turn = np.modf(float(lot[0, 3]) + GOLDEN * np.arange(candidates))[0] * share[-1]
    face = np.minimum(np.searchsorted(share, turn), len(share) - 1)
    a, b = lot[:, 0], lot[:, 1]
    weight = np.stack([(1 - a) * (1 - b), a * (1 - b), a * b, (1 - a) * b], 1)

    corner = head.faces[face]

    def mixed(values: F32Array) -> F32Array:
        return np.asarray(np.einsum("nk,nkd->nd", weight, values.take(corner, axis=0)), np.float32)

    rest = mixed(head.rest_dm)
    edge = (weight * head.bare.take(corner)).sum(1)
    kept = lot[:, 2] * most[face] < density(rest)
    kept &= edge < 0.25
    weight, corner = weight[kept], corner[kept]
    normal = unit(mixed(head.normals))
    return Roots(mixed(head.vertices_m) - normal * np.float32(SUNK_M), normal, rest[kept])


def _none() -> Roots:
    return Roots(*(np.zeros((0, 3), np.float32) for _ in range(3)))
