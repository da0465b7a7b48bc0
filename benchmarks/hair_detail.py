"""What long hair costs beside none, and whether fewer, thicker strands look the same.

    python -m benchmarks.hair_detail [--size 448] [--samples 16] [--picture FILE]

One head, bald and with long hair: all of its strands (standard and high), 0.7 (draft) and 0.3 of
them (the least, of small faces), at one number of samples. CPU seconds of the whole sample, pixels
of the class hair, and the mean colour of what is hair in all three. The picture shows the three in
this order, a part of each 1:1.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.hair import draw, styled
from benchmarks.quality import ROOT, sheet
from renderer.sample import IMAGE_SUFFIX, MASK_SUFFIX, render_sample
from renderer.settings import RenderSettings
from spec_schema.classes import SegmentationClass

DETAILS: Final = (1.0, 0.7, 0.3)
STYLE: Final = "long_wavy"


def _pixels(file: bytes, mode: str) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(file)).convert(mode))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=448)
    parser.add_argument("--samples", type=int, default=16)
    parser.add_argument("--picture", type=Path, default=ROOT / "docs/images/hair_detail.jpg")
    given = parser.parse_args()
    from renderer.blender.render import Renderer

    face = next(s for s in draw(60) if abs(s.pose.yaw_deg) < 20 and s.clothing is not None)
    images, hairs = [], []
    bald = 0.0
    for _ in range(2):  # what is loaded once is not counted
        settings = RenderSettings(size_px=given.size, samples=given.samples, threads=1, photo=False)
        before = time.process_time()
        render_sample(0, styled(face, "bald"), settings, Renderer(settings))
        bald = time.process_time() - before
    print(f"bald: {bald:.1f} CPU s", flush=True)  # noqa: T201
    spec = styled(face, STYLE)
    for detail in DETAILS:
        settings = RenderSettings(
            size_px=given.size, samples=given.samples, hair_detail=detail, threads=1, photo=False
        )
        before = time.process_time()
        files = render_sample(0, spec, settings, Renderer(settings))
        spent = time.process_time() - before
        images.append(files[IMAGE_SUFFIX])
        hairs.append(_pixels(files[MASK_SUFFIX], "L") == SegmentationClass.HAIR)
        print(f"{detail} of the strands: {spent:.1f} CPU s, {spent / bald:.2f} x bald", flush=True)  # noqa: T201
    everywhere = np.all(hairs, axis=0)
    for detail, image, hair in zip(DETAILS, images, hairs, strict=True):
        colour = _pixels(image, "RGB")[everywhere].astype(np.float64)
        print(  # noqa: T201
            f"{detail}: {hair.mean():.4f} of the picture is hair, {(hair != hairs[0]).mean():.4f}"
            f" otherwise than with all; mean {colour.mean(0).round(1)}, spread {colour.std():.1f}"
        )
    sheet(images).save(given.picture, quality=88)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    import os

    os._exit(0)  # Blender may hang when the interpreter ends
