"""Pigment of strands: natural variation, grey, weathered ends, highlights and dyes.

Melanin is Cycles' parameter 0-1 of its hair shader; lightening and spread act on the
concentration behind it, ``-ln(1 - melanin)``, of which absorption is a linear function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array, I32Array
from assets.hair.vectors import smoothstep
from assets.noise import Stream, ValueNoise
from spec_schema.spec import HairSpec

__all__ = ["Coat", "Lots", "coat_of", "greys_first", "pigment"]

Lots = Callable[[str], Stream]
"""A stream for each purpose: then fewer strands have the colours of the first of many."""

STRAND_SPREAD = 0.20
CLUMP_SPREAD = 0.13
"""Standard deviations of the logarithm of the concentration."""
REDNESS_SPREAD = 0.05
WHITE_MELANIN = (0.0, 0.035)
TURNING = 0.08
"""Share of the white strands that keep a part of their pigment: half-grey hair."""
DARKEST: Final = 0.9995
GREY_STEP: Final = 2**0.5 - 1
MEASURED: Final = 2000
"""So many strands tell how a share of grey is spread over a scalp."""
BISECTIONS: Final = 30
ROOT_SHADE = 0.16
"""How much more pigment the newest centimetres show."""
ROOT_M = 0.025
WEATHERED_FROM_M = 0.04
WEATHERED_TO_M = 0.32
WEATHERED_LOSS = 0.5
"""Share of the pigment that hair of that length has lost at full weathering."""


@dataclass(frozen=True)
class Coat:
    """Colour along strands."""

    melanin: F32Array
    """(n, m) 0-1"""
    redness: F32Array
    """(n, m) 0-1"""
    tint: F32Array | None
    """(n, m, 3) linear sRGB of a dye, as white hair takes it; None for none."""


def pigment(
    melanin: float,
    redness: float,
    grey: float,
    n: int,
    lots: Lots,
    clump: I32Array | None = None,
    greys_first: F32Array | None = None,
) -> tuple[F32Array, F32Array]:
    """Melanin and redness (n,) of strands; the share ``grey`` of them has none.

    ``greys_first`` (n,) 0-1 says where hair loses its pigment early.
    """
    amount = _concentration(melanin) * np.exp(lots("strand").normal(n, STRAND_SPREAD))
    if clump is not None and n:
        amount = amount * np.exp(lots("clump").normal(int(clump.max()) + 1, CLUMP_SPREAD))[clump]
    value = _melanin(amount)
    white = _turned_white(grey, n, lots("grey"), greys_first)
    bare = lots("white").uniform(n, *WHITE_MELANIN)
    half = lots("turning").uniform(n) < TURNING
    bare = np.where(half, _melanin(0.35 * amount), bare)
    value = np.where(white, bare, value)
    red = redness + lots("redness").normal(n, REDNESS_SPREAD)
    return (
        np.asarray(np.clip(value, 0, 1), np.float32),
        np.asarray(np.clip(red, 0, 1), np.float32),
    )


def _turned_white(
    grey: float, n: int, stream: Stream, greys_first: F32Array | None
) -> NDArray[np.bool_]:
    """(n,) bool. Each strand's own lot decides, against a line that hangs on the first ones.

    So a strand is white at every detail or at none, however many strands there are.
    """
    # Steps of an irrational number are spread as evenly as those by which roots are placed.
    start = float(stream.uniform())
    lot = np.modf(start + GREY_STEP * np.arange(n))[0]
    early = np.zeros(n, np.float32) if greys_first is None else 0.5 * greys_first
    first = early[:MEASURED].astype(np.float64)
    low, high = -float(first.max(initial=0.0)), 1.0
    for _ in range(BISECTIONS):
        line = 0.5 * (low + high)
        enough = first.size == 0 or np.clip(line + first, 0.0, 1.0).mean() >= grey
        low, high = (low, line) if enough else (line, high)
    return np.asarray(lot < high + early) if grey > 0 else np.zeros(n, bool)


def coat_of(
    hair: HairSpec,
    strands: F32Array,
    lots: Lots,
    clump: I32Array,
    early_grey: F32Array,
    weft: F32Array,
) -> Coat:
    """The colour along strands (n, m, 3), which ``clump`` (n,) gathers.

    ``early_grey`` (n,) says where pigment goes first; ``weft`` (n,) is alike in what a
    hairdresser takes up together.
    """
    n, m = strands.shape[:2]
    own, red = pigment(hair.melanin, hair.redness, hair.grey, n, lots, clump, early_grey)
    arc = _arc_m(strands)
    worn = smoothstep(arc, WEATHERED_FROM_M, WEATHERED_TO_M)
    shade = 1 + ROOT_SHADE * np.exp(-arc / ROOT_M) - WEATHERED_LOSS * hair.weathering * worn
    amount = _concentration(own)[:, None] * shade
    redness = np.repeat(red[:, None], m, 1)
    tint = None
    if hair.dye > 0:
        over = hair.dye * _grown_out(hair, arc, lots)
        dyed = _concentration(hair.dye_melanin) * np.exp(
            lots("dyed strand").normal(n, 0.6 * STRAND_SPREAD)
            + lots("dyed clump").normal(int(clump.max()) + 1, 0.6 * CLUMP_SPREAD)[clump]
        )
        # Dyed white hair stays a little lighter than its neighbours.
        dyed = dyed * np.where(own < 0.05, 0.85, 1.0)
        amount = amount + (dyed[:, None] - amount) * over
        redness = redness + (hair.dye_redness - redness) * over
        tint = _tint(hair, over, arc, lots, clump)
    if hair.highlights > 0:
        lit = _lit(hair, arc, lots, clump, weft)
        light = np.minimum(_concentration(hair.highlight_melanin), amount)
        amount = amount + (light - amount) * lit
    return Coat(
        melanin=np.asarray(_melanin(amount), np.float32),
        redness=np.asarray(np.clip(redness, 0, 1), np.float32),
        tint=tint,
    )


def greys_first(rest_dm: F32Array, sex: float, noise: ValueNoise) -> F32Array:
    """(n,) 0-1 where the scalp at rest points (n, 3) greys early.

    Of men the temples do; women grey more evenly, and both in streaks.
    """
    temples = 1 - smoothstep(rest_dm[:, 1], 7.3, 8.1)
    streaks = 0.5 + 0.5 * noise(rest_dm, 5.0)
    return np.asarray(np.clip((0.25 + 0.75 * sex) * temples + 0.35 * streaks, 0, 1.35), np.float32)


def _concentration(melanin: F32Array | float) -> F32Array:
    return np.asarray(-np.log1p(-np.minimum(melanin, DARKEST)), np.float32)


def _melanin(concentration: F32Array) -> F32Array:
    return np.asarray(-np.expm1(-concentration), np.float32)


def _arc_m(strands: F32Array) -> F32Array:
    """(n, m) distance from the root along each strand."""
    step = np.diff(strands, axis=1)
    arc = np.zeros(strands.shape[:2], np.float32)
    np.cumsum(np.sqrt(np.einsum("nmk,nmk->nm", step, step)), axis=1, out=arc[:, 1:])
    return arc


def _grown_out(hair: HairSpec, arc: F32Array, lots: Lots) -> F32Array:
    """(n, m) 0 where the hair is newer than its dye."""
    if hair.regrowth_m <= 0:
        return np.ones_like(arc)
    line = hair.regrowth_m * lots("regrowth").uniform((len(arc), 1), 0.8, 1.2)
    soft = 0.003 + 0.25 * hair.regrowth_m
    return smoothstep((arc - line) / soft, -0.5, 0.5)


def _tint(
    hair: HairSpec, over: F32Array, arc: F32Array, lots: Lots, clump: I32Array
) -> F32Array | None:
    """Dye along strands; it takes unevenly and washes out toward the ends."""
    colour = np.array([hair.dye_red, hair.dye_green, hair.dye_blue], np.float32)
    if (colour >= 1).all():
        return None
    n, clumps = len(arc), int(clump.max()) + 1
    taken = lots("taken").normal(n, 0.12) + lots("taken clump").normal(clumps, 0.14)[clump]
    deep = np.exp(taken)[:, None] * (1 - 0.3 * smoothstep(arc, 0.0, WEATHERED_TO_M)) * over
    logarithm = np.log(np.maximum(colour, 0.002))
    return np.asarray(np.exp(deep[..., None] * logarithm), np.float32)


def _lit(hair: HairSpec, arc: F32Array, lots: Lots, clump: I32Array, weft: F32Array) -> F32Array:
    """(n, m) how far each point is lightened; foils take whole wefts, with some strays."""
    n, clumps = len(arc), int(clump.max()) + 1
    taken = weft <= np.quantile(weft, hair.highlights)
    stray = lots("stray").uniform(n) < 0.2
    chosen = np.where(stray, lots("lit alone").uniform(n) < hair.highlights, taken)
    start = hair.highlight_start + lots("lit from").normal(clumps, 0.07)[clump]
    start = np.clip(start, 0.0, 0.95)[:, None]
    length = np.maximum(arc[:, -1:], 1e-4)
    from_m = start * length + hair.regrowth_m
    blend = np.maximum(0.35 * start * length, 0.004)
    strength = lots("lift").uniform(n, 0.7, 1.0)[:, None]
    along = smoothstep((arc - from_m) / blend, 0.0, 1.0)
    return np.asarray(chosen[:, None] * strength * along, np.float32)
