"""Scars: short lines of smooth, paler or darker skin that lie a little deep."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.geometry import F32Array
from assets.skin.enlarging import doubled
from assets.skin.fields import SkinFields
from assets.skin.person import Person
from assets.skin.regions import smoothstep

__all__ = ["Scar", "scars_of"]

_STEP = 4
"""Texels of a map to one of the rest positions."""
_MARGIN_M = 0.004
_THICKEST_M = 0.006
"""Out of the plane of the scar; farther texels belong to another part of the head."""


@dataclass(frozen=True)
class Scar:
    """One scar inside a rectangle of the maps."""

    rows: slice
    columns: slice
    amount: F32Array
    """(H, W) 0-1 in those rows and columns."""
    age: float
    """0 fresh and pink to 1 old and pale."""


def scars_of(person: Person, fields: SkinFields) -> list[Scar]:
    """The scars of one person; the seed says where, ``skin.scars`` how many and how plain."""
    share, most = person.spec.skin.scars, person.c.scars.most
    out = []
    for k in range(most):
        plain = min(max(share * most - k, 0.0), 1.0)
        if plain > 0:
            out.append(_scar(person, fields, k, plain))
    return out


def _scar(person: Person, fields: SkinFields, k: int, plain: float) -> Scar:
    where, turn, long, wide, bend, age = person.draw.offsets(f"scar/{k}", 6)
    c, rest = person.c.scars, fields.rest_quarter_m
    every = (slice(_STEP // 2, None, _STEP),) * 2
    bare = fields.maps["face"][every] * (1 - fields.maps["lips"][every])
    bare = bare * (1 - fields.maps["eyelids"][every]) * (1 - fields.maps["concave"][every])
    # Half of the skin that could have one is cheek, brow or chin, where falls and blows land.
    rows, columns = np.nonzero(bare > 0.8)
    at = int(where * len(rows))
    row, column = int(rows[at]), int(columns[at])
    length = c.length_m[0] + (c.length_m[1] - c.length_m[0]) * long * long
    width = c.width_m[0] + (c.width_m[1] - c.width_m[0]) * wide
    texel_m = float(np.linalg.norm(rest[row, column + 1] - rest[row, column]))
    reach = int(np.ceil((length / 2 + _MARGIN_M) / max(texel_m, 1e-4)))
    top, bottom = max(row - reach, 0), min(row + reach + 1, rest.shape[0])
    first, last = max(column - reach, 0), min(column + reach + 1, rest.shape[1])

    across = rest[row, column + 1] - rest[row, column - 1]
    up = rest[row + 1, column] - rest[row - 1, column]
    normal = np.cross(across, up)
    normal = normal / np.linalg.norm(normal)
    across = across / np.linalg.norm(across)
    up = np.cross(normal, across)
    along = np.cos(np.pi * turn) * across + np.sin(np.pi * turn) * up
    frame = np.stack([along, np.cross(normal, along), normal], 1).astype(np.float32)
    local = (rest[top:bottom, first:last] - rest[row, column]) @ frame
    x, y, z = (doubled(doubled(np.ascontiguousarray(local[..., j]))) for j in range(3))
    y = y + np.float32((bend - 0.5) * 20) * x * x
    taper = smoothstep(np.abs(x), 0.5 * length, 0.25 * length)
    line = np.exp(-((y / np.float32(width)) ** 2)) * taper * (np.abs(z) < _THICKEST_M)
    return Scar(
        rows=slice(top * _STEP, bottom * _STEP),
        columns=slice(first * _STEP, last * _STEP),
        amount=np.asarray(line * np.float32(0.4 + 0.6 * plain), np.float32),
        age=age,
    )
