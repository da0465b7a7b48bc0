"""``rf-convert``: a rendered dataset into other formats, and a picture of its labels."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from converters.export import Format, Summary, export
from converters.filters import Filters
from converters.format_300w_lp import OPENTRACK_SUBSETS, Format300wLp
from converters.format_facesynthetics import FormatFaceSynthetics
from converters.overlay import write_overlay
from converters.pipeline import OnError, ReadOptions
from spec_schema.dataset import Dataset
from spec_schema.errors import (
    EXIT_FAILED_SAMPLES,
    EXIT_INTERRUPTED,
    EXIT_USAGE,
    ReplicantfaceError,
)

__all__ = ["app", "main"]

Note = TypeVar("Note")

app = typer.Typer(
    name="rf-convert",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="""Convert a dataset that rf-render wrote into another format, or draw its labels.

    \b
    rf-convert overlay dataset sheet.png        look at the labels first
    rf-convert 300w-lp dataset 300w-lp.zip      for 6DRepNet, Hopenet, 3DDFA, opentrack
    rf-convert facesynthetics dataset out.zip   image, mask and landmarks a sample

    \b
    Exit codes: 0 done; 1 done, but broken samples were skipped; 2 wrong call or
    broken input, nothing was written; 75 interrupted, nothing was written.
    """,
)

Source = Annotated[
    Path, typer.Argument(metavar="DIR", help="Folder that rf-render wrote (has dataset.json).")
]
Out = Annotated[
    Path, typer.Argument(metavar="OUT", help="A name ending in .zip, or a folder to make.")
]
OnErrorOption = Annotated[
    OnError,
    typer.Option(help="At a broken sample: stop and write nothing, or leave it out and count it."),
]
Workers = Annotated[
    int, typer.Option(min=1, help="Processes to use. The result is the same for any number.")
]
Verify = Annotated[
    bool,
    typer.Option(help="Compare every file with the SHA-256 that rf-render noted. Slower, safer."),
]
Limit = Annotated[int | None, typer.Option(min=1, help="Only the first so many samples.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an earlier export.")]
MinBox = Annotated[
    float,
    typer.Option(
        min=0, help="Leave out faces whose box has a shorter side than this in the exported image."
    ),
]
MaxYaw = Annotated[
    float,
    typer.Option(min=0, max=180, help="Leave out heads turned further; 180 keeps every head."),
]
MinBrightness = Annotated[
    float,
    typer.Option(
        min=0,
        max=255,
        help="Leave out images whose brightest 2 % stays below this grey value; 0 keeps all.",
    ),
]


@contextmanager
def _interruptible() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("\nrf-convert: interrupted; nothing was written", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None


def _report(summary: Summary, source: Path, out: Path) -> None:
    typer.echo("\n".join([*summary.lines(), f"{out}"]), err=True)
    about = Dataset(source).info.get("manifest")
    planned = about.get("rows") if isinstance(about, dict) else None
    if isinstance(planned, int) and summary.read < planned:
        typer.echo(
            f"note: {summary.read} of the manifest's {planned} rows were converted; "
            "the others are not rendered yet, or were left out by --limit",
            err=True,
        )
    if summary.skipped:
        raise typer.Exit(EXIT_FAILED_SAMPLES)


def _convert(
    source: Path, out: Path, form: Format[Note], options: ReadOptions, overwrite: bool
) -> None:
    with _interruptible():
        summary = export(source, out, form, options, overwrite)
    _report(summary, source, out)


def _subset(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]+", value):
        raise typer.BadParameter(f"{value!r}: letters and digits only, since it names a folder")
    return value


@app.command("300w-lp")
def cmd_300w_lp(
    source: Source,
    out: Out,
    subset: Annotated[
        str,
        typer.Option(
            callback=_subset,
            help="Folder inside 300W_LP/. opentrack looks only into "
            + ", ".join(OPENTRACK_SUBSETS)
            + ".",
        ),
    ] = OPENTRACK_SUBSETS[0],
    jpeg_quality: Annotated[int, typer.Option(min=1, max=100, help="Pillow's scale.")] = 95,
    min_box_px: MinBox = 32,
    max_yaw_deg: MaxYaw = 90,
    min_brightness: MinBrightness = 20,
    on_error: OnErrorOption = OnError.FAIL,
    workers: Workers = 1,
    verify: Verify = True,
    limit: Limit = None,
    overwrite: Overwrite = False,
) -> None:
    """450 px JPEG + .mat with pose, landmarks and face box, in the layout of 300W-LP.

    The pose in the .mat is the rotation as seen (weak perspective); how far it is from the
    plain rotation, and how well it fits, stands in 300W_LP/fits.csv of the export.

    \b
    rf-convert 300w-lp dataset 300w-lp.zip
    rf-convert 300w-lp dataset data/300w-lp --workers 8 --max-yaw-deg 75
    """
    form = Format300wLp(subset, jpeg_quality, Filters(min_box_px, max_yaw_deg, min_brightness))
    _convert(source, out, form, ReadOptions(on_error, workers, verify, limit), overwrite)


@app.command("facesynthetics")
def cmd_facesynthetics(
    source: Source,
    out: Out,
    min_box_px: MinBox = 32,
    max_yaw_deg: MaxYaw = 90,
    min_brightness: MinBrightness = 20,
    on_error: OnErrorOption = OnError.FAIL,
    workers: Workers = 1,
    verify: Verify = True,
    limit: Limit = None,
    overwrite: Overwrite = False,
) -> None:
    """512 px image, class mask and 70 landmarks a sample, in the layout of FaceSynthetics.

    Samples are numbered from 000000 without gaps; rows.txt has the manifest row of each.

    \b
    rf-convert facesynthetics dataset faces.zip
    rf-convert facesynthetics dataset faces --max-yaw-deg 180 --on-error skip
    """
    form = FormatFaceSynthetics(Filters(min_box_px, max_yaw_deg, min_brightness))
    _convert(source, out, form, ReadOptions(on_error, workers, verify, limit), overwrite)


@app.command("overlay")
def cmd_overlay(
    source: Source,
    out: Annotated[Path, typer.Argument(metavar="OUT.png", help="The sheet; replaced if there.")],
    columns: Annotated[
        int | None, typer.Option(min=1, help="Samples side by side; chosen for you if left out.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Only the first so many samples.")] = 64,
    size: Annotated[int, typer.Option(min=64, max=2048, help="Side of each image, pixels.")] = 320,
    on_error: OnErrorOption = OnError.FAIL,
    workers: Workers = 1,
    verify: Verify = True,
) -> None:
    """A contact sheet: each image with its labels drawn on it, and its mask beside it.

    Landmarks (the subject's right side warm, left side cool), head axes (x red, y green,
    z blue), face box, gaze rays, and the angles in words.

    \b
    rf-convert overlay dataset sheet.png
    rf-convert overlay dataset close.png --limit 2 --size 1024 --columns 1
    """
    options = ReadOptions(on_error, workers, verify, limit)
    with _interruptible():
        summary = write_overlay(source, out, size, columns, options)
    _report(summary, source, out)


def main() -> None:
    """Entry point of ``rf-convert``."""
    try:
        app()
    except ReplicantfaceError as e:
        typer.echo(f"rf-convert: {e}", err=True)
        sys.exit(e.exit_code)
    except OSError as e:
        typer.echo(f"rf-convert: {e.filename or 'output'}: {e.strerror or e}", err=True)
        sys.exit(EXIT_USAGE)


if __name__ == "__main__":
    main()
