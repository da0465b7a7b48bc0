"""Worn things on several heads: touching where they rest, cutting in nowhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from assets.accessories import Wearer, beard_left, build_item, build_worn, hair_coverage
from assets.accessories.catalogue import ACCESSORY_SLOTS, accessory, accessory_entries
from assets.geometry import ClearMaterial, Mesh, Strands, SurfaceMaterial
from assets.head import load_head_model
from assets.store import open_store
from benchmarks.triangles import Triangles
from benchmarks.wear_fit import DEPTH_LIMIT_MM, GAP_LIMIT_MM, fit_of, skin_of
from spec_schema.classes import SegmentationClass
from spec_schema.errors import AssetError
from spec_schema.spec import Item
from tests.make_specs import make_spec

HEADS: tuple[dict[str, Any], ...] = (
    {"identity": {"shape": {}}, "expression": {}},
    {"identity": {"shape": {"nose-hump": 0.6, "head-oval": 0.6}, "age_years": 70.0}},
    {"identity": {"african": 1.0, "asian": 0.0, "european": 0.0}, "pose": {"yaw_deg": -50.0}},
    {
        "identity": {
            "african": 0.0, "asian": 1.0, "european": 0.0, "sex": 0.9, "weight": 0.9
        },
        "expression": {"jawOpen": 0.6},
    },
    {"identity": {"sex": 0.0, "weight": 0.2}, "pose": {"pitch_deg": 25.0}},
)  # fmt: skip
THINGS = [(slot, key) for slot in ACCESSORY_SLOTS for key in accessory_entries(slot)]
MANNERS: tuple[dict[str, float], ...] = (
    {},
    {"tilt_deg": 5.0, "height": -1.0},
    {"size": 1.06, "thickness": 1.3, "height": 0.8},
)
ONE_OF_A_KIND = list({accessory(s, k).kind: (s, k) for s, k in THINGS}.values())


@pytest.fixture(scope="module")
def wearers() -> list[Wearer]:
    model = load_head_model(open_store())
    return [Wearer(model.build(make_spec(**changes)), open_store()) for changes in HEADS]


@pytest.fixture(scope="module")
def skins(wearers: list[Wearer]) -> list[Triangles]:
    return [skin_of(wearer) for wearer in wearers]


BETWEEN_LIMIT_MM = 2.5
"""Folds of an ear may come so far through a face whose corners are on both of their sides."""


def make_item(name: str, **changes: Any) -> Item:
    plain: dict[str, object] = {
        "id": name, "red": 0.1, "green": 0.1, "blue": 0.1, "size": 1.0, "roughness": 0.5,
        "metallic": 0.5, "tilt_deg": 0.0, "pattern": 0.0, "print": "plain", "second_red": 0.5,
        "second_green": 0.5, "second_blue": 0.5, "height": 0.0, "thickness": 1.0, "seed": 1,
    }  # fmt: skip
    return Item.model_validate(plain | changes)


def check_meshes(meshes: tuple[Mesh, ...], kind: SegmentationClass) -> None:
    assert meshes
    for mesh in meshes:
        assert np.isfinite(mesh.vertices_m).all()
        assert mesh.vertices_m.dtype == np.float32
        assert (mesh.face_class == kind).all()
        assert len(mesh.face_class) == len(mesh.faces)
        assert mesh.faces.max() < len(mesh.vertices_m)
        assert mesh.faces[:, :3].min() >= 0
        maps = isinstance(mesh.material, SurfaceMaterial) and (
            mesh.material.colour_map is not None or mesh.material.height_map_mm is not None
        )
        assert not maps or mesh.uv is not None
        if mesh.uv is not None:
            assert mesh.uv.shape == (len(mesh.faces), 4, 2)
            assert np.isfinite(mesh.uv).all()


@pytest.mark.parametrize(("slot", "key"), ONE_OF_A_KIND)
def test_a_thing_of_each_kind_lies_on_and_cuts_in_nowhere(
    slot: str, key: str, wearers: list[Wearer], skins: list[Triangles]
) -> None:
    """On one of the heads each, in turn; benchmarks/wear_fit.py has all things and hundreds."""
    k = ONE_OF_A_KIND.index((slot, key))
    which = k % len(wearers)
    item = make_item(key, **MANNERS[k % len(MANNERS)])
    check_meshes(build_item(slot, item, wearers[which]), accessory(slot, key).label)
    fit = fit_of(slot, item, wearers[which], skins[which])
    assert fit.depth_mm <= DEPTH_LIMIT_MM, fit
    assert fit.between_mm <= BETWEEN_LIMIT_MM, fit
    assert fit.gap_mm <= GAP_LIMIT_MM, fit


def test_what_cuts_in_or_floats_is_measured(wearers: list[Wearer], skins: list[Triangles]) -> None:
    """The measure itself: a point 2 mm deep in a cheek, and one 5 mm before it."""
    cheek = wearers[0].fit.landmarks_m[2:3]
    _, skin, normal = wearers[0].skin.nearest(cheek)
    at = np.concatenate([skin - 0.002 * normal, skin + 0.005 * normal])
    assert skins[0].signed(at) == pytest.approx([-0.002, 0.005], abs=2e-4)


@pytest.mark.parametrize(("slot", "key"), ONE_OF_A_KIND[::4])
def test_same_twice(slot: str, key: str, wearers: list[Wearer]) -> None:
    first, second = (
        build_item(slot, make_item(key), Wearer(wearers[1].head, wearers[1].store))
        for _ in range(2)
    )
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a.vertices_m, b.vertices_m)
        np.testing.assert_array_equal(a.faces, b.faces)


@pytest.mark.parametrize("field", ["size", "thickness", "height"])
@pytest.mark.parametrize(
    ("slot", "key"), [("glasses", "panto"), ("headwear", "bucket_hat"), ("facewear", "surgical")]
)
def test_parameters_change_the_shape(
    slot: str, key: str, field: str, wearers: list[Wearer]
) -> None:
    values = (-0.9, 0.9) if field == "height" else (0.93, 1.07)
    low, high = (
        np.concatenate(
            [m.vertices_m for m in build_item(slot, make_item(key, **{field: v}), wearers[0])]
        )
        for v in values
    )
    assert low.shape != high.shape or np.abs(low - high).max() > 2e-4


def test_lenses_stand_before_the_eyes_and_lower_for_reading(wearers: list[Wearer]) -> None:
    for wearer in wearers[1:3]:
        lenses, low = (
            build_item("glasses", make_item("rectangular", height=h), wearer)[1] for h in (0, -1)
        )
        assert isinstance(lenses.material, ClearMaterial)
        points = wearer.fit.skull(lenses.vertices_m.astype(np.float64))
        for eye in wearer.fit.eyes_m.values():
            ahead = points[np.argmin(np.linalg.norm((points - eye)[:, :2], axis=1))] - eye
            assert 0.011 < ahead[2] - wearer.fit.eye_radius_m < 0.021
            assert np.linalg.norm(ahead[:2]) < 0.008
        lowered = points[:, 1].mean() - wearer.fit.skull(low.vertices_m.astype(float))[:, 1].mean()
        assert 0.008 < lowered < 0.014


def test_mirrored_lenses_are_metal(wearers: list[Wearer]) -> None:
    lens = build_item("glasses", make_item("sun_mirror_aviator"), wearers[0])[1].material
    assert isinstance(lens, SurfaceMaterial)
    assert lens.metallic == 1
    assert lens.roughness < 0.1


@pytest.mark.parametrize("key", sorted(accessory_entries("headwear")))
def test_coverage(key: str) -> None:
    covered = hair_coverage("headwear", make_item(key))
    style = accessory("headwear", key)
    assert (covered is None) == (style.covers.hair != "tight")
    if covered is None:
        return
    crown = np.array([[0.0, 0.849, 0.03]], np.float32)
    brow = np.array([[0.03, 0.742, 0.135]], np.float32)
    assert covered(crown).dtype == np.float32
    assert covered(crown).item() == (0 if style.kind == "band" else 1)
    all_of_it = getattr(style, "line", None) is None or getattr(style, "tucked", False)
    assert covered(brow).item() == (1 if all_of_it else 0)


def test_coverage_ends_at_the_built_rim(wearers: list[Wearer]) -> None:
    item, wearer = make_item("watch_cap", tilt_deg=5.0), wearers[1]
    hat = np.concatenate(
        [wearer.fit.skull(m.vertices_m.astype(float)) for m in build_item("headwear", item, wearer)]
    )
    index = wearer.fit.scalp_index
    covered = hair_coverage("headwear", item)
    assert covered is not None
    hidden, skin = covered(wearer.head.rest_m[index]), wearer.fit.points_m[index]
    for low, high in ((-0.4, 0.4), (1.2, 1.9), (2.8, 3.4)):

        def part(p: np.ndarray, low: float = low, high: float = high) -> np.ndarray:
            away = p - skin.mean(0)
            turn = np.arctan2(away[:, 0], away[:, 2]) % (2 * np.pi)
            return (turn > low) & (turn < high)

        first_hidden = skin[(hidden > 0.5) & part(skin), 1].min()
        assert abs(hat[part(hat), 1].min() - first_hidden) < 0.012


def test_a_mask_hides_the_beard_beneath_it_alone(wearers: list[Wearer]) -> None:
    wearer = wearers[0]
    mask = build_item("facewear", make_item("surgical"), wearer)
    marks = wearer.head.landmarks_m
    under = marks[[57, 51, 33]]
    beside = marks[[0, 16]]
    roots = np.concatenate([under, beside]).astype(np.float32)
    strands = Strands(
        "beard", np.repeat(roots[:, None], 3, 1), np.full((5, 3), 1e-4, np.float32),
        np.zeros(5, np.float32), np.zeros(5, np.float32), SegmentationClass.BEARD,
    )  # fmt: skip
    left = beard_left(strands, mask[:1], wearer.head)
    assert left is not None
    np.testing.assert_array_equal(left.points_m[:, 0], beside.astype(np.float32))
    assert beard_left(strands, (), wearer.head) is strands


def test_a_whole_set(wearers: list[Wearer]) -> None:
    worn = {
        "glasses": "round", "headwear": "beanie", "facewear": "surgical",
        "earwear": "earbuds", "jewellery": "nose_stud", "neckwear": "scarf",
    }  # fmt: skip
    spec = make_spec(**{slot: make_item(key).model_dump() for slot, key in worn.items()})
    made = build_worn(spec, wearers[0].head, wearers[0].store, None)
    assert {int(c) for m in made.meshes for c in m.face_class} == {15, 16, 17, 18}
    assert len(made.covers) == 1
    assert [m.name for m in made.over_beard] == ["mask"]
    assert [m.name for m in made.over_clothes] == ["scarf"]


def test_unknown_items_are_named(wearers: list[Wearer]) -> None:
    with pytest.raises(AssetError, match="did you mean 'aviator'"):
        build_item("glasses", make_item("aviatr"), wearers[0])
    with pytest.raises(AssetError, match=r"headwear\.id is 'beany'"):
        build_item("headwear", make_item("beany"), wearers[0])
    with pytest.raises(AssetError, match="no such item"):
        hair_coverage("headwear", make_item("beany"))
