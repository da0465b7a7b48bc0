"""Glasses, fitted to a head."""

from __future__ import annotations

import numpy as np

from assets.geometry import ClearMaterial, Mesh, SurfaceMaterial
from assets.wear.fabric import tortoise
from assets.wear.frame_parts import bridges, lens_outline, lenses, pads, rims
from assets.wear.frame_place import Ear, Front, find_ears, place_front
from assets.wear.head import WearHead
from assets.wear.params import GlassesParams, entry, wear_data
from assets.wear.surface import Surface
from assets.wear.sweep import Shape, joined
from assets.wear.temples import temple
from spec_schema.classes import SegmentationClass
from spec_schema.spec import Item

__all__ = ["build_glasses"]

_RIM_CLEARANCE_M = 0.0006
_MOST_FORWARD_M = 0.010
_PATTERN_M = 0.07
"""Length of frame that one tile of a pattern covers."""


def build_glasses(item: Item, head: WearHead) -> list[Mesh]:
    """Frame, pads and lenses in the world frame, all of class GLASSES."""
    data = wear_data()
    params = entry(data.glasses, "glasses", item.id)
    ears = find_ears(head, data.fit)
    skin = head.skull
    front = _clear_of_face(place_front(params, item, head, ears), params, skin)

    frame: list[Shape] = []
    pad_shapes: list[Shape] = []
    lens_shapes: list[Shape] = []
    for ear in ears:
        edge = _edge(front, params, ear)
        if params.rims != "none":
            frame.append(rims(front, params, edge))
        lens_shapes.append(lenses(front, params, edge))
        pad, arm = pads(front, params, ear.side, skin)
        pad_shapes.append(pad)
        frame.append(arm)
        frame.append(temple(front, params, ear, skin))
    frame += bridges(front, params, _edge(front, params, ears[0]), skin)

    material = _frame_material(item)
    moulded = params.pads == "moulded"
    silicone = SurfaceMaterial((0.72, 0.70, 0.66), 0.25, subsurface=0.6, coat=0.3)
    clear = ClearMaterial(
        ior=1.5, tint=params.lens_tint, roughness=params.lens_roughness, thin=True
    )
    return [
        _mesh("glasses frame", joined(frame + (pad_shapes if moulded else [])), material, head),
        *([] if moulded else [_mesh("glasses pads", joined(pad_shapes), silicone, head)]),
        _mesh("glasses lenses", joined(lens_shapes), clear, head),
    ]


def _edge(front: Front, params: GlassesParams, ear: Ear) -> np.ndarray:
    return lens_outline(front, wear_data().outlines[params.outline], ear.side)


def _clear_of_face(front: Front, params: GlassesParams, skin: Surface) -> Front:
    """The front, moved forward until rims or lens edges clear brows, cheeks and nose."""
    edge = np.concatenate(
        [lens_outline(front, wear_data().outlines[params.outline], side) for side in (1, -1)]
    )
    moved = 0.0
    for _ in range(12):
        if params.rims == "none":
            points = front.place(edge[:, 0], edge[:, 1], -0.0018)
        else:
            halves = np.split(edge, 2)
            points = np.concatenate([rims(front, params, half).vertices for half in halves])
        distance, normal = skin.signed(points)
        short = _RIM_CLEARANCE_M - distance
        facing = np.maximum(normal @ front.axes[2], 0.35)
        need = float((short / facing).max())
        if need <= 0 or moved >= _MOST_FORWARD_M:
            break
        step = min(need + 1e-4, _MOST_FORWARD_M - moved)
        front = front.moved(step)
        moved += step
    return front


def _frame_material(item: Item) -> SurfaceMaterial:
    colour = (item.red, item.green, item.blue)
    if item.metallic > 0.5:
        return SurfaceMaterial(colour, max(0.12, 0.6 * item.roughness), metallic=item.metallic)
    patterned = item.pattern > 0
    return SurfaceMaterial(
        colour,
        max(0.15, item.roughness),
        colour_map=tortoise(item.seed, item.pattern) if patterned else None,
        coat=0.4,
        coat_roughness=0.08,
    )


def _mesh(
    name: str, shape: Shape, material: SurfaceMaterial | ClearMaterial, head: WearHead
) -> Mesh:
    return Mesh(
        name=name,
        vertices_m=head.to_world(shape.vertices),
        faces=shape.faces,
        face_class=np.full(len(shape.faces), SegmentationClass.GLASSES, np.uint8),
        material=material,
        uv=np.asarray(shape.uv / _PATTERN_M, np.float32),
    )
