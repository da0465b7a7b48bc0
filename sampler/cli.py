"""rf-sample: draw scene specs into a manifest."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from sampler.acceptance import Tally
from sampler.config import DEFAULT_PRESET, SamplerConfig, changed, load_config, preset_names
from sampler.interruption import stopping_between_blocks, term_is_an_interrupt
from sampler.layout import StillsLayout, rows_wanted
from spec_schema.errors import EXIT_INTERRUPTED, EXIT_USAGE, ReplicantfaceError, SpecError
from spec_schema.version import version_option

__all__ = ["app", "main"]

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_HELP = f"""Draw scenes of synthetic faces from declared distributions.

Writes a manifest: a Parquet file with one row for each image to be rendered, which holds all
that the image depends on. Row k is the same for any --n and --start.

\b
Examples:
  rf-sample --n 100000 > manifest.parquet
  rf-sample --n 1000 --split test -o test.parquet
  rf-sample --n 1000 --preset frontal --set glasses.share=0.5 -o office.parquet
  rf-sample --preset stability -o stability.parquet
  rf-sample --identities 50 --variations 20 --vary expression,environment -o faces.parquet
  rf-sample --set pose.yaw.scale_deg=40 --print-config > mine.toml
  rf-sample --n 1000 --preset mine.toml -o mine.parquet

\b
Presets: {", ".join(preset_names())}
Exit codes: 0 done, 2 nothing done, 75 interrupted.
"""

_MAX_INDEX = 10**12


def _fail(message: str) -> typer.Exit:
    typer.echo(f"rf-sample: {message}", err=True)
    return typer.Exit(EXIT_USAGE)


class _Progress:
    """Silent for a second; then a line that is rewritten on a terminal, or a few lines in a log."""

    def __init__(self, total: int) -> None:
        self._total, self._begin = total, time.monotonic()
        self._live = sys.stderr.isatty()
        self._next = self._begin + 1.0
        self.shown = False

    def __call__(self, rows: int) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + (0.2 if self._live else 10.0)
        self.shown = True
        speed = rows / (now - self._begin)
        left = (self._total - rows) / speed
        text = f"{rows:,} of {self._total:,} scenes, {speed:,.0f}/s, {left:.0f} s left"
        sys.stderr.write(f"\r\033[K{text}" if self._live else text + "\n")
        sys.stderr.flush()

    def done(self, tally: Tally) -> None:
        """What was drawn, whether or not anything was shown before."""
        seconds = time.monotonic() - self._begin
        text = f"{tally.rows:,} scenes in {seconds:.1f} s; {tally}"
        sys.stderr.write(f"\r\033[K{text}\n" if self._live else text + "\n")

    def clear(self) -> None:
        if self._live and self.shown:
            sys.stderr.write("\r\033[K")


@app.command(help=_HELP)
def sample(
    n: Annotated[int | None, typer.Option("--n", "-n", help="How many scenes.", min=1)] = None,
    identities: Annotated[
        int | None,
        typer.Option(min=1, help="How many identities (or tracks), instead of --n."),
    ] = None,
    variations: Annotated[
        int | None, typer.Option(min=1, help="Scenes of each identity; see --vary.")
    ] = None,
    vary: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,…",
            help="What differs between them, such as expression,environment; all else is held.",
        ),
    ] = None,
    neutral_first: Annotated[
        bool, typer.Option("--neutral-first", help="The first of each identity is neutral.")
    ] = False,
    sequence: Annotated[
        str | None, typer.Option(help="random, or sobol for even coverage by few scenes.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write; standard output if not given."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Root seed of all streams.", min=0)] = 0,
    start: Annotated[int, typer.Option(help="Index of the first scene.", min=0)] = 0,
    split: Annotated[
        str, typer.Option(help="train, test or val: streams that share no identity.")
    ] = "train",
    preset: Annotated[str, typer.Option(help="Name of a preset, or a TOML file.")] = DEFAULT_PRESET,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override one number; may be repeated."),
    ] = None,
    head: Annotated[
        str | None, typer.Option(help="Everyone has this head of yours, such as user/anna.")
    ] = None,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Print the whole config as TOML, and stop.")
    ] = False,
    _version: Annotated[bool, version_option("rf-sample")] = False,
) -> None:
    try:
        config = load_config(preset, set_ or ())
        config = _laid_out(config, variations, vary, neutral_first, sequence)
        if print_config:
            from sampler.toml_text import to_toml

            typer.echo(to_toml(config.model_dump()).rstrip())
            return
        n = rows_wanted(config.layout, n, identities)
        if start + n > _MAX_INDEX:
            raise _fail(f"--start {start} with --n {n}: indices must stay below {_MAX_INDEX:.0e}")
        if output is None and sys.stdout.isatty():
            raise _fail(
                "a manifest is a binary file and would garble the terminal; write it to a file "
                "(-o manifest.parquet, or > manifest.parquet) or pipe it"
            )
        if output is not None and not output.parent.is_dir():
            raise _fail(f"{output}: there is no folder {str(output.parent)!r}")
        if output is not None and output.is_dir():
            raise _fail(f"{output}: is a folder; name a file")
        _write(config, n, output, seed, start, split, head)
    except ReplicantfaceError as e:
        typer.echo(f"rf-sample: {e}", err=True)
        raise typer.Exit(e.exit_code) from e


def _laid_out(
    config: SamplerConfig,
    variations: int | None,
    vary: str | None,
    neutral_first: bool,
    sequence: str | None,
) -> SamplerConfig:
    """The config with what the call says of its layout."""
    layout: dict[str, Any] = {}
    if variations is not None:
        layout["variations"] = variations
    if vary is not None:
        layout["vary"] = [name.strip() for name in vary.split(",") if name.strip()]
    if neutral_first:
        layout["neutral_first"] = True
    stills = isinstance(config.layout, StillsLayout)
    if layout and not stills:
        flag = "--" + next(iter(layout)).replace("_", "-")
        raise SpecError(f"{flag}: this preset draws tracks; they have --set layout.frames=…")
    if sequence is not None:
        layout["sequence"] = sequence
    return changed(config, {"layout": layout}) if layout else config


def _write(
    config: SamplerConfig,
    n: int,
    output: Path | None,
    seed: int,
    start: int,
    split: str,
    head: str | None,
) -> None:
    from sampler.inputs import load_inputs
    from sampler.scene import Sampler
    from sampler.writing import write_manifest

    term_is_an_interrupt()
    progress = _Progress(n)
    try:
        sampler = Sampler(config, load_inputs() if head is None else load_inputs(head), seed, split)
        if output is None:
            tally = write_manifest(sampler, start, n, sys.stdout.buffer, progress)
        else:
            with stopping_between_blocks(progress) as on_rows:
                tally = write_manifest(sampler, start, n, output, on_rows)
        progress.done(tally)
    except KeyboardInterrupt as e:
        progress.clear()
        typer.echo("rf-sample: interrupted; nothing complete was written", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from e
    except OSError as e:
        progress.clear()
        where = output if output is not None else "standard output"
        if isinstance(e, BrokenPipeError):
            # Python flushes standard output once more when it ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise _fail(f"{where}: {e.strerror or e}; nothing complete was written") from e


def main() -> None:
    """Entry point of ``rf-sample``."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)


if __name__ == "__main__":
    main()
