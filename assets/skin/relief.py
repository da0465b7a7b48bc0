"""Height of the skin's small relief, and how deep each kind of wrinkle is."""

from __future__ import annotations

import numpy as np

from assets.geometry import F32Array
from assets.skin.constants import constants
from assets.skin.fields import SkinFields
from spec_schema.spec import SceneSpec

__all__ = ["relief_mm", "wrinkle_depths_mm"]


def wrinkle_depths_mm(spec: SceneSpec, age: float) -> dict[str, float]:
    """Depth of each kind of wrinkle: by age share (0-1), ``skin.wrinkles`` and expression."""
    c = constants()
    out = {}
    for name, wrinkle in c.wrinkle.items():
        drivers = c.wrinkle_drivers.get(name, ())
        moved = sum(max(spec.expression.get(unit, 0.0), 0.0) for unit in drivers)
        moved = min(moved / max(len(drivers), 1), 1.0)
        aged = (0.25 + 0.75 * age) * spec.skin.wrinkles
        # Young skin folds less sharply than old.
        folded = moved * (0.5 + 0.5 * max(age, spec.skin.wrinkles))
        out[name] = wrinkle.still + wrinkle.aged * aged + wrinkle.moved * folded
    return out


def relief_mm(fields: SkinFields, mid: F32Array, depths_mm: dict[str, float]) -> F32Array:
    """(N, N) height over the smooth surface; 0 where the window meets the body."""
    maps, c = fields.maps, constants()
    h = c.height_mm
    lips = maps["lips"]
    out = np.float32(h.fine) * maps["fine"] + np.float32(h.mid) * mid
    out -= np.float32(h.pore) * maps["pore"]
    for name, depth in depths_mm.items():
        if depth > 0:
            out += np.float32(depth) * maps[f"wrinkle_{name}"]
    out += (np.float32(0.5 * c.lips.line_height_mm) * maps["lip_lines"] - out) * lips
    out *= maps["fade"]
    return np.asarray(out, np.float32)
