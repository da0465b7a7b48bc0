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

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from converters.export import Packed, Summary
from converters.filters import Filters, full_turn_yaw_deg
from converters.matfile import mat_bytes, read_mat
from converters.picture import jpeg_bytes, resized, scaled_px
from converters.pipeline import Done, Filtered
from converters.pose_para import PosePara, fit_pose
from converters.source import Labels, SourceSample
from spec_schema.errors import DatasetError
from spec_schema.frames import project

__all__ = [
    "IMAGE_SIZE_PX",
    "OPENTRACK_SUBSETS",
    "Fit",
    "Format300wLp",
    "MatSample",
    "read_mat_sample",
]

IMAGE_SIZE_PX: Final = 450
OPENTRACK_SUBSETS: Final = ("AFW", "HELEN", "IBUG", "LFPW")
"""The only folder names in which opentrack's converter looks."""

_LANDMARKS: Final = 68
_ROOT: Final = "300W_LP"
# Parameters of the Basel Face Model, which we neither have nor ship: zeros of the right shape.
_BASEL_SHAPES: Final[Mapping[str, tuple[int, int]]] = {
    "Shape_Para": (199, 1),
    "Exp_Para": (29, 1),
    "Tex_Para": (199, 1),
    "Illum_Para": (1, 10),
    "Color_Para": (1, 7),
}
# Hopenet and 6DRepNet list only files within it, since their bins end there.
_LISTED_ANGLE_DEG: Final = 99.0

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
class Fit:
    """How the weak-perspective pose of one exported sample relates to its labels."""

    stem: str
    row: int
    index: int
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    label_yaw_deg: float
    label_pitch_deg: float
    label_roll_deg: float
    angle_to_label_deg: float
    scale_px_per_um: float
    rms_px: float
    worst_px: float
    landmark_rms_px: float

    def cells(self) -> list[str]:
        """One row of ``fits.csv``."""
        return [v if isinstance(v, str) else f"{v:.9g}" for v in vars(self).values()]


@dataclass(frozen=True)
class MatSample:
    """A ``.mat`` of this format, back in our terms: the inverse of the conversion."""

    pose: PosePara
    landmarks_px: NDArray[np.float64]
    """(68, 2) edge-origin pixels, from ``pt2d``."""
    landmarks_head_m: NDArray[np.float64]
    """(68, 3) head frame, from ``pt3d_68``; off by the residual of the fit."""


def read_mat_sample(data: bytes, where: str, size_px: int = IMAGE_SIZE_PX) -> MatSample:
    """Read a ``.mat`` that :class:`Format300wLp` wrote.

    Raises:
        DatasetError: no readable ``.mat``, or a key is missing; ``where`` names it.
    """
    mat = read_mat(data, where)
    for key in ("Pose_Para", "pt2d", "pt3d_68"):
        if key not in mat:
            raise DatasetError(f"{where}: has no {key!r}; it holds {', '.join(sorted(mat))}")
    pose = PosePara.from_vector(mat["Pose_Para"], size_px)
    x, y, z = np.asarray(mat["pt3d_68"], np.float64)
    view = np.stack([x, size_px + 1 - y, z], axis=1)
    return MatSample(pose, np.asarray(mat["pt2d"], np.float64).T - 0.5, pose.head_m(view))


