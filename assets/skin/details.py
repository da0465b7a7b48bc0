"""Pigments of the small things: mottling, freckles, moles, acne, flush, lids, vessels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.geometry import F32Array, I32Array
from assets.skin.fields import SkinFields
from assets.skin.person import Person
from assets.skin.scars import Scar

__all__ = ["Details", "details_of", "mid_pigments"]


@dataclass(frozen=True)
class Details:
    """Amounts about 0, in pigment units, and what stands out of the skin."""

    melanin: F32Array
    """(N, N), not yet faded at the neck."""
    haemoglobin: F32Array
    raised: dict[str, tuple[I32Array, F32Array]]
    """Texels and amounts (0-1) of ``mole``, ``acne`` and ``drop``."""


def mid_pigments(person: Person, mid: F32Array, mirrored: F32Array) -> tuple[F32Array, F32Array]:
    """Melanin and haemoglobin of the mottling that head and body share; any shape.

    Small veins lie elsewhere than melanin does: they are read on the other side.
    """
    c = person.c.mottle.mid
    return np.float32(c.melanin) * mid, np.float32(c.haemoglobin * person.blood) * mirrored


def details_of(person: Person, fields: SkinFields, mid: F32Array, scars: list[Scar]) -> Details:
    """All that is drawn on the head and neither on the neck nor the body."""
    maps, skin, c = fields.maps, person.spec.skin, person.c
    blood, draw = np.float32(person.blood), person.draw
    melanin = np.float32(c.mottle.fine.melanin) * maps["fine"]
    haemoglobin = np.float32(c.mottle.fine.haemoglobin) * blood * maps["fine"]
    melanin += np.float32(c.spots.pore.melanin) * maps["pore"]
    raised = _add_spots(person, fields, mid, melanin, haemoglobin)

    patchy = np.clip(1 + 1.1 * mid, 0.2, 2)
    haemoglobin += np.float32(0.50 * skin.flush) * blood * maps["flush"] * patchy
    haemoglobin += np.float32(c.regional.ears_haemoglobin) * blood * maps["ears"]
    thready = np.float32(c.veins.capillary * (0.2 + 0.8 * person.age) * (0.3 + 0.7 * skin.flush))
    haemoglobin += thready * blood * maps["capillaries"]
    lid = c.lid
    tired = np.float32(0.5 + 0.8 * person.age + 0.7 * draw.offset("tired"))
    melanin += np.float32(lid.melanin) * maps["eyelids"]
    melanin += tired * np.float32(lid.under_eye_melanin) * maps["under_eye"]
    haemoglobin += np.float32(lid.haemoglobin) * blood * maps["eyelids"]
    haemoglobin += tired * np.float32(lid.under_eye_haemoglobin) * blood * maps["under_eye"]
    for scar in scars:
        _add_scar(person, scar, melanin, haemoglobin)
    if skin.makeup > 0:
        covered = 1 - np.float32(1 - person.uneven) * maps["face"]
        melanin *= covered
        haemoglobin *= covered
    melanin += np.float32(c.regional.forehead_melanin) * maps["forehead"]
    if skin.blush > 0:
        haemoglobin += np.float32(c.makeup.blush * skin.blush) * maps["cheekbone"]
    return Details(melanin, haemoglobin, raised)


def _add_spots(
    person: Person, fields: SkinFields, mid: F32Array, melanin: F32Array, haemoglobin: F32Array
) -> dict[str, tuple[I32Array, F32Array]]:
    """Add the spots of all kinds in place; gives those that stand out."""
    skin, c, draw = person.spec.skin, person.c, person.draw
    flat = {name: np.ravel(fields.maps[name]) for name in ("face", "flush", "spotty", "sweaty")}
    m, h, noise = melanin.reshape(-1), haemoglobin.reshape(-1), np.ravel(mid)
    # Melanin hides both blood and darker spots.
    pale = 1 - 0.6 * person.tone.darkness
    raised = {}
    for name, share in (
        ("freckle", skin.freckles),
        ("mole", skin.moles),
        ("age_spot", skin.age_spots),
        ("blemish", 0.35 + 0.65 * skin.oiliness),
        ("acne", skin.acne),
        ("drop", skin.sweat),
    ):
        kind = getattr(c.spots, name)
        mirrored = draw.offset(f"{name}/side") < 0.5
        at, amount = fields.spots[name].shown(draw.offset(name), share * kind.share, mirrored)
        if name == "freckle":
            # Freckles gather where the sun falls.
            sunlit = 0.12 + flat["face"][at] * (0.45 + 0.75 * flat["flush"][at]) + 0.6 * noise[at]
            amount = amount * np.clip(sunlit, 0, 1.2) * np.float32(0.35 + 0.65 * skin.freckles)
        elif name == "acne":
            amount = amount * np.clip(1.4 * flat["spotty"][at], 0, 1)
        elif name == "drop":
            amount = amount * np.clip(1.5 * flat["sweaty"][at], 0, 1)
        m[at] += np.float32(kind.melanin * (1 if name == "mole" else pale)) * amount
        if name == "blemish":
            h[at] += np.float32(0.45 * person.blood) * amount
        elif name == "acne":
            h[at] += np.float32(c.acne.haemoglobin * person.blood) * amount
            # Old ones leave dark marks on dark skin, and some have a pale head.
            m[at] += np.float32(c.acne.mark * person.tone.darkness) * amount
            m[at] += np.float32(c.acne.head) * np.clip(6 * amount - 5.1, 0, 1)
        if name in ("mole", "acne", "drop"):
            raised[name] = at, amount
    return raised


def _add_scar(person: Person, scar: Scar, melanin: F32Array, haemoglobin: F32Array) -> None:
    c, dark = person.c.scars, person.tone.darkness
    here = scar.rows, scar.columns
    # Scars stay without melanin on light skin and gather it on dark skin.
    shift = c.pale * (1 - dark) + c.dark * dark * (1 if scar.age < 0.6 else -1)
    melanin[here] += np.float32(shift) * scar.amount
    haemoglobin[here] += np.float32(c.pink * (1 - scar.age) * person.blood) * scar.amount
