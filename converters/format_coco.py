"""COCO: boxes, keypoints, segmentation, and head pose as DirectMHP has it.

::

    images/<SPLIT>/000000000007.jpg
    annotations/<SPLIT>.json            one head an image: box, keypoints, mask, euler_angles
    annotations/<SPLIT>_parts.json      the class mask: an annotation a class
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from converters import rle
from converters.bodies import Content, ZipOrFolder
from converters.export import Packed, Summary
from converters.filters import Filters, full_turn_yaw_deg
from converters.overlay_style import load_style
from converters.picture import jpeg_bytes, resized, resized_mask
from converters.pipeline import Done, Filtered
from converters.seen_pose import PoseKind, SeenSample, full_range_angles, see
from converters.source import SourceSample
from converters.work import Notes
from spec_schema.classes import SegmentationClass
from spec_schema.dataset import Dataset
from spec_schema.errors import DatasetError
from spec_schema.frames import camera_from_head_rotation

__all__ = ["CocoSample", "FormatCoco", "keypoint_names", "read_coco_samples"]

Array = NDArray[np.float64]

# A keypoint is a pixel's index there, and a pixel's centre is its index and a half; boxes and
# masks are measured from the image's corner. So detectron2 and mmpose read COCO.
_KEYPOINT_SHIFT_PX: Final = 0.5
_DECIMALS: Final = 4
_NO_HEAD: Final = (
    SegmentationClass.BACKGROUND,
    SegmentationClass.NECK,
    SegmentationClass.CLOTHING,
)
_NOT_LABELLED, _HIDDEN, _VISIBLE = 0, 1, 2

_README: Final = """# COCO files made by Replicantface

{written} synthetic faces with annotations in COCO's format. No image of COCO is in here.

- `images/{split}/NNNNNNNNNNNN.jpg`; the number is the manifest row and the image's id.
- `annotations/{split}.json`: one annotation an image, category 1. `bbox` is the box of the bare
  head within the image, `segmentation` all of the head that is seen, with hair and what it wears,
  without neck. `keypoints` are iBUG 68 and the pupils; visibility 0 out of the image, 1 hidden by
  the head, hair, beard, clothing, headwear or facewear, 2 seen. `euler_angles` are pitch, yaw and
  roll in degrees, of the {pose}, with the signs of 300W-LP, |pitch| and |roll| under 90 and yaw to
  ±180, as DirectMHP has them. `camera_from_head`, `intrinsics`, `face_bbox`, `visible_face_bbox`
  and `gaze` are ours.
- `annotations/{split}_parts.json`: an annotation for each class of the mask; the category is the
  class id of FaceSynthetics.

Keypoints are indices of pixels, as readers of COCO take them: the centre of the first pixel is 0.
Boxes are measured from the image's corner.

