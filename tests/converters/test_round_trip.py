"""What every format carries back, and that the check of it sees mistakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from converters.export import Format, export
from converters.pipeline import ReadOptions
from converters.source import Labels, SourceSample
from spec_schema import Dataset
from spec_schema.frames import camera_from_head_rotation, project
from tests.converters.flips import FLIP, MIRROR, mirror_dataset, mirrored_record
from tests.converters.formats import CASES, Back
from tests.converters.truth import contradictions
from tests.factories import HEAD_SHOTS

SIZE_PX = 160


def records(source: Path) -> list[dict[str, Any]]:
    return [s.labels() for s in Dataset(source).samples()]


def face_of(source: Path) -> NDArray[np.int32]:
    with np.load(source / "topology.npz") as topology:
        return topology["face_vertices"]


def backs(name: str, source: Path, folder: Path, form: Format | None = None) -> list[Back]:
    case = CASES[name]
    out = folder / case.out
    export(source, out, form or case.form, ReadOptions(), overwrite=False)
    return case.back(out, SIZE_PX)


@pytest.fixture(scope="module")
def mirrored_dir(dataset_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mirror_dataset(dataset_dir, tmp_path_factory.mktemp("mirrored") / "dataset")


@pytest.mark.parametrize("name", CASES)
def test_pose_landmarks_and_box_come_back(dataset_dir: Path, tmp_path: Path, name: str) -> None:
    found = backs(name, dataset_dir, tmp_path)
    assert len(found) == len(HEAD_SHOTS)
    for back, record in zip(found, records(dataset_dir), strict=True):
        tolerance = CASES[name].points_tolerance_px
        assert contradictions(back, record, face_of(dataset_dir), tolerance) == []


def test_labels_survive_a_flip(dataset_dir: Path) -> None:
    for record, shot in zip(records(dataset_dir), HEAD_SHOTS, strict=True):
        flipped = mirrored_record(record)
        pose = flipped["pose"]
        angles = [pose["yaw_deg"], pose["pitch_deg"], pose["roll_deg"]]
        np.testing.assert_allclose(angles, [-shot.yaw_deg, shot.pitch_deg, -shot.roll_deg])
        # The labels of the mirrored picture are consistent by themselves.
        head, camera = flipped["landmarks"]["head_m"], flipped["landmarks"]["camera_m"]
        placed = pose["camera_from_head"]
        np.testing.assert_allclose(head @ placed[:3, :3].T + placed[:3, 3], camera, atol=1e-12)
        drawn = project(camera, flipped["camera"]["intrinsics"])
        np.testing.assert_allclose(drawn, flipped["landmarks"]["image_px"], atol=1e-9)
        box = np.concatenate([drawn[:68].min(axis=0), drawn[:68].max(axis=0)])
        np.testing.assert_allclose(flipped["face_box_px"], box, atol=1e-9)
        # And right stays right: the subject's right pupil of the mirrored face.
        assert head[68, 0] < 0 < head[69, 0]


@pytest.mark.parametrize("name", CASES)
def test_every_format_survives_a_flip(
    dataset_dir: Path, mirrored_dir: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "mirrored").mkdir()
    tolerance = CASES[name].points_tolerance_px
    plain = backs(name, dataset_dir, tmp_path / "plain")
    mirrored = backs(name, mirrored_dir, tmp_path / "mirrored")
    for a, b in zip(plain, mirrored, strict=True):
        swap = MIRROR[: len(a.landmarks_px)]
        expected = np.array([a.size_px, 0]) + a.landmarks_px[swap] * [-1, 1]
        np.testing.assert_allclose(b.landmarks_px, expected, atol=2 * tolerance)
        if a.box_px is not None and b.box_px is not None:
            x0, y0, x1, y1 = a.box_px
            turned = [a.size_px - x1, y0, a.size_px - x0, y1]
            np.testing.assert_allclose(b.box_px, turned, atol=2 * tolerance)
        if a.rotation is not None and b.rotation is not None:
            between = b.rotation.T @ FLIP @ a.rotation @ FLIP
            assert np.degrees(Rotation.from_matrix(between).magnitude()) < 0.02


def _shifted(x_px: float, y_px: float) -> Callable[[Labels], Labels]:
    """Image positions as another origin of pixels would give them, in the exported image."""

    shift = np.array([x_px, y_px])

    def mutate(labels: Labels) -> Labels:
        return replace(
            labels,
            landmarks_px=labels.landmarks_px + shift,
            face_box_px=labels.face_box_px + np.tile(shift, 2),
            landmarks_camera_m=labels.landmarks_camera_m
            + _shift_m(labels.landmarks_camera_m, labels, x_px, y_px),
        )

    return mutate


def _shift_m(
    points: NDArray[np.float64], labels: Labels, x_px: float, y_px: float
) -> NDArray[np.float64]:
    k, z = labels.intrinsics, points[:, 2:]
    return np.hstack([x_px / k[0, 0] * z, y_px / k[1, 1] * z, 0 * z])


def _half_a_pixel(labels: Labels) -> Labels:
    """The principal point where it were if pixels were counted from their centres."""
    k = labels.intrinsics.copy()
    k[:2, 2] -= 0.5
    return replace(_shifted(-0.5, -0.5)(labels), intrinsics=k)


def _left_and_right(labels: Labels) -> Labels:
    return replace(
        labels,
        landmarks_px=labels.landmarks_px[MIRROR],
        landmarks_head_m=labels.landmarks_head_m[MIRROR],
        landmarks_camera_m=labels.landmarks_camera_m[MIRROR],
    )


def _turned(yaw: float, pitch: float, roll: float) -> Callable[[Labels], Labels]:
    """Another pose, with the vertices where it puts them."""

    def mutate(labels: Labels) -> Labels:
        pose = labels.camera_from_head.copy()
        pose[:3, :3] = camera_from_head_rotation(*(labels.angles_deg * [yaw, pitch, roll]))
        return replace(
            labels,
            camera_from_head=pose,
            vertices_camera_m=labels.vertices_head_m @ pose[:3, :3].T + pose[:3, 3],
        )

    return mutate


POINTS = {"landmarks"}
POSE = {"pose"}
MUTATIONS: dict[str, tuple[Callable[[Labels], Labels], set[str]]] = {
    "half a pixel right": (_shifted(0.5, 0.0), POINTS),
    "half a pixel up": (_shifted(0.0, -0.5), POINTS),
    "pixels counted from their centres": (_half_a_pixel, POINTS),
    "left and right swapped": (_left_and_right, POINTS),
    "yaw has the other sign": (_turned(-1, 1, 1), POSE),
    "pitch has the other sign": (_turned(1, -1, 1), POSE),
    "roll has the other sign": (_turned(1, 1, -1), POSE),
}


def _told_so(record: Mapping[str, Any], labels: Labels) -> dict[str, Any]:
    """The record with these labels, for formats that copy it."""
    points = {"image_px": labels.landmarks_px, "head_m": labels.landmarks_head_m}
    return {
        **record,
        "pose": {**record["pose"], "camera_from_head": labels.camera_from_head},
        "landmarks": {**record["landmarks"], **points},
        "face_box_px": labels.face_box_px,
    }


@dataclass(frozen=True)
class Mutated:
    """A format that is given wrong labels."""

    form: Format
    mutate: Callable[[Labels], Labels]

    def convert(self, sample: SourceSample) -> Any:
        labels = self.mutate(sample.labels)
        return self.form.convert(
            replace(sample, labels=labels, record=_told_so(sample.record, labels))
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self.form, name)


CARRIES_NO_POSE = {"facesynthetics"}
WRONG = [
    (name, mutation)
    for name in CASES
    for mutation, (_, what) in MUTATIONS.items()
    if not (what == POSE and name in CARRIES_NO_POSE)
]


@pytest.mark.parametrize(("name", "mutation"), WRONG)
def test_the_check_sees_what_is_wrong(
    dataset_dir: Path, tmp_path: Path, name: str, mutation: str
) -> None:
    mutate, what = MUTATIONS[mutation]
    if mutation.startswith("half") and name == "replicantface":
        mutate = _half_a_pixel  # It draws its points by its own matrices.
    found = backs(name, dataset_dir, tmp_path, Mutated(CASES[name].form, mutate))
    for back, record in zip(found, records(dataset_dir), strict=True):
        told = contradictions(back, record, face_of(dataset_dir), CASES[name].points_tolerance_px)
        assert any(word in line for word in what for line in told), told
