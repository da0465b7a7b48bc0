"""The tongue's surface: the pack's proxy has 226 vertices, which read as a slab."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from assets.geometry import F32Array, I32Array
from assets.mouth.constants import mouth_constants
from assets.noise import ValueNoise
from assets.skin.regions import smoothstep
from assets.subdivision import catmull_clark, subdivide_corners

if TYPE_CHECKING:
    from assets.store import Store

__all__ = ["TongueSurface", "furrowed", "papillae_mm", "tongue_surface"]

F64Array = NDArray[np.float64]

_LEVELS: Final = 2
_HEIGHT_PX: Final = 512


@dataclass(frozen=True)
class TongueSurface:
    """Topology of the refined tongue."""

    operator: sparse.csr_matrix
    """(V, 226) of the proxy's vertices."""
    faces: I32Array
    uv: F32Array
    """(F, 4, 2)"""


@lru_cache(maxsize=2)
def tongue_surface(proxy: str, store: Store) -> TongueSurface:
    """The proxy's surface, subdivided."""
    faces = np.asarray(store.array(f"proxies/{proxy}/faces"), np.int32)
    corners = store.array(f"proxies/{proxy}/face_uv")
    uv = np.asarray(store.array(f"proxies/{proxy}/uv")[corners], np.float32)
    count = len(store.array(f"proxies/{proxy}/offsets"))
    operator = sparse.identity(count, format="csr")
    for _ in range(_LEVELS):
        step, finer = catmull_clark(faces, operator.shape[0])
        uv, faces = subdivide_corners(faces, uv), finer
        operator = (step @ operator).tocsr()
    return TongueSurface(operator, faces, uv)


def furrowed(points: F64Array, rest: F64Array, faces: I32Array, size: NDArray[Any]) -> F64Array:
    """With the furrow along the middle of its back.

    Args:
        points: (V, 3) upright. rest: (V, 3) the same at rest. faces: of the refined tongue.
        size: (3,) scale of the head.
    """
    c = mouth_constants().tongue
    corner = rest[faces]
    normal = np.cross(corner[:, 2] - corner[:, 0], corner[:, 3] - corner[:, 1])
    up = np.zeros(len(rest))
    np.add.at(up, faces.ravel(), np.repeat(normal[:, 1] / np.linalg.norm(normal, axis=1), 4))
    back = smoothstep(
        (up / np.bincount(faces.ravel(), minlength=len(rest))).astype(np.float32), 0.2, 0.8
    )
    low, high = rest[:, 2].min(), rest[:, 2].max()
    along = ((rest[:, 2] - low) / (high - low)).astype(np.float32)
    share = back * smoothstep(along, 0.1, 0.45) * smoothstep(along, 1.0, 0.85)
    across = (rest[:, 0] - np.median(rest[:, 0])) / (c.furrow_half_width_m * size[0])
    out = points.copy()
    out[:, 1] -= share * c.furrow_m * size[1] * np.exp(-(across**2))
    return out


@lru_cache(maxsize=1)
def papillae_mm() -> F32Array:
    """(H, W) height of the tongue's roughness, the same for all."""
    fine = ValueNoise(0, "tongue/papillae").on_square(_HEIGHT_PX, 95.0, 2)
    slow = ValueNoise(0, "tongue/lobes").on_square(_HEIGHT_PX, 14.0, 2)
    height = mouth_constants().tongue.papillae_mm
    return np.asarray(height * (0.6 * fine + 0.8 * slow), np.float32)
