"""What a thing of the user's excludes, and whether there is anything of that name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from assets.user.shelf import shelf
from assets.worn import worn_tables
from spec_schema.errors import nearest
from spec_schema.spec import WORN_SLOTS

__all__ = ["unknown_excludes"]


def unknown_excludes(
    named: Mapping[str, Iterable[str]] | None = None, tags: Iterable[str] = ()
) -> list[str]:
    """A line for each excluded name that is no slot and no tag of any worn thing.

    Such a name has no effect, and may be that of something that is still to be added.

    Args:
        named: what is excluded, by entry; None: by all of the user's.
        tags: that there will be too.
    """
    own = shelf().items()
    if named is None:
        named = {some_id: item.excludes for some_id, item in own.items()}
    shipped = {slot: worn_tables(slot) for slot in WORN_SLOTS}
    known = {*WORN_SLOTS, *tags, *(t for item in own.values() for t in item.tags)}
    known |= {t for some in shipped.values() for e in some.values() for t in e.get("tags", ())}
    ids = {*own, *(some_id for some in shipped.values() for some_id in some)}
    out = []
    for entry, names in named.items():
        for name in names:
            if name not in known:
                what = "is an id, and slots and tags are excluded" if name in ids else (
                    f"is no slot and no tag of anything; {nearest(name, known)}"
                )  # fmt: skip
                out.append(f"{entry}: excludes: {name!r} {what}: it has no effect")
    return out
