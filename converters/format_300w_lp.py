"""300W-LP: 450 px JPEG and MATLAB labels, as 3DDFA, 6DRepNet, Hopenet, img2pose and opentrack
read them.

::

    300W_LP/<SUBSET>/<NAME>_0.jpg, .mat
    300W_LP/landmarks/<SUBSET>/<NAME>_0_pts.mat
    300W_LP/files.txt                           stems, one a line
    300W_LP/fits.csv                            how well weak perspective fits each head

What the keys hold, and what is ours in it, stands in docs/converters.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from converters.bodies import Content, ZipOrFolder
from converters.export import Packed, Summary
from converters.filters import Filters, full_turn_yaw_deg
from converters.mat_labels import IMAGE_SIZE_PX, fits_csv, listed_stems, mat_arrays, one_based
from converters.matfile import mat_bytes
from converters.picture import jpeg_bytes, resized
from converters.pipeline import Done, Filtered
from converters.seen_pose import IBUG, fit_note, see
from converters.source import SourceSample
from converters.work import Notes
from spec_schema.dataset import Dataset

__all__ = ["OPENTRACK_SUBSETS", "Format300wLp"]

OPENTRACK_SUBSETS: Final = ("AFW", "HELEN", "IBUG", "LFPW")
"""The only folder names in which opentrack's converter looks."""

_ROOT: Final = "300W_LP"

_README: Final = """# 300W-LP files made by Replicantface

{written} synthetic faces in the layout and conventions of 300W-LP. The folder name `{subset}` and
the file names follow that layout, so that its readers find them; no image of 300W-LP is in here.

- `{root}/{subset}/*.jpg`, 450 × 450; `*.mat` beside them; `landmarks/{subset}/*_pts.mat`.
- `Pose_Para` is the rotation *as seen*: the weak-perspective fit to the projected face. `fits.csv`
  has its residual in pixels, and the angle between it and the plain camera-from-head rotation.
- `pt2d`, `pt3d_68`, `pts_2d` and `pts_3d` are points of the 3D head, projected in perspective,
  hidden or not. Jaw points do not slide along the visible contour.
- `Shape_Para`, `Exp_Para`, `Tex_Para`, `Illum_Para` and `Color_Para` are zeros. They belong to the
  Basel Face Model, which Replicantface neither has nor ships. Do not train on them.
- `files.txt` lists the stems with |pitch|, |yaw| and |roll| up to 99 degrees.

Licences: `SOURCE_README.md` and the `source` entry of `export.json`, as the renderer wrote them,
say from which assets the images were made and under which licences.
"""


@dataclass(frozen=True)
class Format300wLp(ZipOrFolder):
    """The format with its options; see :class:`converters.export.Format`."""

    subset: str = OPENTRACK_SUBSETS[0]
    jpeg_quality: int = 95
    filters: Filters = field(default_factory=Filters)

    @property
    def name(self) -> str:
        """As on the command line."""
        return "300w-lp"

    def settings(self) -> Mapping[str, Any]:
        """Options that shaped the export, for its record."""
        return {
            "subset": self.subset,
            "jpeg_quality": self.jpeg_quality,
            "filters": vars(self.filters),
        }

    def convert(self, sample: SourceSample) -> Done[Packed] | Filtered:
        """Fit the pose as seen, and pack image and labels."""
        seen = see(sample, IMAGE_SIZE_PX)
        image = resized(sample.image(), IMAGE_SIZE_PX)
        yaw_deg = full_turn_yaw_deg(seen.pose.camera_from_head)
        why = self.filters.reason(image, seen.face_box_px, yaw_deg)
        if why is not None:
            return Filtered(sample.row, why)
        points = one_based(seen.landmarks_px[:IBUG])
        files = {
            "jpg": jpeg_bytes(image, self.jpeg_quality),
            "mat": mat_bytes(mat_arrays(seen, points)),
            "pts": mat_bytes({"pts_2d": np.ascontiguousarray(points.T), "pts_3d": points.T.copy()}),
        }
        # opentrack wants letters, digits and underscores, then the number of the variation.
        stem = f"{self.subset}/RF_{sample.row:08d}_0"
        return Done(sample.row, Packed(files, fit_note(stem, sample, seen)))

    def files(self, number: int, packed: Packed) -> Iterator[tuple[str, bytes]]:
        """Names and bytes of one sample; named by its row, whatever was left out before."""
        stem = packed.note["stem"]
        yield f"{_ROOT}/{stem}.jpg", packed.files["jpg"]
        yield f"{_ROOT}/{stem}.mat", packed.files["mat"]
        yield f"{_ROOT}/landmarks/{stem}_pts.mat", packed.files["pts"]

    def closing_files(self, notes: Notes, dataset: Dataset) -> Iterator[tuple[str, Content]]:
        """``files.txt`` and ``fits.csv``."""
        yield f"{_ROOT}/files.txt", listed_stems(notes)
        yield f"{_ROOT}/fits.csv", fits_csv(notes)

    def readme(self, summary: Summary) -> str:
        """README.md of the export."""
        return _README.format(written=summary.written, subset=self.subset, root=_ROOT)
