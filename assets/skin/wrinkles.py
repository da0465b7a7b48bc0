"""Wrinkle patterns of the face in the rest frame: 0 on smooth skin, -1 in a groove."""

from __future__ import annotations

import numpy as np

from assets.geometry import F32Array
from assets.noise import ValueNoise
from assets.skin.regions import smoothstep

__all__ = ["wrinkle_patterns"]


def _grooves(phase: F32Array, sharpness: float) -> F32Array:
    """One groove in each unit of phase, with a soft ridge on either side."""
    off = np.abs(phase - np.floor(phase) - 0.5) * 2
    groove = np.exp(-((off * sharpness) ** 2))
    ridge = np.exp(-(((off - 1.4 / sharpness) * sharpness) ** 2))
    return np.asarray(-groove + 0.22 * ridge, np.float32)


def _crease(x: F32Array, y: F32Array, path: list[tuple[float, float]], width_m: float) -> F32Array:
    """A groove along a polyline of (|x|, y) points, fading towards both ends."""
    points = np.array(path, np.float32)
    best = np.full(x.shape, np.inf, np.float32)
    along = np.zeros_like(best)
    pieces = len(points) - 1
    for k in range(pieces):
        (ax, ay), (bx, by) = points[k], points[k + 1]
        dx, dy = bx - ax, by - ay
        t = np.clip(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy), 0, 1)
        distance = np.hypot(x - ax - t * dx, y - ay - t * dy)
        nearer = distance < best
        best = np.where(nearer, distance, best)
        along = np.where(nearer, (k + t) / pieces, along)
    ends = smoothstep(along, 0.0, 0.15) * smoothstep(along, 1.0, 0.6)
    groove = -np.exp(-((best / width_m) ** 2))
    ridge = 0.25 * np.exp(-(((best - 2.2 * width_m) / (1.4 * width_m)) ** 2))
    return np.asarray((groove + ridge) * ends, np.float32)


def wrinkle_patterns(rest_m: F32Array) -> dict[str, F32Array]:
    """Patterns at rest positions ``(*, 3)`` of hm08, by the names of ``[wrinkle]``."""
    x, y, z = (np.asarray(rest_m[..., k], np.float32) for k in range(3))
    side = np.abs(x)
    bend = ValueNoise(0, "skin/wrinkle-bend")(rest_m, 38.0, 3)
    broken = ValueNoise(0, "skin/wrinkle-broken")(rest_m, 55.0, 2)
    front = smoothstep(z, 0.080, 0.105)

    level = (y + 0.0014 * bend - 0.004 * np.cos(side * 42)) / 0.0088
    area = smoothstep(y, 0.758, 0.768) * smoothstep(y, 0.806, 0.792) * front
    area = area * smoothstep(side, 0.052, 0.030)
    forehead = _grooves(level, 2.6) * area * np.clip(0.75 + 0.7 * broken, 0, 1.2)

    lean = side + 0.0007 * bend - 0.10 * (y - 0.745)
    glabella = -np.exp(-(((lean - 0.0075) / 0.0013) ** 2))
    glabella = glabella * smoothstep(y, 0.730, 0.740) * smoothstep(y, 0.764, 0.752) * front

    dx, dy = side - 0.0455, y - 0.7275
    radius = np.hypot(dx, dy)
    fan = np.arctan2(dy, dx)
    crow = _grooves(fan / 0.36 + 0.22 * bend + 0.15 * radius / 0.01, 2.4)
    crow = crow * smoothstep(radius, 0.004, 0.009) * smoothstep(radius, 0.027, 0.014)
    crow = crow * smoothstep(np.abs(fan), 1.15, 0.75) * np.clip(0.8 + 0.6 * broken, 0, 1.2)

    depth = 0.7205 - y + 0.55 * ((side - 0.031) ** 2) / 0.018 + 0.0009 * bend
    under_eye = _grooves(depth / 0.0052 + 0.5, 2.2) * front
    under_eye = under_eye * smoothstep(depth, 0.0, 0.002) * smoothstep(depth, 0.015, 0.007)
    under_eye = under_eye * smoothstep(side, 0.012, 0.020) * smoothstep(side, 0.052, 0.040)

    wander = 0.0012 * bend
    nasolabial = _crease(
        side + wander,
        y + wander,
        [(0.0165, 0.6975), (0.0215, 0.6890), (0.0275, 0.6770), (0.0315, 0.6650), (0.0330, 0.6560)],
        0.0021,
    )
    marionette = _crease(
        side + wander, y, [(0.0270, 0.6570), (0.0285, 0.6480), (0.0275, 0.6370)], 0.0017
    )
    upright = (side + 0.0010 * bend - 0.10 * (y - 0.66) * np.sign(side - 0.012)) / 0.0042
    rim = smoothstep(y, 0.6700, 0.6735) * smoothstep(y, 0.6835, 0.6770)
    rim = rim + 0.5 * smoothstep(y, 0.6500, 0.6470) * smoothstep(y, 0.6400, 0.6450)
    lip = _grooves(upright, 2.4) * rim * smoothstep(side, 0.027, 0.020) * front
    lip = lip * np.clip(0.7 + 0.8 * broken, 0, 1.2)

    # Across the bridge of a nose drawn up.
    slope = (y - 0.55 * (side - 0.010) + 0.0008 * bend) / 0.0042
    bunny = _grooves(slope, 2.2) * smoothstep(side, 0.002, 0.007) * smoothstep(side, 0.019, 0.013)
    bunny = bunny * smoothstep(y, 0.706, 0.713) * smoothstep(y, 0.731, 0.724) * front

    # A chin pushed up dimples like the peel of an orange.
    dimple = ValueNoise(0, "skin/chin")(rest_m, 190.0, 2)
    chin = np.clip(-1.6 * np.abs(dimple) + 0.2, -1, 0.2) * front
    chin = chin * smoothstep(y, 0.618, 0.628) * smoothstep(y, 0.646, 0.638)
    chin = chin * smoothstep(side, 0.026, 0.014)

    # Rings round the neck, lowest in front.
    ring = (y - 3.2 * side**2 + 0.0016 * bend) / 0.0175
    neck = _grooves(ring + 0.30, 3.4) * smoothstep(z, -0.01, 0.03) * (0.75 + 0.6 * broken)
    neck = neck * smoothstep(y, 0.548, 0.562) * smoothstep(y, 0.612, 0.600)

    slant = (y * 1.15 + side * 0.35 + 0.0012 * bend) / 0.0033
    cross = (y * 0.45 - side * 0.95 + 0.0012 * broken) / 0.0039
    fine = 0.5 * (_grooves(slant, 2.0) + _grooves(cross, 2.0)) * smoothstep(z, 0.03, 0.06)
    fine = fine * np.clip(0.5 + 0.8 * broken, 0, 1)

    patterns = {
        "forehead": forehead,
        "glabella": glabella,
        "crow": crow * front,
        "under_eye": under_eye,
        "nasolabial": nasolabial * front,
        "marionette": marionette * front,
        "lip": lip,
        "fine": fine,
        "bunny": bunny,
        "chin": chin,
        "neck": neck,
    }
    return {name: np.asarray(p, np.float32) for name, p in patterns.items()}
