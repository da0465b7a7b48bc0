"""Skin that a posed body presses against cloth: where it may be drawn, and where not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from assets.geometry import F32Array
from assets.head import Head
from assets.head.surface import load_surface
from assets.store import Store

__all__ = ["OffSkin", "bare_skin", "through_cloth"]

TOP_Y_M = 0.70
"""Rest height of the lips: what lies higher no cloth touches."""
NECK_Y_M = 0.612
"""Skin higher than this at rest, above which the chin begins, is always drawn."""
REACH_M = 0.011
UNDER_M = 0.0012
"""Skin less deep than this under cloth may come through between its vertices."""
OVER_M = 0.008
ALIKE = 0.5
"""Cosine between the normals of skin and the cloth over it."""
RIM_M = 0.003
"""Skin so near to the edge of cloth is seen beside it."""
CREASED_M = 0.008
"""Cloth that is pressed into creases has skin so near to it before and behind it."""
ARM_X_M = 0.15
"""So far from the middle at rest are the arms. At a neckline one looks in behind the cloth."""
SEEN_M = 0.0015
"""Faces with a corner so near to the edge of cloth are drawn."""


class OffSkin:
    """Moves cloth out of a head's bare skin.

    Args:
        head: as posed.
        bare: its vertices that cloth must stay clear of, as :func:`bare_skin` has them.
    """

    def __init__(self, head: Head, bare: NDArray[np.int64]) -> None:
        self._skin, self._normals = head.vertices_m[bare], head.normals[bare]
        self._tree = cKDTree(self._skin, balanced_tree=False, compact_nodes=False)

    def moved(self, cloth_m: F32Array, clearance_m: float, reach_m: float, rounds: int) -> F32Array:
        """(N, 3) the points, those within reach of skin moved along its normal to the clearance."""
        points = cloth_m.copy()
        todo = np.arange(len(points))
        for _ in range(rounds):
            distance, at = self._tree.query(points[todo], distance_upper_bound=reach_m)
            todo, at = todo[np.isfinite(distance)], at[np.isfinite(distance)]
            n = self._normals[at]
            lack = np.maximum(clearance_m - ((points[todo] - self._skin[at]) * n).sum(1), 0)
            points[todo] += lack[:, None] * n
            todo = todo[lack > 0]  # the others would be found where they are
        return np.asarray(points, np.float32)


def bare_skin(head: Head, hidden_faces: NDArray[np.bool_], store: Store) -> NDArray[np.int64]:
    """Vertices of the head that are drawn and that cloth must stay clear of."""
    drawn = np.zeros(len(head.rest_m), bool)
    drawn[head.faces[~hidden_faces].ravel()] = True
    outside = load_surface(store).masks["inside-mouth"] < 0.3
    return np.flatnonzero(drawn & outside & (head.rest_m[:, 1] < TOP_Y_M))


def through_cloth(
    cloth_m: F32Array,
    normals: F32Array,
    rim: NDArray[np.int64],
    head: Head,
    bare: NDArray[np.int64],
    *,
    creased: bool = False,
) -> NDArray[np.bool_]:
    """(F,) faces of the head that come through cloth (N, 3) or touch it from below.

    ``rim`` are the vertices of the cloth on its edges, ``bare`` those of :func:`bare_skin`.
    ``creased`` cloth may be crumpled on the arms: skin there that touches it is hidden on either
    side of it, but not so near to a rim that one looks in on it. In the fold of an armpit or in
    a narrow cuff cloth has no place that is clear of all skin.
    """
    bare = bare[head.rest_m[bare, 1] < NECK_Y_M]
    skin = head.vertices_m[bare]
    tree = cKDTree(cloth_m, balanced_tree=False, compact_nodes=False)
    distance, at = tree.query(skin, distance_upper_bound=REACH_M)
    near = np.flatnonzero(np.isfinite(distance))
    at = at[near]
    n = normals[at]
    stand = ((skin[near] - cloth_m[at]) * n).sum(1)
    facing = (head.normals[bare[near]] * n).sum(1)
    before = (stand > -UNDER_M) & (stand < OVER_M) & (facing > ALIKE)
    below = (distance[near] < CREASED_M) & (facing > 0)
    through, seen, covered = np.zeros((3, len(head.rest_m)), bool)
    beside = np.full(len(near), np.inf)
    if len(near) and len(rim):
        beside = cKDTree(cloth_m[rim]).query(skin[near])[0]
    if creased:
        arms = np.abs(head.rest_m[bare[near], 0]) > ARM_X_M
        before |= below & (beside > distance[near]) & arms
    through[bare[near]] = before & (beside > RIM_M)
    seen[bare[near]] = beside < SEEN_M
    # What has the rim for its nearest cloth lies beyond it, in the open.
    covered[bare[near]] = beside > distance[near]
    corners = head.faces
    return np.asarray(through[corners].any(1) & covered[corners].all(1) & ~seen[corners].any(1))
