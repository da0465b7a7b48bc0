"""Pictures of the pixel labels for docs/labels.md: ``python -m benchmarks.label_pictures``.

Renders two rows of a manifest that it draws itself and writes docs/images/labels_*.jpg. With
``--dataset DIR`` the pictures are made of a dataset that was rendered with all outputs.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import OpenEXR
from numpy.typing import NDArray
from PIL import Image

from spec_schema.classes import CLASS_COLOURS
from spec_schema.dataset import Dataset, Sample

IMAGES: Final = Path(__file__).parents[1] / "docs" / "images"
SIZE_PX: Final = 320
FLAGS: Final = ("--depth", "--normals", "--uv", "--mattes", "--layers")

Picture = NDArray[np.uint8]


def _planes(path: Path, names: str) -> NDArray[np.float64]:
    with OpenEXR.File(str(path), separate_channels=True) as exr:
        channels = exr.channels()
        return np.stack([np.asarray(channels[c].pixels, np.float64) for c in names], axis=-1)


def _grey(values: NDArray[Any]) -> Picture:
    return np.repeat(np.clip(values * 255, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def depth(sample: Sample) -> Picture:
    """Near is bright; nothing is black."""
    z = _planes(sample.path("_depth.exr"), "Z")[..., 0]
    low, high = np.percentile(z[np.isfinite(z)], [0.5, 97])
    return _grey(np.where(np.isfinite(z), 1 - 0.85 * np.clip((z - low) / (high - low), 0, 1), 0))


def normals(sample: Sample) -> Picture:
    """Right is red, up is green, towards the camera is blue."""
    xyz = _planes(sample.path("_normal.exr"), "XYZ") * [1, -1, -1]
    colour = np.where((xyz != 0).any(axis=-1, keepdims=True), (xyz + 1) / 2, 0)
    return np.asarray(np.clip(colour * 255, 0, 255), np.uint8)


def uv(sample: Sample) -> Picture:
    """A chequered chart: u in red, v in green."""
    at = _planes(sample.path("_uv.exr"), "UV")
    dark = ((at * 64).astype(int).sum(axis=-1) % 2)[..., None]
    colour = np.concatenate([at, np.full_like(at[..., :1], 0.4)], axis=-1) * (1 - 0.35 * dark)
    colour[at[..., 0] < 0] = 0
    return np.asarray(np.clip(colour * 255, 0, 255), np.uint8)


def mattes(sample: Sample) -> Picture:
    """Hair red, glasses green, beard blue, on the person in grey."""
    shares = {
        name: np.asarray(Image.open(sample.path(f"_{name}.png")), np.float64) / 255
        for name in ("hair", "glasses", "beard", "person")
    }
    colour = np.repeat(0.35 * shares["person"][..., None], 3, axis=2)
    for channel, name in enumerate(("hair", "glasses", "beard")):
        colour *= 1 - shares[name][..., None]
        colour[..., channel] += shares[name]
    return np.asarray(np.clip(colour * 255, 0, 255), np.uint8)


def _classes(path: Path) -> Picture:
    lut = np.zeros((256, 3), np.uint8)
    for class_id, colour in CLASS_COLOURS.items():
        lut[class_id] = colour
    return np.asarray(lut[np.asarray(Image.open(path))])


def sheets(samples: list[Sample]) -> dict[str, Picture]:
    """Pictures by name: the picture of each sample, and what is asked for beside it."""

    def image(sample: Sample) -> Picture:
        return np.asarray(Image.open(sample.path(".png")).convert("RGB"))

    views = {"depth": depth, "normals": normals, "uv": uv, "mattes": mattes}
    out = {
        name: np.hstack([part for s in samples for part in (image(s), view(s))])
        for name, view in views.items()
    }
    masks = ("_mask.png", "_layers.png")
    out["layers"] = np.hstack([_classes(s.path(m)) for s in samples for m in masks])
    return out


def _rendered(folder: Path) -> Path:
    """A dataset of rows 4 and 12, which wear things, with every output."""
    manifest, dataset = folder / "manifest.parquet", folder / "dataset"
    settings = ("--preset", "wide", "--seed", "5", "--n", "16")
    bins = Path(sys.executable).parent
    subprocess.run([bins / "rf-sample", *settings, "-o", manifest], check=True)
    size = ("--size", str(SIZE_PX), "--samples", "16", "--shard", "5/8")
    subprocess.run([bins / "rf-render", manifest, "--out", dataset, *size, *FLAGS], check=True)
    return dataset


def main() -> None:
    """Render (or read) and write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", type=Path, help="rendered with all outputs, two samples used")
    given = parser.parse_args().dataset
    with tempfile.TemporaryDirectory() as folder:
        root = given or _rendered(Path(folder))
        samples = list(Dataset(root).samples())[:2]
        for name, picture in sheets(samples).items():
            path = IMAGES / f"labels_{name}.jpg"
            Image.fromarray(picture).save(path, quality=78, optimize=True)
            print(f"{path}: {path.stat().st_size / 1000:.0f} kB")  # noqa: T201


if __name__ == "__main__":
    main()
