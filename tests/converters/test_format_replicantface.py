from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.spatial.transform import Rotation

from converters.export import export
from converters.format_replicantface import FormatReplicantface, read_raw_sample
from converters.pipeline import ReadOptions
from spec_schema import Dataset, DatasetError, SegmentationClass
from tests.converters.readers import raw_replicantface
from tests.factories import HEAD_SHOTS


@pytest.fixture(scope="module")
def folder(dataset_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("export") / "raw"
    export(dataset_dir, out, FormatReplicantface(), ReadOptions(), overwrite=False)
    return out


def records(dataset_dir: Path) -> list[dict[str, Any]]:
    return [s.labels() for s in Dataset(dataset_dir).samples()]


def test_names_keys_shapes_and_kinds(folder: Path, dataset_dir: Path) -> None:
    assert sorted(p.name for p in folder.glob("face_[0-9]*.npz")) == [
        f"face_{row:05d}.npz" for row in range(len(HEAD_SHOTS))
    ]
    with np.load(folder / "face_00001.npz") as raw:
        assert set(raw) == {"modelview", "projection", "vertices", "resolution"}
        assert (raw["modelview"].shape, raw["modelview"].dtype) == ((4, 4), np.float32)
        assert (raw["projection"].shape, raw["projection"].dtype) == ((4, 4), np.float32)
        assert raw["vertices"].dtype == np.float16
        assert int(raw["resolution"]) == 160
        count = len(raw["vertices"])
    rows = {
        k: np.load(folder / f"{k}_indices.npz")["indices"] for k in ("head", "landmark", "face")
    }
    assert all(v.dtype == np.int64 for v in rows.values())
    np.testing.assert_array_equal(rows["head"], np.arange(count))
    assert rows["landmark"].shape == (68,)
    assert set(rows["face"]) < set(rows["head"])
    with Image.open(folder / "face_00001_img.jpg") as image:
        assert (image.size, image.mode) == ((160, 160), "RGB")


def test_as_opentrack_reads_it(folder: Path, dataset_dir: Path) -> None:
    for record in records(dataset_dir):
        raw = raw_replicantface(folder / f"face_{record['row']:05d}.npz")
        pose, k = record["pose"]["camera_from_head"], record["camera"]["intrinsics"]
        facing = np.diag([1, -1, -1])
        between = Rotation.from_quat(raw.quat).as_matrix().T @ pose[:3, :3] @ facing
        assert np.degrees(Rotation.from_matrix(between).magnitude()) < 1e-3
        eyes = k @ pose[:3, 3]
        np.testing.assert_allclose(raw.coord[:2], eyes[:2] / eyes[2], atol=1e-3)
        assert raw.coord[2] == pytest.approx(0.1 * k[0, 0] / pose[2, 3], rel=1e-5)
        # That reader draws its points by weak perspective about the eyes.
        seen = record["landmarks"]["camera_m"][:68] * [1, 1, 0] * k[0, 0] / pose[2, 3]
        np.testing.assert_allclose(raw.landmarks[:, :2], seen[:, :2] + 80, atol=0.1)
        along = record["landmarks"]["camera_m"][:68, 2]
        assert np.corrcoef(raw.landmarks[:, 2], along)[0, 1] > 0.9999
        assert raw.landmarks[[36, 39, 42, 45], 2].mean() == pytest.approx(0, abs=1e-4)
        # Its box of the face's vertices, drawn in true perspective, holds the landmarks.
        x0, y0, x1, y1 = record["face_box_px"]
        assert (raw.face_box[:2] <= [x0 + 0.1, y0 + 0.1]).all()
        assert (raw.face_box[2:] >= [x1 - 0.1, y1 - 0.1]).all()
        assert raw.brightness > 20


def test_the_mask_has_the_originals_colours(folder: Path, dataset_dir: Path) -> None:
    for sample in Dataset(dataset_dir).samples():
        with Image.open(sample.path("_mask.png")) as stored:
            classes = np.asarray(stored)
        skin = np.isin(classes, [c for c in SegmentationClass if 1 <= c <= 11 and c not in (7, 8)])
        raw = raw_replicantface(folder / f"face_{sample.row:05d}.npz")
        line, column = np.nonzero(skin)
        box = [column.min(), line.min(), column.max(), line.max()]
        np.testing.assert_array_equal(raw.skin_box, box)
        mask = np.asarray(Image.open(folder / f"face_{sample.row:05d}_mask.png"))
        assert (mask[classes == SegmentationClass.BACKGROUND] == 0).all()


def test_colours_of_parts_are_apart() -> None:
    from converters.format_replicantface import _mask_colours

    colours = np.unique(_mask_colours()[list(SegmentationClass)], axis=0).astype(int)
    assert len(colours) == 7
    apart = np.abs(colours[:, None] - colours[None]).max(axis=2) + 1000 * np.eye(7)
    assert apart.min() > 40, "the reader takes what is within 20 for the same"


def test_the_inverse_gives_pose_camera_and_vertices(folder: Path, dataset_dir: Path) -> None:
    rows = np.load(folder / "landmark_indices.npz")["indices"]
    for record in records(dataset_dir):
        path = folder / f"face_{record['row']:05d}.npz"
        raw = read_raw_sample(path.read_bytes(), rows, str(path))
        pose = record["pose"]["camera_from_head"]
        np.testing.assert_allclose(raw.camera_from_head, pose, atol=1e-6)
        np.testing.assert_allclose(raw.intrinsics, record["camera"]["intrinsics"], rtol=1e-5)
        head = record["vertices"]["head_m"]
        # Half precision: a twentieth of a millimetre at the face, a tenth at the back.
        np.testing.assert_allclose(raw.vertices_head_m[: len(head)], head, atol=1.3e-4)


def test_scaled_images_keep_the_labels_in_place(dataset_dir: Path, tmp_path: Path) -> None:
    form = FormatReplicantface(image_size_px=320)
    export(dataset_dir, tmp_path / "raw", form, ReadOptions(limit=1), overwrite=False)
    rows = np.load(tmp_path / "raw/landmark_indices.npz")["indices"]
    raw = read_raw_sample((tmp_path / "raw/face_00000.npz").read_bytes(), rows, "x")
    assert raw.size_px == 320
    drawn = records(dataset_dir)[0]["landmarks"]["image_px"][:68] * 2
    np.testing.assert_allclose(raw.landmarks_px, drawn, atol=0.12)


def test_variations_are_named_by_face(dataset_dir: Path, tmp_path: Path) -> None:
    form = FormatReplicantface(variations=True)
    export(dataset_dir, tmp_path / "raw", form, ReadOptions(), overwrite=False)
    labels = [r["spec"]["sample"] for r in records(dataset_dir)]
    expected = {f"face_{i['identity_id']:05d}_{i['variation']:05d}.npz" for i in labels}
    assert {p.name for p in (tmp_path / "raw").glob("face_[0-9]*_*.npz")} == expected


@pytest.mark.parametrize("data", [b"", b"PK no zip", b"\x93NUMPY"])
def test_damage_is_told(data: bytes) -> None:
    with pytest.raises(DatasetError, match=r"x\.npz: not a readable"):
        read_raw_sample(data, np.arange(68), "x.npz")
