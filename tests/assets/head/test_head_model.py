"""The head: what is labelled is what is rendered, frames, sides, limits."""

from __future__ import annotations

import numpy as np
import pytest

from assets.head import HeadModel, LandmarkModel, load_head_model, load_landmark_model
from assets.head.landmark_rows import landmark_rows, rows_of_mesh
from assets.head.morph import MACRO_FIELDS
from assets.store import open_store
from spec_schema import ARKIT_UNITS, AssetError, SceneSpec
from spec_schema.classes import SegmentationClass as C
from tests.make_specs import make_spec


@pytest.fixture(scope="module")
def model() -> HeadModel:
    return load_head_model(open_store())


@pytest.fixture(scope="module")
def landmarks() -> LandmarkModel:
    return load_landmark_model(open_store())


POSES = [(0, 0, 0), (35, -20, 10), (-60, 15, -25)]


def head_landmarks(model: HeadModel, spec: SceneSpec) -> np.ndarray:
    head = model.build(spec)
    head_from_world = np.linalg.inv(head.world_from_head)
    return head.landmarks_m @ head_from_world[:3, :3].T + head_from_world[:3, 3]


def test_landmarks_are_rendered_vertices(model: HeadModel) -> None:
    head = model.build(make_spec())
    np.testing.assert_array_equal(
        head.vertices_m[model.surface.landmarks].astype(np.float64), head.landmarks_m
    )


@pytest.mark.parametrize(("yaw", "pitch", "roll"), POSES)
def test_linear_landmarks_equal_the_mesh(
    model: HeadModel, landmarks: LandmarkModel, yaw: float, pitch: float, roll: float
) -> None:
    spec = make_spec(
        pose={"yaw_deg": yaw, "pitch_deg": pitch, "roll_deg": roll},
        camera={"azimuth_deg": yaw / 3},
    )
    macro = {name: np.array([getattr(spec.identity, name)]) for name in MACRO_FIELDS}
    shape = np.array([[spec.identity.shape.get(k, 0.0) for k in landmarks.shape_keys]], np.float32)
    units = np.array([[spec.expression.get(k, 0.0) for k in ARKIT_UNITS]], np.float32)
    ours = landmarks.landmarks_head_m(macro, shape, units)[0]
    assert np.abs(ours - head_landmarks(model, spec)).max() < 1e-6


def test_zero_of_the_head_frame(landmarks: LandmarkModel) -> None:
    macro = {name: np.full(2, 0.5) for name in MACRO_FIELDS}
    macro |= {n: np.full(2, 1 / 3) for n in ("african", "asian", "european")}
    macro |= {"sex": np.array([0.0, 1.0]), "age_years": np.full(2, 40.0)}
    shape = np.zeros((2, len(landmarks.shape_keys)), np.float32)
    points = landmarks.landmarks_head_m(macro, shape, np.zeros((2, 52), np.float32)).mean(0)
    assert np.abs(points[[36, 39, 42, 45]].mean(0)).max() < 1e-6
    up = points[[36, 39, 42, 45]].mean(0) - points[[48, 54]].mean(0)
    assert np.degrees(np.arctan2(-up[2], up[1])) == pytest.approx(7.67, abs=0.01)


def test_proportions_of_the_68_landmarks(model: HeadModel) -> None:
    """Coarse agreement with the Basel Face Model's mean (millimetres, from docs/labels.md)."""
    spec = make_spec(identity={"sex": 0.5, "shape": {}}, expression={})
    points = head_landmarks(model, spec) * 1000
    points *= 86.3 / np.linalg.norm(points[36] - points[45])
    basel = {8: (-112.1, 6.2), 30: (-33.7, 41.8), 27: (0.6, 21.3), 16: (-7.2, -72.3)}
    for i, (y, z) in basel.items():
        assert points[i, 1] == pytest.approx(y, abs=9)
        assert points[i, 2] == pytest.approx(z, abs=12)


