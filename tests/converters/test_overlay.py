from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from PIL import Image

from converters.overlay import OverlayOptions, write_overlay
from converters.overlay_marks import DensePoints, landmark_colours, with_landmarks, with_pose
from converters.overlay_panels import TileJob, coloured_mask, depth_picture, normal_picture
from converters.overlay_style import load_style
from converters.pipeline import Done, ReadOptions
from converters.source import Labels, SourceSample, Topology, read_sample
from spec_schema import CLASS_COLOURS, Dataset, SegmentationClass, ToolError, sha256_file
from spec_schema.frames import project
from tests.factories import HEAD_SHOTS, write_dataset

SIZE = 480
STYLE = load_style()


def sample_of(dataset_dir: Path, row: int) -> SourceSample:
    dataset = Dataset(dataset_dir)
    samples = {s.row: s for s in dataset.samples()}
    return read_sample(samples[row], Topology.load(dataset))


def labels_of(dataset_dir: Path, row: int) -> Labels:
    return sample_of(dataset_dir, row).labels


def ground(labels: Labels) -> Image.Image:
    return Image.new("RGB", (labels.size_px, labels.size_px), (128, 128, 128))


def nearest_px(picture: np.ndarray, colour: tuple[int, int, int], at: np.ndarray) -> float:
    """Distance from a point to the nearest pixel of about a colour."""
    rows, columns = np.nonzero(np.abs(picture - colour).max(axis=2) < 40)
    return float(np.hypot(columns + 0.5 - at[0], rows + 0.5 - at[1]).min(initial=np.inf))


@pytest.mark.parametrize("row", range(4))
def test_every_landmark_has_its_dot_in_the_colour_of_its_visibility(
    dataset_dir: Path, row: int
) -> None:
    labels = labels_of(dataset_dir, row)
    picture = np.asarray(with_landmarks(ground(labels), labels, STYLE, SIZE), float)
    points = labels.landmarks_px * SIZE / labels.size_px
    for point, colour in zip(points, landmark_colours(labels, STYLE), strict=True):
        # Neighbours may cover one another, half a pixel of a small face apart.
        assert nearest_px(picture, colour, np.clip(point, 6, SIZE - 6)) < 6


def test_the_colour_says_what_hides_a_landmark(dataset_dir: Path) -> None:
    labels = labels_of(dataset_dir, 0)
    every = replace(
        labels,
        in_frame=np.arange(70) != 0,
        self_occluded=np.arange(70) == 1,
        covered_by=np.where(np.arange(70) == 2, SegmentationClass.HAIR, 0)
        + np.where(np.arange(70) == 3, SegmentationClass.GLASSES, 0),
    )
    kinds = STYLE.visibility
    assert landmark_colours(every, STYLE)[:5] == [
        kinds.out_of_frame, kinds.self_occluded, kinds.covered, kinds.visible, kinds.visible
    ]  # fmt: skip
    assert len(set(vars(kinds).values())) == 4


def test_landmarks_out_of_the_frame_sit_on_its_border(dataset_dir: Path) -> None:
    labels = labels_of(dataset_dir, 0)
    points = labels.landmarks_px.copy()
    points[8] = [labels.size_px / 2, labels.size_px * 3]
    out = replace(labels, landmarks_px=points, in_frame=np.arange(70) != 8)
    picture = np.asarray(with_landmarks(ground(out), out, STYLE, SIZE), float)
    border = np.array([SIZE / 2, SIZE - 6.0])
    assert nearest_px(picture, STYLE.visibility.out_of_frame, border) < 3


@pytest.mark.parametrize("row", range(4))
@pytest.mark.parametrize("axis", range(3))
def test_axes_end_where_the_true_projection_puts_them(
    dataset_dir: Path, row: int, axis: int
) -> None:
    labels = labels_of(dataset_dir, row)
    tip_head = np.zeros(4)
    tip_head[axis], tip_head[3] = STYLE.axis_length_m, 1
    tip = project((labels.camera_from_head @ tip_head)[:3], labels.intrinsics)
    # Seen along its own length, an axis is a dot that a nearer one may hide.
    picture = np.asarray(with_pose(ground(labels), labels, STYLE, SIZE), float)
    assert nearest_px(picture, STYLE.axis_colours[axis], tip * SIZE / labels.size_px) < 3


