"""Random heads as a user of the dataset sees them: files read back, and the mesh that was drawn.

Specs are drawn over the whole range of pose, perspective, expression and gaze. Hair and worn
things are left off: the proofs are of where the head is.
"""

from __future__ import annotations

import dataclasses
import io
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
from numpy.typing import NDArray
from PIL import Image

from assets.geometry import Mesh, SceneGeometry, SkinMaterial, SurfaceMaterial
from assets.head import load_head_model
from assets.store import open_store
from renderer import sample
from renderer.labels import topology
from renderer.scene import BuiltScene, build_scene
from renderer.settings import RenderSettings
from spec_schema import ARKIT_UNITS, SceneSpec, unpackb
from tests.make_specs import make_spec

SETTINGS = RenderSettings(size_px=224, samples=4, threads=2, outputs=("depth", "normals", "uv"))

Array = NDArray[np.float64]


def random_spec(seed: int) -> SceneSpec:
    """A head anywhere in the frame, from 0.3 m to 1.5 m away, about as large as the frame."""
    rng = np.random.default_rng(seed)
    z_m = float(np.exp(rng.uniform(np.log(0.35), np.log(1.5))))
    share = rng.uniform(0.75, 0.95)
    focal_mm = share * 36 * z_m / 0.25
    off = rng.uniform(-0.12, 0.12, 2) * 36 / focal_mm * z_m
    yaw, pitch, roll = rng.uniform([-65, -30, -30], [65, 30, 30])
    azimuth, elevation = yaw * rng.uniform(0.3, 0.9), -pitch * rng.uniform(0.0, 0.6)
    units = rng.choice(sorted(ARKIT_UNITS), 7, replace=False)
    return make_spec(
        pose={
            "yaw_deg": yaw,
            "pitch_deg": pitch,
            "roll_deg": roll,
            "x_m": float(off[0]),
            "y_m": float(off[1]) - 0.02,
            "z_m": z_m,
        },
        camera={
            "azimuth_deg": float(azimuth),
            "elevation_deg": float(elevation),
            "focal_length_mm": float(focal_mm),
            "focus_distance_m": z_m,
            "f_number": float(rng.uniform(8, 22)),
        },
        expression={str(u): float(rng.uniform(0, 0.8)) for u in units},
        gaze={"yaw_deg": float(rng.uniform(-25, 25)), "pitch_deg": float(rng.uniform(-15, 15))},
        identity={"sex": float(rng.uniform()), "age_years": float(rng.uniform(20, 80))},
        render_seed=seed,
    )


def close_up() -> SceneSpec:
    """Eyes, nose and mouth over the whole frame, a third of a metre away."""
    z_m = 0.35
    return make_spec(
        pose={
            "yaw_deg": 14,
            "pitch_deg": -7,
            "roll_deg": 11,
            "x_m": 0.005,
            "y_m": -0.03,
            "z_m": z_m,
        },
        camera={
            "azimuth_deg": 8,
            "focal_length_mm": 36 * z_m / 0.11,
            "focus_distance_m": z_m,
            "f_number": 128,
        },
        expression={
            "jawOpen": 0.25,
            "mouthSmileLeft": 0.5,
            "eyeWideLeft": 0.5,
            "eyeWideRight": 0.4,
        },
        gaze={"yaw_deg": -9, "pitch_deg": 3},
    )


@dataclass(frozen=True)
class Shot:
    """One sample, read back from its files."""

    spec: SceneSpec
    record: dict[str, Any]
    mask: NDArray[np.uint8]
    depth_m: Array
    normals: Array
    uv: Array
    geometry: SceneGeometry
    """What was drawn, world frame."""
    camera_from_world: Array
    """As given to the renderer."""

    @property
    def intrinsics(self) -> Array:
        """Of the record."""
        k: Array = self.record["camera"]["intrinsics"]
        return k


def _plain(mesh: Mesh) -> Mesh:
    """The mesh without its maps, which cost time and move nothing."""
    material = mesh.material
    if isinstance(material, SkinMaterial):
        half = np.full((8, 8), 0.5, np.float32)
        colour = np.full((8, 8, 3), 0.4, np.float32)
        material = dataclasses.replace(
            material,
            colour=colour,
            height_mm=0 * half,
            roughness=half,
            body_colour=colour,
            body_height_mm=0 * half,
            specular=half,
            film=0 * half,
            deep=half,
            fuzz=0 * half,
        )
    elif isinstance(material, SurfaceMaterial):
        material = SurfaceMaterial(colour=(0.6, 0.6, 0.6), roughness=0.6)
    return dataclasses.replace(mesh, material=material)


def built(spec: SceneSpec, settings: RenderSettings = SETTINGS) -> BuiltScene:
    """The scene of a spec, without strands and maps."""
    scene = build_scene(spec, settings)
    meshes = tuple(_plain(m) for m in scene.geometry.meshes)
    return dataclasses.replace(scene, geometry=SceneGeometry(meshes, ()))


def taken(spec: SceneSpec, scene: BuiltScene, files: dict[str, bytes]) -> Shot:
    """A shot from the files of a sample."""
    normals = read_exr(files["_normal.exr"], "XYZ")
    return Shot(
        spec=spec,
        record=unpackb(files[".msgpack"]),
        mask=np.asarray(Image.open(io.BytesIO(files["_mask.png"]))),
        depth_m=read_exr(files["_depth.exr"], "Z")[..., 0],
        normals=normals,
        uv=read_exr(files["_uv.exr"], "UV"),
        geometry=scene.geometry,
        camera_from_world=scene.camera_from_world,
    )


def read_exr(data: bytes, names: str) -> Array:
    """Channels (H, W, C) of an EXR file's bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "read.exr"
        path.write_bytes(data)
        with OpenEXR.File(str(path), separate_channels=True) as exr:
            channels = exr.channels()
            assert sorted(channels) == sorted(names)
            planes = [np.array(channels[c].pixels, np.float64) for c in names]
    return np.stack(planes, axis=-1)


def encoded(
    spec: SceneSpec, scene: BuiltScene, images: Any, settings: RenderSettings = SETTINGS
) -> dict[str, bytes]:
    """The files of a sample from what a backend rendered, as ``render_sample`` writes them."""

    class Given:
        def render(self, *_: Any) -> Any:
            return images

    original = sample.build_scene
    try:
        sample.build_scene = lambda *_: scene
        return sample.render_sample(0, spec, settings, Given())
    finally:
        sample.build_scene = original


@lru_cache(maxsize=1)
def shared() -> dict[str, NDArray[Any]]:
    """The arrays of ``topology.npz``."""
    return topology(load_head_model(open_store()))
