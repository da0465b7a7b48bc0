"""Draw many scenes, keep those that a task needs, and render them.

The task: a head tracker fails on dark skin and on large turns. From 20,000 scenes of the default
preset this script keeps people near the camera, without sunglasses and turned by less than 75
degrees, and picks from these so that yaw is even and the darker half of the Monk scale counts
twice.

    make setup && .venv/bin/python examples/reweight_manifest.py

It writes into ``reweighted/``: ``candidates.parquet``, ``manifest.parquet`` (the picked scenes),
``before-and-after.png``, ``dataset/`` (rendered) and ``overlay.png``. ``--n 0`` picks without
rendering, ``--help`` tells the sizes. Needs the extras ``examples`` and ``render``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl

import sampler
from sampler.writing import write_manifest
from spec_schema import Manifest, adopt

YAW_BIN_DEG = 15.0


def draw_candidates(path: Path, n: int, inputs: sampler.Inputs) -> Manifest:
    """Scenes to pick from. Drawing is cheap: rendering them all would take days."""
    config = sampler.load_config("facesynthetics", ["glasses.share=0.4"])
    write_manifest(sampler.Sampler(config, inputs, seed=1, split="train"), 0, n, path)
    return Manifest(path)


def suitable(scenes: pl.DataFrame) -> pl.DataFrame:
    """The rows that the task can use. Structs open with ``.struct.field``."""
    glasses = pl.col("glasses").struct.field("id")
    return scenes.filter(
        ~glasses.str.starts_with("sun_").fill_null(False),
        pl.col("pose").struct.field("z_m") < 2.5,
        pl.col("pose").struct.field("yaw_deg").abs() < 75,
    )


def with_weights(scenes: pl.DataFrame) -> pl.DataFrame:
    """A column ``weight``: even over bins of yaw, twice for Monk tones above 5.5."""
    yaw_bin = (pl.col("pose").struct.field("yaw_deg") / YAW_BIN_DEG).floor()
    dark = pl.col("skin").struct.field("monk_tone") > 5.5
    return scenes.with_columns(
        weight=pl.when(dark).then(2.0).otherwise(1.0) / pl.len().over(yaw_bin)
    )


def pick(scenes: pl.DataFrame, n: int) -> pl.DataFrame:
    """``n`` rows without repetition, by weight (Efraimidis & Spirakis, 2006), in their order."""
    u = np.random.default_rng(7).random(len(scenes))
    chosen = scenes.with_columns(key=pl.lit(u).log() / pl.col("weight")).top_k(n, by="key")
    return chosen.sort(pl.col("sample").struct.field("index")).drop("key", "weight")


def reweighted(candidates: Manifest, n: int, path: Path) -> Manifest:
    """Filter, weigh and pick; then make a manifest of what polars gives back."""
    scenes = pl.DataFrame(candidates.table())
    picked = pick(with_weights(suitable(scenes)), n)
    adopt(picked.to_arrow(), like=candidates, path=path)
    return Manifest(path)


def run(*command: str | Path) -> None:
    done = subprocess.run([sys.executable, "-m", *map(str, command)], check=False)
    if done.returncode:
        raise SystemExit(done.returncode)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("reweighted"), help="folder to write")
    parser.add_argument("--candidates", type=int, default=20_000, help="scenes to pick from")
    parser.add_argument("--picked", type=int, default=1_500, help="scenes of the manifest")
    parser.add_argument("--n", type=int, default=8, help="of which the first are rendered")
    parser.add_argument("--size", type=int, default=320, help="pixels")
    parser.add_argument("--samples", type=int, default=12, help="light paths a pixel")
    args = parser.parse_args()
    args.out.mkdir(exist_ok=True)

    candidates = args.out / "candidates.parquet"
    manifest = args.out / "manifest.parquet"
    drawn = draw_candidates(candidates, args.candidates, sampler.load_inputs())
    picked = reweighted(drawn, args.picked, manifest)
    picture = args.out / "before-and-after.png"
    run("sampler.plot_cli", candidates, manifest, "-o", picture, "--sections", "pose,people")
    if args.n == 0:
        return

    first = args.out / "first.parquet"
    adopt(picked.table().slice(0, args.n), like=picked, path=first)
    dataset = args.out / "dataset"
    run("renderer.cli", first, "--out", dataset, "--size", str(args.size),
        "--samples", str(args.samples))  # fmt: skip
    run("converters.cli", "overlay", dataset, args.out / "overlay.png")


if __name__ == "__main__":
    main()
