"""Teeth stay behind the lips of laughs and smiles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from assets.head import load_head_model
from assets.mouth import teeth_sets
from assets.mouth.constants import mouth_constants
from assets.mouth.lips import held_back
from assets.mouth.placing import place_teeth
from assets.store import open_store
from spec_schema.classes import SegmentationClass
from spec_schema.spec import SceneSpec
from tests.make_specs import make_spec

OUTSIDE = (
    SegmentationClass.SKIN,
    SegmentationClass.NOSE,
    SegmentationClass.TOP_LIP,
    SegmentationClass.BOTTOM_LIP,
)
JUTTING = {"chin-prognathism": 0.8, "head-angle-out": 0.8}
"""Of single shape keys these two bring the lips nearest to the teeth."""


@dataclass(frozen=True)
class Cage:
    neutral_m: np.ndarray
    cage_m: np.ndarray
    world_from_skull: np.ndarray


def laughing(teeth: str, shape: dict[str, float], by: float = 1.0) -> SceneSpec:
    weights = {"mouthSmile": 0.8, "mouthUpperUp": 0.35, "mouthLowerDown": 0.2}
    expression = {u + side: by * w for u, w in weights.items() for side in ("Left", "Right")}
    expression["jawOpen"] = by * 0.34
    return make_spec(expression=expression, mouth={"teeth": teeth}, identity={"shape": shape})


def upright(spec: SceneSpec) -> Cage:
    targets = load_head_model(open_store()).targets
    neutral = targets.neutral(spec.identity)
    return Cage(neutral, targets.express(neutral, spec.expression), np.eye(4))


def upper_row(spec: SceneSpec) -> np.ndarray:
    """(n, 3) of an upright head."""
    chosen, store = teeth_sets()[spec.mouth.teeth], open_store()
    refs = np.asarray(store.array(f"proxies/{chosen.proxy}/refs"))
    upper = refs.min(1) >= mouth_constants().teeth.upper_refs_from
    placed = place_teeth(chosen.proxy, chosen.back_m, upright(spec), store)
    return placed[upper].astype(np.float64)


def outer_skin(spec: SceneSpec) -> np.ndarray:
    """(T, 3, 3) triangles about the mouth whose outside looks forward in the base mesh."""
    model = load_head_model(open_store())
    surface = model.surface
    corner = surface.rest_m[surface.faces]
    normal = np.cross(corner[:, 2] - corner[:, 0], corner[:, 3] - corner[:, 1])
    forward = normal[:, 2] > 0.25 * np.linalg.norm(normal, axis=1)
    away = np.abs(corner.mean(1) - surface.rest_m[surface.landmarks[48:]].mean(0))
    near = (away < [0.045, 0.05, 0.08]).all(1)
    faces = surface.faces[forward & near & np.isin(surface.face_class, OUTSIDE)]
    skin = model.refine(upright(spec).cage_m)
    return skin[np.concatenate([faces[:, [0, 1, 2]], faces[:, [0, 2, 3]]])].astype(np.float64)


def through(points: np.ndarray, skin: np.ndarray) -> int:
    """How many points stand 0.2 mm or more before all outer skin at their place."""
    low, high = skin[:, :, :2].min(1), skin[:, :, :2].max(1)
    count = 0
    for p in points:
        a, b, c = np.moveaxis(skin[((low <= p[:2]) & (high >= p[:2])).all(1)], 1, 0)
        u, v, w = b - a, c - a, p - a
        area = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
        s = (w[:, 0] * v[:, 1] - w[:, 1] * v[:, 0]) / area
        t = (u[:, 0] * w[:, 1] - u[:, 1] * w[:, 0]) / area
        hit = (s >= 0) & (t >= 0) & (s + t <= 1)
        before = (w[:, 2] - s * u[:, 2] - t * v[:, 2])[hit]
        count += bool(hit.any() and before.min() > 2e-4)
    return count


@pytest.mark.parametrize("teeth", teeth_sets())
def test_a_laugh_shows_no_teeth_through_the_lips(teeth: str) -> None:
    spec = laughing(teeth, JUTTING)
    row, skin = upper_row(spec), outer_skin(spec)
    row = row[row[:, 2] > row[:, 2].max() - 0.02][::2]
    assert through(row, skin) == 0
    assert through(row + np.array([0.0, 0.0, 0.006]), skin) > 10, (
        "the measure sees teeth that are through"
    )


def test_teeth_behind_the_lips_stay_where_they_are() -> None:
    plain = laughing("even", {}, by=0.5)
    still = upper_row(laughing("even", {}, by=0.0))
    np.testing.assert_allclose(upper_row(plain), still, atol=1e-6)


def test_teeth_held_back_are_behind_the_lips() -> None:
    spec = laughing("large", JUTTING)
    whole, sides = held_back(upper_row(spec), upright(spec).cage_m, np.ones(3), open_store())
    assert whole < 1e-4
    assert sides.max() < 5e-4


def test_a_growing_laugh_moves_teeth_by_little_at_a_time() -> None:
    depth = [upper_row(laughing("even", JUTTING, by))[:, 2] for by in np.linspace(0, 1, 21)]
    steps = np.diff(depth, axis=0)
    assert np.abs(steps).max() < 0.0012
