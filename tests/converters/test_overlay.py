from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from converters.overlay import write_overlay
from converters.overlay_marks import coloured_mask, with_marks
from converters.overlay_style import load_style
from converters.pipeline import ReadOptions
from converters.source import Labels, Topology, read_sample
from spec_schema import CLASS_COLOURS, Dataset, ToolError
from spec_schema.frames import project

SIZE = 480


def labels_of(dataset_dir: Path, row: int) -> Labels:
    dataset = Dataset(dataset_dir)
    samples = {s.row: s for s in dataset.samples()}
    return read_sample(samples[row], Topology.load(dataset)).labels


def marks_alone(labels: Labels) -> np.ndarray:
    """The marks on a mid-grey ground."""
    ground = Image.new("RGB", (labels.size_px, labels.size_px), (128, 128, 128))
    return np.asarray(with_marks(ground, labels, load_style(), SIZE), float)


def nearest_px(picture: np.ndarray, colour: tuple[int, int, int], at: np.ndarray) -> float:
    """Distance from a point to the nearest pixel of about a colour."""
    rows, columns = np.nonzero(np.abs(picture - colour).max(axis=2) < 40)
    return float(np.hypot(columns + 0.5 - at[0], rows + 0.5 - at[1]).min())


@pytest.mark.parametrize("row", range(4))
def test_every_landmark_has_its_dot(dataset_dir: Path, row: int) -> None:
    labels = labels_of(dataset_dir, row)
    picture = marks_alone(labels)
    points = labels.landmarks_px * SIZE / labels.size_px
    seen = [
        nearest_px(picture, contour.colour, points[i])
        for contour in load_style().contours
        for i in contour.points
    ]
    # Arrows may cover some; the rest is where it belongs.
    assert len(seen) == 70
    assert np.mean(np.array(seen) < 1.5) > 0.8


@pytest.mark.parametrize("row", range(4))
@pytest.mark.parametrize("axis", range(3))
def test_axes_end_where_the_true_projection_puts_them(
    dataset_dir: Path, row: int, axis: int
) -> None:
    labels = labels_of(dataset_dir, row)
    style = load_style()
    tip_head = np.zeros(4)
    tip_head[axis], tip_head[3] = style.axis_length_m, 1
    tip = project((labels.camera_from_head @ tip_head)[:3], labels.intrinsics)
    # Seen along its own length, an axis is a dot that a nearer one may hide.
    picture = marks_alone(labels)
    assert nearest_px(picture, style.axis_colours[axis], tip * SIZE / labels.size_px) < 3


def test_the_contours_cover_each_landmark_once() -> None:
    points = [i for contour in load_style().contours for i in contour.points]
    assert sorted(points) == list(range(70))


def test_masks_are_shown_in_the_class_colours() -> None:
    mask = Image.fromarray(np.array([[0, 3], [4, 99]], np.uint8))
    shown = np.asarray(coloured_mask(mask, 2))
    assert tuple(shown[0, 1]) == CLASS_COLOURS[3]
    assert tuple(shown[1, 0]) == CLASS_COLOURS[4]
    assert tuple(shown[1, 1]) == (255, 0, 255)


def png_size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def test_the_sheet(dataset_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    summary = write_overlay(dataset_dir, out, 96, 2, ReadOptions(limit=3))
    assert (summary.read, summary.written) == (3, 3)
    two_wide = png_size(out)
    write_overlay(dataset_dir, out, 96, 1, ReadOptions(limit=3, workers=2))
    one_wide = png_size(out)
    assert two_wide[0] > 1.8 * one_wide[0]
    assert one_wide[1] > 1.3 * two_wide[1]
    first = out.read_bytes()
    write_overlay(dataset_dir, out, 96, 1, ReadOptions(limit=3))
    assert out.read_bytes() == first


def test_bad_targets_are_told(dataset_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="ends in"):
        write_overlay(dataset_dir, tmp_path / "sheet.jpg", 64, None, ReadOptions())
    with pytest.raises(ToolError, match="no such folder"):
        write_overlay(dataset_dir, tmp_path / "no/sheet.png", 64, None, ReadOptions())
