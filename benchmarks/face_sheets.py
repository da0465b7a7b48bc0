"""Sheets of shapes to look at, drawn in clay: units, expressions, faces.

    python -m benchmarks.face_sheets units docs/images/people_units.jpg
    python -m benchmarks.face_sheets expressions docs/images/people_expressions.jpg
    python -m benchmarks.face_sheets faces docs/images/people_faces.jpg

``units``: each ARKit unit at 1. ``expressions``: 32 of the sampler's, on four of its faces.
``faces``: 64 of its identities without expression.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import sampler
from benchmarks.clay import Tile, clay, sheet
from sampler.writing import write_manifest
from spec_schema import Manifest, SceneSpec
from spec_schema.spec import ARKIT_UNITS

SIDES: Final = {"units": 120, "expressions": 176, "faces": 150}
COLUMNS: Final = {"units": 13, "expressions": 8, "faces": 8}
FACES: Final = 4


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


def units() -> Iterator[Tile]:
    """Each unit at 1 on a plain face; the lips that close over an open jaw need that."""
    face = drawn("facesynthetics", 1, 0, [])[0]
    plain = face.identity.model_copy(
        update={
            "sex": 0.85, "age_years": 35.0, "european": 0.4, "asian": 0.3, "african": 0.3,
            "weight": 0.5, "muscle": 0.5,
            "shape": {"l-eye-scale": 0.4, "r-eye-scale": 0.4},
        }
    )  # fmt: skip
    for unit in ARKIT_UNITS:
        weights = {"mouthClose": 1.0, "jawOpen": 1.0} if unit == "mouthClose" else {unit: 1.0}
        yield Tile(clay(making(face, identity=plain, expression=weights), SIDES["units"]), unit)


def expressions() -> Iterator[Tile]:
    """Rows of eight on a face each."""
    faces = drawn("facesynthetics", FACES, 21, [])
    shown = drawn("facesynthetics", 32, 22, [])
    for k, spec in enumerate(shown):
        still = {u: w for u, w in spec.expression.items() if not u.startswith("eyeLook")}
        face = making(faces[k // 8], expression=still)
        yield Tile(clay(face, SIDES["expressions"]), "")


def faces() -> Iterator[Tile]:
    """Neutral."""
    for spec in drawn("facesynthetics", 64, 23, []):
        yield Tile(clay(making(spec, expression={}), SIDES["faces"]), "")


def main() -> None:
    """Write one of the sheets."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("sheet", choices=sorted(SIDES))
    parser.add_argument("path", type=Path)
    args = parser.parse_args()
    made = {"units": units, "expressions": expressions, "faces": faces}[args.sheet]
    tiles = list(itertools.islice(made(), 64))
    sheet(tiles, COLUMNS[args.sheet]).save(args.path, quality=82)


if __name__ == "__main__":
    main()
