"""One person's skin: its maps from the shared fields and the spec."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array, SkinMaterial
from assets.skin.details import Details, details_of, mid_pigments
from assets.skin.enlarging import doubled
from assets.skin.fields import SkinFields
from assets.skin.finish import deep_light, film, fuzz, roughness, specular
from assets.skin.overlays import Linings, linings_of, lip_shift, paints
from assets.skin.person import Person
from assets.skin.relief import Depths, body_relief_mm, relief_mm, wrinkle_depths_mm
from assets.skin.scars import scars_of
from assets.skin.tone import F64Array, Tone
from assets.skin.uv_raster import BoolArray
from spec_schema.spec import SceneSpec

__all__ = ["Tint", "compose"]

Tint = Callable[[F32Array], F32Array]
"""How much hair stands at rest positions ``(n, 3)`` in metres: ``(n,)``, 0 to 1."""

Inks = Sequence[tuple[F32Array, F64Array]]
"""Amounts (N, N) of what darkens the skin, and how much of each channel (3,) that takes."""

_FACE_STRIDE = 4
_THROUGH_HAIR = (0.0, 0.2, 0.45)
"""Added to what ink takes of red, green and blue under the palest hair."""

_SHADED_BY_ROOTS = np.float32(0.75)
"""Share of the reflection that the densest roots take."""


def compose(
    spec: SceneSpec,
    fields: SkinFields,
    scalp_tint: Tint | None = None,
    beard_tint: Tint | None = None,
) -> SkinMaterial:
    """The skin of one spec, at the resolution of ``fields``.

    The mean albedo of the bare face is that of ``spec.skin.monk_tone``. ``scalp_tint`` and
    ``beard_tint`` say where hair roots darken the skin.
    """
    person = Person.of(spec)
    weights = person.draw.blend("mid")
    mid = np.asarray(sum(w * fields.maps[f"mid{k}"] for k, w in enumerate(weights)), np.float32)
    scars = scars_of(person, fields)
    details = details_of(person, fields, mid, scars)
    haired, bearded = (_amount(fields, tint) for tint in (scalp_tint, beard_tint))
    colour, gain = _colour(person, fields, mid, details, _ink(person, fields, haired, bearded))
    depths = wrinkle_depths_mm(spec, person.age)
    height, groove = relief_mm(person, fields, mid, details, scars, depths)
    body_colour, body_height = _body(person, fields, gain, depths)
    return SkinMaterial(
        colour=colour,
        height_mm=height,
        roughness=roughness(person, fields, mid),
        window=fields.window,
        body_colour=body_colour,
        body_height_mm=body_height,
        specular=_between_roots(specular(person, fields, groove), haired),
        film=film(person, fields, mid, details),
        deep=deep_light(person, fields),
        fuzz=fuzz(person, fields),
        subsurface_scale_m=person.c.scatter.scale_m,
        fuzz_strength=person.c.scatter.fuzz * spec.skin.peach_fuzz,
    )


def _colour(
    person: Person, fields: SkinFields, mid: F32Array, details: Details, inks: Inks
) -> tuple[F32Array, F64Array]:
    """(N, N, 3) linear albedo, and the gain (3,) that brings the bare face to its tone."""
    spec, tone, c, maps = person.spec, person.tone, person.c, fields.maps
    slow = fields.half.draw(fields.base.pigments(spec.skin.texture))
    melanin, haemoglobin = doubled(slow[..., 0]), doubled(slow[..., 1])
    weights = person.draw.blend("broad")
    broad = np.asarray(sum(w * maps[f"broad{k}"] for k, w in enumerate(weights)), np.float32)
    for amount, share, more in zip(
        (melanin, haemoglobin),
        (c.mottle.broad.melanin, c.mottle.broad.haemoglobin),
        mid_pigments(person, mid, mid[::-1]),
        strict=True,
    ):
        amount += np.float32(share) * broad
        amount += more if spec.skin.makeup <= 0 else more * _left_by_foundation(person, fields)
        amount *= maps["reach"]
    face = _bare_face(fields)
    painted = fields.base.detail(spec.skin.texture, fields.half)
    small = (details.melanin + painted.melanin, details.haemoglobin)
    if painted.haemoglobin is not None:
        small = (small[0], small[1] + painted.haemoglobin)
    # About 0 over the face, so that fading them out at the neck changes no tone there.
    for amount, faded in zip((melanin, haemoglobin), small, strict=True):
        amount += (faded - faded[::_FACE_STRIDE, ::_FACE_STRIDE][face].mean()) * maps["fade"]

    lip_amount = maps["lips"] * (1 + np.float32(0.10) * maps["lip_lines"])
    lip_change = lip_shift(spec, tone).astype(np.float32)
    vein = np.float32(spec.skin.veins * (1 - 0.8 * tone.darkness) * person.uneven) * maps["veins"]
    linings = linings_of(tone)
    films = list(paints(spec, maps))
    melanin += np.float32(_upper_lip(person)) * maps["upper_lip"]
    colour = np.empty((*melanin.shape, 3), np.float32)
    gain = np.empty(3)
    # A plane at a time: numpy is slow where the innermost axis is short.
    for k in range(3):
        plane = _exponent(melanin, haemoglobin, tone, k)
        plane += lip_amount * lip_change[k]
        plane += vein * np.float32(c.veins.colour[k])
        gain[k] = _face_gain(plane, face)
        for ink, absorbed in inks:
            plane -= ink * np.float32(absorbed[k])
        plane += np.float32(np.log(tone.albedo[k] * gain[k]))
        for paint in films:
            plane += paint.cover * (np.float32(paint.log_albedo[k]) - plane)
        np.exp(plane, out=plane)
        _blend_at(plane, fields.lined["lining"], maps["lining"], linings.mouth[k])
        _blend_at(plane, fields.lined["rim"], maps["rim"], linings.rim[k])
        _blend_at(plane, fields.lined["nostril"], maps["nostril"], linings.nostril[k])
        np.clip(plane, 0.002, 0.95, out=colour[..., k])
    return colour, gain


def _upper_lip(person: Person) -> float:
    """Melanin that the upper lip has over the lower: more on dark skin, and not in everyone."""
    light, dark = person.c.lips.upper_melanin
    amount = light + (dark - light) * person.tone.darkness
    return float(amount * (0.3 + 1.4 * person.draw.offset("upper-lip")))


def _left_by_foundation(person: Person, fields: SkinFields) -> F32Array:
    return np.asarray(1 - np.float32(1 - person.uneven) * fields.maps["face"], np.float32)


def _exponent(melanin: F32Array, haemoglobin: F32Array, tone: Tone, channel: int) -> F32Array:
    """Natural logarithm of one channel of the albedo by the tone's; of the amounts' shape."""
    out = melanin * np.float32(-tone.melanin[channel])
    out += haemoglobin * np.float32(-tone.haemoglobin[channel])
    return np.asarray(out, np.float32)


def _bare_face(fields: SkinFields) -> BoolArray:
    """Texels, at the face stride, that show skin and neither lips nor lids."""
    every = (slice(None, None, _FACE_STRIDE),) * 2
    bare = fields.maps["face"][every] > 0.9
    for name in ("lips", "eyelids", "rim", "lining"):
        bare &= fields.maps[name][every] < 0.05
    return np.asarray(bare)


def _face_gain(exponent: F32Array, face: BoolArray) -> float:
    """What brings the mean albedo of the bare face to the tone's, in one channel."""
    shown_colour = np.exp(exponent[::_FACE_STRIDE, ::_FACE_STRIDE][face].astype(np.float64))
    return float(1 / shown_colour.mean())


