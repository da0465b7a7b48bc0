"""Headwear, fitted to a head."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array, Mesh, SurfaceMaterial
from assets.store import Store
from assets.wear.fabric import cap_panels, plain_weave, rib_knit, tinted
from assets.wear.frame_place import MM
from assets.wear.hat_line import height_above
from assets.wear.hats import brimmed_hat, cap, knit_hat
from assets.wear.head import WearHead
from assets.wear.params import (
    BrimParams,
    CapParams,
    HatLine,
    KnitParams,
    ProxyHatParams,
    entry,
    wear_data,
)
from assets.wear.proxy import fit_proxy, proxy_texture, proxy_topology
from assets.wear.push import pushed_out
from assets.wear.sweep import Shape, joined
from spec_schema.classes import SegmentationClass
from spec_schema.spec import Item

__all__ = ["build_headwear", "headwear_coverage"]

F64Array = NDArray[np.float64]

_CLEARANCE_M = 0.0008
_FADE_M = (-0.006, 0.001)
"""Hair is hidden from just under the edge, where the band presses it, upwards."""


def build_headwear(item: Item, head: WearHead, store: Store) -> list[Mesh]:
    """The meshes of one hat in the world frame, all of class HEADWEAR."""
    params = entry(wear_data().headwear, "headwear", item.id)
    colour = (item.red, item.green, item.blue)
    rough = max(0.6, item.roughness)
    match params:
        case KnitParams():
            wool = SurfaceMaterial(
                colour, rough, height_map_mm=rib_knit(), sheen=0.35, specular=0.15
            )
            return [_mesh("knit hat", joined(knit_hat(params, item, head)), wool, head)]
        case CapParams():
            crown, peak = cap(params, item, head)
            twill = SurfaceMaterial(
                colour, rough, height_map_mm=cap_panels(), sheen=0.1, specular=0.25
            )
            plain = SurfaceMaterial(colour, rough, sheen=0.1, specular=0.25)
            return [
                _mesh("cap crown", joined(crown), twill, head),
                _mesh("cap peak", joined(peak), plain, head),
            ]
        case BrimParams():
            canvas = SurfaceMaterial(
                colour, rough, height_map_mm=plain_weave(), sheen=0.1, specular=0.2
            )
            return [_mesh("brimmed hat", joined(brimmed_hat(params, item, head)), canvas, head)]
        case ProxyHatParams():
            return [_proxy_hat(params, item, head, store)]


def headwear_coverage(item: Item) -> Callable[[NDArray[np.floating]], F32Array]:
    """How much of the scalp is hidden: (n, 3) rest points in metres to (n,) 0-1."""
    params = entry(wear_data().headwear, "headwear", item.id)
    line: HatLine = params.line

    def covered(rest_m: NDArray[np.floating]) -> F32Array:
        above = height_above(line, item.tilt_deg, np.asarray(rest_m, np.float64))
        t = np.clip((above - _FADE_M[0]) / (_FADE_M[1] - _FADE_M[0]), 0, 1)
        return np.asarray(t * t * (3 - 2 * t), np.float32)

    return covered


def _proxy_hat(params: ProxyHatParams, item: Item, head: WearHead, store: Store) -> Mesh:
    topology = proxy_topology(store, params.proxy, params.subdivisions)
    points = fit_proxy(head, store, params.proxy, in_skull=True)
    if topology.operator is not None:
        points = topology.operator @ points
    middle = points.mean(0)
    turn = np.radians(item.tilt_deg)
    roll = np.array(
        [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1.0]]
    )
    points = (points - middle) * (params.scale * item.size) @ roll.T + middle
    points = points - np.array([0.0, params.sink_mm * MM, 0.0])
    points = pushed_out(points, topology.faces, head.skull, _CLEARANCE_M, reach=6)
    texture = proxy_texture(store, params.proxy, "diffuse")
    felt = SurfaceMaterial(
        (1.0, 1.0, 1.0),
        max(0.7, item.roughness),
        colour_map=None
        if texture is None
        else tinted(texture, (item.red, item.green, item.blue), params.tint),
        sheen=0.3,
        specular=0.2,
    )
    return _mesh("hat", Shape(points, topology.faces, topology.uv), felt, head)


def _mesh(name: str, shape: Shape, material: SurfaceMaterial, head: WearHead) -> Mesh:
    return Mesh(
        name=name,
        vertices_m=head.to_world(shape.vertices),
        faces=shape.faces,
        face_class=np.full(len(shape.faces), SegmentationClass.HEADWEAR, np.uint8),
        material=material,
        uv=shape.uv,
    )