Licences: `SOURCE_README.md` and the `source` entry of `export.json`, as the renderer wrote them,
say from which assets the images were made and under which licences.
"""


def keypoint_names() -> list[str]:
    """Names of the 70, from the contours of the overlay."""
    names = [""] * 70
    for contour in load_style().contours:
        for i, point in enumerate(contour.points):
            name = contour.name.replace(" ", "_")
            names[point] = name if len(contour.points) == 1 else f"{name}_{i}"
    return names


def _skeleton() -> list[list[int]]:
    """Pairs of keypoints, counted from 1."""
    pairs = []
    for contour in load_style().contours:
        points = [*contour.points, *(contour.points[:1] if contour.closed else ())]
        pairs += [[a + 1, b + 1] for a, b in pairwise(points)]
    return pairs


def _numbers(values: Array) -> list[float]:
    return [round(float(v), _DECIMALS) for v in values]


def _xywh(box: Array) -> list[float]:
    return _numbers(np.array([*box[:2], *(box[2:] - box[:2])]))


def _keypoints(seen: SeenSample) -> list[float]:
    inside, visible = seen.labels.in_frame, seen.labels.visible
    state = np.where(inside, np.where(visible, _VISIBLE, _HIDDEN), _NOT_LABELLED)
    points = np.where(inside[:, None], seen.landmarks_px - _KEYPOINT_SHIFT_PX, 0.0)
    out: list[float] = []
    for (x, y), v in zip(points, state, strict=True):
        out += [*_numbers(np.array([x, y])), int(v)]
    return out


def _parts(mask: NDArray[np.uint8], row: int) -> list[dict[str, Any]]:
    parts = []
    for part in SegmentationClass:
        there = mask == part
        if part == SegmentationClass.BACKGROUND or not there.any():
            continue
        lines, columns = np.flatnonzero(there.any(axis=1)), np.flatnonzero(there.any(axis=0))
        x, y = int(columns[0]), int(lines[0])
        parts.append(
            {
                "id": row * 100 + int(part),
                "image_id": row,
                "category_id": int(part),
                "bbox": [x, y, int(columns[-1]) + 1 - x, int(lines[-1]) + 1 - y],
                "area": int(there.sum()),
                "iscrowd": 0,
                "segmentation": rle.encode(there),
            }
        )
    return parts


@dataclass(frozen=True)
class CocoSample:
    """One head annotation back in our terms: the inverse of the conversion."""

    row: int
    camera_from_head: Array
    """(3, 3) of ``euler_angles``"""
    landmarks_px: Array
    """(70, 2) edge-origin pixels; NaN where out of the image"""
    visible: NDArray[np.bool_]
    """(70,)"""
    face_box_px: Array
    """(4,)"""
    head_box_px: Array
    """(4,) within the image"""
    head: NDArray[np.bool_]
    """(H, W) what is seen of the head"""


def read_coco_samples(data: bytes, where: str) -> list[CocoSample]:
    """Read ``annotations/<SPLIT>.json``.

    Raises:
        DatasetError: not one; ``where`` names it.
    """
    try:
        return [_read_one(annotation) for annotation in json.loads(data)["annotations"]]
    except (ValueError, KeyError, TypeError) as e:
        raise DatasetError(f"{where}: no head annotations of ours ({e!r})") from e


def _read_one(annotation: Mapping[str, Any]) -> CocoSample:
    pitch, yaw, roll = annotation["euler_angles"]
    keypoints = np.array(annotation["keypoints"], np.float64).reshape(-1, 3)
    labelled = keypoints[:, 2:] > _NOT_LABELLED
    boxes = [np.array(annotation[key], np.float64) for key in ("face_bbox", "bbox")]
    face, head = (np.concatenate([b[:2], b[:2] + b[2:]]) for b in boxes)
    return CocoSample(
        int(annotation["image_id"]),
        camera_from_head_rotation(yaw, pitch, roll),
        np.where(labelled, keypoints[:, :2] + _KEYPOINT_SHIFT_PX, np.nan),
        keypoints[:, 2] == _VISIBLE,
        face,
        head,
        rle.decode(annotation["segmentation"]),
    )


@dataclass(frozen=True)
class FormatCoco(ZipOrFolder):
    """The format with its options; see :class:`converters.export.Format`."""

    split: str = "train"
    image_size_px: int | None = None
    """As rendered where there is none."""
    pose: PoseKind = PoseKind.SEEN
    jpeg_quality: int = 95
    filters: Filters = field(default_factory=Filters)

    @property
    def name(self) -> str:
        """As on the command line."""
        return "coco"

    def settings(self) -> Mapping[str, Any]:
        """Options that shaped the export, for its record."""
        return {
            "split": self.split,
            "image_size_px": self.image_size_px,
            "pose": str(self.pose),
            "jpeg_quality": self.jpeg_quality,
            "filters": vars(self.filters),
        }

    def convert(self, sample: SourceSample) -> Done[Packed] | Filtered:
        """The picture, and the annotations as a note."""
        size_px = self.image_size_px or sample.labels.size_px
        seen = see(sample, size_px)
        image = resized(sample.image(), size_px)
        rotation = seen.rotation(self.pose)
        why = self.filters.reason(image, seen.face_box_px, full_turn_yaw_deg(rotation))
        if why is not None:
            return Filtered(sample.row, why)
        angles = full_range_angles(rotation)
        if angles is None:
            return Filtered(sample.row, "pitch or roll over 90 degrees")
        mask = np.asarray(resized_mask(sample.mask(), size_px))
        head_box = np.clip(seen.scaled(seen.labels.head_box_px), 0, size_px)
        if (head_box[2:] <= head_box[:2]).any():
            return Filtered(sample.row, "head out of the image")
        note = {
            "image": {
                "id": sample.row,
                "file_name": f"{sample.row:012d}.jpg",
                "width": size_px,
                "height": size_px,
            },
            "head": self._head(sample, seen, angles, head_box, mask),
            "parts": _parts(mask, sample.row),
        }
        return Done(sample.row, Packed({"jpg": jpeg_bytes(image, self.jpeg_quality)}, note))

    def _head(
        self,
        sample: SourceSample,
        seen: SeenSample,
        angles: Array,
        head_box: Array,
        mask: NDArray[np.uint8],
    ) -> dict[str, Any]:
        labels = seen.labels
        yaw, pitch, roll = (float(a) for a in angles)
        keypoints = _keypoints(seen)
        head = ~np.isin(mask, _NO_HEAD)
        visible = labels.visible_face_box_px
        intrinsics = labels.intrinsics * [[self._scale(seen)], [self._scale(seen)], [1.0]]
        return {
            # pycocotools' evaluation takes a match with id 0 for none.
            "id": sample.row + 1,
            "image_id": sample.row,
            "category_id": 1,
            "iscrowd": 0,
            "bbox": _xywh(head_box),
            "area": int(head.sum()),
            "segmentation": rle.encode(head),
            "num_keypoints": sum(v > _NOT_LABELLED for v in keypoints[2::3]),
            "keypoints": keypoints,
            "euler_angles": [pitch, yaw, roll],
            "face_bbox": _xywh(seen.face_box_px),
            "visible_face_bbox": None if visible is None else _xywh(seen.scaled(visible)),
            "camera_from_head": labels.camera_from_head.tolist(),
            "intrinsics": intrinsics.tolist(),
            "gaze": {side: eye.direction_camera.tolist() for side, eye in labels.gaze.items()},
        }

    @staticmethod
    def _scale(seen: SeenSample) -> float:
        return seen.size_px / seen.labels.size_px

    def files(self, number: int, packed: Packed) -> Iterator[tuple[str, bytes]]:
        """The picture; annotations follow at the end."""
        yield f"images/{self.split}/{packed.note['image']['file_name']}", packed.files["jpg"]

    def closing_files(self, notes: Notes, dataset: Dataset) -> Iterator[tuple[str, Content]]:
        """The two files of annotations."""
        head = {
            "id": 1,
            "name": "person",
            "supercategory": "person",
            "keypoints": keypoint_names(),
            "skeleton": _skeleton(),
        }
        parts = [
            {"id": int(c), "name": c.name.lower(), "supercategory": "part"}
            for c in SegmentationClass
            if c != SegmentationClass.BACKGROUND
        ]
        yield f"annotations/{self.split}.json", _coco_json(notes, [head], "head")
        yield f"annotations/{self.split}_parts.json", _coco_json(notes, parts, "parts")

    def readme(self, summary: Summary) -> str:
        """README.md of the export."""
        words = {PoseKind.SEEN: "rotation *as seen*", PoseKind.PLAIN: "plain rotation"}
        return _README.format(written=summary.written, split=self.split, pose=words[self.pose])


def _coco_json(notes: Notes, categories: list[dict[str, Any]], what: str) -> Iterator[bytes]:
    """A file of annotations in pieces, since all of them may not fit the memory."""

    def items(found: Iterable[Any]) -> Iterator[bytes]:
        for i, item in enumerate(found):
            text = json.dumps(item, separators=(",", ":"), allow_nan=False)
            yield (",\n" if i else "\n").encode() + text.encode()

    about = {"description": "Synthetic faces made by Replicantface", "version": "1.0"}
    yield b'{"info": ' + json.dumps(about).encode() + b', "licenses": [],\n"categories": '
    yield json.dumps(categories).encode() + b',\n"images": ['
    yield from items(note["image"] for note in notes)
    yield b'],\n"annotations": ['
    if what == "head":
        yield from items(note["head"] for note in notes)
    else:
        yield from items(part for note in notes for part in note["parts"])
    yield b"]}\n"
