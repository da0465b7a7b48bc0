"""rf-plot: look at what a manifest holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from sampler.interruption import term_is_an_interrupt
from spec_schema.errors import EXIT_INTERRUPTED, EXIT_USAGE, ReplicantfaceError
from spec_schema.version import version_option

__all__ = ["app", "main"]

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_HELP = """Plot the distributions of manifests and of rendered datasets.

Head pose, face size and position, gaze, people, hair, worn things, light, expression, and tracks
over time. Several sets are laid over each other; of a dataset's folder, the samples that are
complete. A PNG or SVG is one sheet, a PDF has pages.

\b
Examples:
  rf-plot manifest.parquet -o poses.png
  rf-plot manifest.parquet --summary
  rf-plot train.parquet test.parquet -o both.pdf
  rf-plot faces/manifest.parquet faces/ --summary -o planned-and-rendered.pdf
  rf-plot manifest.parquet --card DATA_CARD.md --measured faces/
  rf-plot mine.parquet --against facesynthetics --sections pose,people -o poses.svg

\b
Sections: pose, framing, gaze, people, hair, worn, light, expression, tracks
Exit codes: 0 done, 2 nothing done, 75 interrupted.
"""

_FORMATS: Final = (".png", ".svg", ".pdf")


def _fail(message: str) -> typer.Exit:
    typer.echo(f"rf-plot: {message}", err=True)
    return typer.Exit(EXIT_USAGE)


@app.command(help=_HELP)
def plot_manifests(
    sets: Annotated[
        list[Path] | None,
        typer.Argument(help="Manifests of rf-sample, or folders of rf-render.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="PNG, SVG or PDF file to write.")
    ] = None,
    summary: Annotated[bool, typer.Option("--summary", help="Print the figures as text.")] = False,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="PRESET", help="Preset or TOML file whose declarations are drawn dashed."
        ),
    ] = None,
    sections: Annotated[
        str | None,
        typer.Option(metavar="NAME,…", help="Only these parts, such as pose,gaze."),
    ] = None,
    card: Annotated[
        Path | None,
        typer.Option(metavar="FILE.md", help="Write the data card of the first set: Markdown."),
    ] = None,
    measured: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Rendered folder whose seconds the card's cost is from."),
    ] = None,
    title: Annotated[str | None, typer.Option(help="Heading of the card.")] = None,
    _version: Annotated[bool, version_option("rf-plot")] = False,
) -> None:
    if not sets:
        raise _fail("what to plot? For example: rf-plot manifest.parquet -o poses.png")
    if output is None and not summary and card is None:
        raise _fail("nothing to do: give -o poses.png, --summary, --card card.md, or several")
    if card is None and (measured or title):
        raise _fail("--measured and --title are for --card, which is missing")
    if output is not None:
        _check_output(output)
    term_is_an_interrupt()
    names = [name.strip() for name in (sections or "").split(",") if name.strip()]
    try:
        if output is not None or summary:
            _run(sets, output, summary, against, names)
        if card is not None:
            _write_card(sets[0], card, measured, title)
    except ReplicantfaceError as e:
        typer.echo(f"rf-plot: {e}", err=True)
        raise typer.Exit(e.exit_code) from e
    except KeyboardInterrupt as e:
        typer.echo("rf-plot: interrupted", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from e
    except OSError as e:
        raise _fail(f"{e.filename or output}: {e.strerror or e}") from e


def _check_output(output: Path) -> None:
    if output.is_dir():
        raise _fail(f"{output}: is a folder; name a file that ends in {', '.join(_FORMATS)}")
    if output.exists() and not output.is_file():
        raise _fail(f"{output}: not a regular file, so it is not replaced")
    if output.suffix.lower() not in _FORMATS:
        raise _fail(f"{output}: the name must end in {', '.join(_FORMATS)}")
    if not output.parent.is_dir():
        raise _fail(f"{output}: there is no folder {str(output.parent)!r}")


def _run(
    paths: list[Path], output: Path | None, summary: bool, against: str | None, sections: list[str]
) -> None:
    from assets.user.head_targets import head_of_key
    from sampler.config import load_config
    from sampler.declared import declared
    from sampler.figures import read_figures
    from sampler.inputs import load_inputs
    from sampler.sources import open_sources

    reference = None
    if against is not None:
        name = Path(against).stem if against.endswith(".toml") else against
        reference = declared(load_config(against), name)
    if output is not None:
        from sampler.plots import check_sections

        check_sections(sections)
    inputs = load_inputs()
    sources = open_sources(paths, inputs.landmarks.shape_keys)
    for source in sources:
        if source.broken:
            typer.echo(
                f"rf-plot: note: {source.path}: {source.broken} completion markers can't be "
                "read; their samples are left out",
                err=True,
            )
        pack = source.manifest.info.asset_lock.get("head")
        if pack is not None and pack != inputs.asset_lock.get("head"):
            typer.echo(
                f"rf-plot: note: {source.path}: drawn for another head model, so its face boxes "
                "are not exact",
                err=True,
            )
        lock = source.manifest.info.asset_lock
        gone = set(source.manifest.shape_keys) - set(inputs.landmarks.shape_keys)
        heads = sorted({head_of_key(key, lock) for key in gone} & set(lock))
        if heads:
            typer.echo(
                f"rf-plot: note: {source.path}: drawn with {', '.join(heads)}, which is not here, "
                "so its face boxes are not exact",
                err=True,
            )
    read = [read_figures(source, inputs.landmarks) for source in sources]
    if output is not None:
        from sampler.plots import plot

        partial = output.with_name(f".{output.stem}.partial{output.suffix}")
        try:
            plot(read, partial, reference, sections)
            partial.replace(output)
        finally:
            partial.unlink(missing_ok=True)
    if summary:
        from sampler.summary import summary as in_words

        typer.echo(in_words(read, reference))


def _write_card(path: Path, card: Path, measured: Path | None, title: str | None) -> None:
    from sampler.card import data_card, measured_cost
    from spec_schema.manifest import Manifest

    manifest = Manifest(path / "manifest.parquet" if path.is_dir() else path)
    cost = measured_cost(measured) if measured is not None else None
    card.write_text(data_card(manifest, title or card.resolve().parent.name, cost), "utf-8")


def main() -> None:
    """Entry point of ``rf-plot``."""
    app()


if __name__ == "__main__":
    main()