@pytest.mark.parametrize("side", ["left", "right"])
def test_gaze_rays_begin_at_the_eyes(dataset_dir: Path, side: str) -> None:
    labels = labels_of(dataset_dir, 3)
    eye = labels.gaze[side]
    picture = np.asarray(with_pose(ground(labels), labels, STYLE, SIZE), float)
    start = project(eye.origin_camera_m, labels.intrinsics) * SIZE / labels.size_px
    assert nearest_px(picture, STYLE.gaze, start) < 6


@pytest.mark.parametrize("box", ["face", "head"])
def test_boxes_have_their_corners(dataset_dir: Path, box: str) -> None:
    labels = labels_of(dataset_dir, 3)
    picture = np.asarray(with_pose(ground(labels), labels, STYLE, SIZE), float)
    x0, y0, x1, y1 = getattr(labels, f"{box}_box_px") * SIZE / labels.size_px
    colour = getattr(STYLE.boxes, box)
    seen = replace(labels, visible_face_box_px=None)
    alone = np.asarray(with_pose(ground(seen), seen, STYLE, SIZE), float)
    assert picture.shape == alone.shape
    for corner in ([x0, y0], [x1, y0], [x0, y1], [x1, y1]):
        assert nearest_px(alone, colour, np.array(corner)) < 3


def test_dense_landmarks_take_the_place_of_the_70(dataset_dir: Path) -> None:
    sample = sample_of(dataset_dir, 0)
    labels = sample.labels
    dense = DensePoints(np.full((1, 2), 20.0), np.array([True]), np.array([True]))
    picture = np.asarray(with_landmarks(ground(labels), labels, STYLE, SIZE, dense), float)
    at = np.array([20.0, 20.0]) * SIZE / labels.size_px
    assert nearest_px(picture, STYLE.visibility.self_occluded, at) < 2
    assert nearest_px(picture, STYLE.visibility.visible, at) == np.inf
    done = TileJob(64, dense=True)(sample)
    assert isinstance(done, Done)
    titles = [panel.title for panel in done.result.panels]
    assert titles == ["pose, gaze, boxes", "landmarks", "dense landmarks", "mask"]


def test_the_contours_cover_each_landmark_once() -> None:
    points = [i for contour in STYLE.contours for i in contour.points]
    assert sorted(points) == list(range(70))


def test_masks_are_shown_in_the_class_colours() -> None:
    mask = Image.fromarray(np.array([[0, 3], [4, 99]], np.uint8))
    shown = np.asarray(coloured_mask(mask, 2))
    assert tuple(shown[0, 1]) == CLASS_COLOURS[SegmentationClass(3)]
    assert tuple(shown[1, 0]) == CLASS_COLOURS[SegmentationClass(4)]
    assert tuple(shown[1, 1]) == (255, 0, 255)


def test_depth_goes_from_near_to_far() -> None:
    depth = np.full((4, 4), np.inf, np.float32)
    depth[0] = [0.8, 0.9, 1.0, 50.0]
    picture, (near, far) = depth_picture(depth, STYLE, 4)
    shown = np.asarray(picture)
    assert near == pytest.approx(0.8)
    assert far == pytest.approx(1.4), "a far wall does not take the colours of the head"
    assert tuple(shown[0, 0]) == STYLE.depth_stops[0]
    assert tuple(shown[0, 3]) == STYLE.depth_stops[-1]
    assert tuple(shown[2, 2]) == STYLE.panel
    assert shown[0, :3].sum(axis=1).tolist() == sorted(shown[0, :3].sum(axis=1), reverse=True)


