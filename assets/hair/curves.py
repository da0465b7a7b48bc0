"""Operations on whole strands: resampling, frames along them, wander, helices.

A batch of strands is (n, m, 3) in metres, root first, points evenly spaced.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri

from assets.geometry import F32Array, I32Array
from assets.hair.vectors import unit
from assets.noise import Stream

__all__ = [
    "PIECE",
    "WanderBank",
    "coil",
    "cut_below",
    "parallel_frames",
    "resample",
    "shortened",
    "wander",
]

BANK_SIZE = 192
UNEVEN_TURNS = 0.35
"""How much faster or slower a curl turns along its strand."""
PIECE = 512
"""Strands worked on at a time, so that what lies between stays in a core's cache."""


def shortened(strands: F32Array, share: F32Array) -> F32Array:
    """The first ``share`` (n,) of each strand with as many points, evenly along its chords.

    A third of the time of :func:`resample`, for strands that hardly bend between points.
    """
    n, m = strands.shape[:2]
    out = np.empty_like(strands)
    evenly = np.linspace(0.0, m - 1, m, dtype=np.float32)[None]
    for first in range(0, n, PIECE):
        piece = slice(first, first + PIECE)
        here = strands[piece]
        t = evenly * share[piece, None].astype(np.float32)
        low = np.minimum(t.astype(np.int32), m - 2)
        t -= low
        low += np.arange(len(here), dtype=np.int32)[:, None] * m
        flat = here.reshape(-1, 3)
        start = flat.take(low.ravel(), axis=0)
        low += 1
        end = flat.take(low.ravel(), axis=0)
        end -= start
        end *= np.repeat(t.ravel(), 3).reshape(-1, 3)
        end += start
        out[piece] = end.reshape(here.shape)
    return out


def resample(strands: F32Array, m: int, share: F32Array | None = None) -> F32Array:
    """Catmull–Rom through the points, ``m`` new ones over the first ``share`` (n,) of each."""
    n, old = strands.shape[:2]
    if share is None and old == m:
        return strands
    out = np.empty((n, m, 3), np.float32)
    evenly = np.linspace(0.0, old - 1, m, dtype=np.float32)[None]
    for first in range(0, n, PIECE):
        piece = slice(first, first + PIECE)
        t = evenly if share is None else evenly * share[piece, None]
        low = np.minimum(t.astype(np.int32), old - 2)
        near = (np.maximum(low - 1, 0), low, low + 1, np.minimum(low + 2, old - 1))
        here = strands[piece]
        flat = here.reshape(-1, 3)
        base = np.arange(len(here), dtype=np.int32)[:, None] * old
        total = np.zeros((len(here), 3 * m), np.float32)
        # Thrice each: numpy is slow where the innermost axis is short.
        weights = _weights(np.repeat(t - low, 3, axis=1).astype(np.float32))
        for weight, index in zip(weights, near, strict=True):
            part = flat.take((base + index).ravel(), axis=0).reshape(len(here), -1)
            part *= weight
            total += part
        out[piece] = total.reshape(len(here), m, 3)
    return out


def _weights(f: F32Array) -> tuple[F32Array, F32Array, F32Array, F32Array]:
    """Catmull–Rom weights of four neighbours at the fraction ``f`` between the middle two."""
    f2 = f * f
    f3 = f2 * f
    return (
        0.5 * (2 * f2 - f - f3),
        0.5 * (2 - 5 * f2 + 3 * f3),
        0.5 * (f + 4 * f2 - 3 * f3),
        0.5 * (f3 - f2),
    )


def wander(n: int, m: int, stream: Stream, waves: Sequence[float], decay: float = 0.5) -> F32Array:
    """Smooth random curves (n, m, 3) that start at zero, of amplitude about 1.

    ``waves`` are numbers of periods over a strand, each next one ``decay`` as strong.
    """
    s = np.linspace(0.0, 1.0, m, dtype=np.float32)[None, :, None]
    out = np.zeros((n, m, 3), np.float32)
    strength = 1.0
    for periods in waves:
        phase = stream.uniform((n, 1, 3), 0.0, 2 * np.pi)
        turns = np.float32(2 * np.pi * periods) * stream.uniform((n, 1, 1), 0.7, 1.3)
        sway = stream.normal((n, 1, 3), strength)
        out += sway * (np.sin(turns * s + phase) - np.sin(phase))
        strength *= decay
    return np.asarray(out * np.clip(s / 0.3, 0.0, 1.0), np.float32)


class WanderBank:
    """A stock of wanders that strands share, each at its own strength and axis order."""

    def __init__(self, m: int, stream: Stream, waves: Sequence[float], decay: float = 0.55) -> None:
        curves = wander(BANK_SIZE, m, stream, waves, decay)
        self._curves = np.concatenate([curves, curves[:, :, [1, 2, 0]], -curves[:, :, [2, 0, 1]]])
        self._stream = stream

    def add(self, strands: F32Array, strength_m: F32Array) -> F32Array:
        """Strands bent by a random curve each, times ``strength_m`` (n,)."""
        lot = self._stream.uniform((len(strands), 2))
        pick = np.minimum((lot[:, 0] * len(self._curves)).astype(np.intp), len(self._curves) - 1)
        bent = self._curves[pick]
        bent *= (strength_m * (0.6 + 0.8 * lot[:, 1]))[:, None, None].astype(np.float32)
        bent += strands
        return np.asarray(bent, np.float32)


