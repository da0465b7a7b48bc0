"""Worn things on several heads: touching where they rest, cutting in nowhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from assets.accessories import build_glasses, build_headwear, headwear_coverage
from assets.accessories.data import accessories
from assets.accessories.fit import HeadFit
from assets.geometry import ClearMaterial, Mesh
from assets.head import Head, load_head_model
from assets.store import Store, open_store
from spec_schema.classes import SegmentationClass
from spec_schema.errors import AssetError
from spec_schema.spec import Item
from tests.make_specs import make_spec

MM = 1e-3
HEADS: tuple[dict[str, Any], ...] = (
    {"identity": {"shape": {}}, "expression": {}},
    {"identity": {"shape": {"nose-hump": 0.6, "head-oval": 0.6}, "age_years": 70.0}},
    {"identity": {"african": 1.0, "asian": 0.0, "european": 0.0}},
    {
        "identity": {
            "african": 0.0, "asian": 1.0, "european": 0.0, "sex": 0.9, "weight": 0.9
        }
    },
)  # fmt: skip
GLASSES = sorted(accessories().glasses)
HEADWEAR = sorted(accessories().headwear)


@pytest.fixture(scope="module")
def store() -> Store:
    return open_store()


@pytest.fixture(scope="module")
def heads(store: Store) -> list[Head]:
    model = load_head_model(store)
    return [model.build(make_spec(**changes)) for changes in HEADS]


def make_item(name: str, **changes: float) -> Item:
    plain: dict[str, object] = {
        "id": name, "red": 0.1, "green": 0.1, "blue": 0.1, "size": 1.0, "roughness": 0.5,
        "metallic": 0.5, "tilt_deg": 0.0, "pattern": 0.0, "print": "plain", "second_red": 0.5, "second_green": 0.5, "second_blue": 0.5, "height": 0.0, "thickness": 1.0, "seed": 1,
    }  # fmt: skip
    return Item.model_validate(plain | changes)


def in_skull(head: Head, meshes: tuple[Mesh, ...]) -> np.ndarray:
    fit = HeadFit(head)
    return np.concatenate([fit.skull(np.asarray(m.vertices_m, np.float64)) for m in meshes])


def check_meshes(meshes: tuple[Mesh, ...], kind: SegmentationClass) -> None:
    for mesh in meshes:
        assert np.isfinite(mesh.vertices_m).all()
        assert mesh.vertices_m.dtype == np.float32
        assert (mesh.face_class == kind).all()
        assert len(mesh.face_class) == len(mesh.faces)
        assert mesh.faces.max() < len(mesh.vertices_m)
        assert mesh.faces[:, :3].min() >= 0
        if mesh.uv is not None:
            assert mesh.uv.shape == (len(mesh.faces), 4, 2)
            assert np.isfinite(mesh.uv).all()


@pytest.mark.parametrize("name", GLASSES)
def test_glasses_rest_on_nose_and_ears(name: str, heads: list[Head]) -> None:
    for head in heads:
        meshes = build_glasses(make_item(name), head)
        check_meshes(meshes, SegmentationClass.GLASSES)
        fit, points = HeadFit(head), in_skull(head, meshes)
        assert fit.face(ears=True).distance(points).min() > -1.0 * MM
        nose = points[(np.abs(points[:, 0]) < 0.015) & (points[:, 2] > 0.1)]
        assert fit.face(ears=False).distance(nose).min() < 2.0 * MM
        for side in (-1.0, 1.0):
            root = fit.ear_root(side)
            assert np.linalg.norm(points - root, axis=1).min() < 5.0 * MM
            own = points[(points[:, 0] * side > 0) & (points[:, 2] < root[2])]
            assert own[:, 1].min() < root[1] - 0.01, "the tip goes down behind the ear"


def test_lenses_stand_before_the_eyes(heads: list[Head]) -> None:
    for head in heads:
        fit = HeadFit(head)
        lenses = build_glasses(make_item("rectangular"), head)[1]
        assert isinstance(lenses.material, ClearMaterial)
        points = in_skull(head, (lenses,))
        for eye in fit.eyes_m.values():
            ahead = points[np.argmin(np.linalg.norm((points - eye)[:, :2], axis=1))] - eye
            assert 0.011 < ahead[2] - head.eyes["left"].radius_m < 0.021
            assert np.linalg.norm(ahead[:2]) < 0.008


@pytest.mark.parametrize("name", HEADWEAR)
@pytest.mark.parametrize("tilt_deg", [0.0, 6.0])
def test_headwear_lies_on(name: str, tilt_deg: float, heads: list[Head], store: Store) -> None:
    for head in heads:
        meshes = build_headwear(make_item(name, tilt_deg=tilt_deg), head, store)
        check_meshes(meshes, SegmentationClass.HEADWEAR)
        fit, points = HeadFit(head), in_skull(head, meshes)
        assert fit.scalp(ears=True).distance(points).min() > -1.0 * MM
        apart = np.abs(fit.scalp(ears=False).distance(points))
        away = points - fit.points_m[fit.scalp_index].mean(0)
        turn = np.arctan2(away[:, 0], away[:, 2])
        for at in np.linspace(-np.pi, np.pi, 12, endpoint=False):
            sector = np.abs((turn - at + np.pi) % (2 * np.pi) - np.pi) < 0.15
            assert apart[sector].min() < 3.0 * MM


@pytest.mark.parametrize("name", HEADWEAR)
def test_coverage(name: str, heads: list[Head], store: Store) -> None:
    covered = headwear_coverage(make_item(name))
    above_ear = np.array([[0.07, 0.775, 0.04], [-0.07, 0.775, 0.04]], np.float32)
    brow_and_nape = np.array([[0.03, 0.742, 0.135], [0.0, 0.69, -0.04]], np.float32)
    crown = np.array([[0.0, 0.849, 0.03]], np.float32)
    assert covered(brow_and_nape).max() == 0
    if accessories().headwear[name].upper is None:
        assert covered(crown).min() == 1
        assert covered(above_ear).min() == 1
    else:
        assert covered(crown).max() == 0
    assert covered(crown).dtype == np.float32


def test_coverage_ends_at_the_built_rim(heads: list[Head], store: Store) -> None:
    item = make_item("watch_cap", tilt_deg=5.0)
    head = heads[1]
    fit = HeadFit(head)
    hat = in_skull(head, build_headwear(item, head, store))
    index = fit.scalp_index
    hidden = headwear_coverage(item)(head.rest_m[index])
    skin = fit.points_m[index]
    for low, high in ((-0.4, 0.4), (1.2, 1.9), (2.8, 3.4)):

        def part(p: np.ndarray, low: float = low, high: float = high) -> np.ndarray:
            away = p - skin.mean(0)
            turn = np.arctan2(away[:, 0], away[:, 2]) % (2 * np.pi)
            return (turn > low) & (turn < high)

        first_hidden = skin[(hidden > 0.5) & part(skin), 1].min()
        assert abs(hat[part(hat), 1].min() - first_hidden) < 0.012


def test_same_twice(heads: list[Head], store: Store) -> None:
    for build in (
        lambda: build_glasses(make_item("aviator"), heads[0]),
        lambda: build_headwear(make_item("cap"), heads[0], store),
    ):
        for a, b in zip(build(), build(), strict=True):
            np.testing.assert_array_equal(a.vertices_m, b.vertices_m)
            np.testing.assert_array_equal(a.faces, b.faces)


def test_unknown_items_are_named(heads: list[Head], store: Store) -> None:
    with pytest.raises(AssetError, match="did you mean 'aviator'"):
        build_glasses(make_item("aviatr"), heads[0])
    with pytest.raises(AssetError, match=r"headwear\.id is 'beany'"):
        build_headwear(make_item("beany"), heads[0], store)
    with pytest.raises(AssetError, match="no such item"):
        headwear_coverage(make_item("beany"))
