"""Shader graphs of everything but skin, and the Blender materials of a scene.

Cryptomatte records which material a camera ray meets first, so a material's name carries the
class: each surface gets one copy of its graph a class.
"""

from __future__ import annotations

from typing import Any

import bpy

from assets.geometry import ClearMaterial, HairMaterial, SurfaceMaterial
from renderer.blender.aovs import mark_front
from renderer.blender.images import float_image
from renderer.blender.nodes import Graph
from renderer.blender.skin import shade_skin
from renderer.blender.skin_parts import SkinPart

__all__ = ["MELANIN_ATTRIBUTE", "REDNESS_ATTRIBUTE", "TINT_ATTRIBUTE", "MaterialShop"]

MELANIN_ATTRIBUTE = "melanin"
REDNESS_ATTRIBUTE = "redness"
TINT_ATTRIBUTE = "tint"
METRES_PER_MM = 0.001
"""Bump distance that makes a height map in millimetres true to scale."""
_RANDOM_ROUGHNESS = 0.3
"""Per strand, hashed from its index by Cycles. Colour varies by the strands' own arrays."""


Shaded = SkinPart | SurfaceMaterial | ClearMaterial


class MaterialShop:
    """The materials of one scene, made once each."""

    def __init__(self) -> None:
        self.class_of: dict[str, int] = {}
        """Class id by Blender's name of the material."""
        self.skins: set[str] = set()
        """Blender's names of the materials of skin."""
        self._made: dict[Any, dict[int, Any]] = {}
        self._keep: list[Any] = []

    def surface(self, material: Shaded, class_id: int, name: str) -> Any:
        """The Blender material of a mesh's faces of one class."""
        self._keep.append(material)  # so that the id stays taken
        return self._get(id(material), material, class_id, name)

    def hair(self, material: HairMaterial, class_id: int, name: str, dyed: bool) -> Any:
        """The Blender material of strands; ``dyed`` ones carry :data:`TINT_ATTRIBUTE`."""
        return self._get((material, dyed), material, class_id, name, dyed)

    def _get(
        self,
        key: Any,
        material: Shaded | HairMaterial,
        class_id: int,
        name: str,
        dyed: bool = False,
    ) -> Any:
        by_class = self._made.setdefault(key, {})
        if class_id in by_class:
            return by_class[class_id]
        # Blender cuts names at 63 bytes; the running number keeps them distinct.
        full_name = f"c{class_id:02d}.{len(self.class_of):03d}.{name}"[:60]
        if by_class:
            made = next(iter(by_class.values())).copy()
            made.name = full_name
        else:
            made = bpy.data.materials.new(full_name)
            _shade(made, material, dyed, name)
        mark_front(made, class_id, is_strand=isinstance(material, HairMaterial))
        if isinstance(material, SkinPart):
            self.skins.add(made.name)
        by_class[class_id] = made
        self.class_of[made.name] = class_id
        return made


def _shade(owner: Any, material: Shaded | HairMaterial, dyed: bool, name: str) -> None:
    match material:
        case SkinPart():
            shade_skin(owner, material, name)
        case SurfaceMaterial():
            _shade_surface(owner, material, name)
        case ClearMaterial():
            _shade_clear(owner, material)
        case HairMaterial():
            _shade_hair(owner, material, dyed)


