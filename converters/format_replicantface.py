"""The raw labels of the original Replicantface, as opentrack's ``dsprocess_replicantface.py``
reads them.

::

    face_00007.npz              modelview, projection, vertices, resolution
    face_00007_img.jpg
    face_00007_mask.png         three channels, a colour a part
    head_indices.npz, face_indices.npz, landmark_indices.npz    key ``indices``

The matrices are OpenGL's. Vertices are in the frame of the original's head bone: axes of our head
frame, origin so that the point between the eyes is where that reader looks for it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files as package_files
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from converters.bodies import Content, ZipOrFolder
from converters.export import Packed, Summary
from converters.filters import Filters, full_turn_yaw_deg
from converters.npzfile import npz_bytes, read_npz
from converters.picture import jpeg_bytes, png_bytes, resized, resized_mask, scaled_px
from converters.pipeline import Done, Filtered
from converters.source import Labels, SourceSample, Topology
from converters.work import Notes
from spec_schema.classes import SegmentationClass
from spec_schema.dataset import Dataset
from spec_schema.errors import DatasetError

__all__ = ["BONE_TO_EYES_M", "FormatReplicantface", "RawSample", "read_raw_sample"]

Array = NDArray[np.float64]

# Where the reader looks for the point between the eyes, in the frame of the head bone
# (``headbone_to_eye_center``, there with y and z turned round).
BONE_TO_EYES_M: Final[Array] = np.array([0.0, 0.064, 0.086])
# OpenGL's camera looks along -z with y up, OpenCV's along z with y down.
_GL_FROM_CV: Final[Array] = np.diag([1.0, -1.0, -1.0, 1.0])
_NEAR_M, _FAR_M = 0.1, 100.0
_LANDMARKS: Final = 68

_README: Final = """# Raw Replicantface files made by Replicantface

{written} synthetic faces in the layout of the raw data of the original Replicantface.

- `face_NNNNN.npz`: `modelview` (4, 4) head bone to OpenGL camera; `projection` (4, 4), OpenGL's;
  `vertices` (V, 3) float16 in the frame of the head bone, metres, x to the subject's left, y up,
  z out of the face, the point between the eyes at (0, 0.064, 0.086); `resolution`, pixels.
- `face_NNNNN_img.jpg`; `face_NNNNN_mask.png`, RGB, a colour a part, not blended at borders.
- `head_indices.npz`, `face_indices.npz`, `landmark_indices.npz`: key `indices`. The last {points}
  vertices are the landmarks of the 68-point scheme.
{names}
Licences: `SOURCE_README.md` and the `source` entry of `export.json`, as the renderer wrote them,
say from which assets the images were made and under which licences.
"""


@cache
def _mask_colours() -> NDArray[np.uint8]:
    """(256, 3) colour by class id."""
    text = package_files("converters").joinpath("data/replicantface.toml").read_text()
    data = tomllib.loads(text)
    table = np.zeros((256, 3), np.uint8)
    for part, names in data["classes"].items():
        for name in names:
            table[SegmentationClass[name.upper()]] = data["colours"][part]
    return table


def _bone_from_head() -> Array:
    shift = np.eye(4)
    shift[:3, 3] = BONE_TO_EYES_M
    return shift


def _projection(intrinsics: Array, size_px: int) -> Array:
    """OpenGL's matrix of a pinhole camera, to clip space with x right and y up."""
    out = np.zeros((4, 4))
    out[0, 0], out[1, 1] = 2 * intrinsics[0, 0] / size_px, 2 * intrinsics[1, 1] / size_px
    out[0, 2] = 1 - 2 * intrinsics[0, 2] / size_px
    out[1, 2] = 2 * intrinsics[1, 2] / size_px - 1
    depth = _FAR_M - _NEAR_M
    out[2, 2], out[2, 3] = -(_FAR_M + _NEAR_M) / depth, -2 * _FAR_M * _NEAR_M / depth
    out[3, 2] = -1
    return out


def _raw(labels: Labels) -> dict[str, NDArray[Any]]:
    bone_from_head = _bone_from_head()
    modelview = _GL_FROM_CV @ labels.camera_from_head @ np.linalg.inv(bone_from_head)
    points = np.concatenate([labels.vertices_head_m, labels.landmarks_head_m[:_LANDMARKS]])
    return {
        "modelview": modelview.astype(np.float32),
        "projection": _projection(labels.intrinsics, labels.size_px).astype(np.float32),
        "vertices": (points + BONE_TO_EYES_M).astype(np.float16),
    }


@dataclass(frozen=True)
class RawSample:
    """One ``face_*.npz`` back in our terms: the inverse of the conversion."""

    camera_from_head: Array
    """(4, 4)"""
    intrinsics: Array
    """(3, 3) pixels of an image of ``size_px``."""
    size_px: int
    vertices_head_m: Array
    """(V, 3) to half precision"""
    landmarks_px: Array
    """(68, 2) edge-origin pixels"""
    box_px: Array
    """(4,) of these landmarks"""


