"""Geometric labels: equal to the rendered rows, on the right side, in the right pixel."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sampler
from assets.eyes.constants import eye_constants
from assets.eyes.shape import ball
from assets.head import HeadModel, LabelledHead, load_head_model
from assets.store import open_store
from renderer.labels import geometric_labels, topology
from renderer.occlusion import TOLERANCE_M, PosedBall, hidden_points, occluding_triangles
from spec_schema import ARKIT_UNITS, SceneSpec, packb
from spec_schema.arrow import row_to_spec
from tests.make_specs import make_spec

PRESETS = sorted(
    p.name.removesuffix(".toml")
    for p in files("sampler").joinpath("presets").iterdir()
    if p.name.endswith(".toml")
)
SIZE = 512
FACING = {"yaw_deg": 0.0, "pitch_deg": 0.0, "roll_deg": 0.0, "x_m": 0.0, "y_m": 0.0, "z_m": 1.0}


@lru_cache(maxsize=1)
def model() -> HeadModel:
    return load_head_model(open_store())


@lru_cache(maxsize=1)
def shared() -> dict[str, Any]:
    return topology(model())


def labels_of(spec: SceneSpec) -> dict[str, Any]:
    return geometric_labels(spec, model().build_labelled(spec), model(), SIZE)


def posed(**pose: float) -> SceneSpec:
    return make_spec(pose={**FACING, **pose}, expression={}, identity={"shape": {}})


def dense(labels: dict[str, Any], key: str, name: str) -> Any:
    return labels["dense_landmarks"][key][shared()["dense_landmark_names"].tolist().index(name)]


def group(name: str) -> Any:
    where = np.flatnonzero(shared()["dense_landmark_groups"] == name)
    assert len(where), name
    return where


def extreme(seed: int) -> SceneSpec:
    """Beyond what any preset draws: every angle, every key."""
    rng = np.random.default_rng(seed)
    yaw, roll, azimuth = rng.uniform(-180, 180, 3)
    keys = model().shape_keys
    low = [0.0 if k in model().one_sided else -1.0 for k in keys]
    return make_spec(
        pose={
            "yaw_deg": yaw, "pitch_deg": rng.uniform(-90, 90), "roll_deg": roll,
            "x_m": rng.normal() * 0.1, "y_m": rng.normal() * 0.1, "z_m": rng.uniform(0.35, 3),
        },
        camera={"azimuth_deg": azimuth, "elevation_deg": rng.uniform(-90, 90)},
        identity={
            "sex": rng.uniform(), "age_years": rng.uniform(18, 90), "weight": rng.uniform(),
            "shape": dict(zip(keys, rng.uniform(low, 1.0), strict=True)),
        },
        expression=dict(zip(ARKIT_UNITS, rng.uniform(0, 1, len(ARKIT_UNITS)), strict=True)),
        gaze={"yaw_deg": rng.uniform(-60, 60), "pitch_deg": rng.uniform(-50, 50)},
    )  # fmt: skip


def rows_equal_the_whole_head(spec: SceneSpec) -> None:
    rows, head = model().build_labelled(spec), model().build(spec)
    whole = model().labelled(head)
    for name in LabelledHead.__dataclass_fields__:
        a, b = getattr(rows, name), getattr(whole, name)
        if name != "eyes":
            assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes()), name
    of_rows = geometric_labels(spec, rows, model(), SIZE)
    assert packb(of_rows) == packb(geometric_labels(spec, whole, model(), SIZE))
    moved = head.vertices_m[model().surface.dense].astype(np.float64)
    camera = moved @ head.camera_from_world[:3, :3].T + head.camera_from_world[:3, 3]
    np.testing.assert_allclose(of_rows["vertices"]["camera_m"], camera, atol=1e-6)


@pytest.mark.parametrize("preset", PRESETS)
def test_rows_equal_the_rendered_head_for_every_preset(preset: str) -> None:
    table = sampler.draw(sampler.load_config(preset), start=0, n=3)
    for record in table.to_pylist():
        rows_equal_the_whole_head(row_to_spec(record, preset))


@pytest.mark.parametrize("seed", range(6))
def test_rows_equal_the_rendered_head_in_extreme_poses(seed: int) -> None:
    rows_equal_the_whole_head(extreme(seed))


@pytest.mark.parametrize("key", ["landmarks", "dense_landmarks"])
def test_the_pixel_of_a_point(key: str) -> None:
    """u = f x / z + half the width, y down, from the edge of the first pixel."""
    spec = make_spec()
    points = labels_of(spec)[key]
    focal_px = spec.camera.focal_length_mm / spec.camera.sensor_width_mm * SIZE
    x, y, z = points["camera_m"].astype(np.float64).T
    expected = np.stack([focal_px * x / z + SIZE / 2, focal_px * y / z + SIZE / 2], axis=1)
    assert np.abs(points["image_px"] - expected).max() < 1e-3


def test_up_in_the_picture_is_up_on_the_head() -> None:
    labels = labels_of(posed())
    image = labels["landmarks"]["image_px"]
    assert image[27, 1] < image[33, 1] < image[8, 1]  # nasion, nose, chin
    assert image[45, 0] > image[36, 0]  # the subject's left eye is on the picture's right
    assert image[69, 0] > image[68, 0]
    assert dense(labels, "image_px", "left_iris_0")[0] > dense(labels, "image_px", "left_pupil")[0]
    assert (
        dense(labels, "image_px", "right_iris_0")[0] < dense(labels, "image_px", "right_pupil")[0]
    )
    assert dense(labels, "image_px", "left_iris_4")[1] < dense(labels, "image_px", "left_pupil")[1]


def test_dense_landmarks_are_rows_of_the_dense_vertices() -> None:
    labels, rows = labels_of(make_spec()), shared()["dense_landmark_vertices"]
    on_mesh = rows >= 0
    for key in ("head_m", "camera_m"):
        np.testing.assert_array_equal(
            labels["dense_landmarks"][key][on_mesh], labels["vertices"][key][rows[on_mesh]]
        )


def test_names_and_groups() -> None:
    names = shared()["dense_landmark_names"].tolist()
    assert len(names) == len(set(names)) >= 400
    sided = ("upper_lid", "lower_lid", "iris", "pupil", "brow_upper", "brow_lower", "ear_outline",
             "nostril", "nose_wing", "cheek")  # fmt: skip
    for name in sided:
        assert len(group(f"left_{name}")) == len(group(f"right_{name}"))
    for name in ("face_oval", "jaw", "chin", "forehead", "nose_bridge", "upper_lip_inner",
                 "upper_lip_outer", "lower_lip_inner", "lower_lip_outer"):  # fmt: skip
        assert len(group(name)) >= 7


def test_left_and_right_are_the_subjects_and_mirror_each_other() -> None:
    t = shared()
    x = t["rest_m"][:, 0]
    flipped = t["rest_m"] * np.array([-1, 1, 1], np.float32)
    assert np.abs(t["rest_m"][t["vertex_mirror"]] - flipped).max() < 1e-4
    for i, name in enumerate(t["dense_landmark_names"].tolist()):
        row, other = t["dense_landmark_vertices"][i], t["dense_landmark_mirror"][i]
        assert t["dense_landmark_mirror"][other] == i
        if row < 0:
            continue
        assert t["vertex_mirror"][row] == t["dense_landmark_vertices"][other]
        sign = 1 if name.startswith("left_") else -1 if name.startswith("right_") else 0
        assert x[row] * sign > 0 if sign else abs(x[row]) < 1e-4, name
    points = labels_of(posed())["landmarks"]["head_m"]
    mirrored = points[t["landmark_mirror"]] * [-1, 1, 1]
    assert np.abs(points - mirrored)[:68].max() < 2e-4


def test_dense_lines_pass_through_the_68() -> None:
    """The lid, lip and nose lines hold the iBUG points of the same features."""
    labels = labels_of(posed())
    for name, ibug in (("left_upper_lid", [43, 44]), ("right_upper_lid", [37, 38]),
                       ("left_lower_lid", [46, 47]), ("right_lower_lid", [40, 41]),
                       ("left_eye_corner", [42, 45]), ("right_eye_corner", [36, 39]),
                       ("nose_bridge", [27, 29, 30]), ("upper_lip_inner", [61, 62, 63]),
                       ("lower_lip_inner", [65, 66, 67])):  # fmt: skip
        line = labels["dense_landmarks"]["head_m"][group(name)]
        for i in ibug:
            away = np.linalg.norm(line - labels["landmarks"]["head_m"][i], axis=1).min()
            assert away < 1.5e-3, (name, i)


def test_iris_is_a_circle_about_the_line_of_sight() -> None:
    labels = labels_of(make_spec(gaze={"yaw_deg": 20.0, "pitch_deg": 10.0, "distance_m": 0.6}))
    for side, pupil in (("right", 68), ("left", 69)):
        centre = labels["landmarks"]["head_m"][pupil]
        rim = labels["dense_landmarks"]["head_m"][group(f"{side}_iris")] - centre
        assert np.ptp(np.linalg.norm(rim, axis=1)) < 1e-6
        assert 0.0045 < np.linalg.norm(rim[0]) < 0.0068  # irises are 10.2 to 13 mm wide
        sight = labels["gaze"][side]["direction_head"]
        assert np.abs(rim @ sight).max() < 1e-6
        ball_to_pupil = centre - labels["gaze"][side]["origin_head_m"]
        assert ball_to_pupil / np.linalg.norm(ball_to_pupil) == pytest.approx(sight, abs=1e-6)
        assert sight[0] > 0.2
        assert sight[1] > 0.1


def test_in_frame_is_the_frame() -> None:
    spec = make_spec(pose={**FACING, "x_m": 0.19, "z_m": 0.8, "yaw_deg": 30.0})
    landmarks = labels_of(spec)["landmarks"]
    x, y = landmarks["image_px"].T
    expected = (x >= 0) & (x < SIZE) & (y >= 0) & (y < SIZE)
    np.testing.assert_array_equal(landmarks["in_frame"], expected)
    assert 5 < expected.sum() < 65


def test_boxes() -> None:
    labels = labels_of(make_spec())
    points = labels["vertices"]["camera_m"].astype(np.float64)[shared()["head_vertices"]]
    k = labels["camera"]["intrinsics"]
    image = points[:, :2] / points[:, 2:] * [k[0, 0], k[1, 1]] + [k[0, 2], k[1, 2]]
    box = np.concatenate([image.min(0), image.max(0)])
    np.testing.assert_allclose(labels["head_box_px"], box, atol=0.01)
    face = labels["face_box_px"]
    assert (box[:2] < face[:2]).all()
    assert box[1] < face[1] - 20  # the skull above the brows
    assert (box[2:] > face[2:] - 1).all()


@pytest.mark.parametrize(("yaw", "hidden", "seen"), [(75, "right", "left"), (-75, "left", "right")])
def test_a_turned_head_hides_its_far_side(yaw: float, hidden: str, seen: str) -> None:
    """+yaw turns the nose to image-left, so the subject's right goes out of sight."""
    away = labels_of(posed(yaw_deg=float(yaw)))["dense_landmarks"]["self_occluded"]
    for name in ("ear_outline", "upper_lid", "cheek", "iris", "brow_lower"):
        assert away[group(f"{hidden}_{name}")].mean() > 0.7, name
    for name in ("upper_lid", "cheek", "brow_lower"):
        assert away[group(f"{seen}_{name}")].mean() < 0.2, name
    jaw = labels_of(posed(yaw_deg=float(yaw)))["landmarks"]["self_occluded"][:17]
    assert jaw[:6].all() == (hidden == "right")
    assert jaw[11:].all() == (hidden == "left")


