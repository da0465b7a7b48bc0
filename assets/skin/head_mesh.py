"""The base mesh's skin as islands of UV space, and the seams between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from assets.geometry import F32Array, I32Array
from assets.skin.constants import constants

if TYPE_CHECKING:
    from assets.store import Store

__all__ = ["HeadMesh"]

_SAMPLES_AN_EDGE = 8


@dataclass(frozen=True)
class HeadMesh:
    """Skin of hm08 at rest. ``islands`` names the numbers in ``island``: ``head``, ``mouth``,
    ``socket`` and ``body`` (all others)."""

    rest_m: F32Array
    """(V, 3) all base vertices, metres."""
    quads: I32Array
    """(F, 4) the skin's quads."""
    quad_uv: F32Array
    """(F, 4, 2)"""
    island: I32Array
    """(F,) connected part of UV space that each quad lies in."""
    islands: Mapping[str, I32Array]

    @staticmethod
    def of(store: Store) -> HeadMesh:
        """Read from the store's ``head/*`` arrays."""
        group = store.json("head/groups").index("body")
        skin = np.asarray(store.array("head/face_group")) == group
        quads = np.asarray(store.array("head/faces"))[skin]
        corners = np.asarray(store.array("head/face_uv"))[skin]
        uv = np.asarray(store.array("head/uv"))
        island = _connected(corners, len(uv))
        quad_uv = np.asarray(uv[corners], np.float32)
        centre = quad_uv.mean(1)
        islands = {
            name: np.unique(
                [island[np.linalg.norm(centre - np.array(p), axis=1).argmin()] for p in points]
            )
            for name, points in constants().islands.items()
        }
        named = np.concatenate(list(islands.values()))
        islands["body"] = np.setdiff1d(np.unique(island), named)
        rest = np.asarray(store.array("head/vertices"), np.float32)
        return HeadMesh(rest, quads, quad_uv, island, islands)

    def seam_m(self, name: str) -> F32Array:
        """(n, 3) points along the seam between the head's island and another."""
        head = self.quads[np.isin(self.island, self.islands["head"])]
        other = self.quads[np.isin(self.island, self.islands[name])]
        shared = np.zeros(len(self.rest_m), bool)
        shared[np.intersect1d(head, other)] = True
        edges = np.stack([head, np.roll(head, -1, 1)], -1).reshape(-1, 2)
        edges = np.unique(np.sort(edges[shared[edges].all(1)], 1), axis=0)
        along = np.linspace(0, 1, _SAMPLES_AN_EDGE, dtype=np.float32)[:, None, None]
        ends = self.rest_m[edges]
        return np.asarray((ends[:, 0] * (1 - along) + ends[:, 1] * along).reshape(-1, 3))


def _connected(corners: I32Array, uv_count: int) -> I32Array:
    pairs = corners.ravel(), np.roll(corners, -1, 1).ravel()
    graph = coo_matrix((np.ones(corners.size, np.int8), pairs), shape=(uv_count, uv_count))
    _, label = connected_components(graph, directed=False)
    return np.asarray(label[corners[:, 0]], np.int32)
