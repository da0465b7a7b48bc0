"""Colour of the eyeball in polar form: rows from the pupil outwards, columns once round."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assets.catalog import Catalog
from assets.eyes.constants import eye_constants
from assets.eyes.iris_colour import painted_fibres, stroma_colour
from assets.geometry import F32Array
from assets.noise import ValueNoise
from assets.skin.regions import smoothstep
from assets.skin.tone import tone_of
from spec_schema.errors import AssetError, nearest
from spec_schema.spec import SceneSpec

if TYPE_CHECKING:
    from assets.store import Store

__all__ = ["eye_textures", "wet_texture"]


def eye_textures(spec: SceneSpec, store: Store) -> dict[str, F32Array]:
    """(H, W, 3) linear albedo of the ``right`` and ``left`` eye, row 0 at the pupil.

    Columns run from +x (the subject's left) towards +y. One iris is the other's mirror image.
    """
    c = eye_constants()
    height, width = c.texture.height_px, c.texture.width_px
    split = round(height * c.texture.iris_share)
    turn = ((np.arange(width, dtype=np.float32) + 0.5) / width * 2 * np.pi)[None, :]
    rows = (np.arange(height, dtype=np.float32) + 0.5) / height
    radius = (rows[:split] / c.texture.iris_share)[:, None]
    limbus = np.arcsin(c.shape.iris_radius)
    back = (rows[split:, None] - c.texture.iris_share) / (1 - c.texture.iris_share)
    angle = np.asarray(limbus + (np.pi - limbus) * back, np.float32)
    iris = _iris(spec, store, radius, turn)
    # The nose lies towards +x of the right eye, and of the left eye once mirrored.
    right = _joined(iris, _sclera(spec, angle, turn, "right"), radius, angle - np.float32(limbus))
    left = _joined(iris, _sclera(spec, angle, turn, "left"), radius, angle - np.float32(limbus))
    return {"right": right, "left": _mirrored(left)}


def _joined(iris: F32Array, sclera: F32Array, radius: F32Array, past_limbus: F32Array) -> F32Array:
    """The limbus is no line: iris and white run into one another over half a millimetre."""
    veil = smoothstep(radius, 0.93, 1.04)[..., None]
    inner = np.asarray(iris + veil * (sclera[:1] - iris), np.float32)
    shade = smoothstep(past_limbus, 0.0, 0.10)[..., None]
    outer = sclera + (1 - shade) * 0.5 * (inner[-1:] - sclera)
    return np.asarray(np.clip(np.concatenate([inner, outer]), 0.001, 0.9), np.float32)


def _mirrored(texture: F32Array) -> F32Array:
    """The same eye with x reversed: the column at an angle moves to pi less it."""
    return np.asarray(np.roll(texture[:, ::-1], texture.shape[1] // 2, axis=1))


def _iris(spec: SceneSpec, store: Store, radius: F32Array, turn: F32Array) -> F32Array:
    """(H, W, 3); ``radius`` 0 in the middle to 1 at the limbus, (H, 1)."""
    c, eyes = eye_constants().iris, spec.eyes
    entries = Catalog.load().irises
    if eyes.iris not in entries:
        raise AssetError(f"eyes.iris is {eyes.iris!r}: no such iris; {nearest(eyes.iris, entries)}")
    entry = entries[eyes.iris]
    base = stroma_colour(entry, eyes.iris_hue_shift, eyes.iris_brightness)
    pupil = np.float32(eyes.pupil_ratio)
    across = np.clip((radius - pupil) / (1 - pupil), 0, 1)
    grid_radius, grid_turn = np.broadcast_arrays(across, turn)
    texture = np.asarray(store.array(entry.texture))
    fibres = painted_fibres(texture, entry, grid_radius, grid_turn) ** np.float32(0.8)
    circle = np.stack([np.cos(grid_turn), np.sin(grid_turn), grid_radius * 0.35], -1)
    fine = ValueNoise(spec.skin.seed, "eyes/fibres")(circle.astype(np.float32), 17.0, 3, 0.7)
    slow = ValueNoise(spec.skin.seed, "eyes/patches")(circle.astype(np.float32), 2.2, 2)
    value = fibres * (1 + 0.40 * fine) * (1 + 0.20 * slow)
    # The collarette: a paler, warmer ring about the pupil with a ragged rim.
    collarette = smoothstep(across + 0.05 * fine, 0.42, 0.24)
    value *= 1 + 0.28 * collarette * smoothstep(across, 0.0, 0.10)
    value *= 1 - np.float32(c.limbal_ring) * smoothstep(across + 0.04 * slow, 0.74, 1.0)
    colour = value[..., None] * base
    warm = np.array([1.22, 1.0, 0.72], np.float32)
    colour *= 1 + (0.8 * collarette[..., None]) * (warm - 1)
    ruff = smoothstep(across, 0.05, 0.0)[..., None]
    colour = colour * (1 - 0.6 * ruff)
    open_pupil = smoothstep(radius, float(pupil) + 0.012, float(pupil) - 0.012)[..., None]
    return np.asarray(colour * (1 - open_pupil) + np.float32(c.pupil) * open_pupil, np.float32)


def _sclera(spec: SceneSpec, angle: F32Array, turn: F32Array, side: str) -> F32Array:
    """(H, W, 3) with the nose towards +x; ``angle`` from the pole in radians (H, 1)."""
    c = eye_constants().sclera
    tone = tone_of(spec.skin.monk_tone, spec.skin.undertone)
    age = float(np.clip((spec.identity.age_years - 35) / 45, 0, 1))
    white = np.array(c.white) * (1 - tone.darkness) + np.array(c.dark_skin) * tone.darkness
    white = (white + 0.45 * age * (np.array(c.yellow) - white)).astype(np.float32)
    x = np.sin(angle) * np.cos(turn)
    y = np.sin(angle) * np.sin(turn)
    points = np.stack([x, y, np.broadcast_to(np.cos(angle), x.shape)], -1).astype(np.float32)
    corner = smoothstep(x, 0.55, 0.97) + 0.55 * smoothstep(-x, 0.60, 0.98)
    corner = corner + 0.35 * smoothstep(np.abs(y), 0.55, 0.95)
    corner = np.clip(corner, 0, 1)[..., None]
    out = white * (1 - 0.75 * corner) + np.array(c.corner, np.float32) * 0.75 * corner
    cloud = ValueNoise(spec.skin.seed, f"eyes/cloud/{side}")(points, 3.0, 2)
    out = out * (1 + 0.05 * cloud[..., None])
    # Veins run outwards from the corners: stretched along the angle, thin across it.
    warp = ValueNoise(spec.skin.seed, f"eyes/vein-warp/{side}")(points, 5.0, 2)
    bent = turn + 0.25 * warp
    thread = np.stack([np.cos(bent), np.sin(bent), np.broadcast_to(angle * 0.45, x.shape)], -1)
    vein = ValueNoise(spec.skin.seed, f"eyes/veins/{side}")(thread.astype(np.float32), 7.0, 2, 0.6)
    line = np.exp(-((vein / 0.045) ** 2))
    branch = ValueNoise(spec.skin.seed, f"eyes/branches/{side}")(thread.astype(np.float32), 15.0, 1)
    line = np.maximum(line, 0.6 * np.exp(-((branch / 0.05) ** 2)))
    away = smoothstep(angle, 0.62, 1.25) * np.clip(0.35 + 0.9 * cloud, 0, 1)
    amount = (0.20 + 0.60 * spec.eyes.redness) * line * away
    amount = np.clip(amount + 0.16 * spec.eyes.redness * smoothstep(angle, 0.5, 1.2), 0, 0.8)
    return np.asarray(out + amount[..., None] * (np.array(c.vein, np.float32) - out), np.float32)


def wet_texture(spec: SceneSpec) -> F32Array:
    """(H, 4, 3) linear albedo across the lining (lower half of the rows) and the caruncle."""
    c = eye_constants().wet
    tone = tone_of(spec.skin.monk_tone, spec.skin.undertone)
    dark = tone.darkness
    lid = (1 - dark) * np.array(c.lining) + dark * np.array(c.lining_dark)
    knob = (1 - dark) * np.array(c.caruncle) + dark * np.array(c.caruncle_dark)
    ball = np.array(c.on_ball) * (1 - 0.25 * dark)
    blood = np.array([1.04, 0.72, 0.72]) * spec.eyes.redness + 1 - spec.eyes.redness
    across = np.linspace(0, 1, 16)[:, None]
    out = smoothstep(across.astype(np.float32), 0.45, 1.0)
    skin = smoothstep(across.astype(np.float32), 0.35, 0.0) * c.skin_at_lid
    lid = lid + skin * (tone.albedo - lid)
    halves = [lid + out * (ball - lid), knob + 0.8 * out * (ball - knob)]
    rows = np.concatenate(halves) * blood
    return np.asarray(np.repeat(rows[:, None], 4, axis=1), np.float32)