def _amount(fields: SkinFields, tint: Tint | None) -> F32Array | None:
    """(N, N) 0-1 how much hair stands there; None where nothing tells."""
    if tint is None:
        return None
    rest = fields.rest_quarter_m
    amount = np.clip(tint(rest.reshape(-1, 3)), 0, 1).astype(np.float32)
    return doubled(doubled(amount.reshape(rest.shape[:2])))


def _between_roots(specular: F32Array, haired: F32Array | None) -> F32Array:
    """(N, N) specular: what would glance off the scalp along a part meets the roots of hair."""
    return specular if haired is None else specular * (1 - _SHADED_BY_ROOTS * haired)


def _ink(
    person: Person, fields: SkinFields, haired: F32Array | None, bearded: F32Array | None
) -> Inks:
    """Darkening by hair roots, dotted where pores are: that of the scalp, and of all the rest."""
    spec = person.spec
    scalp: F32Array | None = None
    total: F32Array | None = None
    if haired is not None:
        scalp = haired * np.float32(1.3 * _darkness(spec.hair.melanin, spec.hair.grey))
    if bearded is not None:
        beard = spec.facial_hair
        total = bearded * np.float32(0.75 * _darkness(beard.melanin, beard.grey))
    if spec.skin.shave_shadow > 0:
        beard = spec.facial_hair
        dark = np.float32(
            person.c.regional.shave_ink
            * spec.skin.shave_shadow
            * _darkness(beard.melanin, beard.grey)
            * (0.4 + 0.6 * person.uneven)
        )
        layer = dark * fields.maps["shave"] * fields.maps["fade"]
        total = layer if total is None else total + layer
    if scalp is None and total is None:
        return []
    dots = 1 + np.float32(0.75) * fields.maps["fine"] + np.float32(0.8) * fields.maps["pore"]
    pale = (1 - spec.hair.melanin) * (1 - spec.hair.grey)
    absorbed = (person.tone.ink + pale * np.array(_THROUGH_HAIR), person.tone.ink)
    return [
        (np.asarray(layer * dots, np.float32), of)
        for layer, of in zip((scalp, total), absorbed, strict=True)
        if layer is not None
    ]


