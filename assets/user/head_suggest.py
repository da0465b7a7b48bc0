"""Suggesting the marks of a head: our face laid roughly over it, and the vertices nearest."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from scipy.spatial import cKDTree

from assets.accessories.fit import F64Array
from assets.head import HeadModel
from assets.rigid import rigid_between
from assets.user.head_mesh import UNITS_M, OwnMesh
from assets.user.head_plausible import misplaced
from assets.user.head_register import Registration
from spec_schema.errors import AssetError

__all__ = ["suggested", "suggestion_toml"]

_FACE_LOW_M: Final = 0.64
_ROUNDS: Final = 60
_FEW_ROUNDS: Final = 30
_EVERY: Final = 8
"""Of our face's vertices this many times fewer tell which side of a mesh is the face."""
_TRUST: Final = 0.02
"""Weight of landmarks whose places are only guessed."""
_HEAD_HEIGHT_M: Final = 0.235
"""From chin to crown of a human head, about."""
_SIDES: Final = [
    np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
    for c, s in ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))
]
"""Quarter turns about the vertical."""
_MOST_ERROR_M: Final = 0.003
_ADVICE: Final = (
    "stand the head upright at a human size, whole from neck to crown, or write the file by hand "
    "(docs/own-assets.md)"
)


def suggested(
    mesh: OwnMesh, model: HeadModel, start_m: F64Array, where: str
) -> tuple[str, list[int]]:
    """The unit that makes the head a human size, and 68 vertices in iBUG's order.

    The mesh must stand upright and be nearly symmetric; all four sides are tried for the face.
    What it finds is to be looked at and mended by hand.

    Raises:
        AssetError: no side of it looks like a face; how far off the best was is told.
    """
    surface = model.surface
    ours = model.refine(start_m.astype(np.float32)).astype(np.float64)
    rest = surface.rest_m
    face = (surface.masks["inside-mouth"] < 0.1) & (rest[:, 1] > _FACE_LOW_M)
    front = np.flatnonzero(face & (rest[:, 2] > 0.02))
    landmarks = model.landmark_positions(start_m.astype(np.float32)).astype(np.float64)
    nose = landmarks[30]
    crown = float(ours[face, 1].max())
    few = front[::_EVERY]
    best: tuple[float, str, F64Array, F64Array, float] | None = None
    for unit, factor in UNITS_M.items():
        for side in _SIDES:
            points = mesh.points @ side.T * factor
            begin = _tip(points, float(crown - nose[1]))
            if begin is None:
                continue
            tip, scale = begin
            placed, _ = _closest(ours[few], points, tip - nose, nose, scale, _FEW_ROUNDS)
            error = float(np.median(cKDTree(points).query(placed)[0]))
            if best is None or error < best[0]:
                best = error, unit, points, tip, scale
    if best is None:
        raise AssetError(f"{where}: {mesh.name!r} has no human head's size in any unit; {_ADVICE}")
    _, unit, points, tip, scale = best
    placed, size = _closest(ours[front], points, tip - nose, nose, scale, _ROUNDS)
    error = float(np.median(cKDTree(points).query(placed)[0]))
    if error > _MOST_ERROR_M:
        raise AssetError(
            f"{where}: no side of {mesh.name!r} looks like a face: the best is "
            f"{error * 1000:.1f} mm from ours, and may be {_MOST_ERROR_M * 1000:g}; {_ADVICE}"
        )
    turn, shift = rigid_between(ours[front] * size, placed)
    points = (points - shift) @ turn / size
    theirs = replace(mesh, points=points, deltas=mesh.deltas[:0])
    laid = Registration(model, start_m, _TRUST).over(theirs, landmarks)
    wanted = model.landmark_positions((start_m + laid.moved_m).astype(np.float32))
    marks = _distinct(wanted.astype(np.float64), points)
    _, told = misplaced(points[marks], landmarks)
    if told:
        raise AssetError(f"{where}: found no face on {mesh.name!r}: {told}; {_ADVICE}")
    return unit, marks


def _tip(points: F64Array, below_crown_m: float) -> tuple[F64Array, float] | None:
    """Where the nose would be if this were the front, and the head's size by ours; else None."""
    top = points[:, 1].max()
    # The tip of the nose: foremost near the middle, at most a head's height below the top.
    near = (np.abs(points[:, 0] - np.median(points[:, 0])) < 0.02) & (
        points[:, 1] > top - 0.8 * _HEAD_HEIGHT_M
    )
    if near.sum() < 3:
        return None
    tip = points[near][points[near, 2].argmax()]
    scale = float((top - tip[1]) / below_crown_m)
    return (tip, scale) if 0.7 < scale < 1.4 else None


def _distinct(wanted: F64Array, points: F64Array) -> list[int]:
    """(68,) the nearest vertex of each, none of them twice."""
    count = min(len(points), len(wanted))
    marks: list[int] = []
    for near in cKDTree(points).query(wanted, k=count)[1]:
        marks.append(next(int(v) for v in near if int(v) not in marks))
    return marks


def _closest(
    ours: F64Array,
    points: F64Array,
    shift: F64Array,
    nose: F64Array,
    scale: float,
    rounds: int,
) -> tuple[F64Array, float]:
    """Our face after it was brought to theirs: rotation, shift and size by nearest points."""
    tree = cKDTree(points)
    placed, size = (ours - nose) * scale + nose + shift, scale
    for _ in range(rounds):
        distance, at = tree.query(placed)
        near = distance < max(2.5 * float(np.median(distance)), 1e-4)
        a, b = ours[near], points[at[near]]
        spread_a = np.sqrt(((a - a.mean(0)) ** 2).sum(1).mean())
        spread_b = np.sqrt(((b - b.mean(0)) ** 2).sum(1).mean())
        size = 0.5 * size + 0.5 * float(np.clip(spread_b / spread_a, 0.7, 1.4))
        turn, move = rigid_between(a * size, b)
        placed = (ours * size) @ turn.T + move
    return placed, size


def suggestion_toml(mesh: OwnMesh, unit: str, marks: list[int]) -> str:
    """A file to begin with."""
    rows = [marks[a:b] for a, b in ((0, 17), (17, 27), (27, 36), (36, 48), (48, 68))]
    told = ["jaw", "brows", "nose", "eyes", "mouth"]
    lines = [
        "# Look at every landmark in Blender (Edit mode, overlay Indices) before adding the head.",
        f'object = "{mesh.name}"',
        'licence = ""    # such as CC0-1.0; required',
        'author = ""',
        f'unit = "{unit}"',
        "share = 0.0     # how many of all people have this head",
        "sex = 0.5       # 0 female to 1 male",
        "age_years = 30",
        'ancestry = "european"    # african, asian or european',
        "# iBUG 68, the subject's right side first in each part",
        "landmarks = [",
        *(f"  {', '.join(map(str, row))},  # {name}" for row, name in zip(rows, told, strict=True)),
        "]",
        "left_eye = []   # vertices all over the subject's left eyeball, if the mesh has one",
        "right_eye = []",
        "",
        "# What is drawn of each shape key: evenly between low and high. As they are written here",
        "# (0 to 0) none is ever drawn: raise high, to 0.5 say, for those that shall be.",
        "[keys]",
        *(f'"{key}" = {{ low = 0.0, high = 0.0 }}' for key in mesh.keys),
    ]
    return "\n".join(lines) + "\n"
