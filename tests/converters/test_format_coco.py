from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from converters.export import export
from converters.filters import Filters
from converters.format_coco import FormatCoco, keypoint_names, read_coco_samples
from converters.pipeline import ReadOptions
from converters.seen_pose import PoseKind, full_range_angles
from spec_schema import Dataset, SegmentationClass
from spec_schema.frames import camera_from_head_rotation
from tests.converters.truth import seen_rotation
from tests.factories import HeadShot, write_dataset


@pytest.fixture(scope="module")
def folder(dataset_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("export") / "coco"
    export(dataset_dir, out, FormatCoco(), ReadOptions(), overwrite=False)
    return out


def records(dataset_dir: Path) -> list[dict[str, Any]]:
    return [s.labels() for s in Dataset(dataset_dir).samples()]


def heads(folder: Path) -> COCO:
    return COCO(folder / "annotations/train.json")


def test_perfect_detections_score_perfectly(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = heads(folder)
    kept = ("image_id", "category_id", "bbox", "segmentation")
    found = [{**{k: a[k] for k in kept}, "score": 1.0} for a in truth.anns.values()]
    for kind in ("bbox", "segm"):
        scores = COCOeval(truth, truth.loadRes(found), kind)
        scores.evaluate()
        scores.accumulate()
        scores.summarize()
        assert scores.stats[0] == pytest.approx(1.0), kind
    capsys.readouterr()


def test_pycocotools_reads_it(
    folder: Path, dataset_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    coco = heads(folder)
    assert coco.getCatIds() == [1]
    assert coco.cats[1]["name"] == "person"
    for sample in Dataset(dataset_dir).samples():
        record = sample.labels()
        info = coco.imgs[sample.row]
        with Image.open(folder / "images/train" / info["file_name"]) as image:
            assert image.size == (info["width"], info["height"]) == (160, 160)
        (annotation,) = coco.loadAnns(coco.getAnnIds(imgIds=[sample.row]))
        with Image.open(sample.path("_mask.png")) as stored:
            classes = np.asarray(stored)
        head = ~np.isin(
            classes,
            [SegmentationClass.BACKGROUND, SegmentationClass.NECK, SegmentationClass.CLOTHING],
        )
        np.testing.assert_array_equal(coco.annToMask(annotation).astype(bool), head)
        assert annotation["area"] == head.sum()
        x, y, w, h = annotation["bbox"]
        box = np.clip(record["head_box_px"], 0, 160)
        np.testing.assert_allclose([x, y, x + w, y + h], box, atol=1e-3)


def test_keypoints_are_pixel_indices_with_visibility(folder: Path, dataset_dir: Path) -> None:
    coco = heads(folder)
    assert len(coco.cats[1]["keypoints"]) == len(set(keypoint_names())) == 70
    assert {i for pair in coco.cats[1]["skeleton"] for i in pair} == set(range(1, 69))
    states = set()
    for record in records(dataset_dir):
        (annotation,) = coco.imgToAnns[record["row"]]
        points = np.array(annotation["keypoints"]).reshape(70, 3)
        marks = record["landmarks"]
        inside = marks["in_frame"]
        covered = ~np.isin(marks["covered_by"], (0, SegmentationClass.GLASSES))
        np.testing.assert_array_equal(points[:, 2] == 0, ~inside)
        np.testing.assert_array_equal(
            points[:, 2] == 2, inside & ~marks["self_occluded"] & ~covered
        )
        # The centre of the first pixel is 0 there and (½, ½) here.
        np.testing.assert_allclose(points[inside, :2], marks["image_px"][inside] - 0.5, atol=1e-4)
        assert not points[~inside].any()
        assert annotation["num_keypoints"] == inside.sum()
        states |= set(points[:, 2])
    assert states >= {1, 2}


def test_out_of_the_image_is_not_labelled(tmp_path: Path) -> None:
    source = write_dataset(tmp_path / "source", [HeadShot(20, 5, 3, x_m=0.2, z_m=0.9)], 96)
    form = FormatCoco(filters=Filters(0, 180, 0))
    export(source, tmp_path / "coco", form, ReadOptions(), overwrite=False)
    (annotation,) = heads(tmp_path / "coco").anns.values()
    points = np.array(annotation["keypoints"]).reshape(70, 3)
    assert 0 < annotation["num_keypoints"] < 70
    assert not points[points[:, 2] == 0].any()
    x, _, w, _ = annotation["bbox"]
    assert x + w == pytest.approx(96), "the box ends at the image"


def directmhp_label(annotation: dict[str, Any], image: dict[str, Any]) -> list[float]:
    """One line of DirectMHP's ``write_yolov5_labels``."""
    x, y, w, h = annotation["bbox"]
    pitch, yaw, roll = annotation["euler_angles"]
    return [
        (x + w / 2) / image["width"], (y + h / 2) / image["height"],
        w / image["width"], h / image["height"],
        pitch / 180 + 0.5, yaw / 360 + 0.5, roll / 180 + 0.5,
    ]  # fmt: skip


def directmhp_rotation(pitch: float, yaw: float, roll: float) -> np.ndarray:
    """Inverse of how DirectMHP takes its angles from camera and head (OpenCV axes of both)."""
    x, y, z = np.radians([pitch, -yaw, -roll])
    (sx, sy, sz), (cx, cy, cz) = np.sin([x, y, z]), np.cos([x, y, z])
    return np.array(
        [
            [cy * cz, cy * sz, -sy],
            [-cx * sz + cz * sx * sy, cx * cz + sx * sy * sz, cy * sx],
            [cx * cz * sy + sx * sz, cx * sy * sz - cz * sx, cx * cy],
        ]
    )


def test_as_directmhp_reads_it(folder: Path, dataset_dir: Path) -> None:
    coco = heads(folder)
    with np.load(dataset_dir / "topology.npz") as topology:
        face = topology["face_vertices"]
    for record in records(dataset_dir):
        (annotation,) = coco.imgToAnns[record["row"]]
        image = coco.imgs[annotation["image_id"]]
        assert all(0 <= v <= 1 for v in directmhp_label(annotation, image))
        assert int(Path(image["file_name"]).stem) == annotation["image_id"]
        true = seen_rotation(record, face) @ np.diag([1, -1, -1])
        np.testing.assert_allclose(directmhp_rotation(*annotation["euler_angles"]), true, atol=5e-4)


def test_heads_from_behind_have_full_yaw(tmp_path: Path) -> None:
    shots = [HeadShot(152.0, -9.0, 6.0, z_m=1.4), HeadShot(-118.0, 14.0, -5.0, z_m=1.4)]
    source = write_dataset(tmp_path / "source", shots, 96)
    form = FormatCoco(pose=PoseKind.PLAIN, filters=Filters(0, 180, 0))
    export(source, tmp_path / "coco", form, ReadOptions(), overwrite=False)
    found = [a["euler_angles"] for a in heads(tmp_path / "coco").anns.values()]
    np.testing.assert_allclose(found, [[-9, 152, 6], [14, -118, -5]], atol=1e-6)


angle = st.floats(-89, 89)


@given(st.floats(-179, 179), angle, angle)
def test_full_range_angles_are_the_inverse(yaw: float, pitch: float, roll: float) -> None:
    rotation = camera_from_head_rotation(yaw, pitch, roll)
    angles = full_range_angles(rotation)
    assert angles is not None
    np.testing.assert_allclose(camera_from_head_rotation(*angles), rotation, atol=1e-9)
    assert np.abs(angles[1:]).max() < 90


def test_upside_down_has_none() -> None:
    assert full_range_angles(camera_from_head_rotation(10.0, 20.0, 140.0)) is None


def test_parts_are_the_class_mask(folder: Path, dataset_dir: Path) -> None:
    coco = COCO(folder / "annotations/train_parts.json")
    assert {c["id"]: c["name"] for c in coco.cats.values()} == {
        int(c): c.name.lower() for c in SegmentationClass if c
    }
    for sample in Dataset(dataset_dir).samples():
        with Image.open(sample.path("_mask.png")) as stored:
            classes = np.asarray(stored)
        painted = np.zeros_like(classes)
        for annotation in coco.imgToAnns[sample.row]:
            there = coco.annToMask(annotation).astype(bool)
            painted[there] = annotation["category_id"]
            x, y, w, h = annotation["bbox"]
            assert there[y : y + h, x : x + w].sum() == annotation["area"] == there.sum()
        np.testing.assert_array_equal(painted, classes)


def test_the_inverse(folder: Path, dataset_dir: Path) -> None:
    data = (folder / "annotations/train.json").read_bytes()
    for sample, record in zip(read_coco_samples(data, "x"), records(dataset_dir), strict=True):
        assert sample.row == record["row"]
        inside = record["landmarks"]["in_frame"]
        drawn = record["landmarks"]["image_px"]
        np.testing.assert_allclose(sample.landmarks_px[inside], drawn[inside], atol=1e-4)
        np.testing.assert_allclose(sample.face_box_px, record["face_box_px"], atol=2e-4)


def test_what_is_ours_is_exact(folder: Path, dataset_dir: Path) -> None:
    data = json.loads((folder / "annotations/train.json").read_text())
    for annotation, record in zip(data["annotations"], records(dataset_dir), strict=True):
        np.testing.assert_array_equal(
            annotation["camera_from_head"], record["pose"]["camera_from_head"]
        )
        np.testing.assert_allclose(annotation["intrinsics"], record["camera"]["intrinsics"])
