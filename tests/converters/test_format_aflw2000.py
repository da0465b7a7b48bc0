from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from scipy.spatial.transform import Rotation

from converters.export import export
from converters.format_aflw2000 import AFLW_POINTS, FormatAflw2000
from converters.pipeline import ReadOptions
from spec_schema import Dataset, SegmentationClass, packb, sample_stem, unpackb
from tests.converters.readers import aflw, aflw_names, hopenet, tddfa
from tests.converters.truth import mismatches, seen_rotation, true_points
from tests.factories import HEAD_SHOTS, write_dataset, write_marker

BASEL = {
    "Shape_Para": (199, 1),
    "Exp_Para": (29, 1),
    "Tex_Para": (199, 1),
    "Illum_Para": (1, 10),
    "Color_Para": (1, 7),
}


@pytest.fixture(scope="module")
def archive_path(dataset_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("export") / "aflw2000.zip"
    export(dataset_dir, out, FormatAflw2000(), ReadOptions(), overwrite=False)
    return out


@pytest.fixture(scope="module")
def folder(archive_path: Path) -> Path:
    root = archive_path.with_name("unpacked")
    with zipfile.ZipFile(archive_path) as archive:
        archive.extractall(root)
    return root / "AFLW2000"


def records(dataset_dir: Path) -> list[dict[str, Any]]:
    return [s.labels() for s in Dataset(dataset_dir).samples()]


def face_vertices(dataset_dir: Path) -> np.ndarray:
    with np.load(dataset_dir / "topology.npz") as topology:
        return topology["face_vertices"]


def load_mat(folder: Path, row: int) -> dict[str, Any]:
    return scipy.io.loadmat(folder / f"image{row:05d}.mat")


def test_the_keys_are_those_of_a_real_file(folder: Path) -> None:
    mat = load_mat(folder, 0)
    assert {k for k in mat if not k.startswith("__")} == {
        "pt2d", "pt3d_68", "roi", "Pose_Para", *BASEL
    }  # fmt: skip
    assert mat["pt2d"].shape == (2, 21)
    assert mat["pt3d_68"].shape == (3, 68)
    assert (mat["roi"].shape, mat["roi"].dtype) == ((1, 4), np.int16)
    assert (mat["Pose_Para"].shape, mat["Pose_Para"].dtype) == ((1, 7), np.float32)
    for key, shape in BASEL.items():
        assert mat[key].shape == shape
        assert not mat[key].any()


def test_every_label_is_true(dataset_dir: Path, folder: Path) -> None:
    for record in records(dataset_dir):
        mat = load_mat(folder, record["row"])
        # The 68 points are those of pt3d_68; pt2d has another scheme here.
        wrong = mismatches({**mat, "pt2d": mat["pt3d_68"][:2]}, record, face_vertices(dataset_dir))
        assert wrong == []


def test_pt2d_holds_the_points_that_are_seen(dataset_dir: Path, folder: Path) -> None:
    hidden = 0
    for record in records(dataset_dir):
        pt2d = load_mat(folder, record["row"])["pt2d"].T
        marks = record["landmarks"]
        points = true_points(record, marks["camera_m"])
        covered = ~np.isin(marks["covered_by"], (0, SegmentationClass.GLASSES))
        seen = marks["in_frame"] & ~marks["self_occluded"] & ~covered
        for point, rows in zip(pt2d, AFLW_POINTS, strict=True):
            if rows and seen[list(rows)].all():
                np.testing.assert_allclose(point, points[list(rows)].mean(axis=0), atol=1e-3)
            else:
                np.testing.assert_array_equal(point, -1)
                hidden += bool(rows)
    assert hidden > 3, "some pose must hide something"


def test_pt2d_counts_from_image_left(folder: Path) -> None:
    pt2d = load_mat(folder, 0)["pt2d"]
    brows = pt2d[0, :6]
    assert (brows > 0).all()
    assert (np.diff(brows) > 0).all()


def test_glasses_hide_nothing_and_headwear_does(tmp_path: Path) -> None:
    source = write_dataset(tmp_path / "source", [HEAD_SHOTS[0]], 96)
    path = (source / sample_stem(0)).with_suffix(".msgpack")
    record = unpackb(path.read_bytes())
    covered = np.zeros(70, np.uint8)
    covered[36:42] = SegmentationClass.GLASSES
    covered[17:22] = SegmentationClass.HEADWEAR
    record["landmarks"].update(covered_by=covered, self_occluded=np.zeros(70, bool))
    path.write_bytes(packb(record))
    write_marker(source, 0, record["spec_hash"])
    export(source, tmp_path / "out", FormatAflw2000(), ReadOptions(), overwrite=False)
    pt2d = load_mat(tmp_path / "out/AFLW2000", 0)["pt2d"]
    assert (pt2d[:, 6:9] > 0).all()
    np.testing.assert_array_equal(pt2d[:, 0:3], -1)


def test_as_6drepnet_and_hopenet_read_it(dataset_dir: Path, folder: Path) -> None:
    stems = (folder / "files.txt").read_text().splitlines()
    assert stems == [f"image{row:05d}" for row in range(len(HEAD_SHOTS))]
    for stem, shot in zip(stems, HEAD_SHOTS, strict=True):
        sample = hopenet(folder, stem)
        assert sample.image.size == (450, 450)
        seen = [sample.yaw_deg, sample.pitch_deg, sample.roll_deg]
        np.testing.assert_allclose(seen, [shot.yaw_deg, shot.pitch_deg, shot.roll_deg], atol=7)


def test_as_opentrack_reads_it(archive_path: Path, dataset_dir: Path) -> None:
    with zipfile.ZipFile(archive_path) as archive:
        assert all(e.external_attr == 0x20 for e in archive.filelist)
        names = aflw_names(archive)
        assert names == [f"AFLW2000/image{row:05d}.mat" for row in range(len(HEAD_SHOTS))]
        for name, record in zip(names, records(dataset_dir), strict=True):
            sample = aflw(archive, name)
            true = seen_rotation(record, face_vertices(dataset_dir)) @ np.diag([1, -1, -1])
            off = Rotation.from_matrix(sample.rotation.as_matrix().T @ true).magnitude()
            assert np.degrees(off) < 0.02
            at = true_points(record, record["pose"]["camera_from_head"][None, :3, 3])[0]
            assert np.hypot(*(sample.coord[:2] - at)) < 4
            landmarks = true_points(record, record["landmarks"]["camera_m"][:68])
            np.testing.assert_allclose(sample.pt3d[:, :2], landmarks, atol=1e-3)
            # z grows away from the viewer: as distance from the camera does.
            along = record["landmarks"]["camera_m"][:68, 2]
            assert np.corrcoef(sample.pt3d[:, 2], along)[0, 1] > 0.99
            # The reader's check: the posed model and the points, within 0.2 of the radius.
            nose = sample.rotation.apply([0.0, 0.35, -0.4]) * sample.coord[2] + [
                *sample.coord[:2],
                0,
            ]
            assert np.linalg.norm(nose - sample.pt3d[30]) < 0.4 * sample.coord[2]


def test_the_rotation_is_that_of_3ddfas_definition(folder: Path) -> None:
    first, second = (tddfa(load_mat(folder, row))[0] for row in (0, 1))
    # Opposite yaws, pitches and rolls.
    assert first[2, 0] * second[2, 0] < 0
    assert first[1, 2] * second[1, 2] < 0
