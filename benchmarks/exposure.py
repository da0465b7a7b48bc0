"""Is the face as bright as the sampler meant it?

    python -m benchmarks.exposure [--n 100] [--size 96] [--preset facesynthetics] [--seed 8]

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
from collections import defaultdict
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from assets.light_colour import REC709_LUMINANCE
from renderer.scene import build_scene
from renderer.settings import RenderSettings
from spec_schema.classes import SegmentationClass
from spec_schema.manifest import Manifest

ROOT: Final = Path(__file__).parents[1]
_LEAST_PIXELS: Final = 30
_BLACK, _BURNT = 12, 250
"""8-bit levels of the median of a face that shows nothing any more."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=100)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--preset", default="facesynthetics")
    parser.add_argument("--seed", type=int, default=8)
    given = parser.parse_args()
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
    every = np.array([e for each in errors.values() for e in each])
    print(f"{len(every)} faces: {np.mean(abs(every) <= 1):.1%} within one stop")  # noqa: T201
    parts = np.quantile(every, [0.025, 0.25, 0.5, 0.75, 0.975]).round(2)
    print(f"quantiles 2.5, 25, 50, 75, 97.5 %: {parts}")  # noqa: T201
    for scheme, each in sorted(errors.items()):
        mean, deviation = np.mean(each), np.std(each)
        print(f"  {scheme:14} {len(each):4}  mean {mean:+.2f}  deviation {deviation:.2f}")  # noqa: T201
    print(f"black {black / len(every):.1%}, burnt out {burnt / len(every):.1%}")  # noqa: T201


if __name__ == "__main__":
    main()
