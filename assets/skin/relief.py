"""Height of the skin's small relief, and how deep each kind of wrinkle is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from assets.geometry import F32Array
from assets.skin.constants import Drivers, constants
from assets.skin.details import Details
from assets.skin.fields import SkinFields
from assets.skin.person import Person
from assets.skin.scars import Scar
from spec_schema.spec import SceneSpec

__all__ = ["Depths", "body_relief_mm", "relief_mm", "wrinkle_depths_mm"]

Depths = Mapping[str, tuple[float, float]]
"""Depth in mm of each kind of wrinkle on the subject's right and left."""


def wrinkle_depths_mm(spec: SceneSpec, age: float) -> dict[str, tuple[float, float]]:
    """Depth of each kind of wrinkle: by age share (0-1), ``skin.wrinkles`` and expression."""
    c = constants()
    out = {}
    # Young skin folds less sharply than old.
    sharp = 0.5 + 0.5 * max(age, spec.skin.wrinkles)
    aged = (0.25 + 0.75 * age) * spec.skin.wrinkles
    for name, wrinkle in c.wrinkle.items():
        drivers = c.wrinkle_drivers.get(name)
        right, left = (0.0, 0.0) if drivers is None else _moved(drivers, spec)
        out[name] = (
            wrinkle.still + wrinkle.aged * aged + wrinkle.moved * right * sharp,
            wrinkle.still + wrinkle.aged * aged + wrinkle.moved * left * sharp,
        )
    return out


def _moved(drivers: Drivers, spec: SceneSpec) -> tuple[float, float]:
    """How far expression folds the right and the left side, 0-1 each."""

    def weight(unit: str) -> float:
        return min(max(spec.expression.get(unit, 0.0), 0.0), 1.0)

    units = [*drivers.middle, *drivers.left]
    shares = drivers.share or (1 / len(units),) * len(units)
    right = left = 0.0
    for unit, share in zip(units, shares, strict=True):
        left += share * weight(unit)
        right += share * weight(
            unit if unit in drivers.middle else f"{unit.removesuffix('Left')}Right"
        )
    return min(right, 1.0), min(left, 1.0)


def relief_mm(
    person: Person,
    fields: SkinFields,
    mid: F32Array,
    details: Details,
    scars: list[Scar],
    depths_mm: Depths,
) -> tuple[F32Array, F32Array]:
    """Height over the smooth surface, and how deep in a groove each texel lies (0-1); (N, N).

    At the neck only what the body goes on with is left.
    """
    maps, c = fields.maps, person.c
    h, skin = c.height_mm, person.spec.skin
    out = np.float32(h.fine) * maps["fine"] * (0.7 + 0.5 * maps["porous"])
    out -= np.float32(h.pore * (0.75 + 0.5 * skin.oiliness)) * maps["pore"]
    out += np.float32(h.vein * skin.veins) * maps["veins"]
    painted = fields.base.detail(skin.texture, fields.half)
    if painted.haemoglobin is not None:
        out -= np.float32(c.base.fine_height_mm) * painted.melanin
    out *= np.float32(0.55 + 0.45 * person.uneven)
    groove = np.zeros_like(out)
    for name, (right, left) in depths_mm.items():
        if name == "neck" or max(right, left) <= 0:
            continue
        depth: F32Array | np.float32 = np.float32(right)
        if left != right:
            depth = np.float32(right) + np.float32(left - right) * maps["left"]
        groove += depth * maps[f"wrinkle_{name}"]
    out += groove
    flat = out.reshape(-1)
    for name, (at, amount) in details.raised.items():
        flat[at] += np.float32(getattr(h, name)) * amount
    for scar in scars:
        here = scar.rows, scar.columns
        smooth = out[here] * (1 - 0.7 * scar.amount)
        out[here] = smooth - np.float32(c.scars.depth_mm) * scar.amount
    lips = maps["lips"]
    out += (np.float32(0.5 * c.lips.line_height_mm) * maps["lip_lines"] - out) * lips
    out *= maps["fade"]
    shared = np.float32(h.mid) * mid + np.float32(depths_mm["neck"][0]) * maps["wrinkle_neck"]
    out += shared * (1 - lips) * maps["reach"]
    return np.asarray(out, np.float32), np.clip(-4 * groove, 0, 1)


def body_relief_mm(
    person: Person, fields: SkinFields, mid: F32Array, depths_mm: Depths
) -> F32Array:
    """(P,) height of the body's texels, which meets the window's at their seam."""
    body = fields.body
    height = np.float32(person.c.height_mm.mid) * mid
    height += np.float32(depths_mm["neck"][0]) * body.neck
    return np.where((body.cavity >= 0) | (body.socket >= 0), np.float32(0), height)
