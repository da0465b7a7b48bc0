"""``rf-assets``: fetch, list, verify and find the asset packs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from assets.cache import Cache, default_cache
from assets.catalog import Catalog
from assets.compile import store_path
from assets.hdri import blender_hdri_path
from assets.packs import Pack, licence_table, load_packs
from assets.progress import Progress
from assets.store import ensure_store, store_problem
from assets.user.cli import choose_folder, describe_folder, register
from assets.user.folder import user_folder
from assets.verify import verify_cache
from spec_schema.errors import EXIT_INTERRUPTED, EXIT_USAGE, ReplicantfaceError
from spec_schema.version import version_option

__all__ = ["app", "main"]

_FROM: Final = {"pypi": "PyPI", "npm": "npm", "bpy": "inside"}

app = typer.Typer(
    name="rf-assets",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="""Fetch and look after the heads, skins, clothes and lights that scenes are made of.

    They come as packs from PyPI and npm (about 150 MB), are checked against the SHA-256 that
    this release declares, and are compiled once into one file in your cache folder. After that
    everything works offline. The other commands do this by themselves when they need it.

    \b
    rf-assets fetch             get everything now, for instance before going offline
    rf-assets list              what there is, from where, under which licence
    rf-assets list glasses      the ids of one kind
    rf-assets verify --repair   check every byte; fetch again what is damaged
    rf-assets where             the cache folder and how much it holds
    rf-assets preview hair      a sheet of all hair styles (needs Blender)

    \b
    rf-assets add PATH          add light, skins, clothes and accessories of your own
    rf-assets add-head FILE     add a head of your own, from a .blend file
    rf-assets remove ID         delete one of them
    rf-assets reference-head    the head on which accessories are placed by hand
    rf-assets check             check the whole catalogue, entry by entry

    RF_ASSETS_DIR=/some/folder puts the cache folder elsewhere, RF_USER_ASSETS the folder of
    your own assets.

    \b
    Exit codes: 0 done; 1 done, but some files of many were not taken; 2 it can't be done,
    and the message says why; 75 interrupted, run it again to go on.
    """,
)


@app.callback()
def options(
    user_assets: Annotated[
        Path | None, typer.Option(help="Folder of your own assets, instead of RF_USER_ASSETS.")
    ] = None,
    _version: Annotated[bool, version_option("rf-assets")] = False,
) -> None:
    choose_folder(user_assets)


@app.command("fetch")
def cmd_fetch() -> None:
    """Fetch the packs that are missing, and compile them.

    What is there and whole is not fetched again. It can be interrupted at any time: run it
    again to go on. On a machine without network, put the archives named by `rf-assets list`
    into the archives folder named by `rf-assets where`, and run it there.

    \b
    rf-assets fetch
    RF_ASSETS_DIR=/data/assets rf-assets fetch
    """
    with _told_errors():
        cache = default_cache()
        path = ensure_store(cache, Progress())
        typer.echo(f"all assets are ready: {path} ({_megabytes(path)})")


@app.command("list")
def cmd_list(
    kind: Annotated[
        str | None,
        typer.Argument(help="Print the ids of one kind alone, such as glasses or hair_styles."),
    ] = None,
    licences: Annotated[
        bool, typer.Option("--licences", help="Print the licence table as Markdown, only that.")
    ] = False,
) -> None:
    """Show packs, licences, what is here, and how many items there are to sample from.

    \b
    rf-assets list
    rf-assets list glasses
    rf-assets list --licences > licences.md
    """
    with _told_errors():
        if kind is not None:
            for id_ in Catalog.load().ids(kind.replace(" ", "_").replace("-", "_")):
                typer.echo(id_)
            return
        if licences:
            typer.echo(licence_table(), nl=False)
            return
        cache = default_cache()
        for pack in load_packs().values():
            typer.echo(_describe(pack, cache))
        typer.echo("In the catalogue:")
        catalog = Catalog.load()
        for kind in Catalog.kinds():
            typer.echo(f"  {kind.replace('_', ' '):20} {len(catalog.ids(kind)):4}")
        for line in describe_folder():
            typer.echo(line)


@app.command("verify")
def cmd_verify(
    repair: Annotated[
        bool, typer.Option("--repair", help="Fetch and compile again what is damaged or missing.")
    ] = False,
) -> None:
    """Check every byte of the archives and of the compiled file.

    Commands check size and header each time they open the assets; this checks the rest too.
    What is damaged is taken out of use, and is made anew by --repair or by the next command
    that needs it.

    \b
    rf-assets verify
    rf-assets verify --repair
    """
    with _told_errors():
        cache = default_cache()
        progress = Progress()
        findings = verify_cache(cache, progress)
        for finding in findings:
            typer.echo(f"{finding.name:15} {finding.state:8} {finding.detail}")
        if repair:
            path = ensure_store(cache, progress)
            typer.echo(f"all assets are ready: {path} ({_megabytes(path)})")
        store = findings[-1]
        damaged = [f for f in findings if f.state == "damaged"]
        mended = {f.name for f in damaged if f.name != "hdri-blender"} if repair else set()
        if any(f.name not in mended for f in damaged):
            typer.echo("rf-assets: damaged; `rf-assets verify --repair` mends it", err=True)
            raise typer.Exit(EXIT_USAGE)
        if store.state == "absent" and not repair:
            typer.echo("rf-assets: not fetched yet; run `rf-assets fetch`", err=True)
            raise typer.Exit(EXIT_USAGE)


@app.command("where")
def cmd_where() -> None:
    """Show where the assets lie, and how large they are.

    The archives are only needed to compile, and may be deleted once that is done; the whole
    folder may be deleted, and is then fetched again.

    \b
    rf-assets where
    """
    with _told_errors():
        cache = default_cache()
        store = store_path(cache)
        problem = store_problem(store)
        state = problem if problem else _megabytes(store)
        typer.echo(f"cache     {cache.folder}")
        typer.echo(f"archives  {cache.archives} ({_megabytes(cache.archives)})")
        typer.echo(f"compiled  {store} ({state})")
        typer.echo(f"your own  {user_folder()} ({_megabytes(user_folder())})")
        for entry in Catalog.load().hdris.values():
            if entry.source == "bpy":
                path = blender_hdri_path(entry.file)
                typer.echo(f"blender   {path.parent if path else 'bpy is not installed'}")
                break


@app.command("preview")
def cmd_preview(
    kind: Annotated[
        str,
        typer.Argument(
            help="What to show: hair, colours, beards, brows, own, or a slot that is worn, such as"
            " headwear, glasses or clothing."
        ),
    ],
    entry: Annotated[
        str | None,
        typer.Option("--style", "--id", help="Show this entry alone, on eight heads."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Sheet to write, .png or .jpg [default: KIND.png]."),
    ] = None,
    head: Annotated[
        str | None, typer.Option(help="Head of the sheet: anna, jonas, … [default: by kind].")
    ] = None,
    view: Annotated[str, typer.Option(help="front, three-quarter, profile or back.")] = (
        "three-quarter"
    ),
    light: Annotated[str, typer.Option(help="soft or hard.")] = "soft",
    framing: Annotated[
        str | None, typer.Option(help="head, bust, face or eyes [default: by kind].")
    ] = None,
    size: Annotated[int, typer.Option(min=32, max=2048, help="Side of a picture, pixels.")] = 256,
    quality: Annotated[str, typer.Option(help="As of rf-render.")] = "standard",
    samples: Annotated[int | None, typer.Option(min=1, help="As of rf-render.")] = None,
    device: Annotated[str, typer.Option(help="As of rf-render.")] = "cpu",
    workers: Annotated[int | None, typer.Option(min=1, help="As of rf-render.")] = None,
) -> None:
    """Render a sheet of all entries of a kind on one head, or of one entry on eight heads.

    Rendering is done by rf-render, so it needs the render extra, and takes as long as so many
    pictures do. Nothing is drawn by lot: the same call gives the same sheet.

    \b
    rf-assets preview hair -o styles.png
    rf-assets preview hair --style bob -o bob.png
    rf-assets preview hair --view back --light hard -o back.png
    """
    from assets.preview import RenderAsk, Setting, preview

    with _told_errors():
        path = preview(
            kind,
            entry,
            head,
            Setting(view, light, framing),
            RenderAsk(size, quality, samples, device, workers),
            Path(f"{kind}.png") if output is None else output,
        )
        typer.echo(f"the sheet is in {path}")


@contextmanager
def _told_errors() -> Iterator[None]:
    """Turn a user's errors into a message and the documented exit code."""
    try:
        yield
    except ReplicantfaceError as e:
        typer.echo(f"rf-assets: {e}", err=True)
        raise typer.Exit(e.exit_code) from None
    except KeyboardInterrupt:
        typer.echo("\nrf-assets: interrupted; run it again to go on", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None


register(app, _told_errors)


def _describe(pack: Pack, cache: Cache) -> str:
    if not pack.fetched:
        files = [entry["file"] for entry in pack.content["hdris"].values()]
        here = all(blender_hdri_path(file) for file in files)
        state = "here, in the bpy package" if here else "not here: the render extra brings it"
    elif store_problem(store_path(cache)) is None:
        state = "here, compiled"
    elif (cache.archives / pack.archive).exists():
        state = "fetched, not compiled yet"
    else:
        state = f"not here; `rf-assets fetch` gets {pack.archive}"
    lines = [
        f"{pack.name}: {_FROM[pack.source]} {pack.requirement}, {pack.bytes / 1e6:.0f} MB",
        f"  state        {state}",
        f"  gives        {pack.takes}",
        f"  licence      {pack.licence}",
        f"  attribution  {pack.attribution}",
    ]
    if pack.note:
        lines.append(f"  note         {pack.note}")
    return "\n".join(lines) + "\n"


def _megabytes(path: Path) -> str:
    size = 0
    if path.is_dir():
        size = sum(p.stat().st_size for p in path.rglob("*") if p.is_file())
    elif path.exists():
        size = path.stat().st_size
    return f"{size / 1e6:.0f} MB"


def main() -> None:
    """Entry point of ``rf-assets``."""
    app()


if __name__ == "__main__":
    main()
