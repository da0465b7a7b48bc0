"""Do random heads measure what people do?

    python -m benchmarks.anthropometry [--n 5000] [--preset facesynthetics]

Means and standard deviations in mm of the measures of ``assets/data/anthropometry.toml`` over
identities of the sampler, beside those of NIOSH's survey, by sex; and means by ancestry, of those
who are mostly of one.
"""

from __future__ import annotations

import argparse
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

import sampler
from assets.head.measures import HeadMeasures, published_measures
from assets.store import open_store

F64 = NDArray[np.float64]

MOSTLY: Final = 0.8
MACROS: Final = ("sex", "age_years", "african", "asian", "european", "weight", "muscle")


def column(table: pa.Table, *path: str) -> F64:
    """A nested column of a manifest."""
    array = table.column(path[0]).combine_chunks()
    for name in path[1:]:
        array = pc.struct_field(array, name)
    return np.asarray(array.to_numpy(zero_copy_only=False), np.float64)


def main() -> None:
    """Print both tables as Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--n", type=int, default=5000)
    parser.add_argument("--preset", default="facesynthetics")
    args = parser.parse_args()
    table = sampler.draw(sampler.load_config(args.preset), start=0, n=args.n)
    measures = HeadMeasures(open_store())
    macro = {name: column(table, "identity", name) for name in MACROS}
    shape = np.stack(
        [column(table, "identity", "shape", key) for key in measures.shape_keys], axis=1
    ).astype(np.float32)
    taken, published = measures.take(macro, shape), published_measures()
    men = macro["sex"] >= 0.5
    groups = {a: macro[a] >= MOSTLY for a in ("european", "asian", "african")}

    def text(values: F64) -> str:
        return f"{values.mean():.1f} ± {values.std():.1f}"

    print(f"| {args.n} heads, mm | men | men, published | women | women, published |")  # noqa: T201
    print("|---|---:|---:|---:|---:|")  # noqa: T201
    for name, values in taken.items():
        known = published.get(name)
        pairs = () if known is None else (known.men, known.women)
        of = [f"{mean:.1f} ± {deviation:.1f}" for mean, deviation in pairs] or ["", ""]
        cells = [name.replace("_", " "), text(values[men]), of[0], text(values[~men]), of[1]]
        print(f"| {' | '.join(cells)} |")  # noqa: T201
    print()  # noqa: T201
    print("| mm, men / women | " + " | ".join(f"mostly {g}" for g in groups) + " |")  # noqa: T201
    print("|---|" + "---:|" * len(groups))  # noqa: T201
    for name, values in taken.items():
        cells = [
            f"{values[rows & men].mean():.1f} / {values[rows & ~men].mean():.1f}"
            for rows in groups.values()
        ]
        print(f"| {name.replace('_', ' ')} | " + " | ".join(cells) + " |")  # noqa: T201


if __name__ == "__main__":
    main()
