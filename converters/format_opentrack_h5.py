"""The HDF5 files that opentrack's neuralnet-tracker-traincode trains from.

Its reader, ``trackertraincode/datasets/dshdf5pose.py``, wants these datasets of equal length::

    images   variable-length uint8     a JPEG each; attributes storage, lossy, category "img"
    quats    (N, 4) float32            x, y, z, w; category "q"
    coords   (N, 3) float32            x, y between the eyes, radius of the head; "xys"
    rois     (N, 4) float32            x0, y0, x1, y1; "roi"
    pt3d_68  (N, 68, 3) float32        x, y, and z away from the viewer; "pts"
    sequence_starts (S + 1,)           where samples of one face follow one another

Pixels with (0, 0) at the image's corner; rotation from a head with x to image-right, y down and z
into the picture when it faces the camera, to the camera's axes, which are the same.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from converters.bodies import Body, Content, Mark, SpoolBody
from converters.export import Packed, Summary
from converters.filters import Filters, full_turn_yaw_deg
from converters.picture import jpeg_bytes, resized
from converters.pipeline import Done, Filtered
from converters.seen_pose import IBUG, PoseKind, SeenSample, see
from converters.source import SourceSample
from converters.work import Notes
from spec_schema.classes import SegmentationClass
from spec_schema.dataset import Dataset
from spec_schema.errors import DatasetError, ToolError
from spec_schema.frames import CAMERA_FROM_FACING, project

__all__ = ["FormatOpentrackH5", "H5Sample", "RoiKind", "read_h5_samples"]

Array = NDArray[np.float64]

_EYE_CORNERS: Final = (36, 39, 42, 45)
# The reader's projects take 100 mm for the radius of every head.
_HEAD_RADIUS_M: Final = 0.1
_CHUNK: Final = 1024
_EARS: Final = (SegmentationClass.RIGHT_EAR, SegmentationClass.LEFT_EAR)
_FACE: Final = tuple(
    c
    for c in SegmentationClass
    if SegmentationClass.SKIN <= c <= SegmentationClass.BOTTOM_LIP and c not in _EARS
)
_FIELDS: Final[Mapping[str, tuple[str, tuple[int, ...]]]] = {
    "quats": ("q", (4,)),
    "coords": ("xys", (3,)),
    "rois": ("roi", (4,)),
    "pt3d_68": ("pts", (IBUG, 3)),
}


_README: Final = """{written} synthetic faces made by Replicantface, for opentrack's
neuralnet-tracker-traincode. Pixels have (0, 0) at the image's corner.

quats: {pose}; x, y, z, w, camera axes from head axes, both x right, y down, z forward.
coords: where the point between the eyes is, and 100 mm there.
rois: {roi}; x0, y0, x1, y1.
pt3d_68: projected points of the 3D head, hidden or not; z away from the viewer, zero between the
eye corners. rows: manifest rows.

Licences: about/SOURCE_README.md and the source entry of about/export.json, as the renderer wrote
them, say from which assets the images were made and under which licences.
"""


class RoiKind(StrEnum):
    """Which box becomes ``rois``."""

    SKIN = "skin"
    """Of the skin of the face that is seen in the mask, as that project's own scripts do."""
    VISIBLE = "visible"
    """Of what is seen of the face within the box of the landmarks."""
    FACE = "face"
    """Of the 68 landmarks."""
    HEAD = "head"
    """Of the bare head."""


_POSE_WORDS: Final = {
    PoseKind.SEEN: "rotation as seen, the weak-perspective fit to the projected face",
    PoseKind.PLAIN: "plain camera-from-head rotation",
}
_ROI_WORDS: Final = {
    RoiKind.SKIN: "box of the skin of the face that is seen, with eyes, brows and mouth",
    RoiKind.VISIBLE: "box of what is seen of the face within that of the landmarks",
    RoiKind.FACE: "box of the 68 landmarks",
    RoiKind.HEAD: "box of the bare head",
}


