"""Lids and ball, over people, gazes and closures: nothing pokes through, nothing gapes."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.spatial import cKDTree

import sampler
from assets.eyes.constants import eye_constants
from assets.eyes.lids import lid_rings
from assets.eyes.lining import caruncle, lining, tear_line
from assets.eyes.shade import lid_shade
from assets.eyes.shape import opaque_ball, shell
from assets.eyes.texture import row_angles
from assets.head import Head, HeadModel, load_head_model
from assets.head.lids import OPENINGS
from assets.store import open_store
from sampler.expression import look
from spec_schema import ARKIT_UNITS, SceneSpec
from spec_schema.arrow import row_to_spec
from tests.make_specs import make_spec

N = 24
MOVES = [{}, {"Blink": 0.5}, {"Blink": 1.0}, {"Squint": 1.0}, {"Wide": 1.0}]


@cache
def model() -> HeadModel:
    return load_head_model(open_store())


@cache
def heads() -> list[tuple[Head, dict[str, float]]]:
    """Random people, each with a gaze within yaw 30 and pitch 25 and a move of the lids."""
    rows = sampler.draw(sampler.load_config("facesynthetics"), 0, N, seed=41).to_pylist()
    limits = sampler.load_config("facesynthetics").expression.look
    rng = np.random.default_rng(5)
    out = []
    for i, row in enumerate(rows):
        drawn = row_to_spec(row, "row")
        yaw, pitch = rng.uniform(-30, 30), rng.uniform(-25, 25)
        move = MOVES[i % len(MOVES)]
        weights = np.zeros((1, 52))
        for part, value in move.items():
            for side in ("Left", "Right"):
                weights[0, ARKIT_UNITS.index(f"eye{part}{side}")] = value
        units = look(limits, weights, np.array([yaw]), np.array([pitch]))[0]
        spec = drawn.model_copy(
            update={
                "expression": dict(zip(ARKIT_UNITS, units.tolist(), strict=True)),
                "gaze": make_spec(gaze={"yaw_deg": yaw, "pitch_deg": pitch}).gaze,
            }
        )
        out.append((model().build(SceneSpec.model_validate(spec.model_dump())), move))
    return out


def over_shell(head: Head, side: str, points_m: np.ndarray) -> np.ndarray:
    """Height of points over the clear shell, metres, along the ray from the ball's centre."""
    eye = head.eyes[side]
    local = (points_m - eye.centre_m) @ eye.world_from_eye
    profile = shell().vertices.astype(float)
    angle = np.arctan2(np.hypot(profile[:, 0], profile[:, 1]), profile[:, 2])
    order = np.argsort(angle)
    radius = np.linalg.norm(profile, axis=1)[order]
    at = np.arctan2(np.hypot(local[:, 0], local[:, 1]), local[:, 2])
    scale = eye.radius_m * eye_constants().shape.shell_scale
    return np.linalg.norm(local, axis=1) - scale * np.interp(at, angle[order], radius)


@pytest.mark.parametrize("side", ["left", "right"])
def test_no_ball_comes_through_a_lid(side: str) -> None:
    for head, _ in heads():
        rings = lid_rings(head, side, open_store()).finer(4)
        assert over_shell(head, side, rings.edge).min() > 0.3e-3
        assert over_shell(head, side, rings.inner).min() > 0


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_lining_leaves_no_gap(side: str) -> None:
    c = eye_constants().wet
    for head, _ in heads():
        eye = head.eyes[side]
        solid = opaque_ball(eye.radius_m)
        rings = lid_rings(head, side, open_store())
        part = lining(rings, eye.centre_m, solid.radius_m)
        rows = part.vertices_m.reshape(c.across, -1, 3)
        distance, _ = cKDTree(head.vertices_m).query(rows[0])
        # The skin's vertices stand a millimetre apart there.
        assert distance.max() < 1.2e-3
        depth = solid.radius_m - np.linalg.norm(rows[-1] - eye.centre_m, axis=1)
        np.testing.assert_allclose(depth, c.under_m, atol=2e-5)
        step = np.linalg.norm(np.diff(rows, axis=0), axis=2)
        assert step.max() < 2.5e-3