def test_left_is_the_subjects_left(model: HeadModel) -> None:
    head = model.build(make_spec(pose={"yaw_deg": 0, "pitch_deg": 0, "roll_deg": 0}))
    assert head.eyes["left"].centre_m[0] > head.eyes["right"].centre_m[0]
    points = head_landmarks(model, make_spec(identity={"shape": {}}, expression={}))
    assert points[45, 0] > 0 > points[36, 0]
    assert (points[42:48, 0] > 0).all()
    centre = head.rest_m[head.faces].mean(1)
    assert (centre[head.face_class == C.LEFT_EAR][:, 0] > 0).all()
    assert (centre[head.face_class == C.RIGHT_EAR][:, 0] < 0).all()
    for value in (C.SKIN, C.NOSE, C.NECK, C.TOP_LIP, C.BOTTOM_LIP, C.MOUTH_INTERIOR):
        assert (head.face_class == value).sum() > 500


def test_one_sided_smile_moves_that_side(model: HeadModel) -> None:
    plain = head_landmarks(model, make_spec(expression={}))
    smile = head_landmarks(model, make_spec(expression={"mouthSmileLeft": 1.0}))
    moved = np.linalg.norm(smile - plain, axis=1)
    assert moved[54] > 3e-3
    assert moved[48] < 1e-3


def test_pose_changes_no_shape(model: HeadModel) -> None:
    still = make_spec(pose={"yaw_deg": 0, "pitch_deg": 0, "roll_deg": 0})
    turned = make_spec(pose={"yaw_deg": 50, "pitch_deg": 20, "roll_deg": -15})
    apart = head_landmarks(model, still) - head_landmarks(model, turned)
    assert np.abs(apart).max() < 1e-6


def test_the_camera_sees_the_head_where_the_label_says(model: HeadModel) -> None:
    spec = make_spec()
    head = model.build(spec)
    camera_from_head = head.camera_from_world @ head.world_from_head
    assert camera_from_head[:3, 3] == pytest.approx([spec.pose.x_m, spec.pose.y_m, spec.pose.z_m])


def test_both_eyes_meet_at_the_target(model: HeadModel) -> None:
    spec = make_spec(gaze={"yaw_deg": 12, "pitch_deg": -8, "distance_m": 0.5})
    eyes = model.build(spec).eyes
    left, right = eyes["left"], eyes["right"]
    # Closest points of the two lines of sight.
    a, b = left.world_from_eye[:, 2], right.world_from_eye[:, 2]
    s, t = np.linalg.lstsq(np.stack([a, -b], 1), right.centre_m - left.centre_m, rcond=None)[0]
    assert np.linalg.norm(left.centre_m + s * a - right.centre_m - t * b) < 1e-9
    # The target is half a metre from the head's origin, and the eyes are behind that.
    assert 0.45 < s < 0.53


def test_unknown_keys_are_named(model: HeadModel) -> None:
    with pytest.raises(AssetError, match="nose-hump"):
        model.build(make_spec(identity={"shape": {"nose-hmup": 0.2}}))
    with pytest.raises(AssetError, match="jawOpen"):
        model.build(make_spec(expression={"jawOpn": 0.2}))


def test_same_spec_same_arrays(model: HeadModel) -> None:
    a, b = model.build(make_spec()), model.build(make_spec())
    np.testing.assert_array_equal(a.vertices_m, b.vertices_m)
    assert np.isfinite(a.vertices_m).all()


def test_every_detail_target_has_a_key(model: HeadModel) -> None:
    keys = set(model.shape_keys)
    assert {"nose-trans-up", "nose-trans-out", "nose-trans-forward", "l-eye-bag"} <= keys
    assert {"head-round", "l-eye-bag-out", "asym-nose-1-l"} <= keys
    assert "head-round" in model.one_sided
    assert "nose-trans-up" not in model.one_sided
    names = open_store().json("head/targets/names")
    groups = model.facts.target_groups
    details = [n for n in names if n.split("/")[0] in groups]
    assert len(details) == 2 * len(keys) - len(model.one_sided)


def test_the_landmark_file_is_that_of_the_mesh() -> None:
    rows, entries = landmark_rows(), rows_of_mesh(open_store())
    for landmark in range(68):
        listed = {
            (int(v), float(w))
            for v, w in zip(rows.vertices[landmark], rows.weights[landmark], strict=True)
            if w
        }
        of_mesh = {(v, w) for i, v, w in entries if i == landmark}
        assert listed == of_mesh, "write it anew by python -m assets.head.landmark_rows"
