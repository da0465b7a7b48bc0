"""The command ``rf-render``."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, cast

import typer

from renderer.engine import ENGINE_VARIABLE, find_engine
from renderer.run import RunOptions, render_manifest
from renderer.settings import DEVICES, Device, RenderSettings
from renderer.shards import parse_shard
from renderer.verify import verify_dataset
from spec_schema.errors import (
    EXIT_FAILED_SAMPLES,
    EXIT_INTERRUPTED,
    EXIT_OK,
    ReplicantfaceError,
)

__all__ = ["app", "main"]

DeviceChoice = StrEnum("DeviceChoice", {name: name for name in DEVICES})  # type: ignore[misc]

HELP: Final = """Render a manifest of scenes into a folder of labelled pictures.

Interrupted or crashed, run the same command again: what is done is kept, the rest is rendered.
The output does not depend on workers, threads, shards or order.

Examples:

  rf-sample --n 100 -o faces.parquet

  rf-render faces.parquet --out faces

  rf-render faces.parquet --out faces --size 512 --samples 32 --device optix

  rf-render faces.parquet --out faces --shard 3/16        (on the third of 16 machines)

  rf-render --verify faces

Exit codes: 0 done; 1 done, but samples failed, or --verify found some missing or damaged; 2 the
call or the input is wrong; 75 interrupted or out of disk space, run again to go on.
"""

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(help=HELP)
def render(
    manifest: Annotated[
        Path | None, typer.Argument(help="Manifest that rf-sample wrote (.parquet).")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for the dataset; made, or gone on with."),
    ] = None,
    shard: Annotated[
        str, typer.Option(help="Render the I-th of N parts, such as 3/16; counts from 1.")
    ] = "1/1",
    size: Annotated[
        int, typer.Option(min=16, max=8192, help="Width and height of the image in pixels.")
    ] = 640,
    samples: Annotated[
        int, typer.Option(min=1, max=16384, help="Light paths a pixel before denoising.")
    ] = 16,
    device: Annotated[
        DeviceChoice,
        typer.Option(help="Processor to render on; auto takes a GPU where there is one."),
    ] = DeviceChoice("cpu"),
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Render processes [default: one a core; one for a GPU]."),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(min=1, help="CPU threads of each [default: the cores shared out]."),
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Also render samples that failed before.")
    ] = False,
    timeout: Annotated[
        float | None,
        typer.Option(
            min=1.0, help="Seconds after which a sample hangs [default: by size and samples]."
        ),
    ] = None,
    verify: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Only check every hash of the dataset in DIR."),
    ] = None,
) -> None:
    if verify is not None:
        if manifest is not None or out is not None:
            raise typer.BadParameter("--verify takes a folder and nothing to render")
        raise typer.Exit(_verify(verify))
    if manifest is None:
        raise typer.BadParameter("which manifest? For example: rf-render faces.parquet --out faces")
    if out is None:
        raise typer.BadParameter("--out is missing: the folder for the dataset")
    settings = RenderSettings(size_px=size, samples=samples, device=cast(Device, device.value))
    engine_name = os.environ.get(ENGINE_VARIABLE)
    options = RunOptions(parse_shard(shard), workers, threads, retry_failed, timeout, engine_name)
    try:
        code = render_manifest(manifest, out, settings, options, find_engine(engine_name))
    except KeyboardInterrupt:
        sys.stderr.write("rf-render: interrupted before rendering began\n")
        code = EXIT_INTERRUPTED
    raise typer.Exit(code)


def _verify(root: Path) -> int:
    verdict = verify_dataset(root, sys.stderr)
    sys.stderr.write(
        f"rf-render: {root}: {verdict.done} samples are whole, {len(verdict.missing)} missing, "
        f"{len(verdict.damaged)} damaged\n"
    )
    for word, rows in (("missing", verdict.missing), ("damaged", verdict.damaged)):
        if rows:
            more = f" and {len(rows) - 20} more" if len(rows) > 20 else ""
            sys.stderr.write(f"{word} rows: {', '.join(map(str, rows[:20]))}{more}\n")
    return EXIT_OK if verdict.whole else EXIT_FAILED_SAMPLES


def main() -> None:
    """Entry of the command: a user's mistake is one message and an exit code, no traceback."""
    try:
        app(prog_name="rf-render")
    except ReplicantfaceError as e:
        again = "; what is done is kept: see to it and run the same command again"
        hint = again if e.exit_code == EXIT_INTERRUPTED else ""
        sys.stderr.write(f"rf-render: {e}{hint}\n")
        sys.exit(e.exit_code)


if __name__ == "__main__":
    main()
