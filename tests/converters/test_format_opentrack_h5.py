from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image
from scipy.spatial.transform import Rotation

from converters.export import export
from converters.filters import Filters
from converters.format_opentrack_h5 import FormatOpentrackH5, RoiKind, read_h5_samples
from converters.pipeline import ReadOptions
from converters.seen_pose import PoseKind
from spec_schema import Dataset, DatasetError, ToolError, packb, sample_stem, unpackb
from tests.converters.readers import opentrack_h5
from tests.converters.truth import seen_rotation
from tests.factories import HEAD_SHOTS, write_dataset, write_marker

FACING = np.diag([1, -1, -1])


@pytest.fixture(scope="module")
def file(dataset_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("export") / "faces.h5"
    export(dataset_dir, out, FormatOpentrackH5(), ReadOptions(), overwrite=False)
    return out


def records(dataset_dir: Path) -> list[dict[str, Any]]:
    return [s.labels() for s in Dataset(dataset_dir).samples()]


def face_vertices(dataset_dir: Path) -> np.ndarray:
    with np.load(dataset_dir / "topology.npz") as topology:
        return topology["face_vertices"]


def test_datasets_have_the_names_shapes_and_attributes_of_the_reader(file: Path) -> None:
    n = len(HEAD_SHOTS)
    with h5py.File(file, "r") as f:
        shapes = {k: f[k].shape for k in ("images", "quats", "coords", "rois", "pt3d_68")}
        assert shapes == {
            "images": (n,), "quats": (n, 4), "coords": (n, 3), "rois": (n, 4),
            "pt3d_68": (n, 68, 3),
        }  # fmt: skip
        categories = {k: f[k].attrs["category"] for k in shapes}
        assert categories == {
            "images": "img", "quats": "q", "coords": "xys", "rois": "roi", "pt3d_68": "pts"
        }  # fmt: skip
        assert f["images"].attrs["storage"] == "varsize_image_buffer"
        assert bool(f["images"].attrs["lossy"])
        assert h5py.check_vlen_dtype(f["images"].dtype) == np.uint8
        assert all(np.dtype(f[k].dtype) == np.float32 for k in shapes if k != "images")
        assert f["images"][0][:2].tobytes() == b"\xff\xd8", "a JPEG"
        np.testing.assert_array_equal(f["rows"][...], np.arange(n))
        assert "Licence" in f["about/README.md"][()].decode()


def skin_box(dataset_dir: Path, row: int) -> list[int]:
    """Edges of the pixels that are skin, nose, eyes, brows, mouth or lips."""
    (sample,) = (s for s in Dataset(dataset_dir).samples() if s.row == row)
    with Image.open(sample.path("_mask.png")) as mask:
        line, column = np.nonzero(np.isin(np.asarray(mask), [1, 2, 3, 4, 5, 6, 9, 10, 11]))
    return [column.min(), line.min(), column.max() + 1, line.max() + 1]


def test_as_opentrack_reads_it(file: Path, dataset_dir: Path) -> None:
    found = records(dataset_dir)
    for sample, record in zip(opentrack_h5(file), found, strict=True):
        scale = 1.0
        kind, pose = sample["pose"]
        assert kind == "q"
        assert np.linalg.norm(pose) == pytest.approx(1, abs=1e-6)
        true = seen_rotation(record, face_vertices(dataset_dir)) @ FACING
        off = Rotation.from_matrix(Rotation.from_quat(pose).as_matrix().T @ true).magnitude()
        assert np.degrees(off) < 0.02
        placed, k = record["pose"]["camera_from_head"], record["camera"]["intrinsics"]
        eyes = k @ placed[:3, 3]
        _, coord = sample["coord"]
        np.testing.assert_allclose(coord[:2], eyes[:2] / eyes[2] * scale, atol=1e-3)
        assert coord[2] == pytest.approx(0.1 * k[0, 0] / placed[2, 3], rel=0.06)
        kind, points = sample["pt3d_68"]
        assert kind == "pts"
        np.testing.assert_allclose(points[:, :2], record["landmarks"]["image_px"][:68], atol=1e-3)
        along = record["landmarks"]["camera_m"][:68, 2]
        assert np.corrcoef(points[:, 2], along)[0, 1] > 0.99
        assert points[[36, 39, 42, 45], 2].mean() == pytest.approx(0, abs=1e-3)
        # The posed face, by quaternion, place and radius, is where its points are.
        head = record["landmarks"]["head_m"][:68] @ FACING / 0.1
        model = Rotation.from_quat(pose).apply(head) * coord[2] + [*coord[:2], 0]
        assert np.abs(model[:, :2] - points[:, :2]).max() < 0.1 * coord[2]
        np.testing.assert_array_equal(sample["roi"][1], skin_box(dataset_dir, record["row"]))
        assert sample["image"][1].shape == (160, 160, 3)


def test_the_plain_pose_and_other_boxes_on_demand(dataset_dir: Path, tmp_path: Path) -> None:
    form = FormatOpentrackH5(pose=PoseKind.PLAIN, roi=RoiKind.HEAD, image_size_px=320)
    export(dataset_dir, tmp_path / "o.h5", form, ReadOptions(), overwrite=False)
    for sample, record in zip(
        read_h5_samples(tmp_path / "o.h5"), records(dataset_dir), strict=True
    ):
        plain = record["pose"]["camera_from_head"][:3, :3]
        off = Rotation.from_matrix(sample.camera_from_head.T @ plain).magnitude()
        assert np.degrees(off) < 1e-3
        np.testing.assert_allclose(sample.box_px, 2 * record["head_box_px"], atol=1e-3)
        np.testing.assert_allclose(
            sample.landmarks_px, 2 * record["landmarks"]["image_px"][:68], atol=1e-3
        )


def edit(source: Path, row: int, **changes: Any) -> None:
    path = (source / sample_stem(row)).with_suffix(".msgpack")
    record = unpackb(path.read_bytes())
    for key, value in changes.items():
        if key == "identity_id":
            record["spec"]["sample"]["identity_id"] = value
        elif value is KeyError:
            record.pop(key)
        else:
            record[key] = value
    path.write_bytes(packb(record))
    write_marker(source, row, record["spec_hash"])


def test_samples_of_one_face_become_a_sequence(tmp_path: Path) -> None:
    source = write_dataset(tmp_path / "source", HEAD_SHOTS, 64)
    for row, face in enumerate([5, 5, 9, 9]):
        edit(source, row, identity_id=face)
    form = FormatOpentrackH5(filters=Filters(0, 180, 0))
    export(source, tmp_path / "o.h5", form, ReadOptions(), overwrite=False)
    with h5py.File(tmp_path / "o.h5", "r") as f:
        np.testing.assert_array_equal(f["sequence_starts"][...], [0, 2, 4])
    assert [s["individual"] for s in opentrack_h5(tmp_path / "o.h5")] == [1, 1, 2, 2]
    for row in range(4):
        edit(source, row, identity_id=row)
    export(source, tmp_path / "p.h5", form, ReadOptions(), overwrite=False)
    with h5py.File(tmp_path / "p.h5", "r") as f:
        assert "sequence_starts" not in f


def test_a_face_that_is_not_seen_is_left_out_and_counted(tmp_path: Path) -> None:
    source = write_dataset(tmp_path / "source", HEAD_SHOTS[:2], 64)
    edit(source, 0, visible_face_box_px=None)
    form = FormatOpentrackH5(roi=RoiKind.VISIBLE, filters=Filters(0, 180, 0))
    summary = export(source, tmp_path / "o.h5", form, ReadOptions(), overwrite=False)
    assert summary.filtered == {"nothing of the face is seen": 1}
    second = records(source)[1]["visible_face_box_px"]
    np.testing.assert_allclose(read_h5_samples(tmp_path / "o.h5")[0].box_px, second)
    edit(source, 0, visible_face_box_px=KeyError)
    with pytest.raises(DatasetError, match="--roi skin does without"):
        export(source, tmp_path / "p.h5", form, ReadOptions(), overwrite=False)
    mask = source / f"{sample_stem(0)}_mask.png"
    Image.new("L", (64, 64), 13).save(mask)
    write_marker(source, 0, records(source)[0]["spec_hash"])
    skin = FormatOpentrackH5(filters=Filters(0, 180, 0))
    summary = export(source, tmp_path / "q.h5", skin, ReadOptions(), overwrite=False)
    assert summary.filtered == {"nothing of the face is seen": 1}


def test_other_names_are_refused(dataset_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"ends in \.h5"):
        export(dataset_dir, tmp_path / "o.zip", FormatOpentrackH5(), ReadOptions(), False)
    (tmp_path / "no.h5").write_bytes(b"no HDF5")
    with pytest.raises(DatasetError, match=r"no\.h5: not such an HDF5 file"):
        read_h5_samples(tmp_path / "no.h5")
