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
from assets.verify import verify_cache
from spec_schema.errors import EXIT_INTERRUPTED, EXIT_USAGE, ReplicantfaceError

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
    rf-assets verify --repair   check every byte; fetch again what is damaged
    rf-assets where             the cache folder and how much it holds

    RF_ASSETS_DIR=/some/folder puts the cache folder elsewhere.

    \b
    Exit codes: 0 done; 2 it can't be done, and the message says why;
    75 interrupted, run it again to go on.
    """,
)


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
    licences: Annotated[
        bool, typer.Option("--licences", help="Print the licence table as Markdown, only that.")
    ] = False,
) -> None:
    """Show packs, licences, what is here, and how many items there are to sample from.

    \b
    rf-assets list
    rf-assets list --licences > licences.md
    """
    with _told_errors():
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
        for entry in Catalog.load().hdris.values():
            if entry.source == "bpy":
                path = blender_hdri_path(entry.file)
                typer.echo(f"blender   {path.parent if path else 'bpy is not installed'}")
                break


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
