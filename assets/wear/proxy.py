"""Modelled things of the packs: fitted by MakeHuman's references, subdivided."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from assets.geometry import F32Array, I32Array
from assets.store import Store
from assets.subdivision import catmull_clark, subdivide_corners
from assets.wear.head import WearHead

__all__ = ["ProxyTopology", "fit_proxy", "proxy_texture", "proxy_topology"]

F64Array = NDArray[np.float64]


@dataclass(frozen=True)
class ProxyTopology:
    """What all fits of a proxy share."""

    operator: sparse.csr_matrix | None
    """Refined vertices from the proxy's; None for no subdivision."""
    faces: I32Array
    uv: F32Array
    """(F, 4, 2) per corner."""


@lru_cache(maxsize=64)
def proxy_topology(store: Store, name: str, subdivisions: int) -> ProxyTopology:
    """Faces, corner UVs and the subdivision operator of a proxy."""
    faces = np.asarray(store.array(f"proxies/{name}/faces"), np.int32)
    corners = np.asarray(store.array(f"proxies/{name}/face_uv"))
    uv = np.asarray(store.array(f"proxies/{name}/uv"), np.float32)[np.maximum(corners, 0)]
    count = len(store.array(f"proxies/{name}/refs"))
    operator: sparse.csr_matrix | None = None
    for _ in range(subdivisions):
        step, finer = catmull_clark(faces, count if operator is None else operator.shape[0])
        uv = subdivide_corners(faces, uv)
        faces = finer
        operator = step if operator is None else (step @ operator).tocsr()
    return ProxyTopology(operator, faces, uv)


def fit_proxy(head: WearHead, store: Store, name: str, in_skull: bool) -> F64Array:
    """(n, 3) a proxy's vertices on a head, in the skull's frame or the world.

    Scales compare distances on the skull, along the axes of its upright pose.
    """
    refs = np.asarray(store.array(f"proxies/{name}/refs"))
    weights = store.array(f"proxies/{name}/weights").astype(np.float64)
    skull = head.skull_cage_m
    cage = skull if in_skull else head.cage_m.astype(np.float64)
    scale = np.ones(3)
    for axis, (a, b, denominator_m) in enumerate(store.json(f"proxies/{name}")["scale"] or ()):
        scale[axis] = abs(skull[a, axis] - skull[b, axis]) / denominator_m
    offsets = store.array(f"proxies/{name}/offsets").astype(np.float64) * scale
    return np.asarray((cage[refs] * weights[..., None]).sum(1) + offsets)


@lru_cache(maxsize=64)
def proxy_texture(store: Store, name: str, kind: str) -> F32Array | None:
    """(H, W, 3) as painted, 0-1 sRGB, row 0 at the bottom; None where there is none."""
    key = f"proxies/{name}/texture/{kind}"
    if not store.has(key):
        return None
    return np.asarray(store.array(key)[::-1, :, :3], np.float32) / np.float32(255)
