"""Do random faces at rest look relaxed, and do their profiles lie where those of people lie?

    python -m benchmarks.resting_faces [--n 5000] [--preset facesynthetics]

Of identities without expression, mean and standard deviation by sex, and means of those who are
mostly of one ancestry: how far the lips lie behind the line from the tip of the nose to the chin
(Ricketts' E-line), the nasolabial angle, how high the corners of the mouth stand over the middle of
its seam, and brows over lids. All in the upright head, from the midline of the base mesh and
from the 68 landmarks.
"""

from __future__ import annotations

import argparse
from typing import Final

import numpy as np
from numpy.typing import NDArray

import sampler
from assets.head.facts import load_facts
from assets.head.landmark_rows import landmark_rows
from assets.head.morph import MorphTargets, macro_weights
from assets.store import open_store
from benchmarks.anthropometry import MACROS, MOSTLY, column

F64 = NDArray[np.float64]

# Vertices of the base mesh on the midline, downwards.
NOSE: Final = (201, 291, 5134, 294, 5054, 297, 302, 307)
COLUMELLA: Final = 312
SUBNASALE: Final = 317
LABRALE: Final = 466
UPPER_LIP: Final = (466, 467, 509, 468, 474)
LOWER_LIP: Final = (493, 494, 513, 495, 496, 492)
CHIN: Final = (733, 5162, 5211, 5171, 5225, 5296)


def points_mm(n: int, preset: str) -> tuple[dict[str, F64], F64, dict[int, F64]]:
    """Macro parameters, landmarks ``(n, 68, 3)`` and midline vertices ``(n, 3)`` by number."""
    table = sampler.draw(sampler.load_config(preset), start=0, n=n)
    facts = load_facts()
    targets, rows = MorphTargets(open_store(), facts), landmark_rows()
    middle = [*NOSE, COLUMELLA, SUBNASALE, *UPPER_LIP, *LOWER_LIP, *CHIN]
    width = rows.vertices.shape[1]
    alone = np.tile(np.array(middle)[:, None], (1, width))
    model = targets.rows(
        np.concatenate([rows.vertices, alone]),
        np.concatenate([rows.weights, np.tile(np.eye(1, width), (len(middle), 1))]),
    )
    macro = {name: column(table, "identity", name) for name in MACROS}
    keys = [column(table, "identity", "shape", key) for key in targets.shape_keys]
    shape = np.stack(keys, axis=1).astype(np.float32)
    at = model.base.reshape(1, -1)
    for weights, moved in (
        (macro_weights(targets.macro_names, macro, facts).astype(np.float32), model.macro),
        (np.maximum(shape, 0), model.shape_positive),
        (np.maximum(-shape, 0), model.shape_negative),
    ):
        at = at + weights @ moved.reshape(len(moved), -1)
    mm = 1000 * at.reshape(n, -1, 3).astype(np.float64)
    return macro, mm[:, :68], {v: mm[:, 68 + k] for k, v in enumerate(middle)}


def measures(landmarks: F64, middle: dict[int, F64]) -> dict[str, F64]:
    """``(n,)`` each, mm and degrees."""

    def height(*numbers: int) -> F64:
        return np.asarray(landmarks[:, list(numbers), 1].mean(axis=1))

    def profile(vertices: tuple[int, ...]) -> F64:
        """``(n, vertices, 2)`` forward and up."""
        return np.stack([middle[v][:, [2, 1]] for v in vertices], axis=1)

    everyone = np.arange(len(landmarks))
    nose = profile(NOSE)
    tip = nose[everyone, nose[:, :, 0].argmax(axis=1)]
    # The chin's point on the line is the one that it touches first.
    down = profile(CHIN) - tip[:, None]
    touched = np.arctan2(down[..., 0], -down[..., 1]).argmax(axis=1)
    line = down[everyone, touched]
    line /= np.linalg.norm(line, axis=1, keepdims=True)

    def before_line(vertices: tuple[int, ...]) -> F64:
        away = profile(vertices) - tip[:, None]
        return np.asarray((away[..., 1] * line[:, :1] - away[..., 0] * line[:, 1:]).max(axis=1))

    under, lip = (profile((v,))[:, 0] - profile((SUBNASALE,))[:, 0] for v in (COLUMELLA, LABRALE))
    cosine = (under * lip).sum(axis=1)
    cosine /= np.linalg.norm(under, axis=1) * np.linalg.norm(lip, axis=1)
    return {
        "upper lip before the E-line": before_line(UPPER_LIP),
        "lower lip before the E-line": before_line(LOWER_LIP),
        "nasolabial angle, degrees": np.degrees(np.arccos(cosine)),
        "corners of the mouth over its middle": height(48, 54) - height(62, 66),
        "brows over upper lids": height(19, 24) - height(37, 38, 43, 44),
        "tails of the brows over their heads": height(17, 26) - height(21, 22),
        "opening of the lids": height(37, 38, 43, 44) - height(40, 41, 46, 47),
    }


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--n", type=int, default=5000)
    parser.add_argument("--preset", default="facesynthetics")
    args = parser.parse_args()
    macro, landmarks, middle = points_mm(args.n, args.preset)
    men = macro["sex"] >= 0.5
    mostly = {name: macro[name] >= MOSTLY for name in ("european", "asian", "african")}
    print(f"| {args.n} faces, mm | men | women | " + " | ".join(mostly) + " |")  # noqa: T201
    print("|---|" + "---:|" * (2 + len(mostly)))  # noqa: T201
    for name, values in measures(landmarks, middle).items():
        cells = [f"{values[m].mean():.1f} ± {values[m].std():.1f}" for m in (men, ~men)]
        cells += [f"{values[rows].mean():.1f}" for rows in mostly.values()]
        print(f"| {name} | {' | '.join(cells)} |")  # noqa: T201


if __name__ == "__main__":
    main()
