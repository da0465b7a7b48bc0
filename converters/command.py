"""What all ``rf-convert FORMAT`` commands share: arguments, the course, and what is told."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from converters.export import Format, Summary, export
from converters.filters import Filters
from converters.pipeline import OnError, ReadOptions
from converters.work import Interrupted
from spec_schema.dataset import Dataset
from spec_schema.errors import EXIT_FAILED_SAMPLES, EXIT_USAGE, ReplicantfaceError

__all__ = [
    "LimitOption",
    "OnErrorOption",
    "Source",
    "Verify",
    "Workers",
    "format_command",
    "interruptible",
    "run",
    "told",
]

Source = Annotated[
    Path, typer.Argument(metavar="DIR", help="Folder that rf-render wrote (has dataset.json).")
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
LimitOption = Annotated[int | None, typer.Option(min=1, help="Only the first so many samples.")]


def _shared(
    source: Source,
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="Name of the export, as the examples show.")
    ],
    min_box_px: Annotated[
        float,
        typer.Option(
            min=0, help="Leave out faces whose box has a shorter side in the exported image."
        ),
    ] = 32,
    max_yaw_deg: Annotated[
        float,
        typer.Option(min=0, max=180, help="Leave out heads turned further; 180 keeps every head."),
    ] = 90,
    min_brightness: Annotated[
        float,
        typer.Option(
            min=0,
            max=255,
            help="Leave out images whose brightest 2 % stays below this grey value; 0 keeps all.",
        ),
    ] = 20,
    on_error: OnErrorOption = OnError.FAIL,
    workers: Workers = 1,
    verify: Verify = True,
    limit: LimitOption = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier export.")] = (
        False
    ),
) -> None:
    """Arguments of every format."""


_ROWS_SHOWN: Final = 10


def told(summary: Summary, source: Path, out: str) -> None:
    """What became of the samples, on stderr.

    Raises:
        typer.Exit: some were skipped because they are broken.
    """
    typer.echo("\n".join([*summary.lines(), out]), err=True)
    about = Dataset(source).info.get("manifest")
    planned = about.get("rows") if isinstance(about, dict) else None
    if isinstance(planned, int) and summary.read < planned:
        typer.echo(
            f"note: {summary.read} of the manifest's {planned} rows were read"
            + _without_sample(Dataset(source), planned),
            err=True,
        )
    if summary.skipped:
        raise typer.Exit(EXIT_FAILED_SAMPLES)


def _without_sample(dataset: Dataset, planned: int) -> str:
    """Which rows have no finished sample, in words; nothing where all have one."""
    there = {int(p.name.split(".")[0]) for p in dataset.root.glob("[0-9]*/[0-9]*.done.json")}
    missing = sorted(set(range(planned)) - there)
    if not missing:
        return ""
    shown = ", ".join(map(str, missing[:_ROWS_SHOWN]))
    more = ", ..." if len(missing) > _ROWS_SHOWN else ""
    return f"; {len(missing)} have no finished sample: {shown}{more} (rf-render --status tells why)"


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C before anything was done."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted("interrupted; nothing was written") from None


def format_command(app: typer.Typer, name: str) -> Callable[[Callable[..., Format]], None]:
    """Make a command of a function from a format's own options and ``filters`` to the format."""

    def register(make: Callable[..., Format]) -> None:
        def command(**given: Any) -> None:
            source, out = given.pop("source"), given.pop("out")
            options = ReadOptions(
                given.pop("on_error"),
                given.pop("workers"),
                given.pop("verify"),
                given.pop("limit"),
            )
            overwrite = given.pop("overwrite")
            filters = Filters(
                given.pop("min_box_px"), given.pop("max_yaw_deg"), given.pop("min_brightness")
            )
            with interruptible():
                summary = export(source, out, make(filters=filters, **given), options, overwrite)
            told(summary, source, str(out))

        shared = list(inspect.signature(_shared, eval_str=True).parameters.values())
        own = inspect.signature(make, eval_str=True).parameters.values()
        ordered = [*shared[:2], *(p for p in own if p.name != "filters"), *shared[2:]]
        parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in ordered]
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {p.name: p.annotation for p in parameters}
        command.__doc__ = make.__doc__
        app.command(name)(command)

    return register


def run(app: typer.Typer, name: str) -> None:
    """Entry of the command ``name``: a user's error is one message and its exit code."""
    try:
        app(prog_name=name)
    except ReplicantfaceError as e:
        typer.echo(f"{name}: {e}", err=True)
        sys.exit(e.exit_code)
    except OSError as e:
        typer.echo(f"{name}: {e.filename or 'output'}: {e.strerror or e}", err=True)
        sys.exit(EXIT_USAGE)