def _darkness(melanin: float, grey: float) -> float:
    """Of hair roots, 0-1."""
    return (0.12 + 0.88 * melanin) * (1 - 0.6 * grey)


def _blend_at(
    plane: F32Array, at: tuple[NDArray[np.intp], ...], mask: F32Array, towards: float
) -> None:
    """Blend in place at some texels, by the mask."""
    weight = mask[at]
    plane[at] = plane[at] * (1 - weight) + weight * np.float32(towards)


def _body(
    person: Person, fields: SkinFields, gain: F64Array, depths: Depths
) -> tuple[F32Array, F32Array]:
    """Colour (M, M, 3) and height (M, M) over the whole UV square; equal to the window's where
    they meet."""
    body, tone, c = fields.body, person.tone, person.c
    vertex = fields.base.pigments(person.spec.skin.texture)
    melanin, haemoglobin = (
        body.operator @ np.ascontiguousarray(vertex[: body.operator.shape[1], k]) for k in (0, 1)
    )
    everywhere = person.draw.blend("broad") @ body.broad
    weights = person.draw.blend("mid")
    mid = np.asarray(weights @ body.mid, np.float32)
    more = mid_pigments(person, mid, np.asarray(weights @ body.mid_mirrored, np.float32))
    melanin += c.mottle.broad.melanin * everywhere + more[0]
    haemoglobin += c.mottle.broad.haemoglobin * everywhere + more[1]
    level = tone.albedo * gain
    linings: Linings = linings_of(tone)
    side = body.resolution
    out = np.empty((side**2, 3), np.float32)
    for k in range(3):
        plane = _exponent(melanin, haemoglobin, tone, k)
        plane += np.float32(np.log(level[k]))
        np.exp(plane, out=plane)
        for inside, depth, shallow, deep in (
            (body.in_cavity, body.cavity, linings.mouth, linings.mouth_deep),
            (body.in_socket, body.socket, linings.rim, linings.socket_deep),
        ):
            t = depth[inside]
            plane[inside] = (1 - t) * np.float32(shallow[k]) + t * np.float32(deep[k])
        out[:, k] = np.clip(level[k], 0.002, 0.95)
        out[body.index, k] = np.clip(plane, 0.002, 0.95)
    height = np.zeros(side**2, np.float32)
    height[body.index] = body_relief_mm(person, fields, mid, depths)
    return out.reshape(side, side, 3), height.reshape(side, side)