def test_from_the_front_the_face_is_seen_and_the_back_is_not() -> None:
    front = labels_of(posed())
    assert front["landmarks"]["self_occluded"][17:60].sum() <= 2
    assert not front["landmarks"]["self_occluded"][68:].any()
    back = labels_of(posed(yaw_deg=180.0))
    assert back["landmarks"]["self_occluded"].mean() > 0.95


def test_a_closed_lid_hides_pupil_and_iris_of_its_eye() -> None:
    closed = make_spec(pose=FACING, expression={"eyeBlinkLeft": 1.0}, identity={"shape": {}})
    labels = labels_of(closed)
    assert labels["landmarks"]["self_occluded"][68:].tolist() == [False, True]
    away = labels["dense_landmarks"]["self_occluded"]
    assert away[group("left_iris")].all()
    assert not away[group("right_iris")][[0, 1, 8, 9]].any()  # between the lids at rest


def test_openness() -> None:
    def eyes(**units: float) -> Any:
        spec = make_spec(expression=units, identity={"shape": {"head-oval": 0.5}})
        return labels_of(spec)["eyes"]

    rest = eyes()
    assert rest["left"]["openness"] == pytest.approx(1.0, abs=1e-4)
    assert rest["right"]["openness"] == pytest.approx(1.0, abs=1e-4)
    assert 0.006 < rest["left"]["lid_gap_m"] < 0.016
    blink = eyes(eyeBlinkLeft=1.0)
    assert blink["left"]["openness"] < 0.1
    assert blink["right"]["openness"] > 0.95
    half = eyes(eyeBlinkRight=0.5)["right"]["openness"]
    assert 0.3 < half < 0.8
    wide = eyes(eyeWideRight=1.0)
    assert wide["right"]["openness"] > 1.05
    assert wide["left"]["openness"] == pytest.approx(1.0, abs=0.02)


