"""``rf-assets add``: from what a user has to entries of the user's folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from assets.catalog import Catalog
from assets.store import Store
from assets.user.excludes import unknown_excludes
from assets.user.folder import checked_name
from assets.user.hdris import HDRI_SUFFIXES, measured, read_environment
from assets.user.plates import PLATE_SUFFIXES, read_plate
from assets.user.shelf import put
from assets.user.sources import Source, open_source
from spec_schema.errors import AssetError, nearest
from spec_schema.spec import WORN_SLOTS

__all__ = ["Outcome", "Stated", "add"]

_TAKES: Final = (
    "HDR environments (.hdr, .exr), photographs as backgrounds (.jpg, .png, .webp), MakeHuman "
    "assets (.mhclo, .mhmat, or a folder or zip of them), models (.glb, .obj, .blend, each with a "
    ".toml beside it)"
)


@dataclass(frozen=True)
class Stated:
    """What the user says of what is added; None leaves it to the files."""

    name: str | None = None
    licence: str | None = None
    author: str | None = None
    share: float | None = None
    slot: str | None = None
    sex: str | None = None
    age_years: float | None = None
    ancestry: str | None = None
    setting: str | None = None
    replace: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of one file."""

    file: str
    id: str | None
    """None where it was not taken."""
    notes: tuple[str, ...]


Opened = Callable[[], Store]


def add(path: Path, stated: Stated, store: Opened, told: Callable[[Outcome], None]) -> int:
    """Add all that a path holds; returns how many were added.

    Of many, those that can't be taken are told and passed over.

    Raises:
        AssetError: there is nothing to add, or the one thing that there is can't be taken.
    """
    _check_stated(stated)
    jobs = _jobs(path, stated, store)
    if not jobs:
        raise AssetError(f"{path}: nothing here that can be added; what can: {_TAKES}")
    if stated.name is not None and len(jobs) > 1:
        raise AssetError(f"{path}: holds {len(jobs)} assets; --name is for one")
    _check_use(path, stated, {kind for _, kind, _ in jobs})
    added = 0
    for file, _, job in jobs:
        try:
            made, notes = job()
        except AssetError as e:
            if len(jobs) == 1:
                raise
            told(Outcome(file, None, (str(e),)))
            continue
        told(Outcome(file, made, tuple(notes)))
        added += 1
    return added


Job = Callable[[], tuple[str, list[str]]]

_OPTIONS: Final[Mapping[str, tuple[str, frozenset[str], tuple[str, ...]]]] = {
    "slot": ("--slot", frozenset({"garment", "model"}), WORN_SLOTS),
    "sex": ("--sex", frozenset({"skin"}), ("female", "male")),
    "age_years": ("--age", frozenset({"skin"}), ()),
    "ancestry": ("--ancestry", frozenset({"skin"}), ("african", "asian", "european")),
    "setting": ("--setting", frozenset({"light"}), ("indoor", "outdoor", "night", "studio")),
}
"""Options by field: their name, the kinds that they are of use for, and their values."""


def _check_stated(stated: Stated) -> None:
    for field, (option, _, values) in _OPTIONS.items():
        value = getattr(stated, field)
        if value is not None and values and value not in values:
            raise AssetError(f"{option} {value!r}: {nearest(value, values)}")
    if stated.age_years is not None and not 0 <= stated.age_years <= 120:
        raise AssetError(f"--age {stated.age_years:g}: must be 0 to 120 years")
    if stated.licence is not None and not stated.licence.strip():
        raise AssetError("--licence: is empty; write an SPDX name, such as CC0-1.0 or CC-BY-4.0")


def _check_use(path: Path, stated: Stated, kinds: set[str]) -> None:
    """Refuse options that act on nothing of what is added."""
    for field, (option, usable, _) in _OPTIONS.items():
        if getattr(stated, field) is not None and "refused" not in kinds and not usable & kinds:
            raise AssetError(
                f"{path}: {option} is for {' or '.join(sorted(usable))}, and this is "
                f"{' and '.join(sorted(kinds))}; leave it out"
            )


def _jobs(path: Path, stated: Stated, store: Opened) -> list[tuple[str, str, Job]]:
    """File, kind and work of each asset."""
    from assets.user.models import MODEL_SUFFIXES

    suffix = path.suffix.lower()
    if path.is_file() and suffix in HDRI_SUFFIXES:
        return [(path.name, "light", lambda: _add_hdri(path, stated))]
    if path.is_file() and suffix in PLATE_SUFFIXES:
        return [(path.name, "background", lambda: _add_plate(path, stated))]
    if path.is_file() and suffix in (*MODEL_SUFFIXES, ".toml"):
        return [(path.name, "model", lambda: _add_model(path, stated, store))]
    source, wanted = open_source(path)
    jobs = _makehuman_jobs(source, wanted, stated, store)
    if path.is_dir():
        for name in wanted:
            file = path / name
            if file.suffix.lower() in HDRI_SUFFIXES:
                jobs.append((name, "light", lambda file=file: _add_hdri(file, stated)))  # type: ignore[misc]
            elif file.suffix.lower() in MODEL_SUFFIXES and file.with_suffix(".toml").is_file():
                jobs.append((name, "model", lambda file=file: _add_model(file, stated, store)))  # type: ignore[misc]
        if not jobs:  # in folders of assets pictures are textures
            jobs = [
                (name, "background", lambda file=path / name: _add_plate(file, stated))  # type: ignore[misc]
                for name in wanted
                if Path(name).suffix.lower() in PLATE_SUFFIXES
            ]
    return jobs