def _angle_deg(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Angle between two rotations; by the chord, which keeps its precision near zero."""
    chord = float(np.linalg.norm(a - b)) / (2 * np.sqrt(2.0))
    return float(np.degrees(2 * np.arcsin(min(chord, 1.0))))


def _export_px(labels: Labels, points_camera_m: NDArray[np.float64]) -> NDArray[np.float64]:
    return scaled_px(project(points_camera_m, labels.intrinsics), labels.size_px, IMAGE_SIZE_PX)


@dataclass(frozen=True)
class Format300wLp:
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

    def convert(self, sample: SourceSample) -> Done[Packed[Fit]] | Filtered:
        """Fit the pose as seen, and pack image and labels."""
        labels = sample.labels
        face = sample.face_vertices
        label_rotation = labels.camera_from_head[:3, :3]
        pose, fit = fit_pose(
            labels.vertices_head_m[face],
            _export_px(labels, labels.vertices_camera_m[face]),
            label_rotation,
            IMAGE_SIZE_PX,
        )
        image = resized(sample.image(), IMAGE_SIZE_PX)
        box = scaled_px(labels.face_box_px, labels.size_px, IMAGE_SIZE_PX)
        why = self.filters.reason(image, box, full_turn_yaw_deg(pose.camera_from_head))
        if why is not None:
            return Filtered(sample.row, why)
        points = scaled_px(labels.landmarks_px[:_LANDMARKS], labels.size_px, IMAGE_SIZE_PX)
        miss = pose.project(labels.landmarks_head_m[:_LANDMARKS]) - points
        yaw, pitch, roll = (float(a) for a in pose.angles_deg)
        label_yaw, label_pitch, label_roll = (float(a) for a in labels.angles_deg)
        points_mat = {"pts_2d": (points + 0.5).astype(np.float32)}
        points_mat["pts_3d"] = points_mat["pts_2d"]
        packed = Packed(
            {
                "jpg": jpeg_bytes(image, self.jpeg_quality),
                "mat": self._mat(labels, pose, points, box),
                "pts": mat_bytes(points_mat),
            },
            Fit(
                stem=f"{self.subset}/{self._name(sample.row)}",
                row=sample.row,
                index=sample.index,
                yaw_deg=yaw,
                pitch_deg=pitch,
                roll_deg=roll,
                label_yaw_deg=label_yaw,
                label_pitch_deg=label_pitch,
                label_roll_deg=label_roll,
                angle_to_label_deg=_angle_deg(pose.camera_from_head, label_rotation),
                scale_px_per_um=pose.scale_px_per_um,
                rms_px=fit.rms,
                worst_px=fit.worst,
                landmark_rms_px=float(np.sqrt((miss**2).sum(axis=1).mean())),
            ),
        )
        return Done(sample.row, packed)

    @staticmethod
    def _name(row: int) -> str:
        # opentrack wants letters, digits and underscores, then the number of the variation.
        return f"RF_{row:08d}_0"

    @staticmethod
    def _mat(
        labels: Labels,
        pose: PosePara,
        points_px: NDArray[np.float64],
        box_px: NDArray[np.float64],
    ) -> bytes:
        image_xy = (points_px + 0.5).T
        depth = pose.view(labels.landmarks_head_m[:_LANDMARKS])[:, 2]
        limits = np.iinfo(np.int16)
        roi = np.clip(np.rint(box_px + 0.5), limits.min, limits.max).astype(np.int16)
        return mat_bytes(
            {
                "pt2d": image_xy.astype(np.float32),
                "pt3d_68": np.vstack([image_xy, depth]).astype(np.float32),
                "roi": roi[None],
                "Pose_Para": pose.vector(),
                **{k: np.zeros(shape, np.float32) for k, shape in _BASEL_SHAPES.items()},
            }
        )

    def files(self, number: int, packed: Packed[Fit]) -> Iterator[tuple[str, bytes]]:
        """Names and bytes of one sample; named by its row, whatever was left out before."""
        stem = packed.note.stem
        yield f"{_ROOT}/{stem}.jpg", packed.files["jpg"]
        yield f"{_ROOT}/{stem}.mat", packed.files["mat"]
        yield f"{_ROOT}/landmarks/{stem}_pts.mat", packed.files["pts"]

    def closing_files(self, notes: Sequence[Fit]) -> Iterable[tuple[str, bytes]]:
        """``files.txt`` and ``fits.csv``."""
        listed = [
            f.stem
            for f in notes
            if max(abs(f.yaw_deg), abs(f.pitch_deg), abs(f.roll_deg)) <= _LISTED_ANGLE_DEG
        ]
        yield f"{_ROOT}/files.txt", "".join(f"{stem}\n" for stem in listed).encode()
        table = io.StringIO()
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(Fit.__dataclass_fields__)
        writer.writerows(f.cells() for f in notes)
        yield f"{_ROOT}/fits.csv", table.getvalue().encode()

    def readme(self, summary: Summary) -> str:
        """README.md of the export."""
        return _README.format(written=summary.written, subset=self.subset, root=_ROOT)
