"""Clothing, fitted to a body."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array, Mesh, SurfaceMaterial
from assets.head.surface import vertex_normals
from assets.store import Store
from assets.wear.cut import hemmed
from assets.wear.fabric import jersey, plain_weave, rib_knit, stripes, tinted
from assets.wear.head import WearHead
from assets.wear.neckline import shirt_field
from assets.wear.params import ProxyGarmentParams, ShirtParams, entry, wear_data
from assets.wear.proxy import fit_proxy, proxy_texture, proxy_topology
from assets.wear.push import pushed_out
from assets.wear.shirts import TILE_M, Shirt, sew_shirt
from assets.wear.sweep import Shape
from spec_schema.classes import SegmentationClass
from spec_schema.spec import Item

__all__ = ["Clothing", "build_clothing"]

_HIDDEN_BEYOND_M = 0.016
"""Skin this far inside a garment's edges is dropped."""
_CLEARANCE_M = 0.0015
_LOWEST_M = 0.16
"""Proxies are cut off below this height of the base mesh: no picture shows more."""
_COLLAR_RIB_M = 0.0032
_HEM_M = 0.0014
_BODY_END = 13380
"""Vertices of the base mesh from here on are helpers."""


@dataclass(frozen=True)
class Clothing:
    """A garment in the world frame, and the skin under it."""

    meshes: list[Mesh]
    hidden: NDArray[np.bool_]
    """(19158,) base-cage vertices that no camera can see: faces of only these may be dropped."""


def build_clothing(item: Item, head: WearHead, store: Store) -> Clothing:
    """The meshes of one garment, all of class CLOTHING."""
    params = entry(wear_data().clothing, "clothing", item.id)
    match params:
        case ShirtParams():
            return _shirt(params, item, head)
        case ProxyGarmentParams():
            return _modelled(params, item, head, store)


def _shirt(params: ShirtParams, item: Item, head: WearHead) -> Clothing:
    shirt: Shirt = sew_shirt(params, item, head)
    colour = (item.red, item.green, item.blue)
    printed = item.pattern > 0
    cloth = _cloth(params.weave, colour, item, 6 if params.weave != "knit" else 10)
    if printed:
        cloth = _cloth(
            params.weave, (1.0, 1.0, 1.0), item, 6, stripes(item.seed, colour, item.pattern)
        )
    body = Shape(shirt.body.vertices, shirt.body.faces, shirt.printed_uv if printed else shirt.body.uv)
    meshes = [_mesh("shirt", body, cloth)]
    if shirt.collar is not None:
        rib = SurfaceMaterial(
            colour,
            max(0.7, item.roughness),
            height_map_mm=np.asarray(0.35 * rib_knit(), np.float32),
            sheen=0.2,
            specular=0.2,
        )
        # Ribs run across the band: u of the sweep goes round it, v along.
        uv = np.asarray(shirt.collar.uv[..., ::-1] / _COLLAR_RIB_M, np.float32)
        meshes.append(_mesh("collar", Shape(shirt.collar.vertices, shirt.collar.faces, uv), rib))
    hidden = shirt_field(params, head.rest_m.astype(np.float64)) > _HIDDEN_BEYOND_M
    hidden[_BODY_END:] = False
    return Clothing(meshes, hidden)


def _modelled(
    params: ProxyGarmentParams, item: Item, head: WearHead, store: Store
) -> Clothing:
    topology = proxy_topology(store, params.proxy, params.subdivisions)
    points = fit_proxy(head, store, params.proxy, in_skull=False)
    if topology.operator is not None:
        points = topology.operator @ points
    kept = points[topology.faces][..., 1].min(1) > _LOWEST_M
    used, faces = np.unique(topology.faces[kept], return_inverse=True)
    faces = faces.reshape(-1, 4).astype(np.int32)
    points = pushed_out(points[used], faces, head.body, _CLEARANCE_M, reach=4)
    normals = vertex_normals(points.astype(np.float32), faces).astype(np.float64)
    points, faces, uv = hemmed(points, faces, topology.uv[kept], normals, _HEM_M)
    colour = (item.red, item.green, item.blue)
    cloth = SurfaceMaterial(
        (1.0, 1.0, 1.0),
        max(0.7, item.roughness),
        colour_map=_proxy_colours(params, colour, store),
        sheen=0.15,
        specular=0.25,
    )
    shape = Shape(points, faces, uv)
    hidden = np.asarray(store.array(f"proxies/{params.proxy}/delete"), bool).copy()
    hidden[_BODY_END:] = False
    return Clothing([_mesh("garment", shape, cloth)], hidden)


def _proxy_colours(
    params: ProxyGarmentParams, colour: tuple[float, float, float], store: Store
) -> F32Array:
    """(H, W, 3) linear albedo: the painted texture, dyed; or plain cloth with painted shade."""
    if params.painted:
        painted = proxy_texture(store, params.proxy, "diffuse")
        if painted is not None:
            return tinted(painted, colour, params.tint)
    shade = proxy_texture(store, params.proxy, "ao")
    plain = np.full((4, 4, 3), colour, np.float32)
    return plain if shade is None else np.asarray((0.3 + 0.7 * shade) * np.array(colour), np.float32)


def _cloth(
    weave: str,
    colour: tuple[float, float, float],
    item: Item,
    repeats: int,
    colour_map: F32Array | None = None,
) -> SurfaceMaterial:
    tile = {"jersey": jersey, "knit": rib_knit, "plain": plain_weave}[weave]()
    scale = 0.3 if weave == "knit" else 1.0
    return SurfaceMaterial(
        colour,
        max(0.75, item.roughness),
        colour_map=colour_map,
        height_map_mm=np.asarray(np.tile(scale * tile, (repeats, repeats)), np.float32),
        sheen=0.2,
        specular=0.2,
    )


def _mesh(name: str, shape: Shape, material: SurfaceMaterial) -> Mesh:
    return Mesh(
        name=name,
        vertices_m=np.asarray(shape.vertices, np.float32),
        faces=shape.faces,
        face_class=np.full(len(shape.faces), SegmentationClass.CLOTHING, np.uint8),
        material=material,
        uv=np.asarray(shape.uv, np.float32),
    )
