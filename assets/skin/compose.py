"""One person's skin: colour, height and roughness maps from the shared fields and the spec."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array, SkinMaterial
from assets.noise import Stream
from assets.skin.constants import SkinConstants, constants
from assets.skin.fields import NOISE_VARIANTS, SkinFields
from assets.skin.overlays import Linings, cosmetics, linings_of, lip_shift
from assets.skin.relief import relief_mm, wrinkle_depths_mm
from assets.skin.spots import shown
from assets.skin.tone import F64Array, Tone, tone_of
from assets.skin.uv_raster import BoolArray
from spec_schema.spec import SceneSpec

__all__ = ["Tint", "compose"]

Tint = Callable[[F32Array], F32Array]
"""How much hair stands at rest positions ``(n, 3)`` in metres: ``(n,)``, 0 to 1."""

_FACE_STRIDE = 4


def compose(
    spec: SceneSpec,
    fields: SkinFields,
    scalp_tint: Tint | None = None,
    beard_tint: Tint | None = None,
    brow_tint: Tint | None = None,
) -> SkinMaterial:
    """The skin of one spec, at the resolution of ``fields``.

    The mean albedo of the bare face is that of ``spec.skin.monk_tone``. ``scalp_tint``,
    ``beard_tint`` and ``brow_tint`` say where hair roots, and a brow pencil, darken the skin.
    """
    c = constants()
    tone = tone_of(spec.skin.monk_tone, spec.skin.undertone)
    draw = _Draws(spec.skin.seed)
    age = _age_share(spec)
    overlays = cosmetics(spec, tone, draw.choice)
    maps = fields.maps

    vertex = fields.base.pigments(spec.skin.texture)
    slow = fields.half.draw(vertex)
    melanin, haemoglobin = _doubled(slow[..., 0]), _doubled(slow[..., 1])
    broad = draw.blend("broad")
    everywhere = sum(w * maps[f"broad{k}"] for k, w in enumerate(broad))
    for amount, share in (
        (melanin, c.mottle.broad.melanin),
        (haemoglobin, c.mottle.broad.haemoglobin),
    ):
        amount += np.float32(share) * everywhere
        amount *= maps["reach"]

    faded_melanin, faded_haemoglobin, mid = _details(spec, fields, draw, tone, age, c)
    faded_melanin += _doubled(fields.base.detail(spec.skin.texture, fields.half))
    faded_haemoglobin += np.float32(overlays.blush) * maps["flush"]
    # About 0 over the face, so that fading them out at the neck changes no tone there.
    face = _bare_face(fields)
    for faded in (faded_melanin, faded_haemoglobin):
        faded -= faded[::_FACE_STRIDE, ::_FACE_STRIDE][face].mean()
    melanin += faded_melanin * maps["fade"]
    haemoglobin += faded_haemoglobin * maps["fade"]

    lip_amount = maps["lips"] * (1 + np.float32(0.10) * maps["lip_lines"])
    lip_change = (lip_shift(spec, tone) + overlays.lips).astype(np.float32)
    lid_amount, lid_change = maps["eyelids"], overlays.lids.astype(np.float32)
    ink = _ink(spec, fields, scalp_tint, beard_tint, brow_tint)
    linings = linings_of(tone)
    in_mouth, on_rim = (np.nonzero(maps[name] > 0.004) for name in ("lining", "rim"))
    colour = np.empty((*melanin.shape, 3), np.float32)
    gain = np.empty(3)
    # A plane at a time: numpy is slow where the innermost axis is short.
    for k in range(3):
        plane = _exponent(melanin, haemoglobin, tone, k)
        plane += lip_amount * lip_change[k]
        plane += lid_amount * lid_change[k]
        gain[k] = _face_gain(plane, face)
        if ink is not None:
            plane -= ink * np.float32(tone.ink[k])
        plane += np.float32(np.log(tone.albedo[k] * gain[k]))
        np.exp(plane, out=plane)
        _blend_at(plane, in_mouth, maps["lining"], linings.mouth[k])
        _blend_at(plane, on_rim, maps["rim"], linings.rim[k])
        np.clip(plane, 0.002, 0.95, out=colour[..., k])

    return SkinMaterial(
        colour=colour,
        height_mm=relief_mm(fields, mid, wrinkle_depths_mm(spec, age)),
        roughness=_roughness(spec, fields, mid, tone, c),
        window=fields.window,
        body_colour=_body(vertex, broad, gain, fields, tone, c, linings),
        subsurface_scale_m=c.shading.subsurface_scale_m,
        coat=_coat(spec, tone, c),
    )


class _Draws:
    """What one person's seed decides."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def blend(self, name: str) -> F32Array:
        """Weights of the noise variants, on the unit sphere."""
        weights = Stream(self._seed, f"skin/{name}").normal(NOISE_VARIANTS)
        return np.asarray(weights / np.linalg.norm(weights), np.float32)

    def offset(self, name: str) -> float:
        """A number in (0, 1)."""
        return float(Stream(self._seed, f"skin/{name}").uniform())

    def choice(self, name: str, count: int) -> int:
        """One of ``count``."""
        return int(Stream(self._seed, f"skin/{name}").integers(count))


