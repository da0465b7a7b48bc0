"""The skin shader: two pictures of its part, and what the mesh carries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from renderer.blender.images import float_image
from renderer.blender.nodes import Graph
from renderer.blender.skin_parts import (
    ALONG_U_ATTRIBUTE,
    ALONG_V_ATTRIBUTE,
    SOFT_ATTRIBUTE,
    SkinPart,
)

__all__ = ["shade_skin"]

_DEEP_SHARE: Final = (0.62, 0.22, 0.03, 1.0)
"""Share of red, green and blue that spreads deep; the rest leaves within 0.3 mm of where it
fell, which is less than a pixel, and is as good as diffuse (d'Eon et al. 2007, table 1)."""
_DEEP_RADIUS: Final = (1.0, 0.30, 0.15)
"""Relative mean free paths of red, green and blue: of what is far from the light only red is
left (ibid.); with more of the green, nostrils and the line of the mouth glow orange."""
_F0: Final = (0.028, 0.028, 0.028, 1.0)
"""Reflectance at normal incidence of an index of 1.4."""
_LOST_TO_REFLECTION: Final = 0.04
"""Share of the light that does not enter; a mean over directions."""
_FILM_ROUGHNESS: Final = 0.24
_FUZZ_POWER: Final = 3.5


def shade_skin(owner: Any, part: SkinPart, name: str) -> None:
    """Fill a Blender material with the skin graph.

    Three closures: diffuse for light that comes back where it fell, subsurface for light that
    spreads, and a rough dielectric; a second, smoother one where there is a film. Only some of
    the paths then walk under the skin, and relief stays crisp: it bends the first and the last,
    while what comes from the deep knows the smooth surface alone.
    """
    graph = Graph(owner)
    maps = _maps(graph, part, name)
    share = graph.mix_colour(maps.deep, (0.0, 0.0, 0.0, 1.0), _DEEP_SHARE)
    deep = graph.mix_colour(1.0, maps.colour, share, "MULTIPLY")
    near = graph.mix_colour(1.0, maps.colour, deep, "SUBTRACT")
    # Fine hair is seen where the surface turns away: many more hairs to the solid angle.
    turned = graph.node("LayerWeight", {"Blend": 0.5}).outputs["Facing"]
    haze = graph.math("MULTIPLY", graph.math("POWER", turned, _FUZZ_POWER), maps.fuzz)
    near = graph.mix_colour(haze, near, (*part.fuzz_colour, 1.0))
    below = graph.node(
        "AddShader",
        {
            0: graph.node("BsdfDiffuse", {"Color": near, "Normal": maps.normal}).outputs[0],
            1: graph.node(
                "SubsurfaceScattering",
                {
                    "Color": deep,
                    "Scale": part.subsurface_scale_m,
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
                "Normal": maps.normal,
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
    normal: Any
    roughness: Any
    specular: Any
    film: Any
    deep: Any
    fuzz: Any


def _maps(graph: Graph, part: SkinPart, name: str) -> _Maps:
    """Two pictures of four channels: each reading costs."""
    u0, u1, v0, v1 = part.window
    scale_u, scale_v = 1.0 / (u1 - u0), 1.0 / (v1 - v0)
    uv = graph.node("TexCoord").outputs["UV"]
    if (scale_u, scale_v) != (1.0, 1.0):
        uv = graph.node(
            "Mapping",
            {
                "Vector": uv,
                "Location": (-u0 * scale_u, -v0 * scale_v, 0.0),
                "Scale": (scale_u, scale_v, 1.0),
            },
            vector_type="POINT",
        ).outputs[0]

    def read(which: str, pixels: Any) -> tuple[Any, Any]:
        image = float_image(f"{name}.{which}", pixels, is_data=which == "detail")
        node = graph.node(
            "TexImage", {"Vector": uv}, image=image, extension="EXTEND", interpolation="Linear"
        )
        return node.outputs["Color"], node.outputs["Alpha"]

    colour, film = read("colour", part.colour)
    detail, slope_v = read("detail", part.detail)
    roughness, specular, slope_u = graph.node("SeparateColor", {0: detail}).outputs
    soft = _attribute(graph, SOFT_ATTRIBUTE, "Vector")
    deep, fuzz, _ = graph.node("SeparateXYZ", {0: soft}).outputs
    return _Maps(
        colour=colour,
        normal=_bent(graph, slope_u, slope_v),
        roughness=roughness,
        specular=specular,
        film=film,
        deep=deep,
        fuzz=graph.math("MULTIPLY", fuzz, part.fuzz_strength),
    )


def _bent(graph: Graph, slope_u: Any, slope_v: Any) -> Any:
    """The normal of the relief: the smooth one less the height's gradient over the surface
    (Mikkelsen 2020, *Surface Gradient-Based Bump Mapping Framework*, J. Comput. Graph. Tech. 9)."""
    normal = graph.node("NewGeometry").outputs["Normal"]
    for name, slope in ((ALONG_U_ATTRIBUTE, slope_u), (ALONG_V_ATTRIBUTE, slope_v)):
        gradient = _attribute(graph, name, "Vector")
        against = graph.math("MULTIPLY", slope, -1.0)
        normal = graph.node(
            "VectorMath", {0: gradient, 1: against, 2: normal}, operation="MULTIPLY_ADD"
        ).outputs[0]
    return graph.node("VectorMath", {0: normal}, operation="NORMALIZE").outputs[0]


def _attribute(graph: Graph, name: str, output: str) -> Any:
    node = graph.node("Attribute", attribute_type="GEOMETRY", attribute_name=name)
    return node.outputs[output]