def test_openness_does_not_depend_on_the_pose() -> None:
    units = {"eyeBlinkLeft": 0.4, "eyeWideRight": 0.3}
    here = labels_of(make_spec(expression=units))["eyes"]
    there = labels_of(make_spec(expression=units, pose={"yaw_deg": -70.0, "roll_deg": 40.0}))[
        "eyes"
    ]
    for side in ("left", "right"):
        assert here[side]["openness"] == pytest.approx(there[side]["openness"], abs=1e-4)


def test_the_spec_stands_in_the_record() -> None:
    spec = make_spec()
    assert SceneSpec.model_validate(labels_of(spec)["spec"]) == spec


def cast_rays(points: Any, vertices: Any, triangles: Any) -> Any:
    """Distance from each point to the last surface before the camera, 0 where there is none.

    Möller and Trumbore, one point at a time: another algorithm than the one that is tested.
    """
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    out = np.zeros(len(points))
    for i, point in enumerate(points):
        reach = np.linalg.norm(point)
        toward = -point / reach
        h = np.cross(toward, c - a)
        det = np.sum((b - a) * h, axis=1)
        safe = np.where(np.abs(det) > 1e-18, det, 1.0)
        s = point - a
        u = np.sum(s * h, axis=1) / safe
        q = np.cross(s, b - a)
        v, t = q @ toward / safe, np.sum((c - a) * q, axis=1) / safe
        hit = (np.abs(det) > 1e-18) & (u >= 0) & (v >= 0) & (u + v <= 1) & (t > 0) & (t < reach)
        out[i] = t[hit].max(initial=0.0)
    return out