def _age_share(spec: SceneSpec) -> float:
    """0 up to 28 years to 1 at 80."""
    return float(np.clip((spec.identity.age_years - 28) / 52, 0, 1))


def _details(
    spec: SceneSpec, fields: SkinFields, draw: _Draws, tone: Tone, age: float, c: SkinConstants
) -> tuple[F32Array, F32Array, F32Array]:
    """Melanin and haemoglobin of the small things, before the fade; and the middle noise."""
    maps, skin = fields.maps, spec.skin
    mid = sum(w * maps[f"mid{k}"] for k, w in enumerate(draw.blend("mid")))
    mid = np.asarray(mid, np.float32)
    # Melanin hides both blood and darker spots.
    spot_share = np.float32(1 - 0.6 * tone.darkness)
    blood_share = np.float32(1 - 0.55 * tone.darkness)
    melanin = c.mottle.mid.melanin * mid + c.mottle.fine.melanin * maps["fine"]
    # Small veins lie elsewhere than melanin does: the noise is read mirrored.
    haemoglobin = c.mottle.mid.haemoglobin * mid[::-1] + c.mottle.fine.haemoglobin * maps["fine"]

    kinds = c.spots
    # Freckles gather where the sun falls.
    sunlit = np.clip(0.12 + maps["face"] * (0.45 + 0.75 * maps["flush"]) + 0.6 * mid, 0, 1.2)
    for name, share in (
        ("freckle", skin.freckles),
        ("mole", skin.moles),
        ("age_spot", max(0.0, 1.6 * age - 0.6)),
        ("blemish", 0.35 + 0.65 * skin.oiliness),
    ):
        kind = getattr(kinds, name)
        profile, identity = maps[name], maps[f"{name}_id"]
        if draw.offset(f"{name}/side") < 0.5:
            profile, identity = profile[::-1], identity[::-1]
        amount = shown(profile, identity, draw.offset(name), float(share) * kind.share)
        if name == "freckle":
            amount = amount * sunlit * np.float32(0.35 + 0.65 * skin.freckles)
        scale = spot_share if name != "mole" else np.float32(1)
        melanin += np.float32(kind.melanin) * scale * amount
        if name == "blemish":
            haemoglobin += np.float32(0.45) * blood_share * amount
    melanin += np.float32(kinds.pore.melanin) * maps["pore"]

    haemoglobin += np.float32(0.50 * skin.flush) * blood_share * maps["flush"] * (1 + 0.5 * mid)
    lid = c.lid
    melanin += np.float32(lid.melanin) * maps["eyelids"]
    haemoglobin += np.float32(lid.haemoglobin) * blood_share * maps["eyelids"]
    tired = np.float32(0.5 + 0.8 * age + 0.7 * draw.offset("tired"))
    melanin += tired * np.float32(lid.under_eye_melanin) * maps["under_eye"]
    haemoglobin += tired * np.float32(lid.under_eye_haemoglobin) * blood_share * maps["under_eye"]
    return np.asarray(melanin, np.float32), np.asarray(haemoglobin, np.float32), mid


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


