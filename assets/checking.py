"""``rf-assets check``: every rule that the catalogue obeys, and what breaks one."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from assets.catalog import Catalog
from assets.user.entry import DATA_FILE, ENTRY_FILE, read_entry
from assets.user.folder import ID_PREFIX, user_folder
from spec_schema.dataset import sha256_file
from spec_schema.errors import AssetError, nearest
from spec_schema.spec import WORN_SLOTS

__all__ = ["Problem", "check_all", "check_shipped", "check_user"]


@dataclass(frozen=True)
class Problem:
    """A rule that an entry breaks."""

    file: str
    entry: str
    field: str
    rule: str

    def __str__(self) -> str:
        place = ": ".join(p for p in (self.file, self.entry, self.field) if p)
        return f"{place}: {self.rule}"


def check_all(hash_data: bool = True) -> tuple[int, list[Problem]]:
    """How many entries there are, and what is wrong with them."""
    shipped, first = check_shipped()
    own, second = check_user(user_folder(), hash_data)
    return shipped + own, [*first, *second]


def check_shipped() -> tuple[int, list[Problem]]:
    """The catalogue of this release."""
    problems: list[Problem] = []
    try:
        catalog = Catalog.shipped()
    except (ValidationError, AssetError, KeyError, TypeError, tomllib.TOMLDecodeError) as e:
        return 0, [Problem("assets/data", "", "", f"the catalogue can't be read: {e}")]
    for loader in (_check_worn, _check_clothing):
        problems += loader()
    count = 0
    for kind in Catalog.kinds():
        entries: Mapping[str, Any] = getattr(catalog, kind)
        count += len(entries)
        problems += _check_shares(kind, entries)
        for some_id in entries:
            if some_id.startswith(ID_PREFIX):
                rule = f"begins with {ID_PREFIX!r}, which users' own ids do"
                problems.append(Problem(kind, some_id, "id", rule))
    return count, problems


def _check_shares(kind: str, entries: Mapping[str, Any]) -> list[Problem]:
    out = []
    for sex in ("female", "male"):
        shares = [
            getattr(e, "attributes", {}).get(f"share_{sex}", e.share) for e in entries.values()
        ]
        if entries and max(shares) <= 0:
            out.append(Problem(kind, "", f"share_{sex}", "every entry's is 0: nothing to draw"))
    return [
        *out,
        *(
            Problem(kind, i, "share", f"is {e.share}; must be 0 or more")
            for i, e in entries.items()
            if e.share < 0
        ),
    ]


def _check_worn() -> list[Problem]:
    from assets.worn import worn_tables

    problems = []
    for slot in WORN_SLOTS:
        where = "clothing.toml" if slot == "clothing" else "accessories.toml"
        tags = {t for s in WORN_SLOTS for e in worn_tables(s).values() for t in e.get("tags", ())}
        for some_id, table in worn_tables(slot).items():
            for name in table.get("excludes", ()):
                if name not in {*WORN_SLOTS, *tags}:
                    rule = f"{name!r} is no slot and no tag; {nearest(name, {*WORN_SLOTS, *tags})}"
                    problems.append(Problem(where, f"{slot}.{some_id}", "excludes", rule))
            if not table.get("licence"):
                problems.append(Problem(where, f"{slot}.{some_id}", "licence", "is missing"))
    return problems + _check_accessories()


def _check_accessories() -> list[Problem]:
    from assets.accessories.catalogue import ACCESSORY_SLOTS, typed_entry
    from assets.worn import worn_tables

    problems = []
    for slot in ACCESSORY_SLOTS:
        for some_id, table in worn_tables(slot).items():
            try:
                typed_entry(slot, some_id, table)
            except AssetError as e:
                field, _, rule = str(e).removeprefix(f"{slot}.{some_id}: ").partition(": ")
                problems.append(Problem("accessories.toml", f"{slot}.{some_id}", field, rule))
    return problems


def _check_clothing() -> list[Problem]:
    from assets.clothing.entries import load_entries

    return _validated("clothing.toml", load_entries)


def _validated(file: str, load: Callable[[], object]) -> list[Problem]:
    try:
        load()
    except ValidationError as e:
        return [_problem(file, error) for error in e.errors()]
    except AssetError as e:
        return [Problem(file, "", "", str(e))]
    return []


def _problem(file: str, error: Any) -> Problem:
    place = [str(p) for p in error["loc"]]
    entry, field = ".".join(place[:2]), ".".join(place[2:])
    return Problem(file, entry, field, error["msg"].removeprefix("Value error, "))


def check_user(folder: Path, hash_data: bool) -> tuple[int, list[Problem]]:
    """The user's folder; what is damaged is named, and the rest still checked."""
    problems: list[Problem] = []
    places = sorted(p for p in folder.glob(f"*/{ENTRY_FILE}")) if folder.is_dir() else []
    places = [p for p in places if not p.parent.name.startswith(".")]
    shipped = Catalog.shipped()
    for path in places:
        some_id = ID_PREFIX + path.parent.name
        try:
            asset = read_entry(path)
        except AssetError as e:
            problems.append(Problem(str(path), some_id, "", str(e).removeprefix(f"{path}: ")))
            continue
        data = path.parent / DATA_FILE
        size = data.stat().st_size if data.is_file() else None
        if size is None:
            problems.append(Problem(str(data), some_id, "", "is missing; add the asset again"))
        elif size != asset.bytes:
            rule = f"the file has {size}, not {asset.bytes}; add the asset again"
            problems.append(Problem(str(data), some_id, "bytes", rule))
        elif hash_data and sha256_file(data) != asset.sha256:
            rule = "is not that of the file, which has changed; add the asset again"
            problems.append(Problem(str(data), some_id, "sha256", rule))
        if asset.kind in ("head", "plate"):
            continue
        kind = {"hdri": "hdris", "skin": "skins"}.get(asset.kind, getattr(asset, "slot", ""))
        if asset.kind == "item" and kind not in WORN_SLOTS:
            rule = f"{kind!r} is no slot; {nearest(kind, WORN_SLOTS)}"
            problems.append(Problem(str(path), some_id, "slot", rule))
        elif asset.replaces is not None and asset.replaces not in shipped.ids(kind):
            hint = nearest(asset.replaces, shipped.ids(kind))
            rule = f"{asset.replaces!r} is no shipped entry; {hint}"
            problems.append(Problem(str(path), some_id, "replaces", rule))
    return len(places), problems
