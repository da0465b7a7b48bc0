"""Environment light: an HDRI, turned, tilted, tinted and scaled; and what is seen of it."""

from __future__ import annotations

import math
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from assets.background import SURROUNDINGS, background, surroundings
from assets.hdri import wall_irradiance
from assets.light_colour import tint_rgb
from renderer.blender.hdri import HdriSource
from renderer.blender.images import float_image
from renderer.blender.nodes import Graph
from spec_schema.spec import BackgroundSpec, EnvironmentSpec

__all__ = ["IMPORTANCE_MAP_PX", "backdrop", "light_world"]

IMPORTANCE_MAP_PX = 2048
"""Width of the map that guides light sampling. Measured: the automatic size costs 1.7 s an
image more, 1024 loses 0.4 dB under a sun, 256 is biased."""


_BACKDROP_BLUR_TEXELS = 1.1
_BACKDROP_CLIP = 8.0
"""Radiance by the picture's mean above which the backdrop is white anyway."""


def backdrop(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the camera sees of an environment: smooth between its few pixels.

    Light comes from the pixels as they are. Seen through a long lens, they are squares of many
    image pixels, with stairs at every bright edge; so suns are cut to white, and the rest is
    blurred by about a texel, as a lens out of focus would show it. Shown with cubic
    interpolation.

    Args:
        pixels: (H, W, 3) linear radiance.
    """
    limit = _BACKDROP_CLIP * max(float(pixels.mean()), 1e-6)
    soft = np.minimum(pixels, np.float32(limit))
    blur = (_BACKDROP_BLUR_TEXELS, _BACKDROP_BLUR_TEXELS, 0)
    soft = gaussian_filter(soft, blur, mode=("nearest", "wrap", "nearest"))
    return np.asarray(soft, np.float32)


def light_world(
    scene: Any, spec: EnvironmentSpec, source: HdriSource, camera_from_world: NDArray[np.float64]
) -> None:
    """Give the scene a world with the spec's HDRI, and what the camera sees of it.

    At rotation 0 the middle of the picture lies behind the subject (world -z), where a
    camera at azimuth 0 sees it; positive rotation turns the environment as azimuth grows,
    its middle toward the subject's right (the direction that the orbiting camera looks in).

    Args:
        camera_from_world: (4, 4); a background of its own stands as a wall before the camera.
    """
    pixels = np.asarray(source(spec.hdri), np.float32)[::-1]
    image = float_image("environment", pixels, is_data=False)
    world = bpy.data.worlds.new("environment")
    graph = Graph(world)
    # Blender's equirectangular middle is +x, world -z is its +y; turning a vector by the
    # opposite angle turns the picture. The tilt is undone first: X before Z in an XYZ Euler.
    angle = -math.pi / 2 - math.radians(spec.rotation_deg)
    coordinates = graph.node("TexCoord")
    turned = graph.node(
        "Mapping",
        {
            "Vector": coordinates.outputs["Generated"],
            "Rotation": (-math.radians(spec.tilt_deg), 0.0, angle),
        },
        vector_type="POINT",
    )
    gains = tint_rgb(spec.tint_k)
    tint = (*gains.tolist(), 1.0)
    texture = graph.node("TexEnvironment", {"Vector": turned.outputs[0]}, image=image)
    lit = graph.mix_colour(1.0, texture.outputs["Color"], tint, "MULTIPLY")
    if spec.background is None:
        shown = graph.node(
            "TexEnvironment",
            {"Vector": turned.outputs[0]},
            image=float_image("backdrop", backdrop(pixels), is_data=False),
            interpolation="Cubic",
        )
        seen = graph.mix_colour(1.0, shown.outputs["Color"], tint, "MULTIPLY")
    else:
        wall = _behind(spec, spec.background, pixels[::-1], np.asarray(camera_from_world))
        shown = graph.node(
            "TexImage",
            {"Vector": coordinates.outputs["Window"]},
            image=float_image("background", wall[::-1], is_data=False),
            interpolation="Cubic",
            extension="EXTEND",
        )
        seen = shown.outputs["Color"]
    # Rays through a lens of glasses see what the camera sees.
    path = graph.node("LightPath")
    through = graph.math("MAXIMUM", path.outputs["Is Camera Ray"], _through_glass(graph, path))
    light, sight = (
        graph.node("Background", {"Color": colour, "Strength": spec.strength}).outputs[0]
        for colour in (lit, seen)
    )
    # Of mixed shaders Cycles computes only what counts, and of mixed colours both: light rays,
    # and the two million directions of the importance map, need not read the backdrop.
    mixed = graph.node("MixShader", {0: through, 1: light, 2: sight})
    graph.node("OutputWorld", {"Surface": mixed.outputs[0]})
    world.cycles.sampling_method = "MANUAL"
    world.cycles.sample_map_resolution = IMPORTANCE_MAP_PX
    scene.world = world


def _behind(
    spec: EnvironmentSpec,
    shown: BackgroundSpec,
    radiance: NDArray[np.float32],
    camera_from_world: NDArray[np.float64],
) -> NDArray[np.float32]:
    """(P, P, 3) radiance of a background at strength 1, row 0 at the top."""
    gains = tint_rgb(spec.tint_k) * 2.0**shown.light_ev
    picture_from_camera = _unturned(spec) @ camera_from_world[:3, :3].T
    if shown.kind == SURROUNDINGS:
        view = surroundings(shown, radiance, picture_from_camera)
        return np.asarray(view * gains.astype(np.float32))
    # It stands where a wall that faces the camera would, in the same light.
    falling = wall_irradiance(radiance, -picture_from_camera[:, 2]) * gains
    return np.asarray(background(shown) * falling.astype(np.float32))


def _through_glass(graph: Graph, path: Any) -> Any:
    """1 for rays that have passed clear surfaces alone."""
    straight = graph.math("LESS_THAN", path.outputs["Diffuse Depth"], 0.5)
    return graph.math("MULTIPLY", path.outputs["Is Transmission Ray"], straight)


def _unturned(spec: EnvironmentSpec) -> NDArray[np.float64]:
    """(3, 3) from the world to the frame of the picture."""
    turn, tilt = math.radians(spec.rotation_deg), math.radians(spec.tilt_deg)
    about_x = np.array(
        [[1, 0, 0], [0, math.cos(tilt), math.sin(tilt)], [0, -math.sin(tilt), math.cos(tilt)]]
    )
    about_y = np.array(
        [[math.cos(turn), 0, -math.sin(turn)], [0, 1, 0], [math.sin(turn), 0, math.cos(turn)]]
    )
    return np.asarray(about_y @ about_x)
