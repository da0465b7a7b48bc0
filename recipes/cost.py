"""What the datasets cost, from the measured seconds of one that was rendered.

    python recipes/cost.py sets/sample-256/dataset

Prints a table: CPU hours of each recipe. Tracing of paths, denoising included, grows with the
pixels of a picture; all other phases of a sample don't. Nothing is said of GPUs.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sampler import load_config
from sampler.layout import rows_wanted
from spec_schema.dataset import Dataset
from spec_schema.errors import ReplicantfaceError

GROWING = ("paths", "data")
"""Phases whose time grows with the pixels: the picture, and depth, normals or UVs."""
CORES = 16


def option(arguments: Sequence[str], name: str) -> str | None:
    """Value of an option in a list of arguments, or None."""
    return arguments[arguments.index(name) + 1] if name in arguments else None


def rows_of(recipe: Mapping[str, Any]) -> int:
    """How many scenes a recipe draws."""
    sample = recipe["sample"]
    config = load_config(option(sample, "--preset") or "facesynthetics")
    n, identities = option(sample, "--n"), option(sample, "--identities")
    return rows_wanted(
        config.layout, int(n) if n else None, int(identities) if identities else None
    )


def seconds_at(phases: Mapping[str, float], from_px: int, to_px: int) -> float:
    """CPU seconds of a sample of another size, from its phases at a size that was measured."""
    grown = (to_px / from_px) ** 2
    return sum(s * (grown if name in GROWING else 1.0) for name, s in phases.items())


def measured(folder: Path) -> tuple[dict[str, float], int, int]:
    """Mean CPU seconds by phase, side of the pictures, and how many samples it is the mean of."""
    dataset = Dataset(folder)
    rows = [p for p in dataset.index().column("cpu_s").to_pylist() if p]
    if not rows:
        raise SystemExit(f"{folder}: its journal tells no seconds of any sample")
    names = {name for row in rows for name in row}
    mean = {name: float(np.mean([row.get(name) or 0.0 for row in rows])) for name in names}
    return mean, int(dataset.info["settings"]["size_px"]), len(rows)


def main() -> None:
    """Print the table."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    try:
        phases, size_px, count = measured(Path(sys.argv[1]))
    except ReplicantfaceError as e:
        raise SystemExit(str(e)) from e
    told = [f"mean of {count} samples at {size_px} px: {sum(phases.values()):.1f} CPU seconds, "
            f"of which {sum(phases.get(g, 0.0) for g in GROWING):.1f} grow with the pixels", "",
            f"| Recipe | px | CPU seconds a sample | CPU hours | hours on {CORES} cores |",
            "|---|---|---|---|---|"]  # fmt: skip
    recipes = tomllib.loads(Path(__file__).with_name("recipes.toml").read_text("utf-8"))
    for name, recipe in recipes.items():
        side = int(option(recipe["render"], "--size") or size_px)
        each = seconds_at(phases, size_px, side)
        hours = rows_of(recipe) * each / 3600
        told.append(f"| `{name}` | {side} | {each:.1f} | {hours:,.1f} | {hours / CORES:,.2f} |")
    sys.stdout.write("\n".join(told) + "\n")


if __name__ == "__main__":
    main()
