"""The entries of worn things: typed, inherited, complete."""

from __future__ import annotations

import pytest

from assets.accessories.catalogue import ACCESSORY_SLOTS, accessory, accessory_entries, typed_entry
from assets.clothing.entries import load_entries
from assets.clothing.prints import PRINTS
from assets.worn import WornEntry, goes_with, worn_tables
from spec_schema.errors import AssetError
from spec_schema.spec import WORN_SLOTS

ENTRIES: dict[tuple[str, str], WornEntry] = {
    (slot, key): entry for slot in ACCESSORY_SLOTS for key, entry in accessory_entries(slot).items()
}
ENTRIES |= {("clothing", key): entry for key, entry in load_entries().items()}


def test_there_are_sixty_things_and_more() -> None:
    assert len([slot for slot, _ in ENTRIES if slot != "clothing"]) >= 60
    assert all(any(s == slot for s, _ in ENTRIES) for slot in WORN_SLOTS)


@pytest.mark.parametrize(("slot", "key"), sorted(ENTRIES))
def test_an_entry_names_what_there_is(slot: str, key: str) -> None:
    entry = ENTRIES[slot, key]
    tags = {tag for other in ENTRIES.values() for tag in other.tags}
    assert set(entry.excludes) <= set(WORN_SLOTS) | tags
    assert set(entry.prints) <= set(PRINTS)
    assert entry.licence in {"MIT", "CC0-1.0"}
    assert slot not in entry.excludes, "one thing is worn in a slot anyway"


def test_an_entry_takes_what_it_is_like() -> None:
    model, like = worn_tables("headwear")["hijab"], worn_tables("headwear")["chador"]
    assert like["shape"] == model["shape"]
    assert like["share"] != model["share"]
    assert "like" not in like


def test_either_side_may_exclude_by_slot_or_tag() -> None:
    plain, tagged = {"tags": ["brim"]}, {"excludes": ["brim"]}
    assert not goes_with("headwear", plain, "glasses", tagged)
    assert not goes_with("glasses", tagged, "headwear", plain)
    assert not goes_with("headwear", {}, "glasses", {"excludes": ["headwear"]})
    assert goes_with("headwear", plain, "glasses", {"excludes": ["peak"]})


def test_unknown_things_are_named() -> None:
    with pytest.raises(AssetError, match=r"glasses\.id is 'rond'.*did you mean 'round'"):
        accessory("glasses", "rond")


def test_a_wrong_entry_is_told_by_field() -> None:
    table = {**worn_tables("facewear")["surgical"], "top": 3.0}
    with pytest.raises(AssetError, match=r"facewear\.mine: .*top: .*less than or equal to 1"):
        typed_entry("facewear", "mine", table)
