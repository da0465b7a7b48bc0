"""Shirts cut from the body: offset, draped, with a collar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.ndimage import gaussian_filter1d

from assets.geometry import F32Array
from assets.noise import ValueNoise
from assets.wear.cut import Cut, cut_along, hemmed
from assets.wear.frame_place import MM
from assets.wear.head import WearHead
from assets.wear.neckline import neck_azimuth, neckline_field, shirt_field
from assets.wear.params import ShirtParams
from assets.wear.push import neighbour_mean, pushed_out
from assets.wear.surface import Surface, unit
from assets.wear.sweep import Shape, sweep
from spec_schema.spec import Item

__all__ = ["TILE_M", "Shirt", "sew_shirt"]

F64Array = NDArray[np.float64]

TILE_M = 0.06
"""Length of cloth that one repeat of a fabric map covers."""
_LEAST_M = 0.0022
"""Cloth above the skin."""
_COLLAR_RINGS = 160
_ARMPIT_M = (0.19, 0.475)
"""x and y on the base mesh."""


@dataclass(frozen=True)
class Shirt:
    """World frame. UVs count fabric tiles; ``printed_uv`` runs round the body, for stripes."""

    body: Shape
    printed_uv: F32Array
    collar: Shape | None


def sew_shirt(params: ShirtParams, item: Item, head: WearHead) -> Shirt:
    """The garment's body and collar."""
    rest = head.surface_rest_m.astype(np.float64)
    cut = cut_along(head.faces, shirt_field(params, rest))
    skin, at = cut.blend(head.vertices_m), cut.blend(rest)
    normals = unit(cut.blend(head.normals))
    mean = neighbour_mean(cut.faces, len(skin))
    smooth_normals, form = normals, skin
    for _ in range(14):
        smooth_normals = unit(0.5 * smooth_normals + 0.5 * (mean @ smooth_normals))
        form = 0.5 * form + 0.5 * (mean @ form)
    neckline = neckline_field(params, at)
    at_neck = cut.on_rim & (np.abs(neckline) < 0.004)

    ease = params.ease_mm * MM * item.size
    loose = np.clip(neckline / 0.05, 0, 1)
    # The form under the cloth has none of the skin's small relief.
    form = skin + (form - skin) * loose[:, None]
    least = _LEAST_M + 0.5 * (ease - _LEAST_M) * loose
    cloth = form + smooth_normals * (_LEAST_M + (ease - _LEAST_M) * loose)[:, None]
    cloth = _draped(cloth, form, smooth_normals, least, mean, at_neck, steps=100)
    folds = params.folds_mm * MM * loose * _folds(at, item.seed)
    cloth = cloth + smooth_normals * folds[:, None]
    if params.collar == "roll":
        turned_down = params.collar_mm * MM - neckline
        double = np.clip(turned_down / 0.005, 0, 1) * 2.2 * params.thickness_mm * MM
        cloth = cloth + smooth_normals * double[:, None]
    cloth = pushed_out(cloth, cut.faces, head.body, _LEAST_M, reach=2)

    points, faces, uv = hemmed(
        cloth,
        cut.faces,
        _fabric_uv(cut, head),
        normals,
        min(params.thickness_mm * MM, 0.8 * _LEAST_M),
    )
    added = len(faces) - len(cut.faces)
    printed = np.concatenate([_printed_uv(cut, at), np.zeros((added, 4, 2), np.float32)])
    collar = None
    if params.collar != "none":
        collar = _collar(params, cloth[at_neck], normals[at_neck], at[at_neck], head.body)
    return Shirt(Shape(points, faces, uv), printed, collar)


def _draped(
    cloth: F64Array,
    skin: F64Array,
    normals: F64Array,
    least_m: F64Array,
    mean: sparse.csr_matrix,
    pinned: NDArray[np.bool_],
    steps: int,
) -> F64Array:
    """Cloth spans hollows: it is smoothed, but stays off the skin."""
    kept = cloth[pinned]
    for _ in range(steps):
        cloth = 0.4 * cloth + 0.6 * (mean @ cloth)
        above = np.einsum("ij,ij->i", cloth - skin, normals)
        cloth = cloth + normals * np.maximum(least_m - above, 0.0)[:, None]
        cloth[pinned] = kept
    return cloth


