"""The skin shader: maps inside a window of UV space, the body's colour around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from assets.geometry import SkinMaterial
from renderer.blender.images import float_image
from renderer.blender.nodes import Graph

__all__ = ["METRES_PER_MM", "shade_skin"]

METRES_PER_MM: Final = 0.001
"""Bump distance that makes a height map in millimetres true to scale."""

_DEEP_SHARE: Final = (0.62, 0.22, 0.03, 1.0)
"""Share of red, green and blue that spreads deep; the rest leaves within 0.3 mm of where it
fell, which is less than a pixel, and is as good as diffuse (d'Eon et al. 2007, table 1)."""
_DEEP_RADIUS: Final = (1.0, 0.50, 0.25)
"""Relative mean free paths of red, green and blue."""
_F0: Final = (0.028, 0.028, 0.028, 1.0)
"""Reflectance at normal incidence of an index of 1.4."""
_LOST_TO_REFLECTION: Final = 0.04
"""Share of the light that does not enter; a mean over directions."""
_FILM_ROUGHNESS: Final = 0.24
_FUZZ_POWER: Final = 3.5
_BODY_SPECULAR: Final = 0.9
_MARGIN: Final = 0.01
"""Width of the blend inside the window's border, as a share of the window's side."""


def shade_skin(owner: Any, material: SkinMaterial, name: str) -> None:
    """Fill a Blender material with the skin graph.

    Three closures: diffuse for light that comes back where it fell, subsurface for light that
    spreads, and a rough dielectric; a second, smoother one where there is a film. Only some of
    the paths then walk under the skin, and relief stays crisp: the bump bends the first and the
    last, while what comes from the deep knows the smooth surface alone.
    """
    graph = Graph(owner)
    maps = _maps(graph, material, name)
    bump = graph.node(
        "Bump", {"Strength": 1.0, "Distance": METRES_PER_MM, "Height": maps.height}
    ).outputs[0]
    share = graph.mix_colour(maps.deep, (0.0, 0.0, 0.0, 1.0), _DEEP_SHARE)
    deep = graph.mix_colour(1.0, maps.colour, share, "MULTIPLY")
    near = graph.mix_colour(1.0, maps.colour, deep, "SUBTRACT")
    # Fine hair is seen where the surface turns away: many more hairs to the solid angle.
    turned = graph.node("LayerWeight", {"Blend": 0.5}).outputs["Facing"]
    haze = graph.math("MULTIPLY", graph.math("POWER", turned, _FUZZ_POWER), maps.fuzz)
    near = graph.mix_colour(haze, near, (1.0, 0.93, 0.86, 1.0))
    below = graph.node(
        "AddShader",
        {
            0: graph.node("BsdfDiffuse", {"Color": near, "Normal": bump}).outputs[0],
            1: graph.node(
                "SubsurfaceScattering",
                {
                    "Color": deep,
                    "Scale": material.subsurface_scale_m,
                    "Radius": _DEEP_RADIUS,
                },
                falloff="BURLEY",
            ).outputs[0],
        },
    ).outputs[0]
    surface, film = (
        graph.node(
            "BsdfMetallic",
            {
                "Base Color": _F0,
                "Edge Tint": (1.0, 1.0, 1.0, 1.0),
                "Roughness": roughness,
                "Normal": bump,
            },
            distribution="GGX",
            fresnel_type="F82",
        ).outputs[0]
        for roughness in (maps.roughness, _FILM_ROUGHNESS)
    )
    mirror = graph.node("MixShader", {0: maps.film, 1: surface, 2: film}).outputs[0]
    shader = graph.node(
        "AddShader",
        {
            # A missing shader is black: these two scale what stands beside it.
            0: graph.node("MixShader", {0: _LOST_TO_REFLECTION, 1: below}).outputs[0],
            1: graph.node("MixShader", {0: maps.specular, 2: mirror}).outputs[0],
        },
    )
    graph.node("OutputMaterial", {"Surface": shader.outputs[0]})


@dataclass(frozen=True)
class _Maps:
    """Outputs of the graph that hold the skin's quantities at the point that is shaded."""

    colour: Any
    height: Any
    roughness: Any
    specular: Any
    film: Any
    deep: Any
    fuzz: Any


def _maps(graph: Graph, material: SkinMaterial, name: str) -> _Maps:
    """Three pictures of four channels: each reading costs."""
    uv = graph.node("TexCoord").outputs["UV"]
    window_uv, inside = _window(graph, uv, material.window)
    stack = _stacked(material)

    def read(which: str, at: Any, interpolation: str) -> tuple[Any, Any]:
        image = float_image(f"{name}.{which}", stack[which], is_data=which == "detail")
        node = graph.node(
            "TexImage",
            {"Vector": at},
            image=image,
            extension="EXTEND",
            interpolation=interpolation,
        )
        return node.outputs["Color"], node.outputs["Alpha"]

    colour, deep = read("colour", window_uv, "Linear")
    # Cubic: the height's slope is seen, and would show the texels' facets in close-ups.
    detail, height = read("detail", window_uv, "Cubic")
    body, body_height = read("body", uv, "Linear")
    roughness, finish, fuzz = graph.node("SeparateColor", {0: detail}).outputs
    border = {k: float(_border(getattr(material, k)).mean()) for k in ("roughness", "deep", "fuzz")}
    return _Maps(
        colour=graph.mix_colour(inside, body, colour),
        height=graph.mix_float(inside, body_height, height),
        roughness=graph.mix_float(inside, border["roughness"], roughness),
        specular=graph.math("MINIMUM", graph.mix_float(inside, _BODY_SPECULAR, finish), 1.0),
        film=graph.math("SUBTRACT", finish, 1.0, clamp=True),
        deep=graph.mix_float(inside, border["deep"], deep),
        fuzz=graph.math(
            "MULTIPLY",
            graph.mix_float(inside, border["fuzz"], fuzz),
            material.fuzz_strength,
        ),
    )


def _stacked(material: SkinMaterial) -> dict[str, Any]:
    # Where there is a film nothing dulls the reflection: one channel holds both.
    finish = np.where(material.film > 0.02, 1 + material.film, material.specular)
    return {
        "colour": np.dstack([material.colour, material.deep]),
        "detail": np.dstack([material.roughness, finish, material.fuzz, material.height_mm]),
        "body": np.dstack([material.body_colour, material.body_height_mm]),
    }


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