def quads_to_triangles(faces: Any) -> Any:
    quads, last = faces[faces[:, 3] >= 0], faces[faces[:, 3] < 0][:, :3]
    return np.concatenate([quads[:, :3], quads[:, [0, 2, 3]], last])


@pytest.mark.parametrize(
    "spec",
    [
        make_spec(pose={**FACING, "yaw_deg": 48.0, "pitch_deg": 14.0, "roll_deg": 9.0}),
        make_spec(
            pose={**FACING, "yaw_deg": -82.0, "pitch_deg": -30.0, "z_m": 0.45},
            expression={"jawOpen": 0.8, "eyeBlinkRight": 0.6},
        ),
    ],
    ids=["three-quarter", "profile-near"],
)
def test_hidden_points_agree_with_rays_cast_one_by_one(spec: SceneSpec) -> None:
    head, labels = model().build_labelled(spec), labels_of(spec)
    points = np.concatenate(
        [labels[key]["camera_m"].astype(np.float64) for key in ("landmarks", "dense_landmarks")]
    )
    dense_m = labels["vertices"]["camera_m"].astype(np.float64)
    triangles = occluding_triangles(model().surface.dense_faces)
    balls, nearest = [], cast_rays(points, dense_m, triangles)
    shape = eye_constants().shape
    for eye in head.eyes.values():
        world = head.camera_from_world
        centre = world[:3, :3] @ eye.centre_m + world[:3, 3]
        turn = world[:3, :3] @ eye.world_from_eye
        scale = eye.radius_m * shape.shell_scale
        placed = centre + scale * ball().vertices.astype(np.float64) @ turn.T
        nearest = np.maximum(nearest, cast_rays(points, placed, quads_to_triangles(ball().faces)))
        rim = ball().vertices[1 + shape.iris_rings * shape.segments]
        balls.append(PosedBall(centre, turn[:, 2], scale * shape.ball_scale, scale * rim[2]))
    ours = hidden_points(points, dense_m, triangles, balls)
    theirs = nearest > TOLERANCE_M
    # The eyeball is a sphere to us and a polyhedron of 64 sides to the rays.
    assert (ours != theirs).sum() <= 2
    assert 0.2 < theirs.mean() < 0.9
    reported = np.concatenate(
        [labels[key]["self_occluded"] for key in ("landmarks", "dense_landmarks")]
    )
    assert (reported >= ours).all()  # and what faces away
    assert (reported & ~ours).mean() < 0.05


