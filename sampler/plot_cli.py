"""rf-plot: look at what a manifest holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spec_schema.errors import EXIT_INTERRUPTED, EXIT_USAGE, ReplicantfaceError

__all__ = ["app", "main"]

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_HELP = """Plot the distributions of one or more manifests.

Head pose, face size and position, gaze, people, hair, worn things, light. Several manifests
are laid over each other.

\b
Examples:
  rf-plot manifest.parquet -o poses.png
  rf-plot manifest.parquet --summary
  rf-plot train.parquet test.parquet -o both.pdf
  rf-plot mine.parquet --against facesynthetics -o poses.svg

Exit codes: 0 done, 2 nothing done, 75 interrupted.
"""

_FORMATS = (".png", ".svg", ".pdf")


def _fail(message: str) -> typer.Exit:
    typer.echo(f"rf-plot: {message}", err=True)
    return typer.Exit(EXIT_USAGE)


@app.command(help=_HELP)
def plot_manifests(
    manifests: Annotated[list[Path], typer.Argument(help="Manifests of rf-sample.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="PNG, SVG or PDF file to write.")
    ] = None,
    summary: Annotated[bool, typer.Option("--summary", help="Print the figures as text.")] = False,
    against: Annotated[
        str | None,
        typer.Option(help="Preset or TOML file whose declared pose is drawn as dashed lines."),
    ] = None,
) -> None:
    if output is None and not summary:
        raise _fail("nothing to do: give -o poses.png, or --summary, or both")
    if output is not None and output.suffix.lower() not in _FORMATS:
        raise _fail(f"{output}: the name must end in {', '.join(_FORMATS)}")
    if output is not None and not output.parent.is_dir():
        raise _fail(f"{output}: there is no folder {str(output.parent)!r}")
    try:
        _run(manifests, output, summary, against)
    except ReplicantfaceError as e:
        typer.echo(f"rf-plot: {e}", err=True)
        raise typer.Exit(e.exit_code) from e
    except KeyboardInterrupt as e:
        typer.echo("rf-plot: interrupted", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from e
    except OSError as e:
        raise _fail(f"{e.filename or output}: {e.strerror or e}") from e


def _run(manifests: list[Path], output: Path | None, summary: bool, against: str | None) -> None:
    from sampler import figures
    from sampler.config import load_config
    from sampler.inputs import load_inputs
    from sampler.plots import plot

    reference = load_config(against).pose if against is not None else None
    for path in manifests:
        figures.check(path)
    landmarks = load_inputs().landmarks
    read = [figures.read_figures(path, landmarks) for path in manifests]
    if summary:
        typer.echo("\n\n".join(figures.summary(f) for f in read))
    if output is not None:
        partial = output.with_name(f".{output.stem}.partial{output.suffix}")
        try:
            plot(read, partial, reference)
            partial.replace(output)
        finally:
            partial.unlink(missing_ok=True)


def main() -> None:
    """Entry point of ``rf-plot``."""
    app()


if __name__ == "__main__":
    main()
