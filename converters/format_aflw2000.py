"""AFLW2000-3D: 450 px JPEG and MATLAB labels, the usual test set of head-pose networks.

::

    AFLW2000/image00007.jpg, .mat
    AFLW2000/files.txt              stems, one a line
    AFLW2000/fits.csv               how well weak perspective fits each head
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from converters.bodies import Content, ZipOrFolder
from converters.export import Packed, Summary
from converters.filters import Filters, full_turn_yaw_deg
from converters.mat_labels import IMAGE_SIZE_PX, fits_csv, listed_stems, mat_arrays, one_based
from converters.matfile import mat_bytes
from converters.picture import jpeg_bytes, resized
from converters.pipeline import Done, Filtered
from converters.seen_pose import SeenSample, fit_note, see
from converters.source import SourceSample
from converters.work import Notes
from spec_schema.dataset import Dataset

__all__ = ["AFLW_POINTS", "FormatAflw2000"]

_ROOT: Final = "AFLW2000"
_MISSING: Final = -1.0

AFLW_POINTS: Final[tuple[tuple[int, ...], ...]] = (
    (17,), (19,), (21,), (22,), (24,), (26,),
    (36,), (68,), (39,), (42,), (69,), (45,),
    (), (31,), (30,), (35,), (),
    (48,), (62, 66), (54,), (8,),
)  # fmt: skip
"""Our landmarks, whose mean is each of AFLW's 21 points, image-left first: brows, eyes with their
centres, an ear, nose, an ear, mouth with its centre, chin. Ears are no landmarks of ours."""

_README: Final = """# AFLW2000-3D files made by Replicantface

{written} synthetic faces in the layout and conventions of AFLW2000-3D, so that its readers find
them; no image of AFLW2000-3D is in here. The number in a name is the manifest row.

- `{root}/imageNNNNN.jpg`, 450 × 450; `.mat` beside them.
- `Pose_Para` is the rotation *as seen*: the weak-perspective fit to the projected face. `fits.csv`
  has its residual in pixels, and the angle between it and the plain camera-from-head rotation.
- `pt3d_68` are points of the 3D head, projected in perspective, hidden or not; y from the top,
  z toward the viewer with tz.
- `pt2d` holds the 21 points of AFLW that are seen; hidden ones are -1, and so are both ears.
- `Shape_Para`, `Exp_Para`, `Tex_Para`, `Illum_Para` and `Color_Para` are zeros. They belong to the
  Basel Face Model, which Replicantface neither has nor ships. Do not train on them.
- `files.txt` lists the stems with |pitch|, |yaw| and |roll| up to 99 degrees.

Licences: `SOURCE_README.md` and the `source` entry of `export.json`, as the renderer wrote them,
say from which assets the images were made and under which licences.
"""


def _pt2d(seen: SeenSample) -> NDArray[np.float32]:
    """(2, 21) points of AFLW in 1-based pixels; -1 where one is hidden or out of the frame."""
    visible = seen.labels.visible
    out = np.full((2, len(AFLW_POINTS)), _MISSING, np.float32)
    for i, rows in enumerate(AFLW_POINTS):
        if rows and visible[list(rows)].all():
            out[:, i] = one_based(seen.landmarks_px[list(rows)]).mean(axis=1)
    return out


@dataclass(frozen=True)
class FormatAflw2000(ZipOrFolder):
    """The format with its options; see :class:`converters.export.Format`."""

    jpeg_quality: int = 95
    filters: Filters = field(default_factory=Filters)

    @property
    def name(self) -> str:
        """As on the command line."""
        return "aflw2000"

    def settings(self) -> Mapping[str, Any]:
        """Options that shaped the export, for its record."""
        return {"jpeg_quality": self.jpeg_quality, "filters": vars(self.filters)}

    def convert(self, sample: SourceSample) -> Done[Packed] | Filtered:
        """Fit the pose as seen, and pack image and labels."""
        seen = see(sample, IMAGE_SIZE_PX)
        image = resized(sample.image(), IMAGE_SIZE_PX)
        yaw_deg = full_turn_yaw_deg(seen.pose.camera_from_head)
        why = self.filters.reason(image, seen.face_box_px, yaw_deg)
        if why is not None:
            return Filtered(sample.row, why)
        files = {
            "jpg": jpeg_bytes(image, self.jpeg_quality),
            "mat": mat_bytes(mat_arrays(seen, _pt2d(seen))),
        }
        return Done(sample.row, Packed(files, fit_note(f"image{sample.row:05d}", sample, seen)))

    def files(self, number: int, packed: Packed) -> Iterator[tuple[str, bytes]]:
        """Names and bytes of one sample; named by its row, whatever was left out before."""
        for suffix, data in packed.files.items():
            yield f"{_ROOT}/{packed.note['stem']}.{suffix}", data

    def closing_files(self, notes: Notes, dataset: Dataset) -> Iterator[tuple[str, Content]]:
        """``files.txt`` and ``fits.csv``."""
        yield f"{_ROOT}/files.txt", listed_stems(notes)
        yield f"{_ROOT}/fits.csv", fits_csv(notes)

    def readme(self, summary: Summary) -> str:
        """README.md of the export."""
        return _README.format(written=summary.written, root=_ROOT)