def _ink(
    spec: SceneSpec,
    fields: SkinFields,
    scalp_tint: Tint | None,
    beard_tint: Tint | None,
    brow_tint: Tint | None,
) -> F32Array | None:
    """Darkening by hair roots, dotted where pores are."""
    rest = fields.rest_quarter_m
    total: F32Array | None = None
    for tint, melanin, grey, depth in (
        (scalp_tint, spec.hair.melanin, spec.hair.grey, 1.1),
        (beard_tint, spec.facial_hair.melanin, spec.facial_hair.grey, 0.75),
        (brow_tint, spec.brows.melanin, spec.brows.grey, 0.75),
    ):
        if tint is None:
            continue
        amount = np.clip(tint(rest.reshape(-1, 3)), 0, 1).astype(np.float32)
        dark = np.float32(depth * (0.12 + 0.88 * melanin) * (1 - 0.6 * grey))
        layer = _doubled(_doubled(amount.reshape(rest.shape[:2]))) * dark
        total = layer if total is None else total + layer
    if total is None:
        return None
    dots = 1 + np.float32(0.55) * fields.maps["fine"] + np.float32(0.5) * fields.maps["pore"]
    return np.asarray(total * dots, np.float32)


def _blend_at(
    plane: F32Array, at: tuple[NDArray[np.intp], ...], mask: F32Array, towards: float
) -> None:
    """Blend in place at some texels, by the mask."""
    weight = mask[at]
    plane[at] = plane[at] * (1 - weight) + weight * np.float32(towards)


def _roughness(
    spec: SceneSpec, fields: SkinFields, mid: F32Array, tone: Tone, c: SkinConstants
) -> F32Array:
    """(N, N); one value where the window meets the body, for the body to go on with."""
    maps, r, skin = fields.maps, c.roughness, spec.skin
    whole = np.float32(r.face + r.oiliness * (skin.oiliness - 0.4) + r.dark_skin * tone.darkness)
    out = np.float32(r.mid_noise) * mid + np.float32(r.pore) * maps["pore"]
    out += np.float32(r.oily * (0.5 + skin.oiliness)) * maps["oily"]
    out += np.float32(r.lids) * maps["eyelids"]
    lips = np.float32(c.lips.roughness) + np.float32(0.06) * maps["lip_lines"] - whole
    out += (lips - out) * maps["lips"]
    out *= maps["fade"]
    out += whole
    return np.asarray(np.clip(out, r.least, r.greatest), np.float32)


def _coat(spec: SceneSpec, tone: Tone, c: SkinConstants) -> float:
    s = c.shading
    full = s.coat + s.coat_oiliness * spec.skin.oiliness
    return float(full * (1 - (1 - s.coat_dark_skin_share) * tone.darkness))


def _body(
    vertex: F32Array,
    broad: F32Array,
    gain: F64Array,
    fields: SkinFields,
    tone: Tone,
    c: SkinConstants,
    linings: Linings,
) -> F32Array:
    """The body's colour over the whole UV square; equal to the window's where they meet."""
    body = fields.body
    amount = vertex[body.vertex[:, 0]] * body.weight[:, :1]
    for k in (1, 2):
        amount += vertex[body.vertex[:, k]] * body.weight[:, k : k + 1]
    everywhere = broad @ body.broad
    amount[:, 0] += c.mottle.broad.melanin * everywhere
    amount[:, 1] += c.mottle.broad.haemoglobin * everywhere
    level = tone.albedo * gain
    planes = [_exponent(amount[:, 0], amount[:, 1], tone, k) for k in range(3)]
    colour = np.exp(np.stack(planes, 1) + np.log(level).astype(np.float32))
    for depth, shallow, deep in (
        (body.cavity, linings.mouth, linings.mouth_deep),
        (body.socket, linings.rim, linings.socket_deep),
    ):
        inside = depth >= 0
        t = depth[inside][:, None]
        colour[inside] = (1 - t) * shallow.astype(np.float32) + t * deep.astype(np.float32)
    out = np.empty((body.resolution**2, 3), np.float32)
    out[:] = level
    out[body.index] = colour
    return np.clip(out, 0.002, 0.95).reshape(body.resolution, body.resolution, 3)


def _doubled(values: F32Array) -> F32Array:
    """(N, N) to (2N, 2N), bilinear about texel centres."""
    near, far = np.float32(0.75), np.float32(0.25)
    padded = np.pad(values, ((1, 1), (0, 0)), mode="edge")
    rows = np.empty((2 * values.shape[0], values.shape[1]), np.float32)
    rows[0::2] = near * values + far * padded[:-2]
    rows[1::2] = near * values + far * padded[2:]
    padded = np.pad(rows, ((0, 0), (1, 1)), mode="edge")
    out = np.empty((rows.shape[0], 2 * rows.shape[1]), np.float32)
    out[:, 0::2] = near * rows + far * padded[:, :-2]
    out[:, 1::2] = near * rows + far * padded[:, 2:]
    return out
