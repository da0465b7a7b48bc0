"""The neck: it keeps its girth when the head turns, and shows sex and age."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from assets.head import HeadModel, load_head_model
from assets.store import open_store
from tests.make_specs import make_spec

EXTREMES = [
    (70, 0, 0),
    (-70, 0, 0),
    (0, 40, 0),
    (0, -40, 0),
    (60, 30, 0),
    (-60, -30, 20),
    (0, 0, 35),
]
SHARES = (0.1, 0.25, 0.4, 0.55, 0.7, 0.85)


@cache
def model() -> HeadModel:
    return load_head_model(open_store())


@cache
def crossings(share: float) -> tuple[np.ndarray, np.ndarray]:
    """Edges of the mesh on which the neck's share of the turn passes a value, and where."""
    surface = model().surface
    at = surface.operator @ model().rig.share[surface.cage_index]
    f = surface.faces.astype(np.int64)
    edges = np.concatenate([np.sort(f[:, [i, (i + 1) % 4]], axis=1) for i in range(4)])
    a, b = at[edges[:, 0]], at[edges[:, 1]]
    edges = edges[(a - share) * (b - share) < 0]
    edges = np.unique(edges, axis=0)
    a, b = at[edges[:, 0]], at[edges[:, 1]]
    through = (a - share) * (b - share) < 0
    return edges[through], ((share - a) / np.where(through, b - a, 1))[through]


@cache
def areas(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Areas of the neck's cross-sections at ``SHARES``."""
    spec = make_spec(
        pose={"yaw_deg": yaw, "pitch_deg": pitch, "roll_deg": roll},
        camera={"azimuth_deg": 0, "elevation_deg": 0, "roll_deg": 0},
        expression={},
    )
    vertices = model().build(spec).vertices_m.astype(float)
    rest = model().surface.rest_m.astype(float)
    out = []
    for share in SHARES:
        edges, t = crossings(share)
        loop, still = (
            v[edges[:, 0]] + t[:, None] * (v[edges[:, 1]] - v[edges[:, 0]])
            for v in (vertices, rest)
        )
        still = still - still.mean(0)
        order = np.argsort(np.arctan2(still[:, 0], still[:, 2]))
        loop = loop[order] - loop.mean(0)
        out.append(np.linalg.norm(np.cross(loop, np.roll(loop, -1, 0)).sum(0)) / 2)
    return np.array(out)


@pytest.mark.parametrize(("yaw", "pitch", "roll"), EXTREMES)
def test_the_neck_keeps_its_girth(yaw: float, pitch: float, roll: float) -> None:
    """No candy wrapper: cross-sections lose no more than 3 % of their area at any extreme."""
    kept = areas(yaw, pitch, roll) / areas(0, 0, 0)
    assert kept.min() > 0.97
    assert kept.max() < 1.03


def throat(**identity: float) -> np.ndarray:
    """Midline of the throat: how far each vertex stands out, metres, by rows downwards."""
    cage = model().targets.neutral(make_spec(identity={"shape": {}, **identity}).identity)
    return cage[[797, 803, 809, 815], 2]


def test_men_have_an_adams_apple() -> None:
    def prominence(sex: float, weight: float = 0.4) -> float:
        rows = throat(sex=sex, weight=weight, age_years=25.0)
        return float(rows[1] - (rows[0] + rows[3]) / 2)

    assert prominence(1.0) > prominence(0.0) + 0.003
    assert prominence(1.0) > prominence(1.0, weight=1.0)


def test_old_necks_have_cords_and_a_wattle() -> None:
    young, old = (
        model().targets.neutral(
            make_spec(identity={"shape": {}, "age_years": a, "weight": 0.3}).identity
        )
        for a in (30.0, 80.0)
    )
    base = model().targets.base
    gained = np.linalg.norm(old - young, axis=1)
    cord = np.argmin(np.linalg.norm(base - [0.0138, 0.5804, 0.0666], axis=1))
    shapes = model().targets.neck_shapes
    assert shapes.slack[cord, 2] > 0.001
    assert gained[797] > 0.002


def test_landmarks_know_nothing_of_the_neck() -> None:
    shapes = model().targets.neck_shapes
    surface = model().surface
    rows = surface.operator[surface.landmarks]
    for shape in (shapes.apple, shapes.slack):
        assert np.abs(rows @ shape[surface.cage_index]).max() == 0
