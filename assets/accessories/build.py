"""From the items of a spec to meshes, and to what they hide of hair and beard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from assets.accessories.catalogue import ACCESSORY_SLOTS, accessory
from assets.accessories.data import HeadwearStyle
from assets.accessories.eyewear import build_eye_patch, build_goggles
from assets.accessories.glasses import build_spectacles
from assets.accessories.hair_clips import build_hair_band
from assets.accessories.hats import build_hat
from assets.accessories.headwear import build_cloth_headwear, line_coverage
from assets.accessories.helmets import build_helmet
from assets.accessories.jewels import build_earrings, build_necklace, build_piercing
from assets.accessories.masks import build_mask
from assets.accessories.phones import build_earbuds, build_headphones
from assets.accessories.scarves import build_face_wrap, build_scarf
from assets.accessories.styles import HatStyle, HelmetStyle, WrapStyle
from assets.accessories.ties import build_tie
from assets.accessories.wearer import Wearer
from assets.accessories.wraps import build_wrap
from assets.geometry import F32Array, Mesh, Strands
from assets.head.model import Head
from assets.store import Store
from spec_schema.spec import Item, SceneSpec

__all__ = ["Worn", "beard_left", "build_item", "build_worn", "hair_coverage"]

_BUILDERS: Final[Mapping[str, Callable[[Any, Item, Wearer], tuple[Mesh, ...]]]] = {
    "spectacles": build_spectacles,
    "goggles": build_goggles,
    "beanie": build_cloth_headwear,
    "cap": build_cloth_headwear,
    "band": build_cloth_headwear,
    "bandana": build_cloth_headwear,
    "proxy": build_cloth_headwear,
    "hat": build_hat,
    "helmet": build_helmet,
    "wrap": build_wrap,
    "mask": build_mask,
    "face_wrap": build_face_wrap,
    "eye_patch": build_eye_patch,
    "headphones": build_headphones,
    "earbuds": build_earbuds,
    "earrings": build_earrings,
    "piercing": build_piercing,
    "necklace": build_necklace,
    "hair_clip": build_hair_band,
    "scarf": build_scarf,
    "tie": build_tie,
}

Covered = Callable[[F32Array], F32Array]

BEARD_MARGIN_M: Final = 0.002


@dataclass(frozen=True)
class Worn:
    """What a person wears in all slots but clothing."""

    meshes: tuple[Mesh, ...]
    covers: tuple[Covered, ...]
    """How much each thing hides of the scalp's hair at rest points (n, 3): (n,) 0-1."""
    over_beard: tuple[Mesh, ...]
    """What beard lies beneath."""
    over_clothes: tuple[Mesh, ...]
    """What hair falls on, as on clothes."""
    over_hair: tuple[Mesh, ...]
    """What presses the hair beneath it."""


def build_worn(spec: SceneSpec, head: Head, store: Store, clothes_m: F32Array | None) -> Worn:
    """Fit everything that a spec wears but clothing; ``clothes_m`` are points of that (n, 3).

    Raises:
        AssetError: the catalogue has no such thing.
    """
    wearer = Wearer(head, store, None if clothes_m is None else clothes_m.astype(np.float64))
    meshes: list[Mesh] = []
    covers: list[Covered] = []
    beard: list[Mesh] = []
    below: list[Mesh] = []
    upon: list[Mesh] = []
    for slot in ACCESSORY_SLOTS:
        item: Item | None = getattr(spec, slot)
        if item is None:
            continue
        made = build_item(slot, item, wearer)
        meshes += made
        hidden = hair_coverage(slot, item)
        if hidden is not None:
            covers.append(hidden)
        if accessory(slot, item.id).covers.beard:
            beard += made[:1]
        if accessory(slot, item.id).covers.hair != "none":
            upon += made
        if slot == "neckwear":
            below += made
    return Worn(tuple(meshes), tuple(covers), tuple(beard), tuple(below), tuple(upon))


def build_item(slot: str, item: Item, wearer: Wearer) -> tuple[Mesh, ...]:
    """One thing on a head, in the world frame.

    Raises:
        AssetError: the slot has no such thing.
    """
    style = accessory(slot, item.id)
    return _BUILDERS[style.kind](style, item, wearer)


def hair_coverage(slot: str, item: Item) -> Covered | None:
    """How much a thing hides of the scalp's hair; None where it hides none.

    Raises:
        AssetError: the slot has no such thing.
    """
    style = accessory(slot, item.id)
    if style.covers.hair != "tight":
        return None
    if isinstance(style, HatStyle) and style.tucked:
        return _everywhere
    if isinstance(style, HeadwearStyle | HatStyle | HelmetStyle):
        top = style.upper if isinstance(style, HeadwearStyle) else None
        line = style.line
        if isinstance(style, HelmetStyle):
            higher = line.back_m + style.nape_mm / 1000
            line = line.model_copy(update={"back_m": higher})
        return line_coverage(line, item, top)
    if isinstance(style, WrapStyle) and style.line is not None:
        return line_coverage(style.line, item)
    return _everywhere


def _everywhere(rest_m: F32Array) -> F32Array:
    return np.ones(len(rest_m), np.float32)


def beard_left(beard: Strands | None, over: tuple[Mesh, ...], head: Head) -> Strands | None:
    """The strands of a beard whose roots do not lie under what is worn over it.

    A root lies under a thing if that is met on the way out of the head's middle.
    """
    if beard is None or not over:
        return beard
    inside = head.world_from_skull[:3, :3]
    roots = (beard.points_m[:, 0] - head.world_from_skull[:3, 3]) @ inside
    points = np.concatenate([m.vertices_m for m in over])
    cover = (points - head.world_from_skull[:3, 3]) @ inside
    kept = ~_under(np.asarray(roots, np.float64), np.asarray(cover, np.float64))
    if not kept.any():
        return None
    return replace(
        beard,
        points_m=beard.points_m[kept],
        radius_m=beard.radius_m[kept],
        melanin=beard.melanin[kept],
        redness=beard.redness[kept],
    )


def _under(roots: NDArray[np.float64], cover: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(n,) roots over which, seen from within the head, there is cloth."""
    middle = np.array([0.0, roots[:, 1].mean() + 0.03, cover[:, 2].min() - 0.03])

    def way(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        away = points - middle
        length = np.linalg.norm(away, axis=1)
        return away / length[:, None], length

    towards, far = way(cover)
    directions, near = way(roots)
    apart, index = cKDTree(towards).query(directions)
    return np.asarray((apart < 0.045) & (far[index] > near - BEARD_MARGIN_M))
