"""Teeth and tongue: fitted to the head, moving with it, of the right class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.geometry import Mesh, SurfaceMaterial
from assets.mouth import build_mouth
from assets.store import open_store
from spec_schema.classes import SegmentationClass
from spec_schema.frames import rotation_x, rotation_y
from tests.make_specs import make_spec


@dataclass(frozen=True)
class Cage:
    cage_m: np.ndarray
    world_from_skull: np.ndarray


def rest() -> np.ndarray:
    return np.asarray(open_store().array("head/vertices"), np.float64)


def built(head: Cage, **changes: object) -> dict[str, Mesh]:
    return {m.name: m for m in build_mouth(make_spec(**changes), head, open_store())}


def test_teeth_lie_behind_the_lips_at_rest() -> None:
    meshes = built(Cage(rest(), np.eye(4)))
    assert set(meshes) == {"teeth", "tongue"}
    for mesh in meshes.values():
        assert set(mesh.face_class.tolist()) == {SegmentationClass.MOUTH_INTERIOR}
        centre = mesh.vertices_m.mean(0)
        assert abs(centre[0]) < 0.003
        assert 0.63 < centre[1] < 0.69
        # The lips reach z = 0.160.
        assert mesh.vertices_m[:, 2].max() < 0.156


def test_a_turned_head_carries_its_mouth_along() -> None:
    motion = np.eye(4)
    motion[:3, :3] = rotation_y(1.0) @ rotation_x(0.4)
    motion[:3, 3] = [0.1, -0.2, 0.3]
    still = built(Cage(rest(), np.eye(4)))
    turned = built(Cage(rest() @ motion[:3, :3].T + motion[:3, 3], motion))
    for name, mesh in still.items():
        expected = mesh.vertices_m @ motion[:3, :3].T + motion[:3, 3]
        np.testing.assert_allclose(turned[name].vertices_m, expected, atol=1e-6)


def test_a_wider_head_has_wider_teeth() -> None:
    wide = rest() * [1.2, 1.0, 1.0]
    narrow_teeth = built(Cage(rest(), np.eye(4)))["teeth"].vertices_m
    wide_teeth = built(Cage(wide, np.eye(4)))["teeth"].vertices_m
    np.testing.assert_allclose(
        np.ptp(wide_teeth[:, 0]) / np.ptp(narrow_teeth[:, 0]), 1.2, rtol=0.02
    )


def enamel(age_years: float) -> np.ndarray:
    teeth = built(Cage(rest(), np.eye(4)), identity={"age_years": age_years})["teeth"]
    assert isinstance(teeth.material, SurfaceMaterial)
    assert teeth.material.colour_map is not None
    colours = teeth.material.colour_map.reshape(-1, 3)
    return colours[colours.sum(-1) >= np.quantile(colours.sum(-1), 0.9)].mean(0)


def test_teeth_yellow_with_age() -> None:
    young, old = enamel(20), enamel(80)
    assert old.sum() < young.sum()
    assert old[2] / old[0] < young[2] / young[0] - 0.05
