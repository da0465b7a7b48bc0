"""Teeth and tongue: fitted to the head, moving with it, of the right class and shade."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from assets.geometry import Mesh, SurfaceMaterial
from assets.head import load_head_model
from assets.mouth import build_mouth, teeth_sets
from assets.mouth.constants import mouth_constants
from assets.store import open_store
from spec_schema import AssetError
from spec_schema.classes import SegmentationClass
from spec_schema.frames import rotation_x, rotation_y
from tests.make_specs import make_spec


@dataclass(frozen=True)
class Cage:
    neutral_m: np.ndarray
    cage_m: np.ndarray
    world_from_skull: np.ndarray

    @staticmethod
    def still(cage: np.ndarray) -> Cage:
        return Cage(cage, cage, np.eye(4))


def rest() -> np.ndarray:
    return np.asarray(load_head_model(open_store()).targets.base, np.float64)


def built(head: Cage, **changes: object) -> dict[str, Mesh]:
    return {m.name: m for m in build_mouth(make_spec(**changes), head, open_store())}


def expressed(**units: float) -> Cage:
    """A head of the plain spec with an expression."""
    targets = load_head_model(open_store()).targets
    neutral = targets.neutral(make_spec().identity)
    return Cage(neutral, targets.express(neutral, units), np.eye(4))


def rows(teeth: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Vertices of the upper and of the lower teeth."""
    refs = np.asarray(open_store().array("proxies/Teeth_Base/refs"))
    lower = refs.min(1) < mouth_constants().teeth.upper_refs_from
    return teeth.vertices_m[~lower], teeth.vertices_m[lower]


def test_teeth_lie_behind_the_lips_at_rest() -> None:
    meshes = built(Cage.still(rest()))
    assert set(meshes) == {"teeth", "tongue"}
    for mesh in meshes.values():
        assert set(mesh.face_class.tolist()) == {SegmentationClass.MOUTH_INTERIOR}
        centre = mesh.vertices_m.mean(0)
        assert abs(centre[0]) < 0.003
        assert 0.63 < centre[1] < 0.69
        # The lips reach z = 0.160.
        assert mesh.vertices_m[:, 2].max() < 0.1575


def test_the_upper_teeth_bite_over_the_lower_ones() -> None:
    upper, lower = rows(built(Cage.still(rest()))["teeth"])
    front = [
        r[(np.abs(r[:, 0]) < 0.006) & (r[:, 2] > r[:, 2].max() - 0.006)] for r in (upper, lower)
    ]
    overlap = front[1][:, 1].max() - front[0][:, 1].min()
    assert 0.001 < overlap < 0.005
    assert front[0][:, 2].max() > front[1][:, 2].max() + 0.001


def test_a_turned_head_carries_its_mouth_along() -> None:
    motion = np.eye(4)
    motion[:3, :3] = rotation_y(1.0) @ rotation_x(0.4)
    motion[:3, 3] = [0.1, -0.2, 0.3]
    still = built(Cage.still(rest()))
    turned = built(Cage(rest(), rest() @ motion[:3, :3].T + motion[:3, 3], motion))
    for name, mesh in still.items():
        expected = mesh.vertices_m @ motion[:3, :3].T + motion[:3, 3]
        np.testing.assert_allclose(turned[name].vertices_m, expected, atol=1e-6)


@pytest.mark.parametrize("unit", ["jawOpen", "jawForward", "jawLeft"])
def test_teeth_are_as_hard_as_teeth(unit: str) -> None:
    """A moving jaw takes the lower row along without stretching either."""
    before, after = (rows(built(expressed(**e))["teeth"]) for e in ({}, {unit: 1.0}))
    np.testing.assert_allclose(after[0], before[0], atol=1e-6)
    assert np.linalg.norm(after[1] - before[1], axis=1).min() > 2e-3
    picks = np.arange(0, len(before[1]), 97)
    spans = [np.linalg.norm(r[picks, None] - r[picks], axis=-1) for r in (before[1], after[1])]
    np.testing.assert_allclose(spans[1], spans[0], atol=1e-5)


def test_the_tongue_goes_out_and_up() -> None:
    still = built(expressed())["tongue"].vertices_m
    out = built(expressed(tongueOut=1.0))["tongue"].vertices_m
    assert out[:, 2].max() > still[:, 2].max() + 0.02
    flat, raised = (
        built(expressed(), mouth={"tongue_raise": v})["tongue"].vertices_m for v in (0.0, 1.0)
    )
    tip = flat[:, 2] > np.quantile(flat[:, 2], 0.9)
    assert (raised - flat)[tip, 1].mean() > 0.003
    assert np.abs(raised - flat)[flat[:, 2] < np.quantile(flat[:, 2], 0.1)].max() < 1e-4


def test_a_wider_head_has_wider_teeth() -> None:
    narrow_teeth = built(Cage.still(rest()))["teeth"].vertices_m
    wide_teeth = built(Cage.still(rest() * [1.2, 1.0, 1.0]))["teeth"].vertices_m
    np.testing.assert_allclose(
        np.ptp(wide_teeth[:, 0]) / np.ptp(narrow_teeth[:, 0]), 1.2, rtol=0.02
    )


def enamel(**mouth: object) -> np.ndarray:
    teeth = built(Cage.still(rest()), mouth=mouth)["teeth"]
    assert isinstance(teeth.material, SurfaceMaterial)
    assert teeth.material.colour_map is not None
    colours = teeth.material.colour_map.reshape(-1, 3)
    return colours[colours.sum(-1) >= np.quantile(colours.sum(-1), 0.9)].mean(0)


def test_shade_darkens_and_yellows() -> None:
    white, yellow = enamel(shade=0.0), enamel(shade=1.0)
    assert yellow.sum() < 0.75 * white.sum()
    assert yellow[2] / yellow[0] < white[2] / white[0] - 0.2
    assert white.max() < 0.75, "no teeth are as white as paper"


@pytest.mark.parametrize("teeth", teeth_sets())
def test_every_set_is_another(teeth: str) -> None:
    meshes = built(Cage.still(rest()), mouth={"teeth": teeth})
    others = [t for t in teeth_sets() if t != teeth]
    for other in others:
        their = built(Cage.still(rest()), mouth={"teeth": other})
        apart = np.abs(meshes["teeth"].vertices_m - their["teeth"].vertices_m).max()
        assert apart > 5e-4


def test_an_unknown_set_is_told() -> None:
    with pytest.raises(AssetError, match=r"mouth\.teeth is 'evn'.*did you mean 'even'"):
        built(Cage.still(rest()), mouth={"teeth": "evn"})


def test_the_tongue_has_a_furrow() -> None:
    """Its middle lies lower than its sides, where the proxy alone bulges."""
    tongue = built(expressed())["tongue"]
    points = tongue.vertices_m
    along = (points[:, 2] - points[:, 2].min()) / np.ptp(points[:, 2])
    there = (along > 0.5) & (along < 0.8)
    back = points[there & (points[:, 1] > np.median(points[there, 1]))]
    middle = back[np.abs(back[:, 0]) < 0.0015, 1].max()
    beside = back[(np.abs(back[:, 0]) > 0.005) & (np.abs(back[:, 0]) < 0.008), 1].max()
    assert middle < beside
    assert tongue.faces.shape[0] == 16 * 224
