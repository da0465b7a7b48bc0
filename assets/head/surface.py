"""The fixed topology of the rendered head: crop, subdivision, UVs, regions, landmark rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from assets.geometry import F32Array, I32Array, U8Array
from assets.head.facts import HeadFacts, load_facts
from assets.store import Store
from assets.subdivision import catmull_clark, subdivide_corners
from spec_schema.classes import SegmentationClass as C
from spec_schema.errors import AssetError

__all__ = [
    "MASKS",
    "HeadSurface",
    "landmark_cage",
    "landmark_opposites",
    "load_surface",
    "vertex_normals",
]

MASKS = ("lips", "inside-mouth", "ears", "eyelids", "face")


@dataclass(frozen=True)
class HeadSurface:
    """What all heads share. V vertices and F quads after subdivision.

    The first vertices are the cage's own (in ``cage_index`` order), so the dense label is a
    slice of the rendered array.
    """

    cage_index: NDArray[np.int64]
    """(C,) base-mesh vertices of the crop."""
    operator: sparse.csr_matrix
    """(V, C) float32: rendered vertices from cage vertices."""
    faces: I32Array
    uv: F32Array
    """(F, 4, 2)"""
    charted: NDArray[np.bool_]
    """(F,) whether a face is a piece of a face of the dense label."""
    rest_m: F32Array
    """(V, 3)"""
    face_class: U8Array
    masks: dict[str, F32Array]
    """(V,) each, 0-1, by :data:`MASKS`."""
    landmarks: NDArray[np.int64]
    """(68,) rendered vertices."""
    dense: NDArray[np.int64]
    """(D,) rendered vertices of the dense label."""
    dense_faces: I32Array
    """(Fd, 4) into the dense label."""
    dense_uv: F32Array
    """(Fd, 4, 2)"""
    dense_face_class: U8Array
    dense_in_face: NDArray[np.int64]
    """Dense vertices of the facial region, for model fits."""


def vertex_normals(vertices: F32Array, faces: I32Array) -> F32Array:
    """Unit normals ``(V, 3)``, area-weighted, of a quad mesh."""
    q = vertices.take(faces, axis=0)
    a, b = q[:, 2] - q[:, 0], q[:, 3] - q[:, 1]
    out = np.empty_like(vertices)
    flat = faces.ravel()
    for axis, (i, k) in enumerate(((1, 2), (2, 0), (0, 1))):
        spread = np.repeat(a[:, i] * b[:, k] - a[:, k] * b[:, i], 4)
        out[:, axis] = np.bincount(flat, spread, minlength=len(vertices))
    length = np.linalg.norm(out, axis=1, keepdims=True)
    return np.asarray(out / np.maximum(length, 1e-12), np.float32)


def landmark_cage(facts: HeadFacts, mirror: NDArray[np.int32]) -> list[tuple[int, ...]]:
    """For each of the 68 landmarks the cage vertex, or the edge whose midpoint it is."""
    left = facts.landmarks
    out: list[tuple[int, ...]] = []
    for i in range(68):
        if i in left:
            out.append(left[i])
        else:
            out.append(tuple(int(mirror[v]) for v in left[_OPPOSITE[i]]))
    return out


def _opposites() -> dict[int, int]:
    """iBUG index to the index of its mirror image."""
    pairs = [(i, 16 - i) for i in range(17)]
    pairs += [(17 + i, 26 - i) for i in range(10)]
    pairs += [(i, i) for i in range(27, 31)] + [(31 + i, 35 - i) for i in range(5)]
    pairs += [(36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)]
    pairs += [(48 + i, 54 - i) for i in range(7)] + [(55 + i, 59 - i) for i in range(5)]
    pairs += [(60 + i, 64 - i) for i in range(5)] + [(65 + i, 67 - i) for i in range(3)]
    both = dict(pairs)
    both.update({b: a for a, b in pairs})
    return both


_OPPOSITE = _opposites()


def landmark_opposites() -> tuple[int, ...]:
    """For each of the 68 landmarks its mirror image."""
    return tuple(_OPPOSITE[i] for i in range(68))


def _sample_mask(image: NDArray[np.uint8], uv: F32Array) -> F32Array:
    height, width = image.shape[:2]
    row = np.clip(((1 - uv[..., 1]) * height).astype(int), 0, height - 1)
    column = np.clip((uv[..., 0] * width).astype(int), 0, width - 1)
    return np.asarray(image[row, column] / np.float32(255), np.float32)


def _region_classes(
    rest: F32Array, lips: F32Array, mouth: F32Array, ears: F32Array, facts: HeadFacts
) -> U8Array:
    """(F,) class of faces from their centres' rest coordinates (F, 3) and mask values (F,)."""
    r = facts.regions
    x, y, z = rest.T
    out = np.full(len(rest), C.SKIN, np.uint8)
    top = r["neck_top_y_m"] + (r["neck_top_z_m"] - z) * r["neck_slope"]
    neck = (y < np.minimum(top, r["neck_back_max_y_m"])) & (y > r["neck_min_y_m"])
    out[neck & (np.abs(x) < 0.11)] = C.NECK
    half = np.interp(y, r["nose_y_m"], r["nose_half_width_m"], left=0, right=0)
    out[(np.abs(x) < half) & (z > r["nose_min_z_m"])] = C.NOSE
    out[(ears > 0.5) & (x > 0)] = C.LEFT_EAR
    out[(ears > 0.5) & (x < 0)] = C.RIGHT_EAR
    out[(lips > 0.5) & (y >= r["mouth_line_y_m"])] = C.TOP_LIP
    out[(lips > 0.5) & (y < r["mouth_line_y_m"])] = C.BOTTOM_LIP
    out[mouth > 0.5] = C.MOUTH_INTERIOR
    return out


