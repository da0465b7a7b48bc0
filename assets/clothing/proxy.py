"""Garments of the pack, refitted to a head by their binding to the base mesh."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from assets.clothing.entries import ProxyGarment
from assets.clothing.folds import crumples
from assets.clothing.tuck import OffSkin, bare_skin, through_cloth
from assets.geometry import F32Array, I32Array, Mesh, SurfaceMaterial
from assets.head import Head
from assets.head.surface import load_surface, vertex_normals
from assets.skin.regions import smoothstep
from assets.skin.tone import linear_from_srgb
from assets.store import Store
from assets.subdivision import catmull_clark, subdivide_corners
from spec_schema.classes import SegmentationClass
from spec_schema.spec import Item

__all__ = ["build_proxy"]

CLEARANCE_M = 0.002
NEAR_M = 0.03
CREASES_END_M = (0.19, 0.13)
CREASED = 0.7
"""Of the creases of crisp cloth: the packs' own are drawn on their textures."""
RIM_M = 0.002


@dataclass(frozen=True)
class _Binding:
    """The part of a proxy that is used, on the pack's own vertices."""

    used: NDArray[np.int64]
    """(U,) vertices of the proxy."""
    operator: sparse.csr_matrix
    """(N, U) subdivision."""
    faces: I32Array
    uv: F32Array
    rim: NDArray[np.int64]
    """(R, 2) directed border edges."""
    rest_m: F32Array
    """(N, 3)"""
    colour_map: F32Array
    hidden_faces: NDArray[np.bool_]


@lru_cache(maxsize=6)
def _binding(garment: ProxyGarment, store: Store) -> _Binding:
    name = f"proxies/{garment.proxy}"
    base = np.asarray(store.array("head/vertices"), np.float64)
    fitted = _fit(name, base, store)
    faces = np.asarray(store.array(f"{name}/faces"))
    last = np.where(faces[:, 3:] < 0, faces[:, 2:3], faces[:, 3:])
    corners = np.concatenate([faces[:, :3], last], 1)
    centre = fitted[corners].mean(1)
    keep = centre[:, 1] > garment.min_y_m
    used, local = np.unique(corners[keep], return_inverse=True)
    part = local.reshape(-1, 4).astype(np.int32)
    part[faces[keep][:, 3] < 0, 3] = -1
    face_uv = np.asarray(store.array(f"{name}/face_uv"))[keep]
    uv = np.asarray(store.array(f"{name}/uv"), np.float32)[np.maximum(face_uv, 0)]
    operator: sparse.csr_matrix | None = None
    n = len(used)
    for _ in range(2):
        step, finer = catmull_clark(part, n)
        uv = subdivide_corners(part, uv)
        part, n = finer, step.shape[0]
        operator = step if operator is None else (step @ operator).tocsr()
    assert operator is not None
    texture = np.asarray(store.array(f"{name}/texture/diffuse"))[::-1, :, :3]
    colour = linear_from_srgb(texture.astype(np.float32) / np.float32(255))

    surface = load_surface(store)
    deleted = np.asarray(store.array(f"{name}/delete"))[surface.cage_index]
    under = surface.operator @ deleted.astype(np.float32)
    return _Binding(
        used=used.astype(np.int64),
        operator=operator,
        faces=part,
        uv=uv,
        rim=_border(part),
        rest_m=np.asarray(operator @ fitted[used], np.float32),
        colour_map=np.ascontiguousarray(colour),
        hidden_faces=(under > 0.999)[surface.faces].all(1),
    )


