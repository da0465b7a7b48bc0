"""Is the face as bright as the sampler meant it?

    python -m benchmarks.exposure [--n 100] [--size 96] [--preset facesynthetics] [--seed 8]
    python -m benchmarks.exposure --dataset DIR

Renders scenes of the sampler small and compares the median scene-linear luminance of the face's
skin with ``environment.face_luminance``: printed are the share within one stop, the quantiles of
the error in stops, by lighting scheme too, and the share of faces that end black or burnt out in
the picture.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from assets.light_colour import REC709_LUMINANCE
from converters.report.tile import light_of_face
from renderer.photo.light import LUMINANCE, encoded, linear
from renderer.scene import build_scene
from renderer.settings import RenderSettings
from spec_schema.classes import SegmentationClass
from spec_schema.dataset import Dataset
from spec_schema.manifest import Manifest

ROOT: Final = Path(__file__).parents[1]
_RAMP_EV: Final = np.linspace(-10, 6, 1024)
_LEAST_PIXELS: Final = 30
_BLACK, _BURNT = 12, 250
"""8-bit levels of the median of a face that shows nothing any more."""


def _grey_curve(folder: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Codes that the renderer's view transform gives, and stops of the grey for each."""
    import bpy

    from renderer.blender.session import _configure_view

    scene = bpy.context.scene
    _configure_view(scene, 0.0)
    ramp = bpy.data.images.new("ramp", len(_RAMP_EV), 4, float_buffer=True, is_data=False)
    pixels = np.ones((4, len(_RAMP_EV), 4), np.float32)
    pixels[..., :3] = 2.0 ** _RAMP_EV[:, None]
    ramp.pixels.foreach_set(pixels.ravel())
    scene.render.image_settings.file_format = "PNG"
    path = folder / "ramp.png"
    ramp.save_render(str(path), scene=scene)
    codes = np.asarray(Image.open(path).convert("L"))[0]
    there = np.unique(codes)
    return there.astype(float), np.array([_RAMP_EV[codes == c].mean() for c in there])


def _of_dataset(root: Path) -> None:
    """Judge the raw pictures of a dataset, and its pictures as report does."""
    errors: dict[str, list[float]] = defaultdict(list)
    verdicts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        codes, stops = _grey_curve(Path(folder))
    for sample in Dataset(root).samples():
        spec = sample.labels()["spec"]
        classes = Image.open(sample.path("_mask.png"))
        verdicts[light_of_face(Image.open(sample.path(".png")).convert("RGB"), classes)[2]] += 1
        face = np.asarray(classes) == SegmentationClass.SKIN
        if face.sum() < _LEAST_PIXELS:
            continue
        raw = np.asarray(Image.open(sample.path("_raw.png")).convert("RGB"))[face]
        grey = encoded((linear(raw) @ LUMINANCE)[:, None])[:, 0]
        light = spec["environment"]
        seen = np.interp(np.median(grey), codes, stops) - light["exposure_ev"]
        errors[light["scheme"]].append(float(seen - np.log2(light["face_luminance"])))
    _told(errors)
    print(f"verdicts of the report: {dict(verdicts)}")  # noqa: T201


def _told(errors: dict[str, list[float]]) -> None:
    every = np.array([e for each in errors.values() for e in each])
    print(f"{len(every)} faces: {np.mean(abs(every) <= 1):.1%} within one stop")  # noqa: T201
    parts = np.quantile(every, [0.025, 0.25, 0.5, 0.75, 0.975]).round(2)
    print(f"quantiles 2.5, 25, 50, 75, 97.5 %: {parts}")  # noqa: T201
    for scheme, each in sorted(errors.items()):
        mean, deviation = np.mean(each), np.std(each)
        print(f"  {scheme:14} {len(each):4}  mean {mean:+.2f}  deviation {deviation:.2f}")  # noqa: T201


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=100)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--preset", default="facesynthetics")
    parser.add_argument("--seed", type=int, default=8)
    parser.add_argument("--dataset", type=Path, help="judge this one, rendered with --raw")
    given = parser.parse_args()
    if given.dataset is not None:
        _of_dataset(given.dataset)
        return
    from renderer.blender import passes
    from renderer.blender.render import Renderer

    settings = RenderSettings(size_px=given.size, samples=given.samples, threads=0)
    renderer = Renderer(settings)
    errors: dict[str, list[float]] = defaultdict(list)
    black = burnt = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "faces.parquet"
        command = [sys.executable, "-m", "sampler.cli", "--n", str(given.n), "--seed",
                   str(given.seed), "--preset", given.preset, "-o", str(path)]  # fmt: skip
        subprocess.run(command, check=True, cwd=ROOT, stderr=subprocess.DEVNULL)
        for row, spec in Manifest(path).specs():
            built = build_scene(spec, settings)
            images = renderer.render(built.geometry, spec, built.camera_from_world)
            seen = passes.read_passes(passes.save_passes(Path(folder)))
            linear = np.stack([seen[f"Combined.{c}"] for c in "RGB"], -1) @ REC709_LUMINANCE
            face = images.mask == SegmentationClass.SKIN
            if face.sum() < _LEAST_PIXELS:
                continue
            stops = float(np.log2(np.median(linear[face]) / spec.environment.face_luminance))
            errors[spec.environment.scheme].append(stops)
            shown = np.asarray(Image.open(io.BytesIO(images.image_png)).convert("L"))
            level = float(np.median(shown[face]))
            black, burnt = black + (level < _BLACK), burnt + (level > _BURNT)
            if abs(stops) > 1:
                light = spec.environment
                print(  # noqa: T201
                    f"row {row}: {stops:+.2f} stops, {light.scheme}, {light.hdri}, tone "
                    f"{spec.skin.monk_tone:.1f}, yaw {spec.pose.yaw_deg:.0f}, "
                    f"hat {spec.headwear and spec.headwear.id}, level {level:.0f}"
                )
    _told(errors)
    every = sum(map(len, errors.values()))
    print(f"black {black / every:.1%}, burnt out {burnt / every:.1%}")  # noqa: T201


if __name__ == "__main__":
    main()
