"""Cloth folds and hangs: not a second skin; and nothing that it hides could be seen."""

from __future__ import annotations

import numpy as np
import pytest

from assets.clothing import build_clothing
from assets.clothing.entries import Garment, entry
from assets.clothing.folds import MOST_MM, folds
from assets.clothing.hang import hung
from assets.clothing.pattern import load_pattern
from assets.head import Head, load_head_model
from assets.store import open_store
from benchmarks.holes import hole_px
from tests.assets.clothing.test_clothing import item
from tests.make_specs import make_spec

SPEC = make_spec(pose={"yaw_deg": 0, "pitch_deg": 0, "roll_deg": 0})


@pytest.fixture(scope="module")
def head() -> Head:
    return load_head_model(open_store()).build(SPEC)


def _garment(name: str) -> Garment:
    found = entry(name)
    assert isinstance(found, Garment)
    return found


def test_folds_are_an_items_own_and_keep_off_the_collar() -> None:
    pattern = load_pattern("tshirt_crew", open_store())
    lift = 1000 * folds(_garment("tshirt_crew"), pattern, item("tshirt_crew", seed=1))
    again = 1000 * folds(_garment("tshirt_crew"), pattern, item("tshirt_crew", seed=1))
    other = 1000 * folds(_garment("tshirt_crew"), pattern, item("tshirt_crew", seed=2))
    np.testing.assert_array_equal(lift, again)
    assert np.abs(lift - other).max() > 2
    assert np.abs(lift).max() <= MOST_MM
    assert not lift[pattern.depth_m < 0.004].any()
    breast = (pattern.front > 0.9) & (pattern.rest_m[:, 1] > 0.42)
    assert np.ptp(lift[breast]) > 2, "what a portrait shows is folded"


def test_crisp_cloth_has_more_fine_creases() -> None:
    pattern = load_pattern("shirt", open_store())
    garment = _garment("shirt")
    soft = garment.model_copy(
        update={"fabric": garment.fabric.model_copy(update={"crispness": 0.0})}
    )
    rough = [
        np.abs(lift - pattern.smoothing @ lift).mean()
        for lift in (folds(g, pattern, item("shirt")) for g in (garment, soft))
    ]
    assert rough[0] > 1.1 * rough[1]


def test_loose_cloth_spans_the_breast_and_tight_cloth_does_not(head: Head) -> None:
    pattern = load_pattern("tshirt_crew", open_store())
    skin = head.vertices_m[pattern.support]
    loose = hung(skin, pattern, 1.0)
    np.testing.assert_array_equal(hung(skin, pattern, 0.0), skin)
    lift = (loose - skin) @ np.float32([0, 0, 1])
    assert lift.max() > 0.004
    assert (np.abs(loose - skin).max(axis=1)[pattern.front == 0] == 0).all()


def test_what_a_garment_hides_leaves_no_hole(head: Head) -> None:
    clothing = build_clothing(item("shirt_open"), head, open_store())
    assert hole_px(SPEC, head, clothing.hidden_faces, clothing.meshes) == 0
    bare = np.abs(head.rest_m[head.faces].mean(1) - [0, 0.66, 0.06]).max(1) < 0.05
    assert hole_px(SPEC, head, clothing.hidden_faces | bare, clothing.meshes) > 20
    naked = hole_px(SPEC, head, clothing.hidden_faces, ())
    assert naked > 500