def _landmark_rows(
    cage: list[tuple[int, ...]],
    local: NDArray[np.int64],
    operator_1: sparse.csr_matrix,
    n_cage: int,
) -> NDArray[np.int64]:
    """Rendered vertices: a cage vertex keeps its number, an edge has its own after level 1.

    The edge vertex of level 1 is the row whose two largest weights are the edge's ends.
    """
    rows = []
    csc = operator_1.tocsc()
    for vertices in cage:
        ids = [int(local[v]) for v in vertices]
        if len(ids) == 1:
            rows.append(ids[0])
            continue
        first = set(csc.indices[csc.indptr[ids[0]] : csc.indptr[ids[0] + 1]].tolist())
        second = set(csc.indices[csc.indptr[ids[1]] : csc.indptr[ids[1] + 1]].tolist())
        shared = [
            r
            for r in sorted(first & second)
            if r >= n_cage and min(operator_1[r, ids[0]], operator_1[r, ids[1]]) >= 0.37
        ]
        if len(shared) != 1:
            raise AssetError(f"head.toml: landmark edge {vertices} is no edge of the mesh")
        rows.append(shared[0])
    return np.array(rows, np.int64)


@lru_cache(maxsize=2)
def load_surface(store: Store) -> HeadSurface:
    """Build the shared topology (about a second); kept for the life of the process."""
    facts = load_facts()
    vertices = np.asarray(store.array("head/vertices"), np.float32)
    all_faces = np.asarray(store.array("head/faces"))
    body = np.asarray(store.array("head/face_group")) == store.json("head/groups").index("body")
    centre = vertices[all_faces].mean(1)
    keep = body & (centre[:, 1] > facts.min_y_m) & (np.abs(centre[:, 0]) < facts.max_abs_x_m)
    cage_index, faces = np.unique(all_faces[keep], return_inverse=True)
    faces = faces.reshape(-1, 4).astype(np.int32)
    uv = np.asarray(store.array("head/uv"), np.float32)[
        np.asarray(store.array("head/face_uv"))[keep]
    ]

    first, level_faces = catmull_clark(faces, len(cage_index))
    level_uv = subdivide_corners(faces, uv)
    operator = first
    for _ in range(1, facts.subdivisions):
        step, finer = catmull_clark(level_faces, operator.shape[0])
        level_uv = subdivide_corners(level_faces, level_uv)
        level_faces = finer
        operator = (step @ operator).tocsr()
    operator = operator.astype(np.float32)
    rest = np.asarray(operator @ vertices[cage_index], np.float32)

    cage_uv = np.zeros((len(cage_index), 2), np.float32)
    cage_uv[faces.ravel()] = uv.reshape(-1, 2)
    masks = {}
    for name in MASKS:
        at_cage = _sample_mask(np.asarray(store.array(f"head/mask/{name}")), cage_uv)
        masks[name] = np.asarray(operator @ at_cage, np.float32)

    def classes(face: I32Array) -> U8Array:
        m = {name: masks[name][face].mean(1) for name in MASKS}
        return _region_classes(rest[face].mean(1), m["lips"], m["inside-mouth"], m["ears"], facts)

    local = np.full(len(vertices), -1)
    local[cage_index] = np.arange(len(cage_index))
    mirror = np.asarray(store.array("head/mirror"))
    landmarks = _landmark_rows(landmark_cage(facts, mirror), local, first, len(cage_index))

    in_head = vertices[cage_index][:, 1] > facts.dense_min_y_m
    dense_faces = faces[in_head[faces].all(1)]
    dense, renumbered = np.unique(dense_faces, return_inverse=True)
    dense_uv = uv[in_head[faces].all(1)]
    low, high = facts.regions["face_y_m"]
    d = rest[dense]
    in_face = (
        (d[:, 2] > facts.regions["face_min_z_m"])
        & (d[:, 1] > low)
        & (d[:, 1] < high)
        & (masks["inside-mouth"][dense] < 0.5)
        & (masks["ears"][dense] < 0.5)
        & (vertex_normals(rest, level_faces)[dense, 2] > 0.05)
    )
    return HeadSurface(
        cage_index=cage_index,
        operator=operator,
        faces=level_faces,
        uv=level_uv,
        charted=np.repeat(in_head[faces].all(1), len(level_faces) // len(faces)),
        rest_m=rest,
        face_class=classes(level_faces),
        masks=masks,
        landmarks=landmarks,
        dense=dense.astype(np.int64),
        dense_faces=renumbered.reshape(-1, 4).astype(np.int32),
        dense_uv=dense_uv,
        dense_face_class=classes(dense_faces),
        dense_in_face=np.flatnonzero(in_face),
    )
