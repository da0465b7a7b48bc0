"""Who wears the things: the fitted head with its shells, made once and shared by all builders."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from assets.accessories.capsule import Capsule
from assets.accessories.fit import F64Array, HeadFit, Skin
from assets.accessories.sweep import Piece, rounded_box_section, tube
from assets.clothing.entries import Fabric
from assets.clothing.fabric import TILE_M, cloth_material
from assets.geometry import F32Array, Material, Mesh, SurfaceMaterial
from assets.head.model import Head
from assets.store import Store
from assets.worn import WornEntry
from spec_schema.spec import Item

__all__ = ["Wearer", "cloth", "hard", "plain_of", "ribbon", "round_tube", "second"]


@dataclass(frozen=True)
class Wearer:
    """A head, and the clothes below it."""

    head: Head
    store: Store
    clothes_m: F64Array | None = None
    """(n, 3) points of clothes, world frame."""

    @cached_property
    def fit(self) -> HeadFit:
        return HeadFit(self.head)

    @cached_property
    def bare(self) -> Capsule:
        """Head and neck without the ears."""
        return Capsule.of(self.fit, ears=False)

    @cached_property
    def eared(self) -> Capsule:
        """With the ears."""
        return Capsule.of(self.fit, ears=True)

    @cached_property
    def dressed(self) -> Capsule:
        """With ears and clothes."""
        more = None if self.clothes_m is None else self.fit.skull(self.clothes_m)
        return Capsule.of(self.fit, ears=True, more_m=more)

    @cached_property
    def rest_m(self) -> F64Array:
        """(A, S, 3) rest coordinates of the flesh under each place of the shells."""
        index = self.fit.outside_index(ears=False)
        points = self.bare.points()
        _, near = cKDTree(self.fit.points_m[index]).query(points.reshape(-1, 3))
        rest = np.asarray(self.fit.rest_m[index[near]], np.float64).reshape(points.shape)
        return np.asarray(gaussian_filter(rest, (1.5, 1.5, 0), mode=("wrap", "nearest", "nearest")))

    @cached_property
    def skin(self) -> Skin:
        """All outer skin with the ears."""
        return self.fit.whole(ears=True)

    @cached_property
    def skull_skin(self) -> Skin:
        """All outer skin without the ears."""
        return self.fit.whole(ears=False)

    def mesh(
        self,
        name: str,
        piece: Piece,
        material: Material,
        entry: WornEntry,
        uv_m: F64Array | None = None,
    ) -> Mesh:
        """A piece in the world frame; ``uv_m`` (F, 4, 2) in metres."""
        uv: F32Array | None = None
        if uv_m is not None:
            uv = np.asarray(uv_m / TILE_M, np.float32)
        return Mesh(
            name=name,
            vertices_m=self.fit.world(piece.points_m),
            faces=piece.faces,
            face_class=np.full(len(piece.faces), entry.label, np.uint8),
            material=material,
            uv=uv,
        )


def cloth(entry: WornEntry, item: Item, weave: str, shade: float = 1.0) -> SurfaceMaterial:
    """Fabric in the item's colour and print; UVs count tiles."""
    return cloth_material(Fabric(weave=weave, roughness=entry.roughness), item, weave, shade)


def plain_of(material: SurfaceMaterial) -> SurfaceMaterial:
    """The same cloth for hems and knots: no weave, and the mean of its print."""
    colour = np.asarray(material.colour)
    if material.colour_map is not None:
        colour = colour * material.colour_map.reshape(-1, 3).mean(axis=0)
    colour = np.clip(colour, 0.0, 1.0)
    mean = (float(colour[0]), float(colour[1]), float(colour[2]))
    return replace(material, colour=mean, colour_map=None, height_map_mm=None)


def hard(entry: WornEntry, item: Item, coat: float = 0.3) -> SurfaceMaterial:
    """Plastic, leather or metal in the item's colour."""
    metallic = mapped(entry.metallic, item.metallic)
    return SurfaceMaterial(
        colour=(item.red, item.green, item.blue),
        roughness=mapped(entry.roughness, item.roughness),
        metallic=metallic,
        coat=coat * (1 - metallic),
    )


def second(item: Item, roughness: float = 0.6, metallic: float = 0.0) -> SurfaceMaterial:
    """A plain surface in the item's second colour."""
    colour = (item.second_red, item.second_green, item.second_blue)
    return SurfaceMaterial(colour=colour, roughness=roughness, metallic=metallic)


def mapped(limits: tuple[float, float], unit: float) -> float:
    """0-1 into limits."""
    return limits[0] + (limits[1] - limits[0]) * unit


def frames(path: F64Array, up: F64Array, closed: bool) -> tuple[F64Array, F64Array]:
    """Axes (n, 3) across a path and, as near as can be, along ``up`` (n, 3)."""
    if closed:
        along = np.roll(path, -1, 0) - np.roll(path, 1, 0)
    else:
        along = np.gradient(path, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-12)
    across = np.cross(up, along)
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)
    return across, np.cross(along, across)


def round_tube(path: F64Array, radius_m: F64Array | float, closed: bool, n: int = 8) -> Piece:
    """A round cord along a path (n, 3)."""
    up = np.broadcast_to(np.array([0.13, 0.9, 0.41]), path.shape)
    across, upward = frames(path, up, closed)
    half = np.broadcast_to(np.asarray(radius_m).reshape(-1, 1), (len(path), 1))
    section = rounded_box_section(n, 2.0)
    return tube(path, across, upward, section, np.repeat(half, 2, 1), closed)


def ribbon(
    path: F64Array,
    normal: F64Array,
    half_width_m: F64Array | float,
    half_thick_m: float,
    closed: bool,
) -> Piece:
    """A flat band along a path, its face along ``normal`` (n, 3)."""
    across, upward = frames(path, normal, closed)
    wide = np.broadcast_to(np.asarray(half_width_m, float).reshape(-1, 1), (len(path), 1))
    half = np.concatenate([wide, np.full((len(path), 1), half_thick_m)], 1)
    return tube(path, across, upward, rounded_box_section(10, 3.0), half, closed)
