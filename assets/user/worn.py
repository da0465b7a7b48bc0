"""Users' worn things on a head: meshes, the skin that they hide, and the hair that they cover."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from assets.accessories.fit import F64Array
from assets.geometry import F32Array, Mesh
from assets.head import Head
from assets.head.surface import load_surface
from assets.store import Store
from assets.subdivision import catmull_clark, subdivide_corners
from assets.user.binding import fit_rigid, fit_soft, moved_out
from assets.user.entry import ItemAsset
from assets.user.folder import is_user
from assets.user.reference import Fitted, fitted, reference
from assets.user.shelf import shelf, user_arrays
from assets.user.varying import mirror_images, other_side, resized, settled, varied
from assets.user.worn_materials import part_material
from spec_schema.spec import WORN_SLOTS, Item, SceneSpec

__all__ = [
    "UserWorn",
    "both_covered",
    "bound_points",
    "build_own",
    "build_user_item",
    "user_coverage",
]

_ROUNDS: Final = 4
_AS_DRAWN: Final = (1.0, 0.6, 0.3)
"""Shares of the drawn size and tilt that are tried, until a solid thing sits on the head."""
_DEEPER_M: Final = 0.001
"""So much deeper than on the reference head it may lie then."""
_NEAR_M: Final = 0.025
"""Cloth deeper in the skin than this is not meant to be outside."""

Covered = Callable[[F32Array], F32Array]


@dataclass(frozen=True)
class UserWorn:
    """One worn thing."""

    meshes: tuple[Mesh, ...]
    """World frame."""
    hidden_faces: NDArray[np.bool_]
    """(F,) faces of the head that it hides."""
    covered: Covered | None
    """How much hair it hides at rest points (n, 3): (n,) 0-1."""
    over_hair: bool
    """Whether it presses the hair beneath it."""


def build_user_item(item: Item, head: Head, store: Store) -> UserWorn:
    """Fit a user's thing to a posed head.

    Raises:
        AssetError: there is none of that id, or its file has changed.
    """
    asset = shelf().item(item.id)
    arrays = user_arrays(item.id)
    with_body = _with_body(asset)
    target = fitted(head, store, with_body)
    hidden = _hidden(item.id, asset.sha256, store)
    points = _placed(asset, item, arrays, head, target, store)
    faces, uv, part = (arrays[k] for k in ("faces", "uv", "part"))
    for _ in range(asset.subdivide):
        operator, finer = catmull_clark(faces, len(points))
        parents = np.where(faces[:, 3] < 0, 3, 4)
        part = np.repeat(part, parents)
        uv = subdivide_corners(faces, uv)
        points, faces = operator @ points, finer
    points = _clear(asset, arrays, points, target, hidden)
    if not with_body:
        turn, shift = head.world_from_skull[:3, :3], head.world_from_skull[:3, 3]
        points = points @ turn.T + shift
    meshes = tuple(
        _mesh(asset, item, k, points, faces, uv, part)
        for k in range(len(asset.parts))
        if (part == k).any()
    )
    return UserWorn(
        meshes,
        hidden[load_surface(store).faces].all(1),
        user_coverage(item.id, store),
        asset.covers.hair != "none",
    )


def build_own(spec: SceneSpec, head: Head, store: Store) -> tuple[SceneSpec, dict[str, UserWorn]]:
    """The user's things that a spec wears, by slot, and the spec without them.

    Raises:
        AssetError: one is not there, or its file has changed.
    """
    own = {
        slot: item
        for slot in WORN_SLOTS
        if (item := getattr(spec, slot)) is not None and is_user(item.id)
    }
    shipped = spec.model_copy(update=dict.fromkeys(own)) if own else spec
    return shipped, {slot: build_user_item(item, head, store) for slot, item in own.items()}


def both_covered(covers: Sequence[Covered | None]) -> Covered | None:
    """What hides the hair that any of some things hides; None where none hides any."""
    found = [c for c in covers if c is not None]
    if len(found) < 2:
        return found[0] if found else None

    def covered(rest_m: F32Array) -> F32Array:
        return np.asarray(np.max([c(rest_m) for c in found], axis=0), np.float32)

    return covered


def _with_body(asset: ItemAsset) -> bool:
    return asset.moves_with == "body"


def _placed(
    asset: ItemAsset,
    item: Item,
    arrays: Mapping[str, NDArray[Any]],
    head: Head,
    target: Fitted,
    store: Store,
) -> F64Array:
    """(N, 3) in the frame of ``target``, wherever that leaves it in the skin."""
    if asset.fit == "bound":
        cage = np.asarray(head.cage_m, np.float64)
        if not _with_body(asset):
            cage = (cage - head.world_from_skull[:3, 3]) @ head.world_from_skull[:3, :3]
        return _tilted(asset, bound_points(arrays, cage, float(item.size)), item)
    points = arrays["points"].astype(np.float64)
    base = reference(store)
    if asset.fit == "soft":
        near, weight = arrays["near"], arrays["near_weight"]
        points = fit_soft(points, near, weight, base, target)
        return _tilted(asset, resized(points, near, weight, target, item), item)
    if asset.fit == "rigid":
        support, weight = arrays["support"], arrays["support_weight"]
        points = fit_rigid(points, support, weight, base, target)
        if mirror_images(arrays["points"]):
            both = [varied(own, own.mean(0), item) for own in np.array_split(points, 2)]
            return np.concatenate(both)
        pivot = np.average(target.points_m[support], axis=0, weights=weight.astype(np.float64))
        contact = float(arrays["contact_m"][0])
        for share in _AS_DRAWN:
            moved = varied(points, pivot, item, share)
            if moved is points:
                break
            moved = settled(moved, support, weight, target, contact)
            moved = moved_out(moved, target.skin, asset.clearance_mm / 1000, contact)
            if target.skin.distance(moved).min() > min(contact, 0.0) - _DEEPER_M:
                return moved
        return points
    ratio = target.measure(asset.scale_with) / base.measure(asset.scale_with)
    pair = mirror_images(arrays["points"])
    halves = np.array_split(points, 2) if pair else [points]
    frames = [asset.frame, other_side(asset.frame)] if pair else [asset.frame]
    return np.concatenate(
        [
            varied((own - base.at(frame)) * ratio + target.at(frame), target.at(frame), item)
            for own, frame in zip(halves, frames, strict=True)
        ]
    )


def _tilted(asset: ItemAsset, points: F64Array, item: Item) -> F64Array:
    """Cloth (n, 3) on the head, turned about its middle; what the body carries is not."""
    if _with_body(asset):
        return points
    return varied(points, points.mean(0), item.model_copy(update={"size": 1.0}))


def _clear(
    asset: ItemAsset,
    arrays: Mapping[str, NDArray[Any]],
    points: F64Array,
    target: Fitted,
    hidden: NDArray[np.bool_],
) -> F64Array:
    """Points off the skin: of cloth each by itself, of a solid thing all together."""
    clearance = asset.clearance_mm / 1000
    if asset.fit == "bound":
        return _pushed_out(points, target, hidden, clearance)
    contact = float(arrays["contact_m"][0])
    if asset.fit == "soft":
        return _pushed_out(points, target, hidden, min(clearance, contact))
    return moved_out(points, target.skin, clearance, contact)


def bound_points(
    arrays: Mapping[str, NDArray[Any]], cage_m: F64Array, size: float = 1.0
) -> F64Array:
    """(N, 3) by the binding rule of MakeHuman's ``.mhclo`` on a cage (19158, 3).

    ``size`` is how far it stands off, in its own measure.
    """
    scale = np.ones(3)
    for axis, (a, b, distance) in enumerate(arrays["scale"]):
        if distance > 0:
            scale[axis] = abs(cage_m[int(a), axis] - cage_m[int(b), axis]) / distance
    weights = arrays["weights"].astype(np.float64)
    held = (cage_m[arrays["refs"]] * weights[..., None]).sum(1)
    return np.asarray(held + arrays["offsets"].astype(np.float64) * scale * size)


def _pushed_out(
    points: F64Array, target: Fitted, hidden: NDArray[np.bool_], clearance_m: float
) -> F64Array:
    """Cloth vertices moved out of the skin that is not hidden anyway."""
    shown = np.zeros(len(hidden), np.bool_)
    faces = target.surface.faces
    shown[faces[~hidden[faces].all(1)]] = True  # a face is drawn if one of its corners is
    shown &= target.surface.masks["inside-mouth"] < 0.1
    tree = cKDTree(target.points_m[shown])
    skin, normals = target.points_m[shown], target.normals[shown]
    out = points.copy()
    for _ in range(_ROUNDS):
        distance, at = tree.query(out, distance_upper_bound=_NEAR_M)
        near = np.flatnonzero(np.isfinite(distance))
        normal = normals[at[near]]
        stand = ((out[near] - skin[at[near]]) * normal).sum(1)
        out[near] += np.maximum(clearance_m - stand, 0)[:, None] * normal
    return out


@lru_cache(maxsize=16)
def _hidden(item_id: str, sha256: str, store: Store) -> NDArray[np.bool_]:
    """(V,) rendered vertices that lie wholly under what the thing says that it hides."""
    surface = load_surface(store)
    deleted = user_arrays(item_id).get("hidden")
    if deleted is None:
        return np.zeros(len(surface.rest_m), np.bool_)
    under = surface.operator @ deleted[surface.cage_index].astype(np.float32)
    return np.asarray(under > 0.999)


def user_coverage(item_id: str, store: Store) -> Covered | None:
    """How much of the hair's roots a thing hides, by rest points; None where it hides none."""
    asset = shelf().item(item_id)
    covers = user_arrays(item_id).get("covers")
    if asset.covers.hair != "tight" or covers is None:
        return None
    rest = np.asarray(store.array("head/vertices"), np.float64)
    known = np.flatnonzero(covers < 255)
    tree = cKDTree(rest[known])
    amount = covers[known].astype(np.float64) / 100

    def covered(rest_m: F32Array) -> F32Array:
        distance, at = tree.query(np.asarray(rest_m, np.float64), k=4)
        weight = 1 / np.maximum(distance, 1e-5) ** 2
        mean = (amount[at] * weight).sum(1) / weight.sum(1)
        return np.asarray(np.clip(3 * mean - 1, 0, 1), np.float32)

    return covered


def _mesh(
    asset: ItemAsset,
    item: Item,
    k: int,
    points: F64Array,
    faces: NDArray[np.int32],
    uv: NDArray[np.float32],
    part: NDArray[Any],
) -> Mesh:
    own = faces[part == k]
    used, local = np.unique(own, return_inverse=True)
    local = local.reshape(own.shape)
    if used[0] < 0:
        used, local = used[1:], local - 1
    return Mesh(
        name=f"{asset.slot}-user-{k}",
        vertices_m=points[used].astype(np.float32),
        faces=local.astype(np.int32),
        face_class=np.full(len(own), asset.label, np.uint8),
        material=part_material(asset, item, k),
        uv=np.asarray(uv[part == k], np.float32),
    )
