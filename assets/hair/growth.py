"""Guide hairs grown along the distance field, and children that follow them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from assets.geometry import F32Array
from assets.hair.clumping import nearest_keys, varying
from assets.hair.data import FallData
from assets.hair.distance import DistanceField
from assets.hair.vectors import unit
from assets.noise import Stream

__all__ = ["Fall", "Push", "follow", "grow"]

Push = Callable[[F32Array, float], F32Array]
"""Extra direction (n, 3) at points (n, 3) and the share of the length grown so far."""

NEAR_M = 0.012
"""Within this of the shell no strand goes inward."""


HANGS_OVER_M = 0.04
SHARPEST_COS = 0.64
"""Of the angle by which a guide turns from one step to the next: where what pulls it cancels out,
it would fold back on itself."""


@dataclass(frozen=True)
class Fall:
    """How stiff guides are and what pulls them."""

    stiffness: float
    gravity: float
    gravity_start: float
    gravity_full: float
    """Shares of the length between which gravity comes in."""
    hug: float
    jitter: float
    shell_arc_m: float
    """Arc length over which a strand rises to its shell."""
    hangs_below_m: float = -np.inf
    """Height in the skull's frame under which hair hangs freely instead of hugging the skin."""

    @staticmethod
    def of(data: FallData, hangs_below_m: float = -np.inf) -> Fall:
        """The fall that a style declares."""
        return Fall(
            stiffness=data.stiffness,
            gravity=data.gravity,
            gravity_start=data.gravity_start,
            gravity_full=data.gravity_full,
            hug=data.hug,
            jitter=data.jitter,
            shell_arc_m=data.shell_arc_mm * 1e-3,
            hangs_below_m=hangs_below_m,
        )


def grow(
    roots_m: F32Array,
    directions: F32Array,
    length_m: F32Array,
    shell_m: F32Array,
    steps: int,
    field: DistanceField,
    gravity: F32Array,
    fall: Fall,
    stream: Stream,
    push: Push | None = None,
) -> F32Array:
    """Guides (n, steps, 3) that keep ``shell_m`` (n,) above the skin.

    Directions are unit (n, 3); gravity is a unit vector (3,).
    """
    n = len(roots_m)
    out = np.empty((n, steps, 3), np.float32)
    out[:, 0] = p = roots_m
    d = directions
    step = (length_m / (steps - 1))[:, None].astype(np.float32)
    away = field.distance(p)
    for i in range(1, steps):
        s = i / (steps - 1)
        shell = shell_m * np.clip(length_m * s / fall.shell_arc_m, 0.0, 1.0)
        above = away - shell
        outward = field.outward(p)
        ramp = (s - fall.gravity_start) / max(fall.gravity_full - fall.gravity_start, 1e-3)
        weight = fall.gravity * float(np.clip(ramp, 0.0, 1.0))
        t = d * fall.stiffness + gravity * np.float32(weight)
        t = t + stream.normal((n, 3), fall.jitter)
        if push is not None:
            t = t + push(p, s)
        inward = np.minimum(np.einsum("ij,ij->i", t, outward), 0.0)
        near = np.clip(1.0 - above / NEAR_M, 0.0, 1.0)
        t = t - outward * (inward * near)[:, None]
        if fall.hug:
            lies = np.clip((p[:, 1] - fall.hangs_below_m) / HANGS_OVER_M, 0.0, 1.0)
            t = t - outward * (fall.hug * lies * np.clip(above / 0.02, 0.0, 1.5))[:, None]
        d = _bent(d, unit(t))
        q = p + d * step
        lift = shell - field.distance(q)
        low = np.flatnonzero(lift > 0)
        q[low] += field.outward(q[low]) * lift[low, None]
        d = unit(q - p)
        p = p + d * step
        # What a bend has taken of the height is given back.
        away = field.distance(p)
        low = np.flatnonzero(away < 0.7 * shell)
        p[low] += outward[low] * (0.7 * shell - away)[low, None]
        away[low] = field.distance(p[low])
        out[:, i] = p
    return out


def _bent(before: F32Array, after: F32Array) -> F32Array:
    """Unit directions (n, 3) ``after``, turned from those ``before`` no farther than is allowed."""
    along = np.einsum("ij,ij->i", before, after)
    sharp = np.flatnonzero(along < SHARPEST_COS)
    if len(sharp) == 0:
        return after
    old = before[sharp]
    side = unit(after[sharp] - along[sharp, None] * old)
    out = after.copy()
    out[sharp] = unit(SHARPEST_COS * old + float(np.sqrt(1 - SHARPEST_COS**2)) * side)
    return out


def follow(
    roots_m: F32Array,
    keys: F32Array,
    length_m: F32Array,
    guides: F32Array,
    guide_index: NDArray[np.intp],
    neighbours: int = 3,
) -> F32Array:
    """Children (n, m, 3) shaped like their nearest guides by inverse square distance.

    ``guide_index`` says which roots the guides stand on; shapes scale with the length.
    """
    g, m = guides.shape[:2]
    k = min(neighbours, g)
    distance, index = nearest_keys(varying(keys), guide_index, k)
    weight = 1.0 / (distance + 0.004) ** 2
    weight /= weight.sum(1, keepdims=True)
    shape = (guides - guides[:, :1]) / length_m[guide_index][:, None, None]
    rows = np.repeat(np.arange(len(keys)), k)
    mix = sparse.csr_matrix(
        (weight.astype(np.float32).ravel(), (rows, index.ravel())), shape=(len(keys), g)
    )
    offset = mix @ shape.reshape(g, -1)
    offset *= length_m[:, None]
    offset += np.tile(roots_m, (1, m))
    return np.asarray(offset, np.float32).reshape(len(keys), m, 3)
