"""Sheets of shapes to look at: units, expressions, faces.

    python -m benchmarks.face_sheets units docs/images/people_units.jpg
    python -m benchmarks.face_sheets expressions docs/images/people_expressions.jpg --tiles /tmp/e
    python -m benchmarks.face_sheets faces docs/images/people_faces.jpg

``units``: each ARKit unit at 1. ``expressions``: 32 of the sampler's, on four of its faces.
``faces``: 64 of its identities without expression. Drawn in clay, half a second each; with
``--tiles`` rendered, some seconds each, into a folder from which a further call goes on: faces
with their hair, the rest bald.
"""

from __future__ import annotations

import argparse
import io
import itertools
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

import sampler
from assets.light_colour import REC709_LUMINANCE
from assets.skin.tone import tone_of
from benchmarks.clay import MIDDLE_Y_M, SPAN_M, Tile, clay, sheet
from sampler.environment import LAMPS
from sampler.writing import write_manifest
from spec_schema import Manifest, SceneSpec
from spec_schema.spec import ARKIT_UNITS, WORN_SLOTS, AreaLight

SIDES: Final = {"units": 120, "expressions": 176, "faces": 150}
RENDERED_SIDES: Final = {"units": 150, "expressions": 192, "faces": 160}
COLUMNS: Final = {"units": 13, "expressions": 8, "faces": 8}
FACES: Final = 4
DISTANCE_M: Final = 1.2
HAIRY_SPAN_M: Final = 0.3
ROOM: Final = {
    "hdri": "blender_interior",
    "rotation_deg": 0.0,
    "tilt_deg": 0.0,
    "tint_k": 6504.0,
    "strength": 1.0,
    "exposure_ev": 0.0,
}
WINDOW: Final = AreaLight(
    power_w=10.0, azimuth_deg=35.0, elevation_deg=25.0, distance_m=1.8, size_m=1.2,
    temperature_k=6000.0,
)  # fmt: skip
"""Over the camera's shoulder; the room alone leaves the eyes in the dark."""
WHITE_LUMINANCE: Final = 0.66
MADE_UP: Final = ("makeup", "lipstick", "lip_gloss", "eyeshadow", "eyeliner", "blush")

Named = tuple[str, SceneSpec]


def drawn(preset: str, n: int, seed: int, overrides: list[str]) -> list[SceneSpec]:
    """Specs of the sampler."""
    config = sampler.load_config(preset, overrides)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scenes.parquet"
        write_manifest(
            sampler.Sampler(config, sampler.load_inputs(), seed=seed, split="train"), 0, n, path
        )
        return [spec for _, spec in Manifest(path).specs()]


def making(spec: SceneSpec, **changes: Any) -> SceneSpec:
    """A spec with other parts, eyes straight ahead."""
    ahead = spec.gaze.model_copy(update={"yaw_deg": 0.0, "pitch_deg": 0.0, "distance_m": 1.0})
    return spec.model_copy(update={"gaze": ahead, **changes})


def units() -> Iterator[Named]:
    """Each unit at 1 on a plain face; the lips that close over an open jaw need that."""
    face = drawn("facesynthetics", 1, 0, [])[0]
    plain = face.identity.model_copy(
        update={
            "sex": 0.85, "age_years": 35.0, "european": 0.4, "asian": 0.3, "african": 0.3,
            "weight": 0.5, "muscle": 0.5,
            "shape": {"l-eye-scale": 0.4, "r-eye-scale": 0.4},
        }
    )  # fmt: skip
    bare = dict.fromkeys(MADE_UP, 0.0)
    skin = face.skin.model_copy(update={"monk_tone": 3.5, **bare})
    for unit in ARKIT_UNITS:
        weights = {"mouthClose": 1.0, "jawOpen": 1.0} if unit == "mouthClose" else {unit: 1.0}
        yield unit, making(face, identity=plain, skin=skin, expression=weights)


