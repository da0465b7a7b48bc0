"""What ``--quality`` costs, and how it looks.

    python -m benchmarks.quality [--size 640] [--faces short long] [--picture quality.jpg]

Two faces of the sampler, one with short and one with long hair, each in draft, standard and high
on one process with two threads: wall and CPU seconds of the whole sample, and of Cycles' sampling
and denoising alone. The picture, if one is asked for, shows the last face in the three, and a part
of it 1:1.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from renderer.phases import PhaseClock
from renderer.sample import IMAGE_SUFFIX, render_sample
from renderer.settings import QUALITIES, RenderSettings
from spec_schema.manifest import Manifest
from spec_schema.spec import SceneSpec

ROOT: Final = Path(__file__).parents[1]
STYLES: Final = {"short": "short_crop", "long": "long_wavy"}
THREADS: Final = 2
CROP: Final = 0.4
"""Side of the part that is shown 1:1, as a share of the picture."""


def choose_faces() -> dict[str, SceneSpec]:
    """The first frontal, bare-headed face of each hair length."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "faces.parquet"
        command = [sys.executable, "-m", "sampler.cli", "--n", "400", "--seed", "8"]
        subprocess.run([*command, "-o", str(path)], check=True, cwd=ROOT, stderr=subprocess.DEVNULL)
        specs = [spec for _, spec in Manifest(path).specs()]
    return {
        name: next(
            spec
            for spec in specs
            if spec.hair.style == style
            and spec.headwear is None
            and abs(spec.pose.yaw_deg) < 30
            and abs(spec.pose.pitch_deg) < 12
            and "night" not in spec.environment.hdri
        )
        for name, style in STYLES.items()
    }


def sheet(pictures: list[bytes]) -> Image.Image:
    """The pictures in a row, and below each its middle 1:1 at the same width."""
    columns = []
    for png in pictures:
        pixels: NDArray[np.uint8] = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
        size = len(pixels)
        side = int(CROP * size)
        top, left = int(0.12 * size), int(0.5 * size)
        part = pixels[top : top + side, left : left + side]
        whole = Image.fromarray(pixels).resize((side, side), Image.Resampling.LANCZOS)
        columns.append(np.concatenate([np.asarray(whole), part], axis=0))
    return Image.fromarray(np.concatenate(columns, axis=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=640)
    parser.add_argument("--faces", nargs="+", choices=list(STYLES), default=list(STYLES))
    parser.add_argument("--picture", type=Path)
    given = parser.parse_args()
    from renderer.blender.render import Renderer

    warm, faces, pictures = False, choose_faces(), []
    print("face   quality    wall s   CPU s   of these paths: wall s   CPU s")  # noqa: T201
    for face in given.faces:
        spec = faces[face]
        for name, quality in QUALITIES.items():
            settings = RenderSettings(
                size_px=given.size,
                samples=quality.samples,
                prefilter=quality.prefilter,
                hair_detail=quality.hair_detail,
                threads=THREADS,
            )
            renderer, clock = Renderer(settings), PhaseClock()
            if not warm:
                render_sample(0, spec, settings, renderer)  # what is loaded once is not counted
                warm = True
            files = render_sample(0, spec, settings, renderer, clock)
            spent = clock.stop()
            wall, cpu = (sum(pair[k] for pair in spent.values()) for k in (0, 1))
            paths = spent["paths"]
            print(  # noqa: T201
                f"{face:6} {name:9} {wall:7.1f} {cpu:7.1f} {paths[0]:23.1f} {paths[1]:7.1f}",
                flush=True,
            )
            if face == given.faces[-1]:
                pictures.append(files[IMAGE_SUFFIX])
    if given.picture is not None:
        sheet(pictures).save(given.picture, quality=90)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    import os

    os._exit(0)  # Blender may hang when the interpreter ends