def build_proxy(
    garment: ProxyGarment, item: Item, head: Head, store: Store
) -> tuple[tuple[Mesh, ...], NDArray[np.bool_]]:
    """The garment on this head, and the skin faces that it hides."""
    binding = _binding(garment, store)
    coarse = _fit(f"proxies/{garment.proxy}", head.cage_m.astype(np.float64), store)[binding.used]
    fine = np.asarray(binding.operator @ coarse, np.float32)
    bare = bare_skin(head, binding.hidden_faces, store)
    fine = OffSkin(head, bare).moved(fine, CLEARANCE_M, NEAR_M, rounds=2)
    normals = vertex_normals(fine, binding.faces)
    # Not where sleeve and side lie together.
    torso = smoothstep(np.abs(binding.rest_m[:, 0]), *CREASES_END_M)
    creases = torso * np.maximum(crumples(item.seed, binding.rest_m), 0) * (CREASED / 1000)
    fine = fine + normals * np.asarray(creases, np.float32)[:, None]
    normals = vertex_normals(fine, binding.faces)
    material = SurfaceMaterial(
        colour=(1.0, 1.0, 1.0),
        roughness=float(np.interp(item.roughness, [0, 1], garment.fabric.roughness)),
        colour_map=_tinted(binding.colour_map, garment, item),
        sheen=garment.fabric.sheen,
        specular=0.2,
    )
    vertices, faces, uv = _with_rim(fine, normals, binding, garment.thickness_mm / 1000)
    face_class = np.full(len(faces), SegmentationClass.CLOTHING, np.uint8)
    mesh = Mesh("clothing", vertices, faces, face_class, material, uv)
    rim = np.unique(binding.rim)
    through = through_cloth(fine, normals, rim, head, bare, creased=True)
    return (mesh,), binding.hidden_faces | through


def _fit(name: str, cage_m: NDArray[np.float64], store: Store) -> NDArray[np.float64]:
    """Vertices of a proxy on a cage (19158, 3), by the binding rule of MakeHuman's .mhclo."""
    refs = np.asarray(store.array(f"{name}/refs"))
    weights = np.asarray(store.array(f"{name}/weights"), np.float64)
    offsets = np.asarray(store.array(f"{name}/offsets"), np.float64)
    scale = np.ones(3)
    measures = store.json(name)["scale"]
    if measures is not None:
        for axis, (a, b, denominator) in enumerate(measures):
            scale[axis] = abs(cage_m[a, axis] - cage_m[b, axis]) / denominator
    return np.asarray((cage_m[refs] * weights[..., None]).sum(1) + offsets * scale)


def _tinted(colour_map: F32Array, garment: ProxyGarment, item: Item) -> F32Array:
    """The texture with its mean colour moved towards the item's, its contrast kept."""
    own = np.array([item.red, item.green, item.blue], np.float32)
    light = colour_map.mean(2, keepdims=True)
    wanted = light / max(float(light.mean()), 1e-3) * own
    t = np.float32(garment.tint)
    return np.asarray(np.clip(colour_map * (1 - t) + wanted * t, 0, 0.95), np.float32)


def _border(faces: I32Array) -> NDArray[np.int64]:
    a = faces.ravel().astype(np.int64)
    b = np.roll(faces, -1, 1).ravel().astype(np.int64)
    n = int(faces.max()) + 1
    single = ~np.isin(a * n + b, b * n + a)
    return np.stack([a[single], b[single]], 1)


def _with_rim(
    vertices: F32Array, normals: F32Array, binding: _Binding, thickness_m: float
) -> tuple[F32Array, I32Array, F32Array]:
    """Add a wall inwards along every border, so that no edge is as thin as paper."""
    edge_vertices, local = np.unique(binding.rim, return_inverse=True)
    local = local.reshape(-1, 2)
    inner = vertices[edge_vertices] - normals[edge_vertices] * np.float32(thickness_m)
    n = len(vertices)
    a, b = binding.rim.T
    wall = np.stack([b, a, n + local[:, 0], n + local[:, 1]], 1)
    at = np.zeros((n, 2), np.float32)
    at[binding.faces.ravel()] = binding.uv.reshape(-1, 2)
    wall_uv = np.stack([at[b], at[a], at[a], at[b]], 1)
    return (
        np.concatenate([vertices, inner]).astype(np.float32),
        np.concatenate([binding.faces, wall]).astype(np.int32),
        np.concatenate([binding.uv, wall_uv]).astype(np.float32),
    )