@pytest.mark.parametrize("side", ["left", "right"])
def test_wet_parts_stay_behind_the_edge_of_the_lids(side: str) -> None:
    for head, _ in heads():
        eye = head.eyes[side]
        solid, store = opaque_ball(eye.radius_m), open_store()
        rings = lid_rings(head, side, store)
        edge = np.linalg.norm(rings.edge - eye.centre_m, axis=1)
        outer = eye.radius_m * eye_constants().shape.shell_scale
        for part in (
            caruncle(rings, eye.centre_m, solid.radius_m),
            tear_line(rings, eye.centre_m, solid.radius_m, outer),
        ):
            reach = np.linalg.norm(part.vertices_m - eye.centre_m, axis=1)
            assert reach.max() < edge.max()
        knob = caruncle(rings, eye.centre_m, solid.radius_m).vertices_m
        assert np.linalg.norm(knob - eye.centre_m, axis=1).max() < edge[[0, 1, -1]].min()


def test_closed_lids_meet() -> None:
    """Whatever the identity opens: edges overlap by less than 3 mm and gape by less than one."""
    for head, move in heads():
        if move.get("Blink") != 1.0:
            continue
        up = head.world_from_head[:3, 1]
        for side in ("left", "right"):
            edge = lid_rings(head, side, open_store()).edge
            gap = [float((edge[i] - edge[28 - i]) @ up) for i in range(3, 12)]
            assert min(gap) > -3e-3
            assert max(gap) < 1e-3


def openings(**units: float) -> np.ndarray:
    """(4,) of the plain head's lids, mm."""
    spec = make_spec(expression=units)
    head = model().build(spec)
    y = (head.landmarks_m - head.world_from_head[:3, 3]) @ head.world_from_head[:3, 1] * 1e3
    return np.array([y[a] - y[b] for a, b in OPENINGS])


def test_half_a_blink_closes_half() -> None:
    still, half = openings(), openings(eyeBlinkLeft=0.5, eyeBlinkRight=0.5)
    assert (half / still).min() > 0.3
    assert (half / still).max() < 0.55


@pytest.mark.parametrize("unit", ["eyeSquintLeft", "eyeWideLeft", "cheekSquintLeft"])
def test_a_blink_closes_what_other_units_leave_open(unit: str) -> None:
    with_unit = openings(eyeBlinkLeft=1.0, **{unit: 1.0})[:2]
    np.testing.assert_allclose(with_unit, openings(eyeBlinkLeft=1.0)[:2], atol=0.6)


@pytest.mark.parametrize("side", ["left", "right"])
def test_little_light_comes_in_under_a_lid(side: str) -> None:
    head = model().build(make_spec(expression={}, gaze={"yaw_deg": 0, "pitch_deg": 0}))
    eye, rings = head.eyes[side], lid_rings(head, side, open_store())
    angles = row_angles()
    shade = lid_shade(rings, eye.centre_m, eye.world_from_eye, eye.radius_m, angles)
    assert shade.shape == (len(angles), eye_constants().texture.width_px)
    assert 0.2 < shade.min() < 0.5
    assert shade.max() <= 1.0
    pupil = shade[0].mean()
    upwards = shade[:, shade.shape[1] // 4]
    assert upwards.min() < 0.8 * pupil


def test_lids_follow_the_eye_upwards() -> None:
    """The pupil stays in the open when the eye looks 20 degrees up."""
    limits = sampler.load_config("facesynthetics").expression.look
    units = look(limits, np.zeros((1, 52)), np.array([0.0]), np.array([20.0]))[0]
    for unit in (dict(zip(ARKIT_UNITS, units.tolist(), strict=True)),):
        spec = make_spec(expression=unit, gaze={"yaw_deg": 0, "pitch_deg": 20})
        head = model().build(spec)
        eye, up = head.eyes["left"], head.world_from_head[:3, 1]
        pupil = eye.centre_m + eye.world_from_eye[:, 2] * 0.845 * eye.radius_m
        edge = lid_rings(head, "left", open_store()).edge
        assert (edge[6] - pupil) @ up > 0


def test_faces_look_out_of_the_eye() -> None:
    head = model().build(make_spec())
    for side in ("left", "right"):
        eye = head.eyes[side]
        solid, rings = opaque_ball(eye.radius_m), lid_rings(head, side, open_store())
        for part in (
            lining(rings, eye.centre_m, solid.radius_m),
            caruncle(rings, eye.centre_m, solid.radius_m),
        ):
            corner = part.vertices_m[part.faces].astype(float)
            normal = np.cross(corner[:, 2] - corner[:, 0], corner[:, 3] - corner[:, 1])
            outwards = ((corner.mean(1) - eye.centre_m) * normal).sum(1)
            assert (outwards > 0).mean() > 0.7
