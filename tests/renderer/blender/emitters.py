"""Small glowing balls at the landmarks, photographed by the dataset's own camera.

They are located in the picture before denoising: the denoiser draws lone spots on black into
other shapes, and so moves their middle by up to 0.3 pixels (measured), while that of the rays
stays within 0.05.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from assets.eyes import pupil_centre_local_m
from assets.geometry import Mesh, SceneGeometry, SurfaceMaterial
from assets.head import load_head_model
from assets.store import open_store
from renderer.blender import passes
from renderer.blender.materials import MaterialShop
from renderer.blender.nodes import Graph
from renderer.blender.render import Renderer
from renderer.scene import BuiltScene
from renderer.settings import RenderSettings
from spec_schema import SceneSpec
from tests.renderer.blender.scenes import sphere

COLOURS = ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (0, 1, 1), (1, 0, 1))
"""Linear colours that tell the balls of one picture apart."""

_RADIUS_PX = 2.0
_APART_PX = 12.0

Array = NDArray[np.float64]


def darkness(_: str) -> NDArray[np.float32]:
    """An environment that is all but black."""
    return np.full((4, 8, 3), 1e-6, np.float32)


class NightRenderer(Renderer):
    """The renderer of the dataset in the dark, with every surface aglow in its own colour."""

    def __init__(self, settings: RenderSettings) -> None:
        super().__init__(settings, darkness)

    def _upload(
        self, geometry: SceneGeometry, spec: SceneSpec, camera_from_world: ArrayLike
    ) -> MaterialShop:
        shop = super()._upload(geometry, spec, camera_from_world)
        for mesh in geometry.meshes:
            assert isinstance(mesh.material, SurfaceMaterial)
            for material in bpy.data.objects[mesh.name].data.materials:
                graph = Graph(material)
                glow = graph.node("Emission", {"Color": (*mesh.material.colour, 1.0)})
                graph.node("OutputMaterial", {"Surface": glow.outputs[0]})
        return shop


def landmark_places(scene: BuiltScene, spec: SceneSpec) -> Array:
    """(70, 3) the landmarks in the world, from the arrays that are drawn and not from labels."""
    model = load_head_model(open_store())
    head = model.build(spec)
    pupils = [
        eye.world_from_eye @ pupil_centre_local_m(eye.radius_m) + eye.centre_m
        for eye in (head.eyes["right"], head.eyes["left"])
    ]
    skin = scene.geometry.meshes[0].vertices_m[model.surface.landmarks]
    return np.concatenate([skin.astype(float), np.array(pupils)])


def groups(points_px: Array, chosen: NDArray[np.int64]) -> Iterator[list[int]]:
    """Points that can share a picture: few enough for the colours, and well apart."""
    left = list(chosen)
    while left:
        group: list[int] = []
        for i in left:
            apart = [np.linalg.norm(points_px[i] - points_px[j]) > _APART_PX for j in group]
            if len(group) < len(COLOURS) and all(apart):
                group.append(int(i))
        left = [i for i in left if i not in group]
        yield group


def seen_at(
    renderer: NightRenderer,
    places_m: Array,
    spec: SceneSpec,
    camera_from_world: ArrayLike,
    px_per_m: Array,
) -> Array:
    """(N, 2) pixels at which up to six balls are seen, in their order; NaN where one is not."""
    balls = [
        _ball(at, _RADIUS_PX / scale, colour, number)
        for number, (at, scale, colour) in enumerate(zip(places_m, px_per_m, COLOURS, strict=False))
    ]
    renderer.render(SceneGeometry(tuple(balls), ()), spec, camera_from_world)
    with tempfile.TemporaryDirectory() as folder:
        seen = passes.read_passes(passes.save_passes(Path(folder)))
    light = np.stack([seen[f"Noisy Image.{c}"] for c in "RGB"], axis=-1)
    return located(light.astype(float), len(balls))


def _ball(at: Array, radius_m: float, colour: tuple[int, ...], number: int) -> Mesh:
    material = SurfaceMaterial(colour=tuple(0.5 * c for c in colour), roughness=1.0)  # type: ignore[arg-type]
    return sphere(at, radius_m, 12, material, name=f"ball {number}")


def located(light: Array, count: int) -> Array:
    """Centroids of the blobs in a picture (H, W, 3) of linear light, by colour."""
    spots, n_spots = ndimage.label(light.max(axis=-1) > 1e-3, np.ones((3, 3)))
    at = np.full((count, 2), np.nan)
    rows, columns = np.indices(spots.shape) + 0.5
    for spot in range(1, n_spots + 1):
        weight = np.where(spots == spot, light.max(axis=-1), 0)
        hue = (light * (spots == spot)[..., None]).sum(axis=(0, 1))
        hue = (hue - hue.min()) / max(float(np.ptp(hue)), 1e-6)
        number = next((i for i, c in enumerate(COLOURS) if tuple((hue > 0.5).astype(int)) == c), -1)
        if 0 <= number < count:
            total = weight.sum()
            at[number] = (columns * weight).sum() / total, (rows * weight).sum() / total
    return at
