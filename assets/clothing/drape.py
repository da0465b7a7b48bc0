"""The cloth's surface over the body: taut over hollows, never nearer to skin than allowed."""

from __future__ import annotations

import numpy as np

from assets.clothing.entries import Garment
from assets.clothing.folds import folds
from assets.clothing.hang import hung
from assets.clothing.pattern import Pattern
from assets.geometry import F32Array
from assets.head import Head
from assets.head.surface import vertex_normals
from assets.skin.regions import smoothstep
from spec_schema.spec import Item

__all__ = ["drape"]

TAUTENING = 30
STIFFENING = 45
HEM_SLACK_M = 0.0028
LEAST_M = 0.0018
HANGING_MM = 8.0
"""Looseness of cloth that hangs free before the breast."""


def drape(garment: Garment, pattern: Pattern, head: Head, item: Item) -> tuple[F32Array, F32Array]:
    """Positions and normals (E, 3) of the cloth on the pattern's support, world metres."""
    skin = head.vertices_m[pattern.support]
    normals = _smooth_normals(head, pattern)
    depth, y = pattern.depth_m, pattern.rest_m[:, 1]
    away = pattern.away
    hanging = smoothstep(y, 0.53, 0.36) * away
    gap = garment.thickness_mm / 1000 * (0.8 + 0.6 * away)
    gap = gap + garment.looseness_mm / 1000 * float(item.size) * hanging
    gap = np.maximum(gap, LEAST_M).astype(np.float32)[:, None]

    cloth = skin + normals * gap
    for _ in range(TAUTENING):
        cloth = pattern.taut @ cloth
        cloth += np.maximum(gap - _stand(cloth, skin, normals), 0) * normals
    # Cloth is too stiff to show small relief of the body: use up the slack that is left.
    for _ in range(STIFFENING):
        cloth = pattern.stiff @ cloth
    cloth = hung(cloth, pattern, min(garment.looseness_mm / HANGING_MM, 1.0))
    # Where the body still reaches through, give way broadly rather than by a peak.
    lack = np.maximum(LEAST_M - _stand(cloth, skin, normals), 0)
    for _ in range(STIFFENING // 2):
        lack = np.maximum(lack, 0.97 * (pattern.smoothing @ lack))
    for _ in range(STIFFENING // 2):
        lack = 0.3 * lack + 0.7 * (pattern.smoothing @ lack)
    cloth = cloth + normals * lack
    cloth = cloth + normals * folds(garment, pattern, item)[:, None]
    # At the cut the cloth lies close, so that its edge does not float.
    cap = gap + np.float32(HEM_SLACK_M) + np.float32(0.05) * smoothstep(depth, 0.0, 0.05)[:, None]
    stand = _stand(cloth, skin, normals)
    close = np.clip(stand, LEAST_M, cap)
    cloth = np.asarray(cloth + (close - stand) * normals, np.float32)
    return cloth, vertex_normals(cloth, pattern.support_faces)


def _stand(cloth: F32Array, skin: F32Array, normals: F32Array) -> F32Array:
    """(E, 1) how far the cloth stands off the skin."""
    return np.asarray(np.einsum("ij,ij->i", cloth - skin, normals)[:, None])


def _smooth_normals(head: Head, pattern: Pattern) -> F32Array:
    n = head.normals[pattern.support]
    for _ in range(4):
        n = 0.5 * n + 0.5 * (pattern.smoothing @ n)
    return np.asarray(n / np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-9), np.float32)