def _shade_surface(owner: Any, material: SurfaceMaterial, name: str) -> None:
    graph = Graph(owner)
    colour: Any = (*material.colour, 1.0)
    if material.colour_map is not None:
        image = float_image(f"{name}.colour", material.colour_map, is_data=False)
        texture = graph.node("TexImage", image=image, extension="REPEAT")
        colour = graph.mix_colour(1.0, texture.outputs[0], colour, "MULTIPLY")
    roughness: Any = material.roughness
    metallic: Any = material.metallic
    if material.shine_map is not None:
        image = float_image(f"{name}.shine", material.shine_map, is_data=True)
        texture = graph.node("TexImage", image=image, extension="REPEAT")
        parts = graph.node("SeparateColor", {0: texture.outputs[0]}).outputs
        roughness = graph.math("MULTIPLY", parts["Red"], material.roughness)
        metallic = graph.math("MULTIPLY", parts["Green"], material.metallic)
    shader = graph.node(
        "BsdfPrincipled",
        {
            "Base Color": colour,
            "Roughness": roughness,
            "Metallic": metallic,
            "Specular IOR Level": material.specular,
            "Subsurface Weight": material.subsurface,
            "Subsurface Radius": (1.0, 0.6, 0.4),
            "Subsurface Scale": material.subsurface_scale_m,
            "Coat Weight": material.coat,
            "Coat Roughness": material.coat_roughness,
            "Sheen Weight": material.sheen,
        },
        distribution="MULTI_GGX",
        subsurface_method="RANDOM_WALK",
    )
    if material.normal_map is not None:
        image = float_image(f"{name}.normal", material.normal_map, is_data=True)
        texture = graph.node("TexImage", image=image, extension="REPEAT")
        turned = graph.node("NormalMap", {"Strength": 1.0, "Color": texture.outputs[0]})
        graph.feed(shader.inputs["Normal"], turned.outputs[0])
    if material.height_map_mm is not None:
        image = float_image(f"{name}.height", material.height_map_mm[..., None], is_data=True)
        texture = graph.node("TexImage", image=image, extension="REPEAT", interpolation="Cubic")
        # A colour fed to a number would count as its luminance, a fifth of the red channel.
        height = graph.node("SeparateColor", {0: texture.outputs[0]}).outputs["Red"]
        bump = graph.node("Bump", {"Strength": 1.0, "Distance": METRES_PER_MM, "Height": height})
        graph.feed(shader.inputs["Normal"], bump.outputs[0])
    graph.node("OutputMaterial", {"Surface": shader.outputs[0]})


def _shade_clear(owner: Any, material: ClearMaterial) -> None:
    """Glass for the camera, nothing for shadow and diffuse rays.

    Without caustics the light behind glass would be lost: an iris behind its cornea goes
    black. A thin sheet refracts with an index of 1: unlike a transparent shader that is still
    a surface to Cryptomatte, so a lens keeps its class.
    """
    graph = Graph(owner)
    tint = (*material.tint, 1.0)
    # Reflection and refraction apart: light that a not quite perfect mirror shows is sampled
    # by itself, where glass as one shader finds a catchlight with one path in forty.
    through = graph.node(
        "BsdfRefraction",
        {"Color": tint, "Roughness": 0.0, "IOR": 1.0 if material.thin else material.ior},
        distribution="GGX",
    )
    mirror = graph.node("BsdfAnisotropic", {"Roughness": material.roughness}, distribution="GGX")
    fresnel = graph.node("Fresnel", {"IOR": material.ior})
    seen = graph.node(
        "MixShader", {0: fresnel.outputs[0], 1: through.outputs[0], 2: mirror.outputs[0]}
    )
    nothing = graph.node("BsdfTransparent", {"Color": tint})
    path = graph.node("LightPath")
    unhindered = graph.math(
        "MAXIMUM", path.outputs["Is Shadow Ray"], path.outputs["Is Diffuse Ray"]
    )
    shader = graph.node("MixShader", {0: unhindered, 1: seen.outputs[0], 2: nothing.outputs[0]})
    graph.node("OutputMaterial", {"Surface": shader.outputs[0]})


def _shade_hair(owner: Any, material: HairMaterial, dyed: bool) -> None:
    graph = Graph(owner)

    def attribute(name: str, output: str = "Fac") -> Any:
        node = graph.node("Attribute", attribute_type="GEOMETRY", attribute_name=name)
        return node.outputs[output]

    shader = graph.node("BsdfHairPrincipled", model="CHIANG", parametrization="MELANIN")
    for socket, value in {
        "Melanin": attribute(MELANIN_ATTRIBUTE),
        "Melanin Redness": attribute(REDNESS_ATTRIBUTE),
        "Tint": attribute(TINT_ATTRIBUTE, "Color") if dyed else (1.0, 1.0, 1.0, 1.0),
        "Roughness": material.roughness,
        "Radial Roughness": material.radial_roughness,
        "Coat": 0.0,
        "IOR": 1.55,
        "Random Color": 0.0,
        "Random Roughness": _RANDOM_ROUGHNESS,
    }.items():
        graph.feed(shader.inputs[socket], value)
    graph.node("OutputMaterial", {"Surface": shader.outputs[0]})
