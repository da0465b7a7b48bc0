"""Hair under what lies upon it."""

from __future__ import annotations

import numpy as np
import pytest

from assets.accessories import Wearer, build_item, pressed
from assets.geometry import F32Array, Strands
from assets.head import Head, load_head_model
from assets.store import open_store
from spec_schema.classes import SegmentationClass
from tests.assets.accessories.test_accessories import make_item
from tests.make_specs import make_spec


@pytest.fixture(scope="module")
def head() -> Head:
    return load_head_model(open_store()).build(make_spec(pose={"yaw_deg": 40.0}))


def hairs(head: Head, length_m: float) -> Strands:
    """Hair that stands straight off the scalp."""
    scalp = (head.masks["inside-mouth"] < 0.1) & (head.rest_m[:, 1] > 0.79)
    roots, way = head.vertices_m[scalp], head.normals[scalp]
    points = roots[:, None] + np.linspace(0, length_m, 8, dtype=np.float32)[:, None] * way[:, None]
    n = len(points)
    return Strands(
        "hair",
        np.asarray(points, np.float32),
        np.full((n, 8), 4e-5, np.float32),
        np.full(n, 0.5, np.float32),
        np.zeros(n, np.float32),
        SegmentationClass.HAIR,
    )


def outside(points: F32Array, inner: F32Array, head: Head) -> int:
    """How many points (n, 3) stand farther from the skull's middle than a band just there."""
    middle = head.world_from_skull[:3, :3] @ np.array([0.0, 0.76, 0.04])
    middle = middle + head.world_from_skull[:3, 3]
    ways = [(p - middle) / np.linalg.norm(p - middle, axis=1)[:, None] for p in (points, inner)]
    near = (ways[0] @ ways[1].T).argmax(axis=1)
    beside = np.einsum("ij,ij->i", ways[0], ways[1][near]) > np.cos(0.02)
    far = np.linalg.norm(points - middle, axis=1)
    over = np.linalg.norm(inner - middle, axis=1)[near] + 0.006
    return int((beside & (far > over)).sum())


def test_hair_lies_below_a_band_and_stands_beside_it(head: Head) -> None:
    band = build_item("jewellery", make_item("alice_band"), Wearer(head, open_store()))
    grown = hairs(head, 0.04)
    flat = pressed(grown, band, head)
    assert flat is not None
    inner = np.concatenate([m.vertices_m for m in band])
    assert outside(grown.points_m.reshape(-1, 3), inner, head) > 50
    assert outside(flat.points_m.reshape(-1, 3), inner, head) == 0
    moved = np.linalg.norm(flat.points_m - grown.points_m, axis=-1)
    assert moved.max() > 0.025
    assert (moved > 0).mean() < 0.4  # away from it hair stands as before
    np.testing.assert_allclose(flat.points_m[:, 0], grown.points_m[:, 0], atol=2e-3)


def test_nothing_worn_changes_nothing(head: Head) -> None:
    grown = hairs(head, 0.02)
    assert pressed(grown, (), head) is grown
    assert pressed(None, (), head) is None
