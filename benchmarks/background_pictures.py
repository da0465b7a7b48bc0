"""The kinds of background for docs/light.md: ``python -m benchmarks.background_pictures [OUT]``.

One row for each kind of the catalogue, as the default preset draws them; shown alone, at one
brightness, by the sRGB curve. Needs no Blender: ``surroundings`` are those of packs in the store.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import sampler
from assets.background import SURROUNDINGS, background, surroundings
from assets.catalog import Catalog
from assets.store import open_store
from spec_schema.spec import BackgroundSpec

OUT: Final = Path(__file__).parents[1] / "docs" / "images" / "backgrounds.jpg"
TILE_PX: Final = 192
COLUMNS: Final = 6
_GREY: Final = 0.22
_LOOKING: Final = np.diag([1.0, -1.0, -1.0])
"""From the camera's axes to those of the picture of an environment, toward its middle."""


def _seen(spec: BackgroundSpec, hdri: str) -> NDArray[np.float32]:
    if spec.kind != SURROUNDINGS:
        return background(spec)
    radiance = np.asarray(open_store().array(f"hdri/{hdri}"), np.float32)[..., :3]
    return surroundings(spec, radiance, _LOOKING)


def _shown(linear: NDArray[np.float32]) -> Image.Image:
    light = linear * np.float32(_GREY / max(float(np.median(linear)), 1e-3)) ** 0.7
    code = 255 * np.clip(light / (1 + light / 4), 0, 1) ** (1 / 2.2)
    return Image.fromarray(code.astype(np.uint8)).resize((TILE_PX, TILE_PX))


def main() -> None:
    """Draw, and write the sheet."""
    out = Path(sys.argv[1]) if sys.argv[1:] else OUT
    packed = {name for name, entry in Catalog.load().hdris.items() if entry.source == "pack"}
    config = sampler.load_config(overrides=["environment.background.environment_share=0"])
    by_kind: dict[str, list[Image.Image]] = {kind: [] for kind in Catalog.load().backgrounds}
    seen: set[str] = set()
    rows = sampler.draw(config, start=0, n=1000).column("environment").to_pylist()
    for row in rows:
        spec = BackgroundSpec.model_validate(row["background"])
        tiles, hdri = by_kind[spec.kind], row["hdri"]
        if len(tiles) == COLUMNS or (spec.kind == SURROUNDINGS and hdri not in packed - seen):
            continue
        seen.add(hdri if spec.kind == SURROUNDINGS else "")
        tiles.append(_shown(_seen(spec, hdri)))
    sheet = Image.new("RGB", (COLUMNS * TILE_PX, len(by_kind) * TILE_PX))
    for down, tiles in enumerate(by_kind.values()):
        for right, tile in enumerate(tiles):
            sheet.paste(tile, (right * TILE_PX, down * TILE_PX))
    sheet.save(out, quality=82, optimize=True)
    print(f"{out}: {', '.join(by_kind)}")  # noqa: T201


if __name__ == "__main__":
    main()
