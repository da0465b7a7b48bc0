"""Is skin as light as its place on the Monk scale says?

Composes the skins of random people and measures the albedo of cheeks and forehead, as the
renderer is given it: mean over the surface, of all freckles, spots and flush. Prints, for each
step of the scale, the published swatch, what the model aims at, and what was measured; and how
often the measured lightness is nearest to the step asked for.

    python -m benchmarks.skin_tone --people 300 --figure docs/images/skin_tone.jpg
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import sampler
from assets.skin import SkinFields, compose, tone_of
from assets.skin.constants import constants
from assets.skin.tone import lab_from_linear, linear_from_srgb
from assets.store import open_store
from spec_schema.arrow import row_to_spec

F64 = NDArray[np.float64]


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def swatches() -> F64:
    """(10, 3) Lab of the published swatches."""
    rgb = [[int(h[k : k + 2], 16) for k in (0, 2, 4)] for h in constants().tone.swatches_srgb]
    return lab_from_linear(linear_from_srgb(np.array(rgb, np.float32) / 255).astype(float))


def measured(people: int, seed: int, texels: int) -> tuple[F64, F64, F64, F64]:
    """Tones asked for (P,), undertones (P,), and Lab (P, 3) of cheeks and of foreheads."""
    fields = SkinFields.load(open_store(), texels)
    bare = np.ones(fields.maps["face"].shape, bool)
    for name in ("lips", "eyelids", "rim", "lining"):
        bare &= fields.maps[name] < 0.05
    cheeks, forehead = (
        bare & (fields.maps[name] > 0.5) & (fields.maps["fade"] > 0.99)
        for name in ("cheeks", "forehead")
    )
    rows = sampler.draw(sampler.load_config("facesynthetics"), 0, people, seed=seed).to_pylist()
    tones, undertones, lab = [], [], []
    for k, row in enumerate(rows):
        spec = row_to_spec(row, f"row {k}")
        colour = compose(spec, fields).colour.astype(np.float64)
        tones.append(spec.skin.monk_tone)
        undertones.append(spec.skin.undertone)
        lab.append(lab_from_linear(np.stack([colour[m].mean(0) for m in (cheeks, forehead)])))
    out = np.array(lab)
    return np.array(tones), np.array(undertones), out[:, 0], out[:, 1]


def _told(lab: F64, width: int) -> str:
    return "  ".join(f"{x:{width}.1f}" for x in lab)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--texels", type=int, default=512)
    parser.add_argument("--figure", type=Path, default=None)
    args = parser.parse_args()
    tones, undertones, cheeks, forehead = measured(args.people, args.seed, args.texels)
    lab = (cheeks + forehead) / 2
    aims = np.array([tone_of(t, u).lab for t, u in zip(tones, undertones, strict=True)])
    published, model = swatches(), np.array(constants().tone.albedo_lab)
    _say(f"{args.people} people, {args.texels} texels; Lab (D65) of linear albedo")
    _say("step  swatch L*   a*    b*   aim L*   a*    b*   measured L*   a*    b*  people")
    for step in range(1, 11):
        here = np.abs(tones - step) <= 0.5
        mean = lab[here].mean(0) if here.any() else np.full(3, np.nan)
        swatch, aim = (_told(of[step - 1], 5) for of in (published, model))
        _say(f"{step:4d}  {swatch}  {aim}   {_told(mean, 8)}  {here.sum()}")
    off = lab - aims
    distance = np.linalg.norm(off, axis=1)
    _say(
        f"measured - aim: L* {off[:, 0].mean():+.2f} (sd {off[:, 0].std():.2f}), "
        f"a* {off[:, 1].mean():+.2f}, b* {off[:, 2].mean():+.2f}; "
        f"colour difference median {np.median(distance):.2f}, "
        f"95 % {np.quantile(distance, 0.95):.2f}"
    )
    nearest = np.abs(lab[:, :1] - model[None, :, 0]).argmin(1) + 1
    within = (np.abs(nearest - tones) <= 1).mean()
    _say(f"nearest step in L* within one of the tone asked for: {within:.1%}")
    _say(f"correlation of tone and L*: {np.corrcoef(tones, lab[:, 0])[0, 1]:.4f}")
    if args.figure is not None:
        draw(args.figure, tones, cheeks, forehead, published, model)


def draw(path: Path, tones: F64, cheeks: F64, forehead: F64, published: F64, model: F64) -> None:
    """Lightness, red and yellow along the scale."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    steps = np.arange(1, 11)
    figure, axes = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
    for k, (axis, name) in enumerate(zip(axes, ("L*", "a*", "b*"), strict=True)):
        axis.plot(tones, forehead[:, k], ".", ms=3, color="#c9904f", label="forehead, composed")
        axis.plot(tones, cheeks[:, k], ".", ms=3, color="#b0413e", label="cheeks, composed")
        axis.plot(steps, model[:, k], "k-", lw=1.2, label="aim (reflectance)")
        axis.plot(steps, published[:, k], "s", ms=7, mfc="none", color="#555", label="Monk swatch")
        axis.set(xlabel="skin.monk_tone", ylabel=f"{name} of albedo", xticks=steps)
        axis.grid(alpha=0.25)
    axes[0].legend(frameon=False)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