def expressions() -> Iterator[Named]:
    """Rows of eight on a face each."""
    faces = drawn("facesynthetics", FACES, 21, [])
    shown = drawn("facesynthetics", 32, 22, [])
    for k, spec in enumerate(shown):
        still = {u: w for u, w in spec.expression.items() if not u.startswith("eyeLook")}
        yield "", making(faces[k // 8], expression=still)


def faces() -> Iterator[Named]:
    """Neutral."""
    for spec in drawn("facesynthetics", 64, 23, []):
        yield "", making(spec, expression={})


def before_lens(spec: SceneSpec, bald: bool) -> SceneSpec:
    """A face without what it wears, in a room's light: bald, before a camera that sees what
    :func:`clay` draws, or with its hair, and with room for that."""
    span_m, middle_y_m = (SPAN_M, MIDDLE_Y_M) if bald else (HAIRY_SPAN_M, 0.0)
    albedo = float(tone_of(spec.skin.monk_tone, spec.skin.undertone).albedo @ REC709_LUMINANCE)
    light = {**ROOM, **dict.fromkeys(LAMPS), "background": None}
    light["face_luminance"] = WHITE_LUMINANCE * albedo
    pose = {"yaw_deg": 0.0, "pitch_deg": 0.0, "roll_deg": 0.0}
    pose |= {"x_m": 0.0, "y_m": middle_y_m, "z_m": DISTANCE_M}
    focal_mm = spec.camera.sensor_width_mm * DISTANCE_M / span_m
    camera = {"azimuth_deg": 0.0, "elevation_deg": 0.0, "roll_deg": 0.0}
    camera |= {"focal_length_mm": focal_mm, "f_number": 16.0, "focus_distance_m": DISTANCE_M}
    shown = spec.model_copy(
        update={
            "pose": spec.pose.model_copy(update=pose),
            "camera": spec.camera.model_copy(update=camera),
            "environment": spec.environment.model_copy(update=light),
            "photo": None,
            **dict.fromkeys(set(WORN_SLOTS) - {"clothing"}),
        }
    )
    if not bald:
        return shown.model_copy(
            update={"environment": shown.environment.model_copy(update={"key_light": WINDOW})}
        )
    none = {"hair": ("style", "bald"), "facial_hair": ("style", "shaved")}
    return shown.model_copy(
        update={
            part: getattr(shown, part).model_copy(update={field: value})
            for part, (field, value) in none.items()
        }
    )


def rendered(
    specs: list[Named], side: int, samples: int, folder: Path, until_s: float, bald: bool
) -> bool:
    """Render what a folder lacks, until a time of the monotonic clock; whether all is there."""
    from renderer.blender.render import Renderer
    from renderer.scene import build_scene
    from renderer.settings import RenderSettings

    folder.mkdir(parents=True, exist_ok=True)
    lacking = [k for k in range(len(specs)) if not (folder / f"{k:02d}.png").exists()]
    settings = RenderSettings(
        size_px=side, samples=samples, threads=1, prefilter="fast", hair_detail=0.6
    )
    renderer = Renderer(settings) if lacking else None
    for k in lacking:
        if renderer is None or time.monotonic() > until_s:
            return False
        spec = before_lens(specs[k][1], bald)
        built = build_scene(spec, settings)
        images = renderer.render(built.geometry, spec, built.camera_from_world)
        partial = folder / f"{k:02d}.part"
        partial.write_bytes(images.image_png)
        partial.rename(folder / f"{k:02d}.png")
    return True


def _read(path: Path) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(path.read_bytes())).convert("RGB"))


def main() -> int:
    """Write one of the sheets; 75 if time ran out before all its tiles were rendered."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("sheet", choices=sorted(SIDES))
    parser.add_argument("path", type=Path)
    parser.add_argument("--tiles", type=Path, help="folder of rendered tiles")
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=1e9, help="rendering stops after these")
    args = parser.parse_args()
    begin = time.monotonic()
    made: dict[str, Callable[[], Iterator[Named]]] = {
        "units": units,
        "expressions": expressions,
        "faces": faces,
    }
    specs = list(itertools.islice(made[args.sheet](), 64))
    if args.tiles is None:
        tiles = [Tile(clay(spec, SIDES[args.sheet]), text) for text, spec in specs]
    else:
        side = RENDERED_SIDES[args.sheet]
        until_s, bald = begin + args.seconds, args.sheet != "faces"
        if not rendered(specs, side, args.samples, args.tiles, until_s, bald):
            return 75
        tiles = [
            Tile(_read(args.tiles / f"{k:02d}.png"), text) for k, (text, _) in enumerate(specs)
        ]
    sheet(tiles, COLUMNS[args.sheet]).save(args.path, quality=82)
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # Blender may hang at the end of an interpreter
