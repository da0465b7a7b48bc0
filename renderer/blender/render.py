"""One scene into pixels."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import ArrayLike, NDArray

from assets.geometry import SceneGeometry
from renderer.blender import passes, session
from renderer.blender.camera import place_camera
from renderer.blender.cryptomatte import class_mask
from renderer.blender.hdri import HdriSource, catalogue_hdri
from renderer.blender.lights import add_key_light
from renderer.blender.materials import MaterialShop
from renderer.blender.upload import add_mesh, add_strands
from renderer.blender.world import light_world
from spec_schema.spec import SceneSpec

__all__ = ["Images", "Renderer"]


@dataclass(frozen=True)
class Images:
    """The pixels of one scene."""

    image_png: bytes
    """8-bit sRGB PNG that holds nothing but pixels."""
    mask: NDArray[np.uint8]
    """(H, W) :class:`spec_schema.SegmentationClass` of each pixel, row 0 at the top."""


class Renderer:
    """Renders scenes one after another in this process.

    A picture depends on its own arguments and the settings alone: nothing of one scene is
    left when the next begins.

    Args:
        settings: size, samples, device, threads.
        hdri: where environment pictures come from.

    Raises:
        ToolError: the device is not there.
    """

    def __init__(
        self, settings: session.SessionSettings, hdri: HdriSource = catalogue_hdri
    ) -> None:
        session.begin()
        self._settings = settings
        self._hdri = hdri
        self.device: str = session.configure(settings, seed=0, exposure_ev=0.0, strands=False)
        """Kind of the device in use."""
        self.timings_s: dict[str, float] = {}
        """Wall seconds of the last render by phase: upload, render, save, read."""

    def render(
        self, geometry: SceneGeometry, spec: SceneSpec, camera_from_world: ArrayLike
    ) -> Images:
        """Render one scene.

        Args:
            geometry: all surfaces and strands, world frame.
            spec: lens, light, pose of the head (for the key light) and render seed.
            camera_from_world: (4, 4) rigid, to the OpenCV camera frame, metres.

        Raises:
            AssetError: the HDRI is unknown or damaged.
            ValueError: the geometry is broken.
        """
        self.timings_s = {}
        session.clear()
        try:
            with self._phase("upload"):
                shop = self._upload(geometry, spec, camera_from_world)
            with self._phase("render"):
                bpy.ops.render.render()
            with tempfile.TemporaryDirectory(prefix="replicantface-") as folder:
                with self._phase("save"):
                    picture = passes.save_picture(Path(folder))
                    exr = passes.save_passes(Path(folder))
                with self._phase("read"):
                    png = passes.plain_png(picture.read_bytes())
                    ranks = passes.material_ranks(passes.read_passes(exr))
                    mask = class_mask(ranks, shop.class_of)
        finally:
            session.clear()
        return Images(image_png=png, mask=mask)

    def _upload(
        self, geometry: SceneGeometry, spec: SceneSpec, camera_from_world: ArrayLike
    ) -> MaterialShop:
        scene = bpy.context.scene
        session.configure(
            self._settings,
            seed=spec.render_seed,
            exposure_ev=spec.environment.exposure_ev,
            strands=any(len(s.points_m) for s in geometry.strands),
        )
        shop = MaterialShop()
        for mesh in geometry.meshes:
            add_mesh(scene, mesh, shop)
        for strands in geometry.strands:
            add_strands(scene, strands, shop)
        light_world(scene, spec.environment, self._hdri)
        if spec.environment.key_light is not None:
            pose = spec.pose
            head_camera_m = np.array([pose.x_m, pose.y_m, pose.z_m, 1.0])
            head_world_m = np.linalg.solve(np.asarray(camera_from_world, float), head_camera_m)
            add_key_light(scene, spec.environment.key_light, head_world_m[:3])
        place_camera(scene, spec.camera, camera_from_world)
        return shop

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.timings_s[name] = time.perf_counter() - start
