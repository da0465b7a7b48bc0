"""What can be previewed: a registry by kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from assets.catalog import Catalog
from assets.hair.data import groom_data
from assets.preview.data import preview_data
from assets.preview.own import own_changes, own_ids
from assets.preview.worn import worn_changes, worn_ids
from spec_schema.spec import WORN_SLOTS

__all__ = ["KINDS", "Kind"]


@dataclass(frozen=True)
class Kind:
    """One kind of thing that heads can wear or grow."""

    about: str
    ids: Callable[[], Sequence[str]]
    """All entries, in the order of the sheet."""
    changes: Callable[[str], Mapping[str, Any]]
    """What an entry changes in a scene, as nested tables of spec fields."""
    head: str
    """Head of the sheet of all entries; the first of ``[people]`` that suits."""
    framing: str
    """Of ``[framings]``."""


def _hair(id_: str) -> Mapping[str, Any]:
    return {"hair": {"style": id_}}


def _beard(id_: str) -> Mapping[str, Any]:
    style = groom_data().facial(id_)
    length = (style.min_length_m * style.max_length_m) ** 0.5
    return {"facial_hair": {"style": id_, "length_m": length}, "hair": {"style": "buzz"}}


_FRAMINGS: Final = {
    "glasses": "face",
    "facewear": "face",
    "jewellery": "face",
    "neckwear": "bust",
    "clothing": "bust",
}
"""Of worn slots; the others are shown as heads."""

KINDS: Final[dict[str, Kind]] = {
    "hair": Kind(
        "hair styles",
        lambda: ["bald", *Catalog.load().ids("hair_styles")],
        _hair,
        head="anna",
        framing="head",
    ),
    "colours": Kind(
        "colours of hair",
        lambda: list(preview_data()["colours"]),
        lambda id_: {"hair": {"style": "bob", **preview_data()["colours"][id_]}},
        head="anna",
        framing="head",
    ),
    "brows": Kind(
        "brows and lashes",
        lambda: list(preview_data()["brows"]),
        lambda id_: {"brows": preview_data()["brows"][id_], "hair": {"style": "short_crop"}},
        head="anna",
        framing="eyes",
    ),
    "beards": Kind(
        "styles of facial hair",
        lambda: Catalog.load().ids("facial_hair_styles"),
        _beard,
        head="jonas",
        framing="face",
    ),
    "own": Kind(
        "your own assets",
        own_ids,
        own_changes,
        head="anna",
        framing="head",
    ),
} | {
    slot: Kind(
        f"all {slot}",
        partial(worn_ids, slot),
        partial(worn_changes, slot),
        head="anna",
        framing=_FRAMINGS.get(slot, "head"),
    )
    for slot in WORN_SLOTS
}
