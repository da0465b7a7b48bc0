"""Small scenes made of numpy arrays, and a base spec to vary."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.geometry import Material, Mesh, SceneGeometry, Strands, SurfaceMaterial
from spec_schema.classes import SegmentationClass
from spec_schema.frames import camera_from_world_rotation
from spec_schema.spec import ARKIT_UNITS, SceneSpec
from tests.make_specs import PLAIN

WHITE = SurfaceMaterial(colour=(0.8, 0.8, 0.8), roughness=0.8, specular=0.0)


@dataclass(frozen=True)
class Settings:
    """Render settings of a test."""

    size_px: int = 64
    samples: int = 16
    device: str = "cpu"
    threads: int = 2
    gpu: int | None = None
    prefilter: str = "accurate"
    outputs: tuple[str, ...] = ()
    photo: bool = True


def picture(png: bytes) -> NDArray[np.float64]:
    """(H, W, 3) sRGB 0-255 of a PNG."""
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(png)), np.float64)


def even_light(_: str) -> NDArray[np.float32]:
    """An environment of one grey."""
    return np.full((8, 16, 3), 0.5, np.float32)


def make_spec(**changes: Any) -> SceneSpec:
    """A spec of which the renderer reads camera, environment, pose and seed.

    Args:
        changes: dotted fields with ``__`` for the dot: ``camera__roll_deg=3``.
    """
    row: dict[str, Any] = {
        "sample": {
            "index": 0,
            "identity_id": 0,
            "variation": 0,
            "track_id": None,
            "frame": 0,
            "time_s": 0.0,
            "split": "train",
        },
        "pose": {
            "yaw_deg": 0,
            "pitch_deg": 0,
            "roll_deg": 0,
            "x_m": 0,
            "y_m": 0,
            "z_m": 1,
        },
        "camera": {
            "azimuth_deg": 0,
            "elevation_deg": 0,
            "roll_deg": 0,
            "focal_length_mm": 50,
            "sensor_width_mm": 36,
            "f_number": 128,
            "focus_distance_m": 1,
        },
        "identity": {
            "sex": 0.5,
            "age_years": 30,
            "african": 0.2,
            "asian": 0.3,
            "european": 0.5,
            "weight": 0.5,
            "muscle": 0.5,
            "shape": {},
        },
        "expression": dict.fromkeys(ARKIT_UNITS, 0.0),
        "gaze": {"yaw_deg": 0, "pitch_deg": 0, "distance_m": 1},
        "eyes": {
            "iris": "any",
            "iris_hue_shift": 0,
            "iris_brightness": 1,
            "pupil_ratio": 0.4,
            "redness": 0,
        },
        "skin": {
            "texture": "any",
            "monk_tone": 5,
            "undertone": 0,
            "flush": 0.5,
            "freckles": 0,
            "moles": 0,
            "wrinkles": 0,
            "oiliness": 0,
            "lip_colour": 0.5,
            "acne": 0,
            "scars": 0,
            "veins": 0,
            "age_spots": 0,
            "shave_shadow": 0,
            "peach_fuzz": 0,
            "sweat": 0,
            "makeup": 0,
            "lipstick": 0,
            "lipstick_red": 0,
            "lipstick_green": 0,
            "lipstick_blue": 0,
            "lip_gloss": 0,
            "eyeshadow": 0,
            "eyeshadow_red": 0,
            "eyeshadow_green": 0,
            "eyeshadow_blue": 0,
            "eyeliner": 0,
            "blush": 0,
            "seed": 1,
        },
        "hair": {
            "style": "bald",
            "length_scale": 1,
            "part_side": 1,
            "volume": 1,
            "curl": 1,
            "frizz": 1,
            "melanin": 0.5,
            "redness": 0.2,
            "grey": 0,
            "weathering": 0,
            "highlights": 0,
            "highlight_melanin": 0.2,
            "highlight_start": 0,
            "dye": 0,
            "dye_melanin": 0.5,
            "dye_redness": 0.3,
            "dye_red": 1,
            "dye_green": 1,
            "dye_blue": 1,
            "regrowth_m": 0,
            "recession": 0,
            "thinning": 0,
            "seed": 1,
        },
        "facial_hair": {
            "style": "shaved",
            "length_m": 0,
            "density": 0.5,
            "patchiness": 0,
            "cheek_line": 0,
            "curl": 0.2,
            "melanin": 0.5,
            "redness": 0.2,
            "grey": 0,
            "seed": 1,
        },
        "brows": PLAIN["brows"],
        "glasses": None,
        "headwear": None,
        "facewear": None,
        "earwear": None,
        "jewellery": None,
        "neckwear": None,
        "clothing": None,
        "environment": {
            "hdri": "any",
            "rotation_deg": 0,
            "strength": 1,
            "exposure_ev": 0,
            "tilt_deg": 0,
            "tint_k": 6504,
            "scheme": "environment",
            "key_light": None,
            "fill_light": None,
            "rim_light": None,
            "background": None,
            "face_luminance": 0.2,
        },
        "photo": None,
        "render_seed": 7,
    }
    for dotted, value in changes.items():
        *parents, leaf = dotted.split("__")
        table = row
        for parent in parents:
            table = table[parent]
        assert leaf in table
        table[leaf] = value
    return SceneSpec.model_validate({**PLAIN, **row})


def camera_matrix(spec: SceneSpec, distance_m: float = 1.0) -> NDArray[np.float64]:
    """``camera_from_world`` of the spec's orbit, aimed at the world's origin."""
    matrix = np.eye(4)
    camera = spec.camera
    matrix[:3, :3] = camera_from_world_rotation(
        camera.azimuth_deg, camera.elevation_deg, camera.roll_deg
    )
    matrix[2, 3] = distance_m
    return matrix


def sphere(
    centre_m: Any,
    radius_m: float,
    class_id: int = SegmentationClass.SKIN,
    material: Material = WHITE,
    name: str = "sphere",
) -> Mesh:
    """A ball of quads with triangles at its poles, with UVs."""
    rings, sides = 16, 24
    theta = np.linspace(0, np.pi, rings + 1)[1:-1]
    phi = np.arange(sides) * 2 * np.pi / sides
    ring = np.stack(
        [
            np.sin(theta)[:, None] * np.sin(phi),
            np.repeat(np.cos(theta)[:, None], sides, 1),
            np.sin(theta)[:, None] * np.cos(phi),
        ],
        axis=-1,
    ).reshape(-1, 3)
    points = np.concatenate([ring, [[0, 1, 0], [0, -1, 0]]]) * radius_m + np.asarray(centre_m)
    top, bottom = len(ring), len(ring) + 1
    i, j = np.arange(sides), (np.arange(sides) + 1) % sides
    last = (rings - 2) * sides
    faces = [np.stack([np.full(sides, top), i, j, np.full(sides, -1)], 1)]
    for k in range(rings - 2):
        a = k * sides
        faces.append(np.stack([a + i, a + sides + i, a + sides + j, a + j], 1))
    faces.append(np.stack([np.full(sides, bottom), last + j, last + i, np.full(sides, -1)], 1))
    quads = np.concatenate(faces).astype(np.int32)
    uv = np.stack(
        [
            np.concatenate([np.tile(np.arange(sides) / sides, rings - 1), [0.5, 0.5]]),
            np.concatenate([np.repeat(1 - theta / np.pi, sides), [1, 0]]),
        ],
        axis=1,
    )
    return Mesh(
        name=name,
        vertices_m=points.astype(np.float32),
        faces=quads,
        face_class=np.full(len(quads), class_id, np.uint8),
        material=material,
        uv=uv[quads].astype(np.float32),
    )


def sheet(
    corners_m: Any,
    class_id: int,
    material: Material = WHITE,
    name: str = "sheet",
) -> Mesh:
    """One quad."""
    return Mesh(
        name=name,
        vertices_m=np.asarray(corners_m, np.float32),
        faces=np.array([[0, 1, 2, 3]], np.int32),
        face_class=np.array([class_id], np.uint8),
        material=material,
        uv=np.array([[[0, 0], [1, 0], [1, 1], [0, 1]]], np.float32),
        smooth=False,
    )


def tuft(strand_class: SegmentationClass = SegmentationClass.HAIR, melanin: float = 0.6) -> Strands:
    """A grid of upright strands above the origin."""
    x, z = np.meshgrid(np.linspace(-0.12, 0.12, 14), np.linspace(-0.05, 0.05, 4))
    root = np.stack([x.ravel(), np.full(x.size, 0.05), z.ravel()], axis=-1)
    along = np.linspace(0, 1, 6)[None, :, None] * np.array([0.03, 0.14, 0.0])
    points = (root[:, None] + along).astype(np.float32)
    n, m = points.shape[:2]
    return Strands(
        name="tuft",
        points_m=points,
        radius_m=np.full((n, m), 0.003, np.float32),
        melanin=np.full(n, melanin, np.float32),
        redness=np.full(n, 0.2, np.float32),
        strand_class=strand_class,
    )


def scene(*parts: Mesh | Strands) -> SceneGeometry:
    """Geometry from its parts."""
    return SceneGeometry(
        meshes=tuple(p for p in parts if isinstance(p, Mesh)),
        strands=tuple(p for p in parts if isinstance(p, Strands)),
    )
