"""Heads that turn, for docs/camera.md: ``python -m benchmarks.turn_pictures DATASET [ROW ...]``.

DATASET was rendered with ``--raw``. Each row: as rendered, then turned while it was taken.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from renderer.photo.light import encoded, linear
from renderer.photo.turn import HeadInView, turned
from spec_schema.dataset import Dataset

OUT: Final = Path(__file__).parents[1] / "docs" / "images" / "camera_turn.jpg"
TURNS: Final = ((0.0, 4.0, 0.0), (3.0, 0.0, 0.0), (1.0, -8.0, 1.0))
TILE_PX: Final = 256


def main() -> None:
    """Read, blur, write."""
    wanted = [int(row) for row in sys.argv[2:]]
    strips = []
    for sample in Dataset(Path(sys.argv[1])).samples():
        if wanted and sample.row not in wanted:
            continue
        raw, mask = (
            np.asarray(Image.open(sample.path(name))) for name in ("_raw.png", "_mask.png")
        )
        head = HeadInView.of_labels(sample.labels())
        light = linear(raw[..., :3])
        tiles = [raw[..., :3], *(encoded(turned(light, mask, head, turn)) for turn in TURNS)]
        size = (TILE_PX, TILE_PX)
        strips.append(np.hstack([np.asarray(Image.fromarray(t).resize(size)) for t in tiles]))
    Image.fromarray(np.vstack(strips)).save(OUT, quality=86, optimize=True)
    print(f"{OUT}: {OUT.stat().st_size / 1000:.0f} kB")  # noqa: T201


if __name__ == "__main__":
    main()