def test_normals_are_red_to_the_right_green_up_and_blue_to_the_viewer() -> None:
    normals = np.zeros((2, 2, 3), np.float32)
    normals[0, 0], normals[0, 1], normals[1, 0] = [1, 0, 0], [0, -1, 0], [0, 0, -1]
    shown = np.asarray(normal_picture(normals, STYLE, 2))
    assert [int(shown[at].argmax()) for at in ((0, 0), (0, 1), (1, 0))] == [0, 1, 2]
    assert tuple(shown[1, 1]) == STYLE.panel


def test_passes_become_panels(tmp_path: Path) -> None:
    source = write_dataset(tmp_path / "source", HEAD_SHOTS[:1], 48)
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    stem = source / "00000/00000000"
    planes = {c: np.full((48, 48), 0.6, np.float32) for c in "XYZ"}
    OpenEXR.File(header, {"Z": planes["Z"]}).write(f"{stem}_depth.exr")
    OpenEXR.File(header, planes).write(f"{stem}_normal.exr")
    marker = Path(f"{stem}.done.json")
    record = json.loads(marker.read_text())
    for suffix in ("_depth.exr", "_normal.exr"):
        record["files"][f"00000000{suffix}"] = sha256_file(Path(f"{stem}{suffix}"))
    marker.write_text(json.dumps(record))
    done = TileJob(64)(sample_of(source, 0))
    assert isinstance(done, Done)
    titles = [panel.title for panel in done.result.panels]
    assert titles[2:] == ["mask", "depth 0.60 to 0.60 m", "normals"]


def png_size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def test_the_sheet(dataset_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    two = OverlayOptions(size_px=96, columns=2)
    one = OverlayOptions(size_px=96, columns=1)
    drawn = write_overlay(dataset_dir, out, two, ReadOptions(limit=3))
    assert (drawn.summary.read, drawn.summary.written) == (3, 3)
    assert drawn.paths == (out,)
    two_wide = png_size(out)
    write_overlay(dataset_dir, out, one, ReadOptions(limit=3, workers=2))
    one_wide = png_size(out)
    assert two_wide[0] > 1.8 * one_wide[0]
    assert one_wide[1] > 1.3 * two_wide[1]
    first = out.read_bytes()
    write_overlay(dataset_dir, out, one, ReadOptions(limit=3))
    assert out.read_bytes() == first


def test_more_than_a_sheet_holds_is_numbered(dataset_dir: Path, tmp_path: Path) -> None:
    look = OverlayOptions(size_px=64, page=3, columns=1)
    drawn = write_overlay(dataset_dir, tmp_path / "o.png", look, ReadOptions())
    assert [p.name for p in drawn.paths] == ["o-01.png", "o-02.png"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["o-01.png", "o-02.png"]
    assert png_size(drawn.paths[0])[1] > png_size(drawn.paths[1])[1]


def test_a_pdf_has_a_page_a_sheet(dataset_dir: Path, tmp_path: Path) -> None:
    look = OverlayOptions(size_px=64, page=3)
    out = tmp_path / "o.pdf"
    write_overlay(dataset_dir, out, look, ReadOptions())
    data = out.read_bytes()
    assert data.startswith(b"%PDF")
    assert b"/Count 2" in data
    write_overlay(dataset_dir, out, look, ReadOptions())
    assert out.read_bytes() == data, "no date of its own"


def test_bad_targets_are_told(dataset_dir: Path, tmp_path: Path) -> None:
    look = OverlayOptions(size_px=64)
    with pytest.raises(ToolError, match="ends in"):
        write_overlay(dataset_dir, tmp_path / "sheet.jpg", look, ReadOptions())
    with pytest.raises(ToolError, match="no such folder"):
        write_overlay(dataset_dir, tmp_path / "no/sheet.png", look, ReadOptions())
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(ToolError, match="is a folder, a device or a pipe"):
        write_overlay(dataset_dir, tmp_path / "folder.png", look, ReadOptions())
