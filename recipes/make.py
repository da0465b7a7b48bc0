"""One published dataset from one command: manifest, data card, samples, report.

    python recipes/make.py --list
    python recipes/make.py sample-256 --out sets
    python recipes/make.py replicantface-100k --out sets --only manifest
    python recipes/make.py replicantface-100k --out sets -- --shard 3/16 --device optix

Everything goes to OUT/NAME: manifest.parquet, DATA_CARD.md, dataset/, report.html. What follows
``--`` is given to rf-render. Run again, it goes on: a manifest that is there is kept, and so is
every finished sample.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

EXIT_FAILED_SAMPLES = 1


def recipes() -> dict[str, dict[str, Any]]:
    """All recipes by name."""
    return tomllib.loads(Path(__file__).with_name("recipes.toml").read_text("utf-8"))


def commands(name: str, folder: Path, more: Sequence[str] = ()) -> list[list[str]]:
    """What makes a dataset, in order.

    Args:
        name: of the recipe.
        folder: of everything it makes.
        more: further arguments of rf-render.
    """
    recipe = recipes()[name]
    manifest, dataset = str(folder / "manifest.parquet"), str(folder / "dataset")
    card = ["rf-plot", manifest, "--card", str(folder / "DATA_CARD.md"), "--title", name]
    return [
        ["rf-sample", *recipe["sample"], "-o", manifest],
        card,
        ["rf-render", manifest, "--out", dataset, *recipe["render"], *more],
        [*card, "--measured", dataset],
        ["rf-report", dataset, "-o", str(folder / "report.html"), "--title", name],
    ]


def _run(command: Sequence[str]) -> int:
    sys.stderr.write(f"$ {shlex.join(command)}\n")
    beside = Path(sysconfig.get_path("scripts")) / command[0]
    return subprocess.run([beside if beside.exists() else command[0], *command[1:]]).returncode


def main(arguments: Sequence[str] | None = None) -> int:
    """Make one; the exit code is that of the first command that did not do all of its work."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("name", nargs="?", choices=sorted(recipes()), help="which dataset")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for OUT/NAME")
    parser.add_argument("--only", choices=["manifest"], help="draw and describe, render nothing")
    parser.add_argument("--list", action="store_true", help="tell what there is, make nothing")
    given = list(sys.argv[1:] if arguments is None else arguments)
    cut = given.index("--") if "--" in given else len(given)
    options, more = parser.parse_args(given[:cut]), given[cut + 1 :]
    if options.list or options.name is None:
        for name, recipe in recipes().items():
            sys.stdout.write(f"{name:24} {recipe['about']}\n")
        return 0
    folder = options.out / options.name
    folder.mkdir(parents=True, exist_ok=True)
    todo = commands(options.name, folder, more)
    if (folder / "manifest.parquet").is_file():
        todo = todo[1:]
    if options.only == "manifest":
        todo = [c for c in todo if c[0] in ("rf-sample", "rf-plot") and "--measured" not in c]
    worst = 0
    for command in todo:
        code = _run(command)
        if code not in (0, EXIT_FAILED_SAMPLES):
            return code
        worst = max(worst, code)
    return worst


if __name__ == "__main__":
    sys.exit(main())
