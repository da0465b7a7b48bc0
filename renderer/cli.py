"""The command ``rf-render``."""

from __future__ import annotations

import itertools
import os
import re
import signal
import sys
from enum import StrEnum
from typing import Annotated, Final, cast

import typer

from renderer.devices import ask_devices, device_table
from renderer.engine import ENGINE_VARIABLE, find_engine
from renderer.labels_only import NAME as LABELS_ENGINE
from renderer.machine import usable_cores
from renderer.run import RunOptions, render_manifest
from renderer.settings import DEVICES, QUALITIES, Device, Output, RenderSettings
from renderer.shards import parse_shard
from renderer.status import dataset_status
from renderer.storage import local_copy
from renderer.verify import ROWS_TOLD, verify_dataset
from spec_schema.errors import (
    EXIT_FAILED_SAMPLES,
    EXIT_INTERRUPTED,
    EXIT_OK,
    ReplicantfaceError,
)
from spec_schema.version import version_option

__all__ = ["app", "main"]

DeviceChoice = StrEnum("DeviceChoice", {name: name for name in DEVICES})  # type: ignore[misc]
QualityChoice = StrEnum("QualityChoice", {name: name for name in QUALITIES})  # type: ignore[misc]

HELP: Final = """Render a manifest of scenes into a folder of labelled pictures.

Interrupted or crashed, run the same command again: what is done is kept, the rest is rendered.
The output does not depend on workers, threads, shards or order.

Examples:

  rf-sample --n 100 -o faces.parquet

  rf-render faces.parquet --out faces

  rf-render faces.parquet --out faces --size 512 --samples 32 --device optix

  rf-render faces.parquet --out faces --shard 3/16        (on the third of 16 machines)

  rf-render faces.parquet --out faces --shard auto        (in an array job of a cluster)

  rf-render faces.parquet --out labels --labels-only      (without Blender, many a second)

  rf-render --status faces

  rf-render --verify faces

Exit codes: 0 done; 1 done, but samples failed, or --status found some missing or failed, or
--verify some missing or damaged; 2 the call or the input is wrong; 75 interrupted, out of disk
space, or another process is at this shard: run again to go on.
"""