def test_the_rendered_surface_hides_what_the_label_says() -> None:
    """Against the finer surface that is rendered, all but points on the very rim agree."""
    spec = make_spec(pose={**FACING, "yaw_deg": 40.0, "pitch_deg": -10.0})
    head, labels = model().build(spec), labels_of(spec)
    rendered = head.vertices_m @ head.camera_from_world[:3, :3].T + head.camera_from_world[:3, 3]
    picked = labels["landmarks"]["camera_m"][:68]
    truth = cast_rays(picked, rendered, quads_to_triangles(head.faces)) > TOLERANCE_M
    assert (truth != labels["landmarks"]["self_occluded"][:68]).sum() <= 3
    assert 8 < truth.sum() < 40


def test_a_point_in_front_of_a_triangle_is_seen_and_one_behind_it_is_not() -> None:
    corners = np.array([[0.1, 0.1, 1.0], [-0.1, 0.1, 1.0], [0.0, -0.1, 1.0]])
    facing = np.array([[0, 2, 1]])
    points = np.array([[0, 0, 0.9], [0, 0, 1.0005], [0, 0, 1.1], [0.3, 0, 1.1], [0, 0, -1.0]])
    assert hidden_points(points, corners, facing, []).tolist() == [False, False, True, False, False]
    assert not hidden_points(points, corners, facing[:, ::-1], []).any()  # its back hides nothing


def test_an_eyeball_hides_what_is_behind_it_but_not_through_the_opening_of_the_iris() -> None:
    none = np.zeros((0, 3), np.int64)
    far = np.zeros((3, 3))
    toward = PosedBall(np.array([0, 0, 1.0]), np.array([0, 0, -1.0]), 0.012, 0.011)
    sideways = PosedBall(np.array([0, 0, 1.0]), np.array([1.0, 0, 0]), 0.012, 0.011)
    points = np.array([[0, 0, 0.9895], [0.003, 0, 0.9895], [0, 0, 1.02], [0.02, 0, 1.02]])
    assert hidden_points(points, far, none, [toward]).tolist() == [False, False, True, False]
    iris = np.array([[0.0105, 0.004, 1.0], [0.0105, 0.0, 1.003]])
    assert hidden_points(iris, far, none, [sideways]).all()


def leaves(record: dict[str, Any]) -> set[str]:
    """Last names of all keys, the spec's own left out."""
    names: set[str] = set()
    for key, value in record.items():
        nested = isinstance(value, dict) and key != "spec"
        names |= leaves(value) if nested else {key}
    return names


def test_every_label_and_array_stands_in_the_documentation() -> None:
    text = (Path(__file__).parents[2] / "docs" / "labels.md").read_text("utf-8")
    for name in leaves(labels_of(make_spec())) | set(shared()):
        assert f"`{name}`" in text or f".{name}`" in text, name
    for name in {
        n.removeprefix("left_").removeprefix("right_")
        for n in shared()["dense_landmark_groups"].tolist()
    }:
        assert name in text or name.split("_", 2)[-1] in text, name
    assert f"K = {len(shared()['dense_landmark_groups'].tolist())} dense" in text
    for name in re.findall(r"\(images/(labels_\w+\.jpg)\)", text):
        assert (Path(__file__).parents[2] / "docs" / "images" / name).is_file(), name