@dataclass(frozen=True)
class H5Sample:
    """One entry of the file, back in our terms: the inverse of the conversion."""

    jpeg: bytes
    camera_from_head: Array
    """(3, 3) rotation, as seen or plain"""
    eyes_px: Array
    """(2,) edge-origin pixels of the head origin"""
    radius_px: float
    box_px: Array
    """(4,)"""
    landmarks_px: Array
    """(68, 2) edge-origin pixels"""
    depth_px: Array
    """(68,) toward the viewer, zero between the eye corners"""


def read_h5_samples(path: Path) -> list[H5Sample]:
    """Read a file that :class:`FormatOpentrackH5` wrote.

    Raises:
        DatasetError: not one.
    """
    try:
        with h5py.File(path, "r") as file:
            fields = {name: np.asarray(file[name], np.float64) for name in _FIELDS}
            images = [np.asarray(data).tobytes() for data in file["images"]]
    except (OSError, KeyError) as e:
        raise DatasetError(f"{path}: not such an HDF5 file ({e})") from e
    turned = Rotation.from_quat(fields["quats"]).as_matrix() @ CAMERA_FROM_FACING
    return [
        H5Sample(
            images[i],
            turned[i],
            fields["coords"][i, :2],
            float(fields["coords"][i, 2]),
            fields["rois"][i],
            fields["pt3d_68"][i, :, :2],
            -fields["pt3d_68"][i, :, 2],
        )
        for i in range(len(images))
    ]


