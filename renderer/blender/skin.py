"""The skin shader: maps inside a window of UV space, the body's colour around it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from assets.geometry import SkinMaterial
from renderer.blender.images import float_image
from renderer.blender.nodes import Graph

__all__ = ["METRES_PER_MM", "shade_skin"]

METRES_PER_MM: Final = 0.001
"""Bump distance that makes a height map in millimetres true to scale."""

_SUBSURFACE_RADIUS: Final = (1.0, 0.36, 0.2)
"""Relative mean free paths of red, green and blue."""
_SKIN_IOR: Final = 1.42
_COAT_ROUGHNESS: Final = 0.25
_MARGIN: Final = 0.01
"""Width of the blend inside the window's border, as a share of the window's side."""


def shade_skin(owner: Any, material: SkinMaterial, name: str) -> None:
    """Fill a Blender material with the skin graph."""
    graph = Graph(owner)
    uv = graph.node("TexCoord").outputs["UV"]
    colour_image = float_image(f"{name}.colour", material.colour, is_data=False)
    detail = np.stack([material.height_mm, material.roughness], axis=-1)
    detail_image = float_image(f"{name}.detail", detail, is_data=True)
    body_image = float_image(f"{name}.body", material.body_colour, is_data=False)

    window_uv, inside = _window(graph, uv, material.window)
    colour = graph.node(
        "TexImage", {"Vector": window_uv}, image=colour_image, extension="EXTEND"
    ).outputs[0]
    # Cubic: the height's slope is seen, and would show the texels' facets in close-ups.
    detail_node = graph.node(
        "TexImage",
        {"Vector": window_uv},
        image=detail_image,
        extension="EXTEND",
        interpolation="Cubic",
    )
    height, roughness, _ = graph.node("SeparateColor", {0: detail_node.outputs[0]}).outputs
    body = graph.node(
        "TexImage", {"Vector": uv}, image=body_image, extension="EXTEND", interpolation="Cubic"
    ).outputs[0]
    bump = graph.node(
        "Bump",
        {
            "Strength": 1.0,
            "Distance": METRES_PER_MM,
            "Height": graph.math("MULTIPLY", height, inside),
        },
    )
    border_roughness = float(_border(material.roughness).mean())
    shader = graph.node(
        "BsdfPrincipled",
        {
            "Base Color": graph.mix_colour(inside, body, colour),
            "Roughness": graph.mix_float(inside, border_roughness, roughness),
            "IOR": _SKIN_IOR,
            "Normal": bump.outputs[0],
            "Subsurface Weight": 1.0,
            "Subsurface Radius": _SUBSURFACE_RADIUS,
            "Subsurface Scale": material.subsurface_scale_m,
            "Coat Weight": material.coat,
            "Coat Roughness": _COAT_ROUGHNESS,
        },
        distribution="MULTI_GGX",
        subsurface_method="RANDOM_WALK",
    )
    graph.node("OutputMaterial", {"Surface": shader.outputs[0]})


def _border(a: Any) -> Any:
    return np.concatenate([a[0], a[-1], a[:, 0], a[:, -1]])


def _window(graph: Graph, uv: Any, window: tuple[float, float, float, float]) -> tuple[Any, Any]:
    """Window coordinates (0-1 inside), and a mask that rises smoothly from border to inside.

    Where the window ends with UV space itself there is nothing to blend to, so it doesn't.
    """
    u0, u1, v0, v1 = window
    scale_u, scale_v = 1.0 / (u1 - u0), 1.0 / (v1 - v0)
    window_uv = graph.node(
        "Mapping",
        {
            "Vector": uv,
            "Location": (-u0 * scale_u, -v0 * scale_v, 0.0),
            "Scale": (scale_u, scale_v, 1.0),
        },
        vector_type="POINT",
    ).outputs[0]
    u, v, _ = graph.node("SeparateXYZ", {0: window_uv}).outputs
    inside: Any = None
    for coordinate, low_is_edge, high_is_edge in (
        (u, u0 <= 0.0, u1 >= 1.0),
        (v, v0 <= 0.0, v1 >= 1.0),
    ):
        for is_edge, start, end in (
            (low_is_edge, 0.0, _MARGIN),
            (high_is_edge, 1.0, 1.0 - _MARGIN),
        ):
            if is_edge:
                continue
            ramp = graph.node(
                "MapRange",
                {"Value": coordinate, "From Min": start, "From Max": end},
                interpolation_type="SMOOTHSTEP",
                clamp=True,
            ).outputs[0]
            inside = ramp if inside is None else graph.math("MULTIPLY", inside, ramp)
    return window_uv, 1.0 if inside is None else inside