def _folds(rest_m: F64Array, seed: int) -> F64Array:
    """(n,) folds, 0 to about 1: they fan out from the armpits and hang below."""
    across, up, ahead = rest_m.T
    noise = ValueNoise(seed, "folds")
    dx, dy = _ARMPIT_M[0] - np.abs(across), up - _ARMPIT_M[1]
    away = np.hypot(dx, dy)
    quarter = 7.0 * (across > 0) + 15.0 * (ahead > 0.03)
    fan = np.stack([np.arctan2(dy, dx) * 2.6 + quarter, away * 7.0, 5.0 * ahead], -1)
    hang = np.stack([across * 17.0 + 3.0 * up, up * 3.0, ahead * 12.0], -1) + 20.0

    def ridges(points: F64Array) -> F64Array:
        level = np.asarray(noise((points + 9.0).astype(np.float32), 1.0, 2), np.float64)
        return np.asarray(np.maximum(0.0, 1.0 - 1.7 * np.abs(level)) ** 1.5)

    near = np.exp(-((away / 0.13) ** 2)) * np.clip(away / 0.05, 0, 1)
    low = np.clip((0.50 - up) / 0.15, 0, 1)
    return np.asarray(ridges(fan) * near + 0.6 * ridges(hang) * (0.25 + 0.75 * low))


def _fabric_uv(cut: Cut, head: WearHead) -> F32Array:
    """The body's own UVs, scaled so that one unit is one tile of cloth."""
    uv = head.uv[cut.face_source]
    quads = head.vertices_m[head.faces[cut.face_source]]
    flat = _cross2(uv[:, 2] - uv[:, 0], uv[:, 3] - uv[:, 1])
    solid = np.linalg.norm(np.cross(quads[:, 2] - quads[:, 0], quads[:, 3] - quads[:, 1]), axis=1)
    metres = float(np.sqrt(np.median(solid / np.maximum(np.abs(flat), 1e-12))))
    return np.asarray(uv * (metres / TILE_M), np.float32)


def _cross2(a: F32Array, b: F32Array) -> F32Array:
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0], np.float32)


def _printed_uv(cut: Cut, rest_m: F64Array) -> F32Array:
    """Round the body and up it, the seam behind."""
    turn = np.arctan2(rest_m[:, 0], rest_m[:, 2] - 0.05)
    corner = np.stack([turn[cut.faces] * 0.15, rest_m[:, 1][cut.faces]], -1)
    wrapped = np.ptp(corner[..., 0], axis=1) > 0.3
    corner[wrapped, :, 0] = np.mod(corner[wrapped, :, 0], 2 * np.pi * 0.15)
    return np.asarray(corner / TILE_M, np.float32)


def _collar(
    params: ShirtParams, rim: F64Array, normals: F64Array, rest_m: F64Array, skin: Surface
) -> Shape:
    """A band along the neckline, half on the shirt and half on the neck."""
    turn = neck_azimuth(rest_m)
    order = np.argsort(turn)
    around = np.linspace(-np.pi, np.pi, _COLLAR_RINGS, endpoint=False)

    def ring(values: F64Array) -> F64Array:
        columns = [
            np.interp(around, turn[order], values[order, k], period=2 * np.pi) for k in range(3)
        ]
        return np.asarray(gaussian_filter1d(np.stack(columns, -1), 1.6, axis=0, mode="wrap"))

    path, up = ring(rim), unit(ring(normals))
    tangent = unit(np.roll(path, -1, 0) - np.roll(path, 1, 0))
    to_neck = unit(np.cross(up, tangent))
    if np.einsum("ij,ij->", to_neck, path.mean(0) - path) < 0:
        to_neck = -to_neck
    roll = params.collar == "roll"
    half_width = 0.0045 if roll else 0.5 * params.collar_mm * MM
    half_thick = (1.3 if roll else 0.5) * params.thickness_mm * MM
    # A rib band lies mostly inside the cut, its outer edge on the shirt.
    path = path + to_neck * (-0.4 * half_width if roll else 0.62 * half_width)
    path = path + up * (-0.4 * half_thick if roll else half_thick + 0.0006)
    half = np.tile([half_width, half_thick], (len(path), 1))
    shape = sweep(path, up, half, closed=True, squareness=3.0, sections=24)
    for _ in range(16):
        distance, normal = skin.signed(shape.vertices)
        short = (0.0006 - distance).reshape(len(path), -1)
        worst = short.argmax(1)
        rows = np.arange(len(path))
        push = np.maximum(short[rows, worst], 0.0)
        if push.max() < 5e-5:
            break
        away = normal.reshape(len(path), -1, 3)[rows, worst]
        path = path + gaussian_filter1d(away * push[:, None], 2.0, axis=0, mode="wrap") * 1.3
        shape = sweep(path, up, half, closed=True, squareness=3.0, sections=24)
    return shape
