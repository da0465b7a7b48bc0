"""Remakes the pictures and tables of docs/sampler.md from what the sampler draws.

    python -m benchmarks.sampler_figures [ROWS]

Writes docs/images/sampler_*.png and *.svg, and the text between ``<!-- made: NAME -->`` and
``<!-- end -->`` in docs/sampler.md. Equal releases give equal files.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from sampler import Inputs, Sampler, load_config, load_inputs, preset_names
from sampler.acceptance import Tally
from sampler.config import SamplerConfig
from sampler.coverage import Coverage, pose_coverage
from sampler.declared import declared
from sampler.figures import read_figures
from sampler.joints import JointTable, joint_tables
from sampler.layout import rows_wanted
from sampler.panels import STYLE, look_of
from sampler.plots import plot
from sampler.sources import open_sources
from sampler.streams import Draws
from sampler.writing import write_manifest

DOCS: Final = Path(__file__).parents[1] / "docs"
IMAGES: Final = DOCS / "images"
LARGEST_BYTES: Final = 150_000
COLOURS: Final = 160
SEED: Final = 0
_DOTS: Final = 128


def _set(preset: str, rows: int, inputs: Inputs, folder: Path) -> Path:
    path = folder / f"{preset}.parquet"
    if not path.exists():
        write_manifest(Sampler(load_config(preset), inputs, SEED, "train"), 0, rows, path)
    return path


def _sheet(
    presets: Sequence[str], sections: Sequence[str], name: str, rows: int, inputs: Inputs,
    folder: Path, against: str | None = None, width_px: int = 1100,
) -> None:  # fmt: skip
    """What rf-plot draws of presets, as a picture of the page."""
    paths = [_set(preset, rows, inputs, folder) for preset in presets]
    sets = [
        read_figures(source, inputs.landmarks)
        for source in open_sources(paths, inputs.landmarks.shape_keys)
    ]
    reference = declared(load_config(against), against) if against is not None else None
    plot(sets, folder / "sheet.png", reference, sections)
    with Image.open(folder / "sheet.png") as sheet:
        height = round(sheet.height * width_px / sheet.width)
        small = sheet.convert("RGB").resize((width_px, height), Image.Resampling.LANCZOS)
    _save(small, name)


def _save(picture: Image.Image, name: str) -> None:
    target = IMAGES / f"{name}.png"
    colours = picture.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    colours.save(target, optimize=True)
    _report(target)


def _save_figure(figure: Figure, name: str, dpi: int = 160) -> None:
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=dpi)
    with Image.open(buffer) as picture:
        _save(picture.convert("RGB"), name)


def _report(path: Path) -> None:
    size = path.stat().st_size
    print(f"{path.relative_to(DOCS.parent)}: {size / 1000:.0f} kB")  # noqa: T201
    if size > LARGEST_BYTES:
        raise SystemExit(f"{path}: {size} bytes, and the documentation allows {LARGEST_BYTES}")


def _coverage(config: SamplerConfig) -> list[Coverage]:
    """The gain of Sobol points: poses as dots, and the unevenness by the number of samples."""
    measured = pose_coverage(config)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.875, 2.1), layout="constrained")
        axes = figure.subplots(1, 4)
        for k, sequence in enumerate(("random", "sobol")):
            draws = Draws(SEED, "train", "pose", 0, _DOTS, even=sequence == "sobol")
            yaw, pitch = (getattr(config.pose, a).ppf(draws.uniform(a)) for a in ("yaw", "pitch"))
            axes[k].plot(yaw, pitch, ".", color=look_of(k).colour, markersize=3.5,
                         markeredgewidth=0)  # fmt: skip
            axes[k].set_title(f"{_DOTS} poses, {sequence}", loc="left")
            axes[k].set(xlabel="yaw (°)", ylabel="pitch (°)", xlim=(-90, 90), ylim=(-40, 50))
            axes[k].set_xticks((-90, -45, 0, 45, 90))
            for column, (field, label) in enumerate(
                (
                    ("discrepancy", "discrepancy"),
                    ("ks_yaw", "error of yaw's CDF"),
                )
            ):
                mine = [c for c in measured if c.sequence == sequence]
                axes[2 + column].loglog(
                    [c.n for c in mine], [getattr(c, field) for c in mine], marker="o",
                    color=look_of(k).colour, linestyle=look_of(k).line, markersize=2.5,
                    linewidth=0.9, label=sequence,
                )  # fmt: skip
                axes[2 + column].set_xlabel("samples")
                axes[2 + column].set_title(label, loc="left")
        for panel in axes[2:]:
            panel.set_xticks((64, 256, 1024, 4096), ("64", "256", "1024", "4096"))
            panel.minorticks_off()
            panel.grid(linewidth=0.3, color="#cccccc")
        axes[2].legend()
        _save_figure(figure, "sampler_coverage")
    return measured


def _filled(table: JointTable) -> JointTable:
    """Without rows that no scene falls into."""
    kept = np.flatnonzero(table.scenes)
    rows = tuple(table.rows[k] for k in kept)
    return replace(table, rows=rows, shares=table.shares[kept], scenes=table.scenes[kept])


def _commonest(table: JointTable, most: int = 28) -> JointTable:
    """With only so many columns, the last of which holds the rarer ones together."""
    if len(table.columns) <= most:
        return table
    order = np.argsort(-(table.shares * table.scenes[:, None]).sum(axis=0), kind="stable")
    kept, rest = np.sort(order[: most - 1]), order[most - 1 :]
    columns = (*(table.columns[k] for k in kept), f"{len(rest)} others")
    others = table.shares[:, rest].sum(axis=1, keepdims=True)
    shares = np.concatenate([table.shares[:, kept], others], axis=1)
    return replace(table, columns=columns, shares=shares)


def _shares(axes: Axes, table: JointTable) -> None:
    """A table as a map, each cell with its share in per cent."""
    percent = 100 * table.shares
    axes.imshow(percent, cmap="Blues", vmin=0, vmax=max(np.nanmax(percent), 1) * 1.15,
                aspect="auto")  # fmt: skip
    dark = np.nanmax(percent) * 0.62
    for (row, column), value in np.ndenumerate(percent):
        text = "–" if np.isnan(value) else f"{value:.0f}" if value >= 9.95 else f"{value:.1f}"
        axes.text(column, row, text, ha="center", va="center", fontsize=6,
                  color="white" if value > dark else "#222222")  # fmt: skip
    axes.set_xticks(range(len(table.columns)), [c.replace("_", " ") for c in table.columns],
                    rotation=38, ha="right", rotation_mode="anchor")  # fmt: skip
    axes.set_yticks(range(len(table.rows)), table.rows)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(f"{table.title}, %", loc="left")


def _joints(tables: Sequence[JointTable]) -> None:
    hair, tone, faces, gaze, worn, hats = tables
    lines = ((hair, tone), (faces,), (hats,), (gaze, worn))
    heights = [0.85 + 0.17 * len(line[0].rows) for line in lines]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.875, sum(heights)), layout="constrained")
        parts = figure.subfigures(len(lines), 1, height_ratios=heights)
        for part, line in zip(parts, lines, strict=True):
            cells = part.subplots(1, len(line), squeeze=False)[0]
            for axes, table in zip(cells, line, strict=True):
                _shares(axes, table)
        _save_figure(figure, "sampler_joints")


def _markdown(table: JointTable) -> str:
    turned = len(table.columns) > 8
    rows, columns, shares = table.rows, table.columns, table.shares
    if turned:
        rows, columns, shares = columns, rows, shares.T
    lines = [f"| {table.title}, % | " + " | ".join(columns) + " |"]
    lines.append("|---|" + "---:|" * len(columns))
    for name, values in zip(rows, shares, strict=True):
        cells = ("–" if np.isnan(v) else f"{100 * v:.1f}" for v in values)
        lines.append(f"| {name.replace('_', ' ')} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _acceptance(inputs: Inputs, rows: int) -> str:
    lines = ["| preset | scenes drawn | candidates accepted | framings bent to the rules |",
             "|---|---:|---:|---:|"]  # fmt: skip
    for preset in preset_names():
        sampler = Sampler(load_config(preset), inputs, SEED, "train")
        tally = sum((sampler.draw_block(*p).tally for p in sampler.blocks(0, rows)), Tally())
        lines.append(
            f"| `{preset}` | {tally.rows:,} | {tally.rate:.1%} | {tally.bent / tally.rows:.2%} |"
        )
    return "\n".join(lines)


def _coverage_table(measured: Sequence[Coverage]) -> str:
    lines = [
        "| samples | discrepancy, random | Sobol | error of yaw's CDF, random | Sobol |",
        "|---:|---:|---:|---:|---:|",
    ]
    by = {(c.sequence, c.n): c for c in measured}
    for n in sorted({c.n for c in measured}):
        a, b = by["random", n], by["sobol", n]
        lines.append(
            f"| {n:,} | {a.discrepancy:.4f} | {b.discrepancy:.4f} | {a.ks_yaw:.4f} "
            f"| {b.ks_yaw:.4f} |"
        )
    return "\n".join(lines)


def _write(name: str, text: str) -> None:
    """Put text between its marks in the page."""
    page = DOCS / "sampler.md"
    pattern = re.compile(rf"(<!-- made: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    new, count = pattern.subn(lambda m: f"{m[1]}\n{text}\n\n{m[2]}", page.read_text("utf-8"))
    if count != 1:
        raise SystemExit(f"{page}: {count} places for {name!r}, and there must be one")
    page.write_text(new, "utf-8")


def main(rows: int) -> None:
    inputs = load_inputs()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        poses = ("facesynthetics", "wide", "frontal", "full-range", "uniform-so3")
        _sheet(poses, ("pose",), "sampler_presets", rows, inputs, folder)
        one = ("facesynthetics",)
        for part, sections in (
            ("pose", ("pose", "framing", "gaze")),
            ("people", ("people", "hair")),
            ("worn", ("worn",)),
            ("rest", ("light", "expression")),
        ):
            _sheet(one, sections, f"sampler_{part}", rows, inputs, folder, "facesynthetics", 1000)
        _sheet(("sequence",), ("tracks",), "sampler_tracks",
               rows_wanted(load_config("sequence").layout, None, None), inputs, folder)  # fmt: skip
    _write("coverage", _coverage_table(_coverage(load_config())))
    table = Sampler(load_config(), inputs, SEED, "train").draw(0, rows)
    tables = [_commonest(_filled(t)) for t in joint_tables(table)]
    _joints(tables)
    _write("joints", "\n\n".join(map(_markdown, tables)))
    _write("acceptance", _acceptance(inputs, rows))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
