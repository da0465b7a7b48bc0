"""Renders that measure a scene instead of lighting it, after its picture was taken.

The same uploaded scene from the same camera with every shader replaced by a plain one: no light, no
bounces, no textures. :func:`measure_surfaces` looks through the very centre of each pixel of a
pinhole camera; :func:`look_beneath` sees as the picture does, without what can be taken off.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import ArrayLike, NDArray

from renderer.blender import aovs, passes
from renderer.blender.axes import camera_directions
from renderer.blender.cryptomatte import class_mask
from renderer.blender.materials import MaterialShop
from renderer.blender.nodes import Graph
from renderer.pixel_labels import REMOVABLE

__all__ = ["Surfaces", "darken", "look_beneath", "measure_surfaces"]

LAYER_SAMPLES: Final = 16
"""Rays a pixel that decide what lies beneath."""

_NARROWEST_PX: Final = 0.01
"""Least width of the pixel filter that Cycles takes: rays stay within 1/200 of a pixel."""
_NOTHING_M: Final = 1e9
"""Cycles says 1e10 where a ray meets nothing."""


@dataclass(frozen=True)
class Surfaces:
    """What the ray through each pixel's centre meets first, strands left out."""

    depth_m: NDArray[np.float32]
    """(H, W) along the optical axis, +inf where nothing is."""
    normals: NDArray[np.float32]
    """(H, W, 3) unit, OpenCV camera frame; 0 where nothing is."""
    uv: NDArray[np.float32]
    """(H, W, 2) of the dense label's chart, -1 where the surface is something else."""


def darken(shop: MaterialShop) -> None:
    """Take away light, textures and bounces; names of materials, and so classes, stay."""
    scene = bpy.context.scene
    scene.world = None
    for lamp in list(bpy.data.lights):
        bpy.data.lights.remove(lamp)
    for material in bpy.data.materials:
        graph = Graph(material)
        # Not an emission of 0, which Cycles drops: a surface of outputs alone lets rays through.
        matt = graph.node("BsdfDiffuse")
        graph.node("OutputMaterial", {"Surface": matt.outputs[0]})
        if material.name in shop.skins:
            aovs.mark_uv(material)
    cycles = scene.cycles
    cycles.use_denoising = False
    cycles.use_adaptive_sampling = False
    cycles.max_bounces = 0


def measure_surfaces(camera_from_world: ArrayLike) -> Surfaces:
    """Depth, normals and UVs at the pixels' centres, exact to the float."""
    scene = bpy.context.scene
    for thing in scene.objects:
        thing.hide_render = thing.type == "CURVES"
    scene.camera.data.dof.use_dof = False
    scene.cycles.samples = 1
    scene.cycles.filter_width = _NARROWEST_PX
    layer = scene.view_layers[0]
    layer.use_pass_cryptomatte_material = False
    layer.use_pass_z = layer.use_pass_normal = True
    aovs.declare(aovs.UV_CHART)
    seen = _rendered()
    layer.use_pass_z = layer.use_pass_normal = False

    depth = seen["Depth.Z"]
    there = depth < _NOTHING_M
    normal = np.stack([seen[f"Normal.{c}"] for c in "XYZ"], axis=-1)
    normal = camera_directions(normal, camera_from_world)
    length = np.linalg.norm(normal, axis=-1, keepdims=True)
    charted = there & (seen[f"{aovs.UV_CHART}.B"] > 0.5)
    uv = np.stack([seen[f"{aovs.UV_CHART}.{c}"] for c in "RG"], axis=-1)
    return Surfaces(
        depth_m=np.where(there, depth, np.float32(np.inf)),
        normals=np.where(there[..., None], normal / np.maximum(length, 1e-6), np.float32(0)),
        uv=np.where(charted[..., None], uv, np.float32(-1)),
    )


def look_beneath(shop: MaterialShop, use_dof: bool, filter_width_px: float) -> NDArray[np.uint8]:
    """Class mask (H, W) of the scene without hair, beard, glasses, headwear and facewear."""
    scene = bpy.context.scene
    for thing in scene.objects:
        thing.hide_render = thing.type in ("MESH", "CURVES") and _is_removable(thing, shop)
    scene.camera.data.dof.use_dof = use_dof
    scene.cycles.samples = LAYER_SAMPLES
    scene.cycles.filter_width = filter_width_px
    scene.view_layers[0].use_pass_cryptomatte_material = True
    aovs.declare()
    return class_mask(passes.material_ranks(_rendered()), shop.class_of)


def _is_removable(thing: Any, shop: MaterialShop) -> bool:
    classes = {shop.class_of[m.name] for m in thing.data.materials}
    if classes <= set(REMOVABLE):
        return True
    if classes & set(REMOVABLE):
        raise ValueError(f"{thing.name!r} mixes classes that come off with classes that stay")
    return False


def _rendered() -> dict[str, NDArray[np.float32]]:
    bpy.ops.render.render()
    with tempfile.TemporaryDirectory(prefix="replicantface-") as folder:
        return passes.read_passes(passes.save_passes(Path(folder)))
