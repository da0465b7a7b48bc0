"""Worn things, for :mod:`assets.preview.kinds`: each in the first of its own colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from assets.preview.data import preview_data
from assets.skin.tone import linear_from_srgb
from assets.worn import goes_with, worn_tables
from spec_schema.spec import PLAIN_PRINT

__all__ = ["worn_changes", "worn_ids"]

_COLOURS: Final = ("#1f2b45", "#8c2429", "#53573a", "#b8a283", "#3d3f42", "#5a4030")
"""Of things that take any colour, in turn."""
_SECOND: Final = "#d8d8d2"


def worn_ids(slot: str) -> Sequence[str]:
    """The shipped things of a slot."""
    return list(worn_tables(slot))


def worn_changes(slot: str, item_id: str) -> Mapping[str, Any]:
    """What one of them changes in a scene; every second one that may be printed is."""
    table = worn_tables(slot)[item_id]
    k = worn_ids(slot).index(item_id)
    own = table.get("colours") or (_COLOURS[k % len(_COLOURS)],)
    prints = table.get("prints") or (PLAIN_PRINT,)
    shown = prints[k % len(prints)] if k % 2 else PLAIN_PRINT
    item = {
        "id": item_id,
        **_colour("", own[0]),
        **_colour("second_", (table.get("second_colours") or (_SECOND,))[0]),
        **dict.fromkeys(("size", "thickness"), 1.0),
        **dict.fromkeys(("tilt_deg", "height"), 0.0),
        "metallic": 0.0 if table.get("metallic", (0, 0))[1] == 0 else 1.0,
        "roughness": 0.5,
        "pattern": 0.0 if shown == PLAIN_PRINT else 0.9,
        "print": shown,
        "seed": 2 * k + 1,
    }
    return {slot: item, **_beneath(slot, table)}


def _beneath(slot: str, table: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first garment that goes with it, where that of the plain scene does not."""
    plain = preview_data()["scene"]["clothing"]["id"]
    garments = worn_tables("clothing")
    if slot == "clothing" or goes_with(slot, table, "clothing", garments[plain]):
        return {}
    fits = (k for k, own in garments.items() if goes_with(slot, table, "clothing", own))
    found = next(fits, None)
    return {} if found is None else {"clothing": {"id": found}}


def _colour(which: str, srgb: str) -> dict[str, float]:
    encoded = np.array([int(srgb[i : i + 2], 16) / 255 for i in (1, 3, 5)], np.float32)
    channels = linear_from_srgb(encoded)
    names = ("red", "green", "blue")
    return {f"{which}{name}": float(v) for name, v in zip(names, channels, strict=True)}