def parallel_frames(curves: F32Array) -> tuple[F32Array, F32Array, F32Array]:
    """Tangents and two normals along curves, carried without twist; each (n, m, 3)."""
    along = np.empty_like(curves)
    along[:, 1:-1] = curves[:, 2:] - curves[:, :-2]
    along[:, 0] = curves[:, 1] - curves[:, 0]
    along[:, -1] = curves[:, -1] - curves[:, -2]
    along = unit(along)
    first = along[:, 0]
    up = np.where(np.abs(first[:, 1:2]) < 0.8, [[0.0, 1.0, 0.0]], [[0.0, 0.0, 1.0]])
    across = np.empty_like(curves)
    across[:, 0] = unit(np.cross(first, up))
    for i in range(1, curves.shape[1]):
        last, t = across[:, i - 1], along[:, i]
        across[:, i] = unit(last - np.einsum("ij,ij->i", last, t)[:, None] * t)
    return along, across, np.asarray(np.cross(along, across), np.float32)


def coil(
    strands: F32Array,
    clump: I32Array,
    length_m: F32Array,
    stream: Stream,
    *,
    radius_m: float,
    pitch_m: float,
    start_m: float,
    phase_spread: float,
    flatten: float,
    vary: float,
    loosen: F32Array | None = None,
    together: float = 0.0,
    shared_rad: F32Array | None = None,
) -> F32Array:
    """Wind strands in helices; strands of one clump share direction, pitch and phase.

    The radius grows from zero over the first ``start_m`` of arc. ``flatten`` below 1 makes
    waves of spirals. ``loosen`` (n,) takes away from the radius of single strands. ``together``
    0-1 draws the clumps' phases to those ``shared_rad`` (clumps,) by neighbours, and turns more
    of them to one side.
    """
    n, m = strands.shape[:2]
    count = int(clump.max()) + 1
    # The middle strands are the first ones, so that their frames serve all of a clump.
    _, across, aside = parallel_frames(strands[:count])
    phase = stream.uniform(count, 0.0, 2 * np.pi) * (1 - together)
    if shared_rad is not None:
        phase = phase + together * shared_rad[:count]
    pitch = pitch_m * stream.uniform(count, 1 - 0.75 * vary, 1 + 0.75 * vary)
    hand = np.where(stream.uniform(count) < 0.5 + 0.5 * together, 1.0, -1.0)
    radius = radius_m * stream.uniform(count, 1 - vary, 1 + vary)
    s = np.linspace(0.0, 1.0, m, dtype=np.float32)
    arc = length_m[:count, None] * s
    # The rate is bounded: a turn that is over within two points would be a zigzag.
    rate = 1.0 + UNEVEN_TURNS * np.tanh(wander(count, m, stream, (1.0, 2.0))[..., 0])
    wound = np.zeros_like(rate)
    np.cumsum(0.5 * (rate[:, 1:] + rate[:, :-1]), axis=1, out=wound[:, 1:])
    wound *= length_m[:count, None] / np.float32(m - 1)
    turns = (phase[:, None] + (hand / pitch)[:, None] * (2 * np.pi) * wound).astype(np.float32)
    reach = (radius[:, None] * np.clip(arc / start_m, 0.0, 1.0) ** 1.3).astype(np.float32)
    cos, sin = np.cos(turns) * reach, np.sin(turns) * reach
    flat = np.float32(flatten)
    here = across * cos[..., None] + aside * (flat * sin)[..., None]
    ahead = aside * (flat * cos)[..., None] - across * sin[..., None]
    lot = stream.uniform((n, 2))
    own = 0.85 + 0.3 * lot[:, 0]
    if loosen is not None:
        own = own * (1.0 - loosen)
    shift = ndtri(lot[:, 1].astype(np.float64)) * phase_spread
    out = np.empty_like(strands)
    for first in range(0, n, PIECE):
        piece = slice(first, first + PIECE)
        which, scale = clump[piece], own[piece]
        part = here[which]
        part *= (scale * np.cos(shift[piece])).astype(np.float32)[:, None, None]
        side = ahead[which]
        side *= (scale * np.sin(shift[piece])).astype(np.float32)[:, None, None]
        part += side
        part += strands[piece]
        out[piece] = part
    return out


def cut_below(strands: F32Array, height_m: F32Array, least: float = 0.25) -> F32Array:
    """Share (n,) of each strand that lies above the height (n,) at which it is cut."""
    below = strands[:, :, 1] < height_m[:, None]
    m = strands.shape[1]
    first = np.where(below.any(1), below.argmax(1), m - 1)
    before = np.maximum(first - 1, 0)
    rows = np.arange(len(strands))
    y0, y1 = strands[rows, before, 1], strands[rows, first, 1]
    inner = np.clip((y0 - height_m) / np.maximum(y0 - y1, 1e-6), 0.0, 1.0)
    at = np.where(below.any(1), before + inner, m - 1) / (m - 1)
    return np.asarray(np.clip(at, least, 1.0), np.float32)
