"""One scene into pixels."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import ArrayLike, NDArray

from assets.geometry import SceneGeometry
from renderer.blender import aovs, data_render, passes, session
from renderer.blender.axes import camera_directions
from renderer.blender.camera import place_camera
from renderer.blender.cryptomatte import class_coverage, winner
from renderer.blender.hdri import HdriSource, catalogue_hdri
from renderer.blender.lights import add_lamps
from renderer.blender.materials import MaterialShop
from renderer.blender.upload import add_mesh, add_strands
from renderer.blender.world import light_world
from renderer.phases import Phase, say_nothing
from renderer.pixel_labels import COVERING, REMOVABLE, STRANDS
from spec_schema.spec import SceneSpec

__all__ = ["Images", "Renderer"]


@dataclass(frozen=True)
class Images:
    """The pixels of one scene."""

    image_png: bytes
    """8-bit sRGB PNG that holds nothing but pixels."""
    mask: NDArray[np.uint8]
    """(H, W) :class:`spec_schema.SegmentationClass` of each pixel, row 0 at the top."""
    coverage: NDArray[np.float32]
    """(number of classes, H, W) share of each pixel that each class covers."""
    cover_m: NDArray[np.float32]
    """(H, W) mean depth of what may hide the head there, +inf where the mask shows the head."""
    depth_m: NDArray[np.float32] | None = None
    """(H, W) along the optical axis, +inf where nothing is; None where not asked for."""
    normals: NDArray[np.float32] | None = None
    """(H, W, 3) OpenCV camera frame, 0 where nothing is; None where not asked for."""
    uv: NDArray[np.float32] | None = None
    """(H, W, 2), -1 where no skin of the head is; None where not asked for."""
    layers: NDArray[np.uint8] | None = None
    """(H, W) mask of what lies beneath; None where not asked for."""


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

    def render(
        self,
        geometry: SceneGeometry,
        spec: SceneSpec,
        camera_from_world: ArrayLike,
        phase: Phase = say_nothing,
    ) -> Images:
        """Render one scene.

        Args:
            geometry: all surfaces and strands, world frame.
            spec: lens, light, pose of the head (for the key light) and render seed.
            camera_from_world: (4, 4) rigid, to the OpenCV camera frame, metres.
            phase: told what is being done.

        Raises:
            AssetError: the HDRI is unknown or damaged.
            ValueError: the geometry is broken.
        """
        phase("upload")
        session.clear()
        try:
            shop = self._upload(geometry, spec, camera_from_world)
            phase("sync")
            with _paths_told(phase):
                bpy.ops.render.render()
            phase("passes")
            with tempfile.TemporaryDirectory(prefix="replicantface-") as folder:
                developed = self._settings.photo and spec.photo is not None
                kept = not developed or "raw" in self._settings.outputs
                picture = passes.save_picture(Path(folder), packed=kept)
                exr = passes.save_passes(Path(folder))
                png = passes.plain_png(picture.read_bytes())
                seen = passes.read_passes(exr)
            coverage = class_coverage(passes.material_ranks(seen), shop.class_of)
            images = Images(png, winner(coverage), coverage, np.empty(0, np.float32))
            images = replace(images, cover_m=_cover_depth(seen, images.mask))
            if set(self._settings.outputs) - {"mattes", "raw"}:
                phase("data")
                images = self._measured(images, seen, shop, camera_from_world)
        finally:
            session.clear()
        return images

    def _measured(
        self,
        images: Images,
        seen: Mapping[str, NDArray[np.float32]],
        shop: MaterialShop,
        camera_from_world: ArrayLike,
    ) -> Images:
        """The images with the data outputs that the settings ask for."""
        wanted = self._settings.outputs
        scene = bpy.context.scene
        blur = scene.camera.data.dof.use_dof, scene.cycles.filter_width
        data_render.darken(shop)
        if set(wanted) & {"depth", "normals", "uv"}:
            surfaces = data_render.measure_surfaces(camera_from_world)
            strands = np.isin(images.mask, STRANDS) & np.isfinite(images.cover_m)
            if "depth" in wanted:
                depth = np.where(strands, images.cover_m, surfaces.depth_m)
                images = replace(images, depth_m=depth)
            if "normals" in wanted:
                normal, _ = aovs.mean_over_rays(seen, aovs.STRAND_NORMAL)
                normal = camera_directions(normal, camera_from_world)
                length = np.linalg.norm(normal, axis=-1, keepdims=True)
                normal /= np.maximum(length, 1e-6)
                normals = np.where(strands[..., None], normal, surfaces.normals)
                images = replace(images, normals=normals)
            if "uv" in wanted:
                images = replace(images, uv=surfaces.uv)
        if "layers" in wanted:
            beneath = data_render.look_beneath(shop, *blur)
            layers = np.where(np.isin(images.mask, REMOVABLE), beneath, images.mask)
            images = replace(images, layers=layers)
        return images

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
        view = np.asarray(camera_from_world, np.float64)
        light_world(scene, spec.environment, self._hdri, view)
        head_camera_m = np.array([spec.pose.x_m, spec.pose.y_m, spec.pose.z_m, 1.0])
        add_lamps(scene, spec.environment, np.linalg.solve(view, head_camera_m)[:3])
        place_camera(scene, spec.camera, camera_from_world)
        return shop


def _cover_depth(
    seen: Mapping[str, NDArray[np.float32]], mask: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """(H, W) mean depth of the strands, or else worn things, of a pixel that the mask gives to
    them; +inf elsewhere."""
    out = np.full(mask.shape, np.inf, np.float32)
    for name, classes in (
        (aovs.COVER_DEPTH, set(COVERING) - set(STRANDS)),
        (aovs.STRAND_DEPTH, set(STRANDS)),
    ):
        depth, met = aovs.mean_over_rays(seen, name)
        here = met & np.isin(mask, list(classes))
        out[here] = depth[here, 0]
    return out


@contextmanager
def _paths_told(phase: Phase) -> Iterator[None]:
    """Tell where Cycles is done with its preparation, and where with its sampling.

    Blender calls back with the line of statistics that it also prints; the first that counts
    samples says that paths are being traced.
    """
    waited_for = [(" | Sample ", "paths"), (" | Finished", "passes")]

    def on_statistics(line: str, *_: Any) -> None:
        if waited_for and waited_for[0][0] in line:
            phase(waited_for.pop(0)[1])

    handlers = bpy.app.handlers.render_stats
    handlers.append(on_statistics)
    try:
        yield
    finally:
        handlers.remove(on_statistics)
