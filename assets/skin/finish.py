"""How the surface of the skin reflects: roughness, strength, films of fat and water, fuzz."""

from __future__ import annotations

import numpy as np

from assets.geometry import F32Array
from assets.skin.details import Details
from assets.skin.fields import SkinFields
from assets.skin.person import Person

__all__ = ["deep_light", "film", "fuzz", "roughness", "specular"]


def roughness(person: Person, fields: SkinFields, mid: F32Array) -> F32Array:
    """(N, N); one value where the window meets the body, for the body to go on with."""
    maps, c, skin = fields.maps, person.c, person.spec.skin
    r, dark = c.roughness, person.tone.darkness
    whole = np.float32(
        r.face
        + r.oiliness * (skin.oiliness - 0.4)
        + r.dark_skin * dark
        + r.foundation * skin.makeup
    )
    out = np.float32(r.mid_noise) * mid + np.float32(r.pore) * maps["pore"]
    out += np.float32(r.fine_noise) * maps["fine"]
    out += np.float32(r.oily * (0.5 + skin.oiliness)) * maps["oily"]
    out += np.float32(r.lids) * maps["eyelids"]
    lips = np.float32(c.lips.roughness) + np.float32(0.06) * maps["lip_lines"] - whole
    out += (lips - out) * maps["lips"]
    out *= maps["fade"]
    out += whole
    return np.asarray(np.clip(out, r.least, r.greatest), np.float32)


def specular(person: Person, fields: SkinFields, groove: F32Array) -> F32Array:
    """(N, N) share of a smooth surface's reflection."""
    maps, s = fields.maps, person.c.specular
    whole = np.float32(s.face + s.dark_skin * person.tone.darkness)
    out = 1 + np.float32(s.cheeks) * maps["cheeks"] + np.float32(s.fine_noise) * maps["fine"]
    out *= 1 - np.float32(s.pore) * maps["pore"]
    out *= 1 - np.float32(s.groove) * groove
    out *= 1 - np.float32(s.concave) * maps["concave"]
    out *= 1 - maps["nostril"]
    # Between the teeth and behind the lids is shade.
    out *= 1 - np.float32(0.8) * maps["lining"]
    out -= 1
    out *= maps["fade"]
    out += 1
    return np.asarray(np.clip(whole * out, 0, 1), np.float32)


def film(person: Person, fields: SkinFields, mid: F32Array, details: Details) -> F32Array:
    """(N, N) share of the reflection that a thin film gives; 0 where the window meets the body."""
    maps, skin, f = fields.maps, person.spec.skin, person.c.film
    dull = (1 - (1 - f.dark_skin_share) * person.tone.darkness) * (0.4 + 0.6 * person.uneven)
    oil = np.float32((f.oily + f.oily_oiliness * skin.oiliness**2) * dull)
    out = oil * maps["oily"] * np.clip(0.9 + 0.8 * mid, 0.2, 1.5)
    if skin.sweat > 0:
        out += np.float32(f.sweat * skin.sweat * dull) * maps["sweaty"]
    out *= 1 - maps["concave"]
    at, amount = details.raised["drop"]
    flat = out.reshape(-1)
    flat[at] = np.maximum(flat[at], np.float32(f.drop) * np.minimum(2 * amount, 1))
    lips = np.float32(f.lips + f.gloss * skin.lip_gloss) * maps["lips"] * (1 - maps["concave"])
    out = np.maximum(out, lips * (1 - maps["lining"]))
    out = np.maximum(out, np.float32(f.rim) * maps["rim"])
    out *= maps["fade"]
    return np.asarray(np.clip(out, 0, 1), np.float32)


def deep_light(person: Person, fields: SkinFields) -> F32Array:
    """(N, N) how much of the light may spread deep, 0-1."""
    through = np.float32(1 + person.c.scatter.dark_skin * person.tone.darkness)
    return np.asarray(through * _thin(person, fields), np.float32)


def _thin(person: Person, fields: SkinFields) -> F32Array:
    """(N, N) the same for all, but for what melanin takes."""
    maps, s = fields.maps, person.c.scatter
    name = f"deep {s}"
    if name in fields.of_all:
        return fields.of_all[name]
    lips = np.float32(s.lips) * maps["lips"]
    thin = np.maximum(np.maximum(maps["ears"], lips), np.float32(0.9) * maps["flush"])
    whole = s.least + (s.face - s.least) * maps["face"]
    out = (whole + (1 - whole) * thin) * (1 - maps["nostril"])
    # Both sides of a rim lie within the reach of the light: lids, their sockets, the line between
    # the lips and what is between the nostrils glowed orange in the shade.
    out *= 1 - np.float32(0.8) * np.maximum(maps["rim"], maps["lining"])
    out *= 1 - np.float32(0.5) * np.maximum(maps["eyelids"], maps["under_eye"])
    out *= 1 - np.float32(0.8) * maps["concave"] * (1 - maps["ears"])
    out = np.asarray(s.least + (out - s.least) * maps["fade"], np.float32)
    out.setflags(write=False)
    fields.of_all[name] = out
    return out


def fuzz(person: Person, fields: SkinFields) -> F32Array:
    """(N, N) how much of the sheen of vellus hair there is, 0-1."""
    least = np.float32(person.c.reach.fuzz_least)
    shaved = 1 - np.float32(0.8 * min(2 * person.spec.skin.shave_shadow, 1)) * fields.maps["shave"]
    out = least + (fields.maps["downy"] * shaved - least) * fields.maps["fade"]
    return np.asarray(out, np.float32)