_RAY_ADDRESS: Final = re.compile(r"auto|local|ray://.+|[^/\s]+:[0-9]+")

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(help=HELP)
def render(
    manifest: Annotated[
        str | None, typer.Argument(help="Manifest that rf-sample wrote (.parquet), or its URL.")
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            "-o",
            help="Folder or URL (s3://, gs://...) for the dataset; made, or gone on with.",
        ),
    ] = None,
    shard: Annotated[
        str,
        typer.Option(
            metavar="I/N|auto|auto/N",
            help="Render the I-th of N parts, such as 3/16; counts from 1. auto asks Slurm, "
            "Kubernetes or AWS Batch.",
        ),
    ] = "1/1",
    size: Annotated[
        int, typer.Option(min=16, max=8192, help="Width and height of the image in pixels.")
    ] = 640,
    quality: Annotated[
        QualityChoice, typer.Option(help="Samples, care of the denoiser, strands of hair.")
    ] = QualityChoice("standard"),
    samples: Annotated[
        int | None,
        typer.Option(
            min=1, max=16384, help="Light paths a pixel before denoising [default: by --quality]."
        ),
    ] = None,
    depth: Annotated[
        bool, typer.Option("--depth", help="Also write metric depth (_depth.exr).")
    ] = False,
    normals: Annotated[
        bool, typer.Option("--normals", help="Also write camera-frame normals (_normal.exr).")
    ] = False,
    uv: Annotated[
        bool, typer.Option("--uv", help="Also write the skin's UV coordinates (_uv.exr).")
    ] = False,
    mattes: Annotated[
        bool,
        typer.Option(
            "--mattes", help="Also write soft mattes of hair, beard, brows, glasses, person."
        ),
    ] = False,
    layers: Annotated[
        bool,
        typer.Option("--layers", help="Also write the mask of what lies beneath (_layers.png)."),
    ] = False,
    raw: Annotated[
        bool,
        typer.Option("--raw", help="Also write the picture without what a camera adds (_raw.png)."),
    ] = False,
    photo: Annotated[
        bool,
        typer.Option(
            "--photo/--no-photo",
            help="Add what lens, sensor and file do to a photograph, as the manifest says.",
        ),
    ] = True,
    labels_only: Annotated[
        bool,
        typer.Option("--labels-only", help="Write the geometric labels alone; needs no Blender."),
    ] = False,
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
    max_memory: Annotated[
        float | None,
        typer.Option(
            min=100.0,
            metavar="MB",
            help="Memory of a worker over which it is ended [default: what the machine has].",
        ),
    ] = None,
    profile: Annotated[
        bool, typer.Option("--profile", help="Tell what each sample's time goes into.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Check everything, tell what would be done, write nothing."),
    ] = False,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="[ADDRESS]",
            help="Render on a Ray cluster: HOST:PORT; without an address the one in RAY_ADDRESS "
            "or on this machine.",
        ),
    ] = None,
    recheck: Annotated[
        bool,
        typer.Option(
            "--recheck", help="Under a URL too, compare the hashes of what is done, as in a folder."
        ),
    ] = False,
    verify: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Only check every hash of the dataset in DIR (or URL)."),
    ] = None,
    status: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Only tell what is done, failed (why) and missing."),
    ] = None,
    list_devices: Annotated[
        bool, typer.Option("--list-devices", help="Only tell what --device can take here.")
    ] = False,
    _version: Annotated[bool, version_option("rf-render")] = False,
) -> None:
    if list_devices:
        sys.stdout.write(device_table(ask_devices(os.environ.get(ENGINE_VARIABLE))))
        raise typer.Exit(EXIT_OK)
    if status is not None and verify is not None:
        raise typer.BadParameter("--verify and --status are two commands: one at a time")
    if status is not None:
        if manifest is not None or out is not None:
            raise typer.BadParameter("--status takes a folder and nothing to render")
        found = dataset_status(status)
        sys.stdout.write(found.text())
        raise typer.Exit(EXIT_OK if found.finished else EXIT_FAILED_SAMPLES)
    if verify is not None:
        if manifest is not None or out is not None:
            raise typer.BadParameter("--verify takes a folder and nothing to render")
        raise typer.Exit(_verify(verify))
    if manifest is None:
        raise typer.BadParameter("which manifest? For example: rf-render faces.parquet --out faces")
    if not out:
        raise typer.BadParameter("--out is missing or empty: the folder for the dataset")
    preset = QUALITIES[quality.value]
    asked = {
        "depth": depth,
        "normals": normals,
        "uv": uv,
        "mattes": mattes,
        "layers": layers,
        "raw": raw,
    }
    settings = RenderSettings(
        size_px=size,
        samples=samples or preset.samples,
        prefilter=preset.prefilter,
        hair_detail=preset.hair_detail,
        photo=photo,
        device=cast(Device, device.value),
        outputs=cast(tuple[Output, ...], tuple(name for name, on in asked.items() if on)),
    )
    engine_name = os.environ.get(ENGINE_VARIABLE)
    if labels_only:
        given = [f"--{name}" for name, on in asked.items() if on] + ["--samples"] * bool(samples)
        given += ["--device"] * (device.value != "cpu") + ["--max-memory"] * bool(max_memory)
        if given:
            raise typer.BadParameter(f"--labels-only renders nothing, so {given[0]} has no meaning")
        settings = RenderSettings(size_px=size, labels_only=True)
        engine_name, workers, threads = LABELS_ENGINE, workers or usable_cores(), 1
    options = RunOptions(
        parse_shard(shard),
        workers,
        threads,
        retry_failed,
        timeout,
        engine_name,
        recheck,
        max_memory,
        profile,
        dry_run,
        ray,
    )
    try:
        with local_copy(manifest) as path:
            stream = sys.stdout if dry_run else sys.stderr
            code = render_manifest(path, out, settings, options, find_engine(engine_name), stream)
    except KeyboardInterrupt:
        sys.stderr.write("rf-render: interrupted before rendering began\n")
        code = EXIT_INTERRUPTED
    if code == EXIT_INTERRUPTED:  # a further Ctrl-C must not turn this code into another
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise typer.Exit(code)


def _verify(root: str) -> int:
    verdict = verify_dataset(root, sys.stderr)
    sys.stderr.write(
        f"rf-render: {root}: {verdict.done} samples are whole, {len(verdict.missing)} missing, "
        f"{len(verdict.damaged)} damaged\n"
    )
    for word, rows in (("missing", verdict.missing), ("damaged", verdict.damaged)):
        if rows:
            more = f" and {len(rows) - ROWS_TOLD} more" if len(rows) > ROWS_TOLD else ""
            sys.stderr.write(f"{word} rows: {', '.join(map(str, rows[:ROWS_TOLD]))}{more}\n")
    sys.stderr.write("".join(f"{reason}\n" for reason in verdict.reasons))
    if not verdict.whole:
        sys.stderr.write("rf-render with the same manifest and settings writes these again\n")
    return EXIT_OK if verdict.whole else EXIT_FAILED_SAMPLES


def with_ray_address(arguments: list[str]) -> list[str]:
    """The arguments, with ``auto`` after a ``--ray`` that no address follows."""
    full = []
    for argument, following in itertools.zip_longest(arguments, arguments[1:], fillvalue=""):
        full.append(argument)
        if argument == "--ray" and not _RAY_ADDRESS.fullmatch(following):
            full.append("auto")
    return full


def main() -> None:
    """Entry of the command: a user's mistake is one message and an exit code, no traceback."""
    try:
        app(with_ray_address(sys.argv[1:]), prog_name="rf-render")
    except ReplicantfaceError as e:
        again = "; what is done is kept: see to it and run the same command again"
        hint = again if e.exit_code == EXIT_INTERRUPTED else ""
        sys.stderr.write(f"rf-render: {e}{hint}\n")
        sys.exit(e.exit_code)


if __name__ == "__main__":
    main()
