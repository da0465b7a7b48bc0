"""Numbers that shaders hand out beside the picture: arbitrary output variables (AOVs).

Cycles averages an AOV over the camera rays of a pixel, with the picture's own filter and blur,
and only where a ray first meets a surface that has it. The fourth channel of a colour AOV
counts these rays, so the mean over the rays that met such a surface can be had.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from renderer.pixel_labels import COVERING, STRANDS

__all__ = [
    "CHARTED_ATTRIBUTE",
    "COVER_DEPTH",
    "STRAND_DEPTH",
    "STRAND_NORMAL",
    "UV_CHART",
    "declare",
    "mark_front",
    "mark_uv",
    "mean_over_rays",
]

CHARTED_ATTRIBUTE: Final = "charted"
COVER_DEPTH: Final = "cover_depth"
"""Depth of worn meshes."""
STRAND_DEPTH: Final = "strand_depth"
STRAND_NORMAL: Final = "strand_normal"
UV_CHART: Final = "uv_chart"
"""u, v, and whether the face is of the dense label."""

_ENOUGH_RAYS: Final = 1e-4
"""Share of a pixel's rays below which nothing was met."""


def declare(*names: str) -> None:
    """Have the view layer collect these AOVs and no others."""
    aovs = bpy.context.scene.view_layers[0].aovs
    while len(aovs):
        aovs.remove(aovs[0])
    for name in names:
        aov = aovs.add()
        aov.name, aov.type = name, "COLOR"


def mark_front(material: Any, class_id: int, is_strand: bool) -> None:
    """Let a material of what may cover the face hand out its depth, and strands their normal."""
    nodes = material.node_tree.nodes
    # A copy brings those of the material that it was made of, which may be of another class.
    for node in [n for n in nodes if n.bl_idname == "ShaderNodeOutputAOV"]:
        nodes.remove(node)
    if is_strand and class_id in STRANDS:
        depth = nodes.new("ShaderNodeCameraData").outputs["View Z Depth"]
        _hand_out(material, STRAND_DEPTH, depth)
        _hand_out(material, STRAND_NORMAL, nodes.new("ShaderNodeNewGeometry").outputs["Normal"])
    elif not is_strand and class_id in COVERING:
        depth = nodes.new("ShaderNodeCameraData").outputs["View Z Depth"]
        _hand_out(material, COVER_DEPTH, depth)


def mark_uv(material: Any) -> None:
    """Let a skin material hand out its UVs."""
    nodes, links = material.node_tree.nodes, material.node_tree.links
    uv = nodes.new("ShaderNodeTexCoord").outputs["UV"]
    apart, together = nodes.new("ShaderNodeSeparateXYZ"), nodes.new("ShaderNodeCombineXYZ")
    charted = nodes.new("ShaderNodeAttribute")
    charted.attribute_type, charted.attribute_name = "GEOMETRY", CHARTED_ATTRIBUTE
    links.new(uv, apart.inputs[0])
    links.new(apart.outputs[0], together.inputs[0])
    links.new(apart.outputs[1], together.inputs[1])
    links.new(charted.outputs["Fac"], together.inputs[2])
    _hand_out(material, UV_CHART, together.outputs[0])


def _hand_out(material: Any, name: str, value: Any) -> None:
    node = material.node_tree.nodes.new("ShaderNodeOutputAOV")
    node.aov_name = name
    material.node_tree.links.new(value, node.inputs["Color"])


def mean_over_rays(
    passes: Mapping[str, NDArray[np.float32]], name: str
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Mean (H, W, 3) over the rays that met a surface with the AOV, and whether any did (H, W)."""
    share = passes[f"{name}.A"]
    met = share > _ENOUGH_RAYS
    total = np.stack([passes[f"{name}.{c}"] for c in "RGB"], axis=-1)
    return np.asarray(total / np.where(met, share, 1)[..., None], np.float32), met
