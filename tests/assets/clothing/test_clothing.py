"""Garments on real heads: fitted, closed to the skin, the same again."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from assets.catalog import Catalog
from assets.clothing import build_clothing
from assets.head import Head, load_head_model
from assets.store import open_store
from spec_schema import AssetError
from spec_schema.classes import SegmentationClass
from spec_schema.spec import Item
from tests.make_specs import make_spec

GARMENTS = Catalog.shipped().ids("clothing")
BODIES = {
    "upright": make_spec(pose={"yaw_deg": 0, "pitch_deg": 0, "roll_deg": 0}),
    "turned and heavy": make_spec(
        pose={"yaw_deg": 55, "pitch_deg": -15, "roll_deg": 10},
        identity={"sex": 1.0, "weight": 0.85, "age_years": 70.0},
    ),
}


def item(garment: str, **changes: float | str) -> Item:
    plain = {
        "red": 0.2,
        "green": 0.3,
        "blue": 0.4,
        "size": 1.0,
        "roughness": 0.7,
        "metallic": 0.0,
        "tilt_deg": 0.0,
        "pattern": 0.0,
        "print": "plain",
        "second_red": 0.8,
        "second_green": 0.7,
        "second_blue": 0.6,
        "height": 0.0,
        "thickness": 1.0,
        "seed": 5,
    }
    return Item.model_validate({"id": garment, **plain, **changes})


@pytest.fixture(scope="module", params=BODIES)
def head(request: pytest.FixtureRequest) -> Head:
    return load_head_model(open_store()).build(BODIES[request.param])


def test_there_are_garments() -> None:
    assert len(GARMENTS) >= 10


@pytest.mark.parametrize("garment", GARMENTS)
def test_a_garment_is_whole_and_hides_skin(garment: str, head: Head) -> None:
    clothing = build_clothing(item(garment), head, open_store())
    assert clothing.meshes
    for mesh in clothing.meshes:
        assert np.isfinite(mesh.vertices_m).all()
        assert mesh.faces.max() < len(mesh.vertices_m)
        assert (mesh.face_class == SegmentationClass.CLOTHING).all()
        assert mesh.uv is None or np.isfinite(mesh.uv).all()
    hidden_rest = head.rest_m[head.faces[clothing.hidden_faces]]
    # Chest and belly are covered; nothing of the face or the upper neck ever is.
    assert clothing.hidden_faces.sum() > 5000
    assert hidden_rest[..., 1].max() < 0.66


@pytest.mark.parametrize("garment", GARMENTS)
def test_no_skin_shows_through_the_cloth(garment: str, head: Head) -> None:
    """Cloth vertices stay out of the body that is still drawn."""
    clothing = build_clothing(item(garment), head, open_store())
    shown = np.unique(head.faces[~clothing.hidden_faces])
    tree = cKDTree(head.vertices_m[shown])
    for mesh in clothing.meshes:
        distance, nearest = tree.query(mesh.vertices_m, distance_upper_bound=0.012)
        near = np.isfinite(distance)
        if not near.any():
            continue
        skin = shown[nearest[near]]
        depth = ((mesh.vertices_m[near] - head.vertices_m[skin]) * head.normals[skin]).sum(1)
        assert (depth < -0.003).mean() < 0.02
        if "trim" in mesh.name:
            assert depth.min() > -0.001


def test_same_item_same_mesh(head: Head) -> None:
    a = build_clothing(item("shirt", pattern=1.0, print="tartan"), head, open_store())
    b = build_clothing(item("shirt", pattern=1.0, print="tartan"), head, open_store())
    for x, y in zip(a.meshes, b.meshes, strict=True):
        np.testing.assert_array_equal(x.vertices_m, y.vertices_m)
    np.testing.assert_array_equal(a.hidden_faces, b.hidden_faces)


def test_unknown_garments_are_named(head: Head) -> None:
    with pytest.raises(AssetError, match="tshirt_crew"):
        build_clothing(item("tshirt_crw"), head, open_store())
