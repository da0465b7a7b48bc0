"""Colour of the eyeball in polar form: rows from the pupil outwards, columns once round."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

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

__all__ = ["eye_textures", "row_angles", "wet_texture"]

_HIDDEN_RAD: Final = 2.2
"""Beyond this angle from the pole the ball is never seen: the head is round it."""


def eye_textures(spec: SceneSpec, store: Store) -> dict[str, F32Array]:
    """(H, W, 3) linear albedo of the ``right`` and ``left`` eye, row 0 at the pupil.

    Columns run from +x (the subject's left) towards +y. One iris is the other's mirror image.
    """
    c = eye_constants()
    width, split = c.texture.width_px, _iris_rows()
    turn = ((np.arange(width, dtype=np.float32) + 0.5) / width * 2 * np.pi)[None, :]
    angles, limbus = row_angles(), np.arcsin(c.shape.iris_radius)
    radius = (_rows()[:split] / c.texture.iris_share)[:, None]
    angle = angles[split:, None]
    iris = _iris(spec, store, radius, turn)
    seen = angle[angle[:, 0] < _HIDDEN_RAD]

    def ball(side: str) -> F32Array:
        front = _sclera(spec, seen, turn, side)
        behind = np.broadcast_to(front[-1:], (len(angle) - len(seen), *front.shape[1:]))
        white = np.concatenate([front, behind])
        return _joined(iris, white, radius, angle - np.float32(limbus))

    # The nose lies towards +x of the right eye, and of the left eye once mirrored.
    return {"right": ball("right"), "left": _mirrored(ball("left"))}


def row_angles() -> F32Array:
    """(H,) radians from the pole of the texture's rows."""
    c, rows, split = eye_constants(), _rows(), _iris_rows()
    limbus = np.arcsin(c.shape.iris_radius)
    iris = np.arcsin(rows[:split] / c.texture.iris_share * c.shape.iris_radius)
    back = (rows[split:] - c.texture.iris_share) / (1 - c.texture.iris_share)
    return np.asarray(np.concatenate([iris, limbus + (np.pi - limbus) * back]), np.float32)


def _rows() -> F32Array:
    height = eye_constants().texture.height_px
    return (np.arange(height, dtype=np.float32) + np.float32(0.5)) / np.float32(height)


def _iris_rows() -> int:
    texture = eye_constants().texture
    return round(texture.height_px * texture.iris_share)


def _joined(iris: F32Array, sclera: F32Array, radius: F32Array, past_limbus: F32Array) -> F32Array:
    """The limbus is no line: iris and white run into one another over half a millimetre."""
    out = np.concatenate([iris, sclera])
    split = len(iris)
    veiled = radius[:, 0] > 0.93
    rim = out[:split][veiled]
    out[:split][veiled] = rim + smoothstep(radius[veiled], 0.93, 1.04)[..., None] * (
        sclera[:1] - rim
    )
    shaded = past_limbus[:, 0] < 0.10
    white = out[split:][shaded]
    shade = smoothstep(past_limbus[shaded], 0.0, 0.10)[..., None]
    out[split:][shaded] = white + (1 - shade) * 0.5 * (out[split - 1] - white)
    return np.clip(out, 0.001, 0.9, out=out)


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
    circle = np.stack([np.cos(turn[0]), np.sin(turn[0])], -1).astype(np.float32)
    height = (across[:, 0] * 0.35).astype(np.float32)
    fine = ValueNoise(spec.skin.seed, "eyes/fibres").on_prism(circle, height, 17.0, 3, 0.7)
    slow = ValueNoise(spec.skin.seed, "eyes/patches").on_prism(circle, height, 2.2, 2)
    value = fibres * (1 + 0.40 * fine) * (1 + 0.20 * slow)
    # The collarette: a paler, warmer ring about the pupil with a ragged rim.
    collarette = smoothstep(across + 0.05 * fine, 0.42, 0.24)
    value *= 1 + 0.28 * collarette * smoothstep(across, 0.0, 0.10)
    value *= 1 - np.float32(c.limbal_ring) * smoothstep(across + 0.04 * slow, 0.74, 1.0)
    value *= 1 - np.float32(0.6) * smoothstep(across, 0.05, 0.0)
    open_pupil = smoothstep(radius, float(pupil) + 0.012, float(pupil) - 0.012)
    out = np.empty((*value.shape, 3), np.float32)
    for k, warm in enumerate((1.22, 1.0, 0.72)):
        plane = value * base[k] * (1 + np.float32(0.8 * (warm - 1)) * collarette)
        plane += open_pupil * (np.float32(c.pupil) - plane)
        out[..., k] = plane
    return out


def _sclera(spec: SceneSpec, angle: F32Array, turn: F32Array, side: str) -> F32Array:
    """(H, W, 3) with the nose towards +x; ``angle`` from the pole in radians (H, 1)."""
    c = eye_constants().sclera
    tone = tone_of(spec.skin.monk_tone, spec.skin.undertone)
    age = float(np.clip((spec.identity.age_years - 35) / 45, 0, 1))
    white = np.array(c.white) * (1 - tone.darkness) + np.array(c.dark_skin) * tone.darkness
    white = (white + 0.45 * age * (np.array(c.yellow) - white)).astype(np.float32)
    points, corner = _ball(angle.tobytes(), turn.tobytes())
    cloud = ValueNoise(spec.skin.seed, f"eyes/cloud/{side}")(points, 3.0, 2)
    # Veins run outwards from the corners: stretched along the angle, thin across it.
    warp = ValueNoise(spec.skin.seed, f"eyes/vein-warp/{side}")(points, 5.0, 2)
    bent = turn + 0.25 * warp
    thread = np.stack([np.cos(bent), np.sin(bent), np.broadcast_to(angle * 0.45, bent.shape)], -1)
    vein = ValueNoise(spec.skin.seed, f"eyes/veins/{side}")(thread.astype(np.float32), 7.0, 2, 0.6)
    line = np.exp(-((vein / 0.045) ** 2))
    branch = ValueNoise(spec.skin.seed, f"eyes/branches/{side}")(thread.astype(np.float32), 15.0, 1)
    line = np.maximum(line, 0.6 * np.exp(-((branch / 0.05) ** 2)))
    away = smoothstep(angle, 0.62, 1.25) * np.clip(0.35 + 0.9 * cloud, 0, 1)
    amount = (0.20 + 0.60 * spec.eyes.redness) * line * away
    amount = np.clip(amount + 0.16 * spec.eyes.redness * smoothstep(angle, 0.5, 1.2), 0, 0.8)
    out = np.empty((*amount.shape, 3), np.float32)
    pinker, lighter = np.float32(0.75) * corner, 1 + np.float32(0.05) * cloud
    # A plane at a time: numpy is slow where the innermost axis is short.
    for k in range(3):
        plane = (white[k] + pinker * (np.float32(c.corner[k]) - white[k])) * lighter
        plane += amount * (np.float32(c.vein[k]) - plane)
        out[..., k] = plane
    return out


@lru_cache(maxsize=2)
def _ball(angles: bytes, turns: bytes) -> tuple[F32Array, F32Array]:
    """Points (H, W, 3) of the unit ball, and how near to a corner of the eye (H, W) they are;
    the same for all eyes."""
    angle = np.frombuffer(angles, np.float32)[:, None]
    turn = np.frombuffer(turns, np.float32)[None]
    x = np.sin(angle) * np.cos(turn)
    y = np.sin(angle) * np.sin(turn)
    points = np.stack([x, y, np.broadcast_to(np.cos(angle), x.shape)], -1).astype(np.float32)
    corner = smoothstep(x, 0.55, 0.97) + 0.55 * smoothstep(-x, 0.60, 0.98)
    corner = corner + 0.35 * smoothstep(np.abs(y), 0.55, 0.95)
    return points, np.asarray(np.clip(corner, 0, 1), np.float32)


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