def read_raw_sample(data: bytes, landmark_rows: NDArray[np.int64], where: str) -> RawSample:
    """Read a ``face_*.npz`` that :class:`FormatReplicantface` wrote.

    Args:
        data: its bytes. where: its name, for messages.
        landmark_rows: ``indices`` of ``landmark_indices.npz``.

    Raises:
        DatasetError: not one.
    """
    raw = read_npz(data, where)
    missing = {"modelview", "projection", "vertices", "resolution"} - raw.keys()
    if missing:
        raise DatasetError(f"{where}: has no {', '.join(sorted(missing))}")
    size_px = int(raw["resolution"])
    projection = raw["projection"].astype(np.float64)
    modelview = raw["modelview"].astype(np.float64)
    half = size_px / 2
    intrinsics = np.array(
        [
            [projection[0, 0] * half, 0.0, (1 - projection[0, 2]) * half],
            [0.0, projection[1, 1] * half, (1 + projection[1, 2]) * half],
            [0.0, 0.0, 1.0],
        ]
    )
    bone = raw["vertices"].astype(np.float64)
    clip = (np.c_[bone, np.ones(len(bone))] @ (projection @ modelview).T)[landmark_rows]
    screen = clip[:, :2] / clip[:, 3:]
    points = (1 + screen * [1, -1]) * half
    return RawSample(
        _GL_FROM_CV @ modelview @ _bone_from_head(),
        intrinsics,
        size_px,
        bone - BONE_TO_EYES_M,
        points,
        np.concatenate([points.min(axis=0), points.max(axis=0)]),
    )


@dataclass(frozen=True)
class FormatReplicantface(ZipOrFolder):
    """The format with its options; see :class:`converters.export.Format`."""

    image_size_px: int | None = None
    """As rendered where there is none."""
    variations: bool = False
    """Name files by face and variation, ``face_<num>_<postfix>``."""
    jpeg_quality: int = 95
    filters: Filters = field(default_factory=Filters)

    @property
    def name(self) -> str:
        """As on the command line."""
        return "replicantface"

    def settings(self) -> Mapping[str, Any]:
        """Options that shaped the export, for its record."""
        return {
            "image_size_px": self.image_size_px,
            "variations": self.variations,
            "jpeg_quality": self.jpeg_quality,
            "filters": vars(self.filters),
        }

    def convert(self, sample: SourceSample) -> Done[Packed] | Filtered:
        """Matrices and vertices, with the picture and the coloured mask."""
        labels = sample.labels
        size_px = self.image_size_px or labels.size_px
        image = resized(sample.image(), size_px)
        box = scaled_px(labels.face_box_px, labels.size_px, size_px)
        why = self.filters.reason(image, box, full_turn_yaw_deg(labels.camera_from_head[:3, :3]))
        if why is not None:
            return Filtered(sample.row, why)
        mask = _mask_colours()[np.asarray(resized_mask(sample.mask(), size_px))]
        raw = {**_raw(labels), "resolution": np.asarray(size_px, np.int64)}
        if not np.isfinite(raw["vertices"]).all():
            raise DatasetError(f"{sample.image_path}: vertices beyond the range of float16")
        files = {
            ".npz": npz_bytes(raw),
            "_img.jpg": jpeg_bytes(image, self.jpeg_quality),
            "_mask.png": png_bytes(Image.fromarray(mask)),
        }
        stem = f"face_{sample.row:05d}"
        if self.variations:
            stem = f"face_{sample.identity:05d}_{sample.variation:05d}"
        note = {"stem": stem, "row": sample.row, "vertices": len(labels.vertices_head_m)}
        return Done(sample.row, Packed(files, note))

    def files(self, number: int, packed: Packed) -> Iterator[tuple[str, bytes]]:
        """Names and bytes of one sample."""
        for suffix, data in packed.files.items():
            yield packed.note["stem"] + suffix, data

    def closing_files(self, notes: Notes, dataset: Dataset) -> Iterator[tuple[str, Content]]:
        """The index files, and the manifest row of each name."""
        first = next(iter(notes))
        points = first["vertices"]
        indices = {
            "head_indices": np.arange(points + _LANDMARKS),
            "face_indices": Topology.load(dataset).face_vertices,
            "landmark_indices": np.arange(points, points + _LANDMARKS),
        }
        for name, rows in indices.items():
            yield f"{name}.npz", npz_bytes({"indices": rows.astype(np.int64)})
        yield "rows.txt", (f"{note['stem']} {note['row']}\n".encode() for note in notes)

    def readme(self, summary: Summary) -> str:
        """README.md of the export."""
        names = "- Names are `face_<face>_<variation>`.\n" if self.variations else ""
        return _README.format(written=summary.written, points=_LANDMARKS, names=names)
