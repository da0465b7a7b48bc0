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
from assets.user.head_register import Registration

__all__ = ["suggested", "suggestion_toml"]

_FACE_LOW_M: Final = 0.64
_ROUNDS: Final = 60
_TRUST: Final = 0.02
"""Weight of landmarks whose places are only guessed."""
_HEAD_HEIGHT_M: Final = 0.235
"""From chin to crown of a human head, about."""


def suggested(mesh: OwnMesh, model: HeadModel, start_m: F64Array) -> tuple[str, list[int]]:
    """The unit that makes the head a human size, and 68 vertices in iBUG's order.

    The mesh must stand upright, look along Blender's -y and be symmetric about x = 0, nearly.
    What it finds is to be looked at and mended by hand.
    """
    surface = model.surface
    ours = model.refine(start_m.astype(np.float32)).astype(np.float64)
    rest = surface.rest_m
    face = (surface.masks["inside-mouth"] < 0.1) & (rest[:, 1] > _FACE_LOW_M)
    front = np.flatnonzero(face & (rest[:, 2] > 0.02))
    landmarks = model.landmark_positions(start_m.astype(np.float32))
    nose = landmarks[30]
    crown = ours[face, 1].max()
    best: tuple[float, str, tuple[F64Array, F64Array], float] | None = None
    for unit, factor in UNITS_M.items():
        points = mesh.points * factor
        top = points[:, 1].max()
        # The tip of the nose: foremost near the middle, at most a head's height below the top.
        near = (np.abs(points[:, 0] - np.median(points[:, 0])) < 0.02) & (
            points[:, 1] > top - 0.8 * _HEAD_HEIGHT_M
        )
        if near.sum() < 3:
            continue
        tip = points[near][points[near, 2].argmax()]
        scale = (top - tip[1]) / (crown - nose[1])
        if not 0.7 < scale < 1.4:
            continue
        placed, size = _closest(ours[front], points, tip - nose, nose, scale)
        error = float(np.median(cKDTree(points).query(placed)[0]))
        if best is None or error < best[0]:
            best = error, unit, rigid_between(ours[front] * size, placed), size
    if best is None:
        return "m", [0] * 68
    _, unit, (turn, shift), size = best
    points = (mesh.points * UNITS_M[unit] - shift) @ turn / size
    theirs = replace(mesh, points=points, deltas=mesh.deltas[:0])
    laid = Registration(model, start_m, _TRUST).over(theirs, landmarks)
    wanted = model.landmark_positions((start_m + laid.moved_m).astype(np.float32))
    _, at = cKDTree(points).query(wanted)
    return unit, [int(v) for v in at]


def _closest(
    ours: F64Array, points: F64Array, shift: F64Array, nose: F64Array, scale: float
) -> tuple[F64Array, float]:
    """Our face after it was brought to theirs: rotation, shift and size by nearest points."""
    tree = cKDTree(points)
    placed, size = (ours - nose) * scale + nose + shift, scale
    for _ in range(_ROUNDS):
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
        "# What is drawn of each shape key: evenly between low and high.",
        "[keys]",
        *(f'"{key}" = {{ low = 0.0, high = 0.0 }}' for key in mesh.keys),
    ]
    return "\n".join(lines) + "\n"
