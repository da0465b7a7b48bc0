"""The commands of ``rf-assets`` for users' own assets."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer

from assets.user.folder import FOLDER_VARIABLE, user_folder
from spec_schema.errors import EXIT_FAILED_SAMPLES, EXIT_USAGE, AssetError

__all__ = ["choose_folder", "describe_folder", "register"]


def choose_folder(folder: Path | None) -> None:
    """Make a folder that was named on the command line that of this process and its workers."""
    if folder is not None:
        os.environ[FOLDER_VARIABLE] = str(folder.expanduser().resolve())


def describe_folder() -> list[str]:
    """Lines about the user's assets, for ``rf-assets list``."""
    from assets.user.shelf import shelf

    here = shelf()
    lines = [f"Your own, in {here.folder}:"]
    for some_id, asset in here.assets.items():
        slot = f", {getattr(asset, 'slot', '')}" if asset.kind == "item" else ""
        lines.append(f"  {some_id:34} {asset.kind}{slot}, share {asset.share:g}, {asset.licence}")
    return lines if here.assets else [f"{lines[0]} nothing yet; see rf-assets add --help"]


def register(app: typer.Typer, told_errors: Callable[[], AbstractContextManager[None]]) -> None:
    """Add the commands to ``rf-assets``; ``told_errors`` turns errors into messages."""

    @app.command("add")
    def cmd_add(
        path: Annotated[Path, typer.Argument(help="File, folder or zip archive.")],
        name: Annotated[
            str | None, typer.Option(help="Name of the asset; its id is user/NAME.")
        ] = None,
        licence: Annotated[
            str | None,
            typer.Option(
                help="Such as CC0-1.0. Overrides a model's TOML file; MakeHuman's own stand."
            ),
        ] = None,
        author: Annotated[str | None, typer.Option(help="To be credited.")] = None,
        share: Annotated[
            float | None, typer.Option(min=0, help="Weight in the draw; shipped ones have about 1.")
        ] = None,
        slot: Annotated[
            str | None, typer.Option(help="Of a MakeHuman garment or a model, instead of its own.")
        ] = None,
        sex: Annotated[str | None, typer.Option(help="Of a skin: female or male.")] = None,
        age: Annotated[float | None, typer.Option(help="Of a skin, years.")] = None,
        ancestry: Annotated[
            str | None, typer.Option(help="Of a skin: african, asian or european.")
        ] = None,
        setting: Annotated[
            str | None, typer.Option(help="Of light: indoor, outdoor, night or studio.")
        ] = None,
        replace: Annotated[
            bool, typer.Option("--replace", help="Replace one of that name.")
        ] = False,
    ) -> None:
        """Add assets of your own: light, skins, clothes, accessories.

        Takes HDR environments (.hdr, .exr), MakeHuman assets as the community publishes them
        (a zip, a folder, one .mhclo or .mhmat), and models (.glb, .obj, .blend) with a .toml
        file beside them. They become part of the draw of rf-sample. docs/own-assets.md goes
        through it step by step.

        \b
        rf-assets add sunset.hdr --licence CC0-1.0 --setting outdoor
        rf-assets add glasses01.zip
        rf-assets add party-hat.glb
        """
        from assets.store import open_store
        from assets.user.adding import Outcome, Stated, add

        failed: list[str] = []

        def told(outcome: Outcome) -> None:
            if outcome.id is None:
                failed.append(outcome.file)
                typer.echo(f"not taken  {outcome.notes[0]}", err=True)
            else:
                typer.echo(f"added      {outcome.id}: {'; '.join(outcome.notes)}")

        with told_errors():
            stated = Stated(
                name, licence, author, share, slot, sex, age, ancestry, setting, replace
            )
            count = add(path, stated, open_store, told)
            typer.echo(f"{count} added to {user_folder()}, {len(failed)} not taken")
            if failed:
                raise typer.Exit(EXIT_FAILED_SAMPLES if count else EXIT_USAGE)

    @app.command("add-head")
    def cmd_add_head(
        path: Annotated[Path, typer.Argument(help="A .blend file, with a .toml file beside it.")],
        suggest: Annotated[
            bool, typer.Option("--suggest", help="Write the .toml file, to be mended by hand.")
        ] = False,
        object_name: Annotated[
            str, typer.Option("--object", help="The mesh object, instead of the .toml file's.")
        ] = "",
        name: Annotated[
            str | None, typer.Option(help="Name of the head; its id is user/NAME.")
        ] = None,
        replace: Annotated[
            bool, typer.Option("--replace", help="Replace one of that name.")
        ] = False,
    ) -> None:
        """Add a head of your own: a mesh with shape keys, UVs and a texture.

        Our mesh is laid over it, so that hair, clothes, expressions and labels fit it. The .toml
        file of its name marks the 68 landmarks; --suggest writes one to begin with.

        \b
        rf-assets add-head anna.blend --suggest
        rf-assets add-head anna.blend
        rf-sample --n 100 --head user/anna -o anna.parquet
        """
        from assets.store import open_store
        from assets.user.head_adding import add_head, suggest_marks

        with told_errors():
            if suggest:
                if replace or name is not None:
                    raise AssetError(
                        "--replace and --name are of use when the head is added, not with --suggest"
                    )
                written = suggest_marks(path, object_name, open_store())
                typer.echo(f"{written}: look at its landmarks, fill in the rest, then add the head")
                return
            ids, notes = add_head(path, open_store(), replace, name, object_name)
            typer.echo(f"added      {', '.join(ids)}: {'; '.join(notes)}")

    @app.command("remove")
    def cmd_remove(
        ids: Annotated[list[str], typer.Argument(help="Ids, such as user/party-hat.")],
    ) -> None:
        """Delete assets of your own. Manifests that use them can't be rendered any more.

        \b
        rf-assets remove user/party-hat
        """
        from assets.user.shelf import remove

        with told_errors():
            for some_id in ids:
                typer.echo(f"removed {remove(some_id)}")

    @app.command("reference-head")
    def cmd_reference_head(
        output: Annotated[Path, typer.Option("--output", "-o", help="head.obj, .glb or .blend.")],
    ) -> None:
        """Write the head on which your own accessories are placed by hand.

        Metres. In .obj and .glb y is up and the face looks along z; Blender turns that by itself
        when it imports them. The head may stay in the file that you add: objects named
        reference_head… are left out.

        \b
        rf-assets reference-head -o head.glb
        """
        from assets.store import open_store
        from assets.user.head_files import write_reference_head

        with told_errors():
            note = write_reference_head(output, open_store())
            typer.echo(f"the reference head is in {output}: {note}")

    @app.command("check")
    def cmd_check(
        fast: Annotated[
            bool, typer.Option("--fast", help="Leave out hashing the data of your own assets.")
        ] = False,
    ) -> None:
        """Check the catalogue, the shipped one and your own, and print each problem.

        A problem names file, entry, field and rule. Exit code 0: none; 2: some.

        \b
        rf-assets check
        """
        from assets.checking import check_all
        from assets.user.excludes import unknown_excludes

        with told_errors():
            count, problems = check_all(hash_data=not fast)
            for problem in problems:
                typer.echo(str(problem))
            for warning in unknown_excludes():
                typer.echo(f"warning: {warning}", err=True)
            if problems:
                typer.echo(f"rf-assets: {len(problems)} problems in the catalogue", err=True)
                raise typer.Exit(EXIT_USAGE)
            typer.echo(f"{count} entries, no problems")
