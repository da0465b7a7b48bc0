"""What is worn together: 100,000 sets from the shipped catalogue without a forbidden one."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from assets.catalog import BALD, Catalog
from assets.worn import goes_with, worn_tables
from sampler import draw as sampler_draw
from sampler import load_config
from sampler.columns import Names
from sampler.pool import Pool
from sampler.streams import Draws
from sampler.wear import Wardrobe, Wear, draw, linear_from_srgb
from spec_schema.spec import PLAIN_PRINT, WORN_SLOTS

SETS = 100_000


@pytest.fixture(scope="module")
def sets() -> dict[str, Wear]:
    """Every slot worn by nearly everyone, so that things meet."""
    config = load_config(overrides=[f"{slot}.share=0.9" for slot in WORN_SLOTS])
    catalog = Catalog.shipped()
    pools = {s: Pool.of(getattr(catalog, s), s, getattr(config, s).shares) for s in WORN_SLOTS}
    wardrobe = Wardrobe(pools)
    people: Any = SimpleNamespace(sex=np.linspace(0, 1, SETS))
    worn: list[Wear] = []
    for slot in WORN_SLOTS:
        draws = Draws(3, "train", slot, 0, SETS)
        worn.append(draw(getattr(config, slot), draws, slot, wardrobe, people, worn))
    return {each.slot: each for each in worn}


def _ids(wear: Wear) -> np.ndarray:
    return np.array(list(worn_tables(wear.slot)))[wear.codes]


def _bars(one: dict[str, Any], slot: str, other: dict[str, Any]) -> bool:
    """The rule of docs/accessories.md, told anew."""
    return any(word == slot or word in other.get("tags", []) for word in one.get("excludes", []))


def test_no_forbidden_set_is_drawn(sets: dict[str, Wear]) -> None:
    met = 0
    for a, b in itertools.combinations(WORN_SLOTS, 2):
        both = sets[a].present & sets[b].present
        pairs = np.unique(np.stack([_ids(sets[a])[both], _ids(sets[b])[both]]), axis=1)
        met += pairs.shape[1]
        for x, y in pairs.T:
            one, other = dict(worn_tables(a)[x]), dict(worn_tables(b)[y])
            assert not _bars(one, b, other), (a, x, b, y)
            assert not _bars(other, a, one), (a, x, b, y)
    assert met > 3000, "things of different slots do meet"


def test_exclusions_forbid_something_and_leave_every_thing_a_place(sets: dict[str, Wear]) -> None:
    barred = [
        (x, y)
        for a, b in itertools.combinations(WORN_SLOTS, 2)
        for x, one in worn_tables(a).items()
        for y, other in worn_tables(b).items()
        if not goes_with(a, one, b, other)
    ]
    assert len(barred) > 300
    for slot, wear in sets.items():
        assert set(_ids(wear)[wear.present]) == set(worn_tables(slot)), slot


def test_only_who_has_hair_wears_what_hair_holds() -> None:
    slides = {k for k, v in worn_tables("jewellery").items() if v.get("needs_hair")}
    assert slides
    config = load_config(
        overrides=["jewellery.share=1", "jewellery.shares.hair_slide=5", "hair.bald_male.young=0.4"]
    )
    rows = sampler_draw(config, start=0, n=3000, seed=5).select(["hair", "jewellery"]).to_pylist()
    clipped = [r for r in rows if r["jewellery"] and r["jewellery"]["id"] in slides]
    styles = Catalog.shipped().hair_styles
    assert clipped
    for row in clipped:
        hair = row["hair"]
        assert hair["style"] != BALD
        assert hair["recession"] < 0.5
        assert {e.id: e for e in styles.values()}[hair["style"]].attributes.get(
            "length_class"
        ) != "shaved"
    assert any(r["hair"]["style"] == BALD and r["jewellery"] for r in rows)


def test_an_entry_has_its_own_colours_and_prints(sets: dict[str, Wear]) -> None:
    wear = sets["headwear"]
    assert wear.column is not None
    columns = wear.column.columns
    ids = _ids(wear)
    prints: Names = columns["print"]
    named = np.array(list(prints.names))[prints.codes]
    for key, table in worn_tables("headwear").items():
        own = ids == key
        assert set(named[own]) <= {PLAIN_PRINT, *table.get("prints", ())}, key
    hard_hats = ids == "hard_hat"
    colour = np.stack([columns[c][hard_hats] for c in ("red", "green", "blue")], 1)
    hexes = worn_tables("headwear")["hard_hat"]["colours"]
    wanted = np.array(
        [
            linear_from_srgb(np.array([int(h[i : i + 2], 16) / 255 for i in (1, 3, 5)]))
            for h in hexes
        ]
    )
    # Brightness and tint move a colour by at most 1.35 and 1.2.
    ratio = colour[:, None] / np.maximum(wanted[None], 0.003)
    fits = ((ratio > 0.5) & (ratio < 1.7)) | (colour[:, None] < 0.02)
    assert fits.all(-1).any(-1).all()
