"""``rf-report``: look at a rendered dataset in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from converters.command import LimitOption, Source, Verify, Workers, interruptible, run, told
from converters.report.write import ReportOptions, write_report
from spec_schema.version import version_option

__all__ = ["app", "main"]

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def report(
    source: Source,
    out: Annotated[Path, typer.Option("--out", "-o", help="The page to write.")] = Path(
        "report.html"
    ),
    picture: Annotated[
        int | None,
        typer.Option(
            min=48, max=1024, help="Side of the pictures in pixels [default: 384 to 96, by number]."
        ),
    ] = None,
    title: Annotated[str | None, typer.Option(help="Heading of the page.")] = None,
    workers: Workers = 1,
    verify: Verify = True,
    limit: LimitOption = None,
    _version: Annotated[bool, version_option("rf-report")] = False,
) -> None:
    """One page of a rendered dataset that opens in any browser and loads nothing from a network.

    Gallery with filters, sorting and switchable overlays; distributions planned and rendered;
    failures; throughput; licences.

    \b
    rf-report faces -o report.html
    rf-report faces -o report.html --workers 8 --no-verify
    rf-report faces -o close.html --limit 50 --picture 512

    \b
    Exit codes: 0 done; 1 done, but broken samples stand in it as failures; 2 wrong call, or no
    dataset; 75 interrupted or out of disk space.
    """
    options = ReportOptions(picture, title, workers, verify, limit)
    with interruptible():
        summary = write_report(source, out, options)
    told(summary, source, f"{out}: {out.stat().st_size / 1e6:.1f} MB")


def main() -> None:
    """Entry point of ``rf-report``."""
    run(app, "rf-report")


if __name__ == "__main__":
    main()
