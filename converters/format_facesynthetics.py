"""FaceSynthetics: image, class mask and landmark text a sample, numbered from 0 without gaps.

::

    000000.png            512 × 512
    000000_seg.png        one class id a pixel
    000000_ldmks.txt      70 rows ``x y``: iBUG 68, then the subject's right and left pupil
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from converters.bodies import Content, ZipOrFolder
from converters.export import Packed, Summary
from converters.filters import Filters, full_turn_yaw_deg
from converters.picture import png_bytes, resized, resized_mask, scaled_px
from converters.pipeline import Done, Filtered
from converters.source import SourceSample
from converters.work import Notes
from spec_schema.dataset import Dataset
from spec_schema.errors import DatasetError

__all__ = ["IMAGE_SIZE_PX", "FormatFaceSynthetics", "read_landmarks"]

IMAGE_SIZE_PX: Final = 512
_LANDMARKS: Final = 70

_README: Final = """# FaceSynthetics files made by Replicantface

{written} synthetic faces in the layout of FaceSynthetics, numbered from 000000 without gaps;
`rows.txt` has the manifest row of each number. No image of FaceSynthetics is in here.

- `NNNNNN.png`: {size} × {size}.
- `NNNNNN_seg.png`: class ids 0-18 of FaceSynthetics; left and right are the subject's.
- `NNNNNN_ldmks.txt`: 70 rows `x y` in pixels with (0, 0) at the outer corner of the first pixel:
  iBUG 68, then the subject's right and left pupil; points of the 3D head, hidden or not.

Licences: `SOURCE_README.md` and the `source` entry of `export.json`, as the renderer wrote them,
say from which assets the images were made and under which licences.
"""


def read_landmarks(data: bytes, where: str) -> NDArray[np.float64]:
    """(70, 2) edge-origin pixels from a ``_ldmks.txt``: the inverse of the conversion.

    Raises:
        DatasetError: not 70 rows of two numbers; ``where`` names it.
    """
    try:
        points = np.loadtxt(io.BytesIO(data), np.float64, ndmin=2)
    except ValueError as e:
        raise DatasetError(f"{where}: not a table of numbers ({e})") from e
    if points.shape != (_LANDMARKS, 2):
        raise DatasetError(f"{where}: {points.shape}, and must be {_LANDMARKS} rows of x y")
    return np.asarray(points)


@dataclass(frozen=True)
class FormatFaceSynthetics(ZipOrFolder):
    """The format with its options; see :class:`converters.export.Format`."""

    filters: Filters = field(default_factory=Filters)

    @property
    def name(self) -> str:
        """As on the command line."""
        return "facesynthetics"

    def settings(self) -> Mapping[str, Any]:
        """Options that shaped the export, for its record."""
        return {"filters": vars(self.filters)}

    def convert(self, sample: SourceSample) -> Done[Packed] | Filtered:
        """Scale image, mask and landmarks."""
        labels = sample.labels
        image = resized(sample.image(), IMAGE_SIZE_PX)
        box = scaled_px(labels.face_box_px, labels.size_px, IMAGE_SIZE_PX)
        yaw_deg = full_turn_yaw_deg(labels.camera_from_head[:3, :3])
        why = self.filters.reason(image, box, yaw_deg)
        if why is not None:
            return Filtered(sample.row, why)
        mask = sample.mask()
        points = scaled_px(labels.landmarks_px, labels.size_px, IMAGE_SIZE_PX)
        text = "".join(f"{x:.6f} {y:.6f}\n" for x, y in points)
        files = {
            ".png": png_bytes(image),
            "_seg.png": png_bytes(resized_mask(mask, IMAGE_SIZE_PX)),
            "_ldmks.txt": text.encode(),
        }
        return Done(sample.row, Packed(files, sample.row))

    def files(self, number: int, packed: Packed) -> Iterator[tuple[str, bytes]]:
        """Names and bytes of the ``number``-th sample; readers count up until one is missing."""
        for suffix, data in packed.files.items():
            yield f"{number:06d}{suffix}", data

    def closing_files(self, notes: Notes, dataset: Dataset) -> Iterator[tuple[str, Content]]:
        """``rows.txt``: the manifest row of each number."""
        yield "rows.txt", (f"{row}\n".encode() for row in notes)

    def readme(self, summary: Summary) -> str:
        """README.md of the export."""
        return _README.format(written=summary.written, size=IMAGE_SIZE_PX)
