"""Pigment of single strands."""

from __future__ import annotations

import numpy as np

from assets.geometry import F32Array, I32Array
from assets.noise import Stream

__all__ = ["pigment"]

STRAND_SPREAD = 0.10
CLUMP_SPREAD = 0.08
REDNESS_SPREAD = 0.05
WHITE_MELANIN = (0.0, 0.04)


def pigment(
    melanin: float,
    redness: float,
    grey: float,
    n: int,
    stream: Stream,
    clump: I32Array | None = None,
    greys_first: F32Array | None = None,
) -> tuple[F32Array, F32Array]:
    """Melanin and redness (n,) of strands; the share ``grey`` of them has none.

    ``greys_first`` (n,) 0-1 says where hair loses its pigment early.
    """
    value = melanin * np.exp(stream.normal(n, STRAND_SPREAD))
    if clump is not None and n:
        value = value * np.exp(stream.normal(int(clump.max()) + 1, CLUMP_SPREAD))[clump]
    order = stream.uniform(n)
    if greys_first is not None:
        order = order - 0.5 * greys_first
    white = np.zeros(n, bool)
    white[np.argsort(order, kind="stable")[: round(grey * n)]] = True
    value = np.where(white, stream.uniform(n, *WHITE_MELANIN), value)
    red = redness + stream.normal(n, REDNESS_SPREAD)
    return (
        np.asarray(np.clip(value, 0, 1), np.float32),
        np.asarray(np.clip(red, 0, 1), np.float32),
    )