class _H5Body:
    """Gathers in a spool; the HDF5 file is put together when it closes.

    An HDF5 file that is written bit by bit can't be taken up after a crash.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.with_name("finished.h5")
        self._spool = SpoolBody(path)

    def resume(self, marks: Iterable[Mark]) -> int:
        return self._spool.resume(list(marks))

    def write(self, files: Iterable[tuple[str, bytes]]) -> Mark:
        return self._spool.write(files)

    def release(self) -> None:
        self._spool.release()

    def close(self, files: Iterable[tuple[str, Content]]) -> Path:
        self._path.unlink(missing_ok=True)
        count = len(self._spool)
        with h5py.File(self._path, "w", libver="earliest") as file:
            for name, content in files:
                if name == "sequence_starts":
                    file.create_dataset(name, data=np.array(json.loads(_whole(content))))
                else:
                    file.create_dataset(f"about/{name}", data=_whole(content).decode())
            self._fields(file, count)
            self._images(file, count)
        with self._path.open("rb+") as written:
            os.fsync(written.fileno())
        return self._path

    def _fields(self, file: h5py.File, count: int) -> None:
        flat = np.stack([np.frombuffer(self._spool.blob(i, 1), "<f4") for i in range(count)])
        start = 0
        for name, (category, shape) in _FIELDS.items():
            size = int(np.prod(shape))
            data = flat[:, start : start + size].reshape(count, *shape)
            chunks = (min(count, _CHUNK), *shape)
            stored = file.create_dataset(name, data=data, chunks=chunks, maxshape=data.shape)
            stored.attrs["category"] = category
            start += size
        rows = np.array([np.frombuffer(self._spool.blob(i, 2), "<i8")[0] for i in range(count)])
        file.create_dataset("rows", data=rows)

    def _images(self, file: h5py.File, count: int) -> None:
        stored = file.create_dataset(
            "images",
            (count,),
            h5py.vlen_dtype(np.uint8),
            chunks=(min(count, _CHUNK),),
            maxshape=(None,),
        )
        stored.attrs["storage"] = "varsize_image_buffer"
        stored.attrs["lossy"] = True
        stored.attrs["category"] = "img"
        for i in range(count):
            stored[i] = np.frombuffer(self._spool.blob(i, 0), np.uint8)


def _whole(content: Content) -> bytes:
    return content if isinstance(content, bytes) else b"".join(content)


@dataclass(frozen=True)
class FormatOpentrackH5:
    """The format with its options; see :class:`converters.export.Format`."""

    image_size_px: int | None = None
    """As rendered where there is none."""
    pose: PoseKind = PoseKind.SEEN
    roi: RoiKind = RoiKind.SKIN
    jpeg_quality: int = 95
    filters: Filters = field(default_factory=Filters)

    @property
    def name(self) -> str:
        """As on the command line."""
        return "opentrack-h5"

    def settings(self) -> Mapping[str, Any]:
        """Options that shaped the export, for its record."""
        return {
            "image_size_px": self.image_size_px,
            "pose": str(self.pose),
            "roi": str(self.roi),
            "jpeg_quality": self.jpeg_quality,
            "filters": vars(self.filters),
        }

    def is_folder(self, out: Path) -> bool:
        """One file."""
        if out.suffix not in (".h5", ".hdf5"):
            raise ToolError(f"{out}: this export is one HDF5 file; give a name that ends in .h5")
        return False

    def body(self, path: Path, out: Path) -> Body:
        """A spool, made into HDF5 at the end."""
        return _H5Body(path)

    def convert(self, sample: SourceSample) -> Done[Packed] | Filtered:
        """JPEG and the numbers of one entry."""
        size_px = self.image_size_px or sample.labels.size_px
        seen = see(sample, size_px)
        image = resized(sample.image(), size_px)
        rotation = seen.rotation(self.pose)
        why = self.filters.reason(image, seen.face_box_px, full_turn_yaw_deg(rotation))
        if why is not None:
            return Filtered(sample.row, why)
        box = self._box(sample, seen)
        if box is None:
            return Filtered(sample.row, "nothing of the face is seen")
        numbers = np.concatenate(
            [
                Rotation.from_matrix(rotation @ CAMERA_FROM_FACING).as_quat(),
                _coords(seen),
                box,
                _points(seen).ravel(),
            ]
        )
        files = {
            "jpg": jpeg_bytes(image, self.jpeg_quality),
            "numbers": numbers.astype("<f4").tobytes(),
            "row": np.array([sample.row], "<i8").tobytes(),
        }
        return Done(sample.row, Packed(files, {"identity": sample.identity}))

    def _box(self, sample: SourceSample, seen: SeenSample) -> Array | None:
        if self.roi == RoiKind.FACE:
            return seen.face_box_px
        if self.roi == RoiKind.HEAD:
            return seen.scaled(seen.labels.head_box_px)
        if self.roi == RoiKind.SKIN:
            box = _skin_box(np.asarray(sample.mask()))
            return None if box is None else seen.scaled(box)
        if "visible_face_box_px" not in sample.record:
            raise DatasetError(
                f"{sample.image_path}: its record lacks 'visible_face_box_px'; "
                "--roi skin does without"
            )
        box = seen.labels.visible_face_box_px
        return None if box is None else seen.scaled(box)

    def files(self, number: int, packed: Packed) -> Iterable[tuple[str, bytes]]:
        """The blobs of one entry."""
        return packed.files.items()

    def closing_files(self, notes: Notes, dataset: Dataset) -> Iterator[tuple[str, Content]]:
        """``sequence_starts``, where some face has several samples in a row."""
        starts, last, count = [], None, 0
        for note in notes:
            if note["identity"] != last:
                starts.append(count)
            last, count = note["identity"], count + 1
        if len(starts) < count:
            yield "sequence_starts", json.dumps([*starts, count]).encode()

    def readme(self, summary: Summary) -> str:
        """Stored in the file, under ``about``."""
        return _README.format(
            written=summary.written, pose=_POSE_WORDS[self.pose], roi=_ROI_WORDS[self.roi]
        )


def _skin_box(mask: NDArray[np.uint8]) -> Array | None:
    """(4,) pixels of the source; none where nothing is seen."""
    lines, columns = np.nonzero(np.isin(mask, _FACE))
    if not len(lines):
        return None
    return np.array([columns.min(), lines.min(), columns.max() + 1, lines.max() + 1], np.float64)


def _coords(seen: SeenSample) -> Array:
    """(3,) pixels: the point between the eyes, and the radius of the head there."""
    labels = seen.labels
    eyes = seen.scaled(project(labels.camera_from_head[:3, 3], labels.intrinsics))
    return np.array([*eyes, seen.pose.scale_px_per_um * 1e6 * _HEAD_RADIUS_M])


def _points(seen: SeenSample) -> Array:
    """(68, 3) pixels; z away from the viewer, zero between the eye corners."""
    depth = -seen.pose.view(seen.labels.landmarks_head_m[:IBUG])[:, 2]
    depth -= depth[list(_EYE_CORNERS)].mean()
    return np.column_stack([seen.landmarks_px[:IBUG], depth])
