from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from PIL import Image
from scipy.spatial.transform import Rotation

from converters.export import export
from converters.filters import Filters
from converters.format_300w_lp import Format300wLp
from converters.mat_labels import read_mat_sample
from converters.pipeline import ReadOptions
from spec_schema import Dataset, DatasetError
from tests.converters.readers import hopenet, opentrack, opentrack_groups, tddfa
from tests.converters.truth import mismatches, true_points
from tests.factories import (
    HEAD_SHOTS,
    HeadShot,
    head_shape,
    label_record,
    write_dataset,
    write_sample,
)

BASEL = {
    "Shape_Para": (199, 1),
    "Exp_Para": (29, 1),
    "Tex_Para": (199, 1),
    "Illum_Para": (1, 10),
    "Color_Para": (1, 7),
}


@pytest.fixture(scope="module")
def archive_path(dataset_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("export") / "300w-lp.zip"
    export(dataset_dir, out, Format300wLp(), ReadOptions(), overwrite=False)
    return out


@pytest.fixture(scope="module")
def folder(archive_path: Path) -> Path:
    root = archive_path.with_name("unpacked")
    with zipfile.ZipFile(archive_path) as archive:
        archive.extractall(root)
    return root / "300W_LP"


def records(dataset_dir: Path) -> list[dict[str, Any]]:
    return [s.labels() for s in Dataset(dataset_dir).samples()]


def load_mat(folder: Path, row: int) -> dict[str, Any]:
    return scipy.io.loadmat(folder / f"AFW/RF_{row:08d}_0.mat")


def face_vertices(dataset_dir: Path) -> np.ndarray:
    with np.load(dataset_dir / "topology.npz") as topology:
        return topology["face_vertices"]


def test_the_keys_have_the_shapes_and_kinds_of_the_format(folder: Path) -> None:
    mat = load_mat(folder, 0)
    assert {k for k in mat if not k.startswith("__")} == {
        "pt2d", "pt3d_68", "roi", "Pose_Para", *BASEL
    }  # fmt: skip
    assert mat["pt2d"].shape == (2, 68)
    assert mat["pt3d_68"].shape == (3, 68)
    assert mat["roi"].shape == (1, 4)
    assert mat["roi"].dtype == np.int16
    assert mat["Pose_Para"].shape == (1, 7)
    assert mat["Pose_Para"].dtype == np.float32
    for key, shape in BASEL.items():
        assert mat[key].shape == shape
        assert not mat[key].any()


def test_every_label_is_true(dataset_dir: Path, folder: Path) -> None:
    found = records(dataset_dir)
    assert len(found) == len(HEAD_SHOTS)
    for record in found:
        mat = load_mat(folder, record["row"])
        assert mismatches(mat, record, face_vertices(dataset_dir)) == []


def _negate(position: int) -> Callable[[dict[str, Any]], None]:
    def mutate(mat: dict[str, Any]) -> None:
        mat["Pose_Para"][0, position] *= -1

    return mutate


def _add(key: str, index: Any, amount: float) -> Callable[[dict[str, Any]], None]:
    def mutate(mat: dict[str, Any]) -> None:
        mat[key][index] += amount

    return mutate


def _swap_sides(key: str) -> Callable[[dict[str, Any]], None]:
    pairs = [(i, 16 - i) for i in range(8)] + [(17 + i, 26 - i) for i in range(5)]
    pairs += [(36, 45), (37, 44), (38, 43), (39, 42), (41, 46), (40, 47), (48, 54), (31, 35)]

    def mutate(mat: dict[str, Any]) -> None:
        for a, b in pairs:
            mat[key][:, [a, b]] = mat[key][:, [b, a]]

    return mutate


def _mirror_image(mat: dict[str, Any]) -> None:
    mat["pt2d"][0] = 451 - mat["pt2d"][0]


def _y_from_below(mat: dict[str, Any]) -> None:
    mat["pt3d_68"][1] = 451 - mat["pt3d_68"][1]


def _pitch_and_yaw_swapped(mat: dict[str, Any]) -> None:
    mat["Pose_Para"][0, [0, 1]] = mat["Pose_Para"][0, [1, 0]]


def _origin_at_the_eyes(mat: dict[str, Any]) -> None:
    rotation, _ = tddfa(mat)
    scale = mat["Pose_Para"][0, 6]
    mat["Pose_Para"][0, 3:6] += (scale * rotation @ [0, 25_700, 90_100]).astype(np.float32)


MUTATIONS: dict[str, Callable[[dict[str, Any]], None]] = {
    "pitch has the other sign": _negate(0),
    "yaw has the other sign": _negate(1),
    "roll has the other sign": _negate(2),
    "pitch and yaw are swapped": _pitch_and_yaw_swapped,
    "pose half a pixel right": _add("Pose_Para", (0, 3), 0.5),
    "pose half a pixel up": _add("Pose_Para", (0, 4), 0.5),
    "model origin between the eyes": _origin_at_the_eyes,
    "pt2d half a pixel left": _add("pt2d", 0, -0.5),
    "pt2d half a pixel up": _add("pt2d", 1, -0.5),
    "pt3d_68 half a pixel down": _add("pt3d_68", 1, 0.5),
    "pt2d left and right swapped": _swap_sides("pt2d"),
    "pt3d_68 left and right swapped": _swap_sides("pt3d_68"),
    "image mirrored": _mirror_image,
    "y of pt3d_68 from below": _y_from_below,
    "z of pt3d_68 away from the viewer": lambda mat: mat["pt3d_68"].__imul__([[1], [1], [-1]]),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize("row", range(len(HEAD_SHOTS)))
def test_the_check_sees_what_is_wrong(
    dataset_dir: Path, folder: Path, row: int, mutation: str
) -> None:
    mat = load_mat(folder, row)
    MUTATIONS[mutation](mat)
    assert mismatches(mat, records(dataset_dir)[row], face_vertices(dataset_dir)) != []


def test_the_plain_rotation_instead_of_the_seen_one_is_noticed(
    dataset_dir: Path, folder: Path
) -> None:
    record = records(dataset_dir)[0]
    mat = load_mat(folder, 0)
    pose = record["pose"]
    angles = np.radians([pose["pitch_deg"], pose["yaw_deg"], pose["roll_deg"]])
    mat["Pose_Para"][0, :3] = angles
    assert mismatches(mat, record, face_vertices(dataset_dir)) != []


def test_as_6drepnet_and_hopenet_read_it(dataset_dir: Path, folder: Path) -> None:
    stems = (folder / "files.txt").read_text().splitlines()
    assert stems == [f"AFW/RF_{row:08d}_0" for row in range(len(HEAD_SHOTS))]
    for stem, record, shot in zip(stems, records(dataset_dir), HEAD_SHOTS, strict=True):
        sample = hopenet(folder, stem)
        assert sample.image.size == (450, 450)
        box = record["face_box_px"] * 450 / record["size_px"]
        np.testing.assert_allclose(sample.crop, box, atol=1)
        seen = [sample.yaw_deg, sample.pitch_deg, sample.roll_deg]
        # Off the axis at under a metre, the head is seen a few degrees from its plain pose.
        np.testing.assert_allclose(seen, [shot.yaw_deg, shot.pitch_deg, shot.roll_deg], atol=7)


def test_opposite_poses_read_opposite(folder: Path) -> None:
    first, second = hopenet(folder, "AFW/RF_00000000_0"), hopenet(folder, "AFW/RF_00000001_0")
    assert first.yaw_deg > 25
    assert second.yaw_deg < -25
    assert first.pitch_deg < -5 < 5 < second.pitch_deg
    assert first.roll_deg > 5 > -5 > second.roll_deg


def test_as_3ddfa_and_img2pose_read_it(dataset_dir: Path, folder: Path) -> None:
    for record in records(dataset_dir):
        rotation, pt3d = tddfa(load_mat(folder, record["row"]))
        plain = np.diag([1, -1, -1]) @ record["pose"]["camera_from_head"][:3, :3]
        apart = Rotation.from_matrix(rotation @ plain.T).magnitude()
        assert np.degrees(apart) < 8
        # The nose bridge, turned by the rotation, points where the points of the file do.
        head = record["landmarks"]["head_m"]
        turned = rotation @ (head[30] - (head[36] + head[45]) / 2)
        in_file = (pt3d[:, 30] - (pt3d[:, 36] + pt3d[:, 45]) / 2) * [1, -1, 1]
        cosine = turned @ in_file / np.linalg.norm(turned) / np.linalg.norm(in_file)
        assert cosine > 0.99


def test_as_opentrack_reads_it(archive_path: Path, dataset_dir: Path) -> None:
    with zipfile.ZipFile(archive_path) as archive:
        groups = opentrack_groups(archive)
        assert [len(g) for g in groups.values()] == [1] * len(HEAD_SHOTS)
        for record, (name,) in zip(records(dataset_dir), groups.values(), strict=True):
            sample = opentrack(archive, name)
            seen = tddfa(scipy.io.loadmat(io.BytesIO(archive.read(name))))[0]
            mirror = np.diag([1, -1, -1])
            np.testing.assert_allclose(
                sample.rotation.as_matrix(), mirror @ seen @ mirror, atol=1e-6
            )
            # Its point between the eyes is our head origin, within its rounded constants.
            at = true_points(record, record["pose"]["camera_from_head"][None, :3, 3])[0]
            assert np.hypot(sample.x - at[0], sample.y - at[1]) < 4
            # Its head radius is 100 mm.
            k, z = record["camera"]["intrinsics"][0, 0], record["pose"]["camera_from_head"][2, 3]
            assert sample.size == pytest.approx(0.1 * k / z * 450 / record["size_px"], rel=0.06)
            landmarks = true_points(record, record["landmarks"]["camera_m"][:68])
            np.testing.assert_allclose(sample.pt2d, landmarks, atol=1e-3)
            assert sample.image.size == (450, 450)


def test_opentracks_point_between_the_eyes_far_away(tmp_path: Path) -> None:
    # Without perspective nothing but the reader's rounded constants is left: half a pixel.
    shot = HeadShot(40.0, 15.0, -25.0, 1.0, -0.5, 40.0, 4000.0)
    source = write_dataset(tmp_path / "far", [shot], 64)
    export(source, tmp_path / "far.zip", Format300wLp(), ReadOptions(), overwrite=False)
    record = records(source)[0]
    with zipfile.ZipFile(tmp_path / "far.zip") as archive:
        sample = opentrack(archive, "300W_LP/AFW/RF_00000000_0.mat")
    at = true_points(record, record["pose"]["camera_from_head"][None, :3, 3])[0]
    assert np.hypot(sample.x - at[0], sample.y - (at[1] - 1)) < 1.0


def test_reading_back_gives_pose_and_landmarks(dataset_dir: Path, folder: Path) -> None:
    for record in records(dataset_dir):
        path = folder / f"AFW/RF_{record['row']:08d}_0.mat"
        back = read_mat_sample(path.read_bytes(), str(path))
        drawn = record["landmarks"]["image_px"][:68] * 450 / record["size_px"]
        np.testing.assert_allclose(back.landmarks_px, drawn, atol=1e-3)
        with (folder / "fits.csv").open(newline="") as f:
            fit = list(csv.DictReader(f))[record["row"]]
        head = record["landmarks"]["head_m"][:68]
        miss = np.linalg.norm(back.pose.project(head) - drawn, axis=1)
        assert np.sqrt((miss**2).mean()) == pytest.approx(float(fit["landmark_rms_px"]), abs=1e-3)
        assert miss.max() <= float(fit["worst_px"]) + 1e-3
        # A residual of so many pixels is so many metres of a landmark at that scale.
        apart = np.linalg.norm(back.landmarks_head_m - head, axis=1)
        assert apart.max() <= miss.max() / (back.pose.scale_px_per_um * 1e6) + 1e-6


def test_the_fit_table_tells_seen_from_plain(dataset_dir: Path, folder: Path) -> None:
    with (folder / "fits.csv").open(newline="") as f:
        fits = list(csv.DictReader(f))
    assert [int(f["index"]) for f in fits] == [1000, 1001, 1002, 1003]
    for fit, shot, record in zip(fits, HEAD_SHOTS, records(dataset_dir), strict=True):
        assert float(fit["label_yaw_deg"]) == pytest.approx(shot.yaw_deg)
        pose = scipy.io.loadmat(folder / f"{fit['stem']}.mat")["Pose_Para"][0]
        seen = np.radians([float(fit[k]) for k in ("pitch_deg", "yaw_deg", "roll_deg")])
        np.testing.assert_allclose(pose[:3], seen, atol=1e-6)
        rotation, _ = tddfa({"Pose_Para": [pose], "pt3d_68": np.zeros((3, 68))})
        plain = np.diag([1, -1, -1]) @ record["pose"]["camera_from_head"][:3, :3]
        apart_deg = np.degrees(Rotation.from_matrix(rotation @ plain.T).magnitude())
        assert float(fit["angle_to_label_deg"]) == pytest.approx(apart_deg, abs=1e-3)
        assert 0 < float(fit["rms_px"]) < float(fit["worst_px"]) < 15


def test_pixels_and_points_are_scaled_alike(tmp_path: Path) -> None:
    """Soft spots drawn at landmarks in the source are found at pt2d in the 450 px image."""
    size = 200
    shape = head_shape()
    source = write_dataset(tmp_path / "spots", [HEAD_SHOTS[0]], size)
    record = label_record(shape, HEAD_SHOTS[0], 0, size)
    chosen = [8, 16, 26]
    x, y = np.meshgrid(np.arange(size) + 0.5, np.arange(size) + 0.5)
    spots = np.zeros((size, size))
    for u, v in record["landmarks"]["image_px"][chosen]:
        spots += 250 * np.exp(-((x - u) ** 2 + (y - v) ** 2) / (2 * 1.6**2))
    image = Image.fromarray(spots.clip(0, 255).astype(np.uint8)).convert("RGB")
    write_sample(source, record, image, Image.new("L", (size, size)))
    out = tmp_path / "out"
    form = Format300wLp(jpeg_quality=98, filters=Filters(0, 180, 0))
    export(source, out, form, ReadOptions(), overwrite=False)
    stem = out / "300W_LP/AFW/RF_00000000_0"
    pixels = np.asarray(Image.open(stem.with_suffix(".jpg")).convert("L"), float)
    points = scipy.io.loadmat(stem.with_suffix(".mat"))["pt2d"].T[chosen]
    reach = 9
    for px, py in points:
        # 1-based: the first pixel's centre is at 1.
        x0, y0 = round(px) - 1, round(py) - 1
        window = pixels[y0 - reach : y0 + reach + 1, x0 - reach : x0 + reach + 1]
        weight = np.clip(window - 12, 0, None)
        along = np.arange(-reach, reach + 1)
        found_x = 1 + x0 + (weight.sum(0) * along).sum() / weight.sum()
        found_y = 1 + y0 + (weight.sum(1) * along).sum() / weight.sum()
        assert found_x == pytest.approx(px, abs=0.1)
        assert found_y == pytest.approx(py, abs=0.1)


def test_the_archive_is_a_function_of_its_source(
    dataset_dir: Path, archive_path: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again.zip"
    export(dataset_dir, again, Format300wLp(), ReadOptions(workers=2), overwrite=False)
    assert again.read_bytes() == archive_path.read_bytes()


def test_entries_are_as_the_readers_want_them(archive_path: Path) -> None:
    with zipfile.ZipFile(archive_path) as archive:
        assert archive.testzip() is None
        for entry in archive.infolist():
            assert entry.external_attr == 0x20
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert not entry.is_dir()
        names = archive.namelist()
        assert len(set(names)) == len(names)
        assert "300W_LP/landmarks/AFW/RF_00000003_0_pts.mat" in names
        points = scipy.io.loadmat(
            io.BytesIO(archive.read("300W_LP/landmarks/AFW/RF_00000003_0_pts.mat"))
        )
        assert points["pts_2d"].shape == points["pts_3d"].shape == (68, 2)
        readme = archive.read("README.md").decode()
        assert "zeros" in readme
        assert "Licence" in readme
        assert archive.read("SOURCE_README.md") == b"A synthetic test dataset. Licence: CC0.\n"


def test_a_folder_holds_the_same_files_as_the_zip(
    dataset_dir: Path, archive_path: Path, tmp_path: Path
) -> None:
    out = tmp_path / "folder"
    export(dataset_dir, out, Format300wLp(), ReadOptions(), overwrite=False)
    with zipfile.ZipFile(archive_path) as archive:
        zipped = {n: archive.read(n) for n in archive.namelist()}
    files = {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()}
    assert files == zipped


def test_filters_leave_out_and_count(tmp_path: Path) -> None:
    sound = HeadShot(20.0, -9.0, 6.0)
    shots = [
        sound,
        HeadShot(20.0, -9.0, 6.0, z_m=8.0),
        HeadShot(118.0, -9.0, 6.0),
        HeadShot(20.0, -9.0, 6.0, brightness=0.05),
    ]
    source = write_dataset(tmp_path / "mixed", shots, 96)
    out = tmp_path / "out.zip"
    summary = export(source, out, Format300wLp(), ReadOptions(), overwrite=False)
    reasons = {"face box under 32 px": 1, "yaw over 90 degrees": 1, "darker than 20": 1}
    assert summary.filtered == reasons
    assert (summary.read, summary.written) == (4, 1)
    with zipfile.ZipFile(out) as archive:
        told = json.loads(archive.read("export.json"))["samples"]
        assert archive.read("300W_LP/files.txt") == b"AFW/RF_00000000_0\n"
    assert told == {"read": 4, "written": 1, "filtered": reasons, "skipped_broken": {}}
    everything = Format300wLp(filters=Filters(0, 180, 0))
    summary = export(source, tmp_path / "all.zip", everything, ReadOptions(), overwrite=False)
    assert summary.written == 4


def test_filtering_everything_is_an_error_and_leaves_nothing(
    dataset_dir: Path, tmp_path: Path
) -> None:
    form = Format300wLp(filters=Filters(min_box_px=1000))
    with pytest.raises(DatasetError, match="face box under 1000 px: 4"):
        export(dataset_dir, tmp_path / "out.zip", form, ReadOptions(), overwrite=False)
    assert list(tmp_path.iterdir()) == []