def _makehuman_jobs(
    source: Source, wanted: list[str], stated: Stated, store: Opened
) -> list[tuple[str, str, Job]]:
    from assets.user.makehuman import Found, find_assets

    def job(found: Found) -> Job:
        match found.kind:
            case "skin":
                return lambda: _add_skin(source, found.file, stated)
            case "garment":
                return lambda: _add_garment(source, found.file, stated, store)
            case _:
                return lambda: _refuse(source, found)

    return [
        (f.file, f.kind if f.kind in ("skin", "garment") else "refused", job(f))
        for f in find_assets(source, wanted)
    ]


def _refuse(source: Source, found: Any) -> tuple[str, list[str]]:
    raise AssetError(f"{source.place}: {found.file}: {found.why}")


def _add_hdri(path: Path, stated: Stated) -> tuple[str, list[str]]:
    if not stated.licence:
        raise AssetError(
            f"{path}: says nothing of its licence; state it, such as --licence CC0-1.0"
        )
    radiance = read_environment(path)
    about = measured(radiance)
    fields = {"kind": "hdri", "setting": stated.setting or "outdoor", **about}
    made = _put(stated, path.stem, fields, {"hdri": radiance}, path.name, stated.licence, "")
    size = f"{radiance.shape[1]} x {radiance.shape[0]}"
    return made, [f"{size}, mean luminance {about['sphere_luminance']:.3g}"]


def _add_plate(path: Path, stated: Stated) -> tuple[str, list[str]]:
    if not stated.licence:
        raise AssetError(
            f"{path}: says nothing of its licence; state it, such as --licence CC0-1.0"
        )
    pixels = read_plate(path)
    made = _put(stated, path.stem, {"kind": "plate"}, {"plate": pixels}, path.name,
                stated.licence, "")  # fmt: skip
    return made, [f"{pixels.shape[1]} x {pixels.shape[0]}"]


def _add_model(path: Path, stated: Stated, store: Opened) -> tuple[str, list[str]]:
    from assets.user.models import MODEL_SUFFIXES, compile_model, read_request

    said = {k: getattr(stated, k) for k in ("slot", "licence", "author", "share")}
    request = read_request(path.with_suffix(".toml"), said)
    model = path
    if request.model is not None:
        model = path.parent / Path(request.model).name
    elif path.suffix.lower() == ".toml":
        there = [path.with_suffix(s) for s in MODEL_SUFFIXES if path.with_suffix(s).is_file()]
        if len(there) != 1:
            raise AssetError(f"{path}: names no model, and {len(there)} of its name lie beside it")
        model = there[0]
    if not model.is_file() or model.suffix.lower() not in MODEL_SUFFIXES:
        raise AssetError(f"{model}: there is no such model ({', '.join(MODEL_SUFFIXES)})")
    fields, arrays, notes = compile_model(model, request, store())
    name = request.name or model.stem
    notes += unknown_excludes({name: request.excludes}, request.tags)
    made = _put(stated, name, fields, arrays, model.name, request.licence, request.author)
    return made, notes


def _add_garment(source: Source, file: str, stated: Stated, store: Opened) -> tuple[str, list[str]]:
    from assets.user.makehuman import compile_garment

    header, fields, arrays, notes = compile_garment(source, file, stated.slot, store())
    licence = _licence(header.licence, stated, f"{source.place}: {file}", notes)
    made = _put(stated, header.name, fields, arrays, file, licence, header.author)
    return made, notes


def _add_skin(source: Source, file: str, stated: Stated) -> tuple[str, list[str]]:
    from assets.user.makehuman import compile_skin

    whose = {"sex": stated.sex, "age_years": stated.age_years, "ancestry": stated.ancestry}
    header, fields, arrays, notes = compile_skin(source, file, whose)
    licence = _licence(header.licence, stated, f"{source.place}: {file}", notes)
    shipped = Catalog.shipped().skins
    if header.name in shipped:
        fields["replaces"] = header.name
        notes.append(f"replaces the shipped {header.name}")
    made = _put(stated, header.name, fields, arrays, file, licence, header.author)
    return made, notes


def _licence(own: str, stated: Stated, where: str, notes: list[str]) -> str:
    """The one of the file; of a pack one file may lack it, and --licence is for that."""
    licence = own or stated.licence
    if own and stated.licence and own != stated.licence:
        notes.append(f"its own licence {own} stands, not --licence {stated.licence}")
    if not licence:
        raise AssetError(
            f"{where}: its headers name no licence; state the one that its page names, such as "
            "--licence CC0-1.0"
        )
    return licence


def _put(
    stated: Stated,
    name: str,
    fields: dict[str, Any],
    arrays: dict[str, NDArray[Any]],
    source: str,
    licence: str,
    author: str,
) -> str:
    about = {"licence": licence, "author": stated.author or author, "source": Path(source).name}
    if stated.share is not None:
        about["share"] = stated.share  # type: ignore[assignment]
    return put(checked_name(stated.name or name), {**fields, **about}, arrays, stated.replace)
