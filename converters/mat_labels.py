"""The ``.mat`` labels that 300W-LP and AFLW2000-3D share, and the lists beside them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from converters.matfile import read_mat
from converters.pose_para import PosePara
from converters.seen_pose import IBUG, SeenSample
from spec_schema.errors import DatasetError

__all__ = [
    "IMAGE_SIZE_PX",
    "MatSample",
    "fits_csv",
    "listed_stems",
    "mat_arrays",
    "one_based",
    "read_mat_sample",
]

IMAGE_SIZE_PX: Final = 450

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


def one_based(points_px: NDArray[np.float64]) -> NDArray[np.float32]:
    """(2, N) 1-based pixels from the top left, from edge-origin pixels ``(N, 2)``."""
    return (points_px + 0.5).T.astype(np.float32)


def mat_arrays(seen: SeenSample, pt2d: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    """All keys of a real file; ``pt2d`` is what the two datasets have in different schemes."""
    image_xy = (seen.landmarks_px[:IBUG] + 0.5).T
    depth = seen.pose.view(seen.labels.landmarks_head_m[:IBUG])[:, 2]
    limits = np.iinfo(np.int16)
    roi = np.clip(np.rint(seen.face_box_px + 0.5), limits.min, limits.max).astype(np.int16)
    return {
        "pt2d": pt2d,
        "pt3d_68": np.vstack([image_xy, depth]).astype(np.float32),
        "roi": roi[None],
        "Pose_Para": seen.pose.vector(),
        **{k: np.zeros(shape, np.float32) for k, shape in _BASEL_SHAPES.items()},
    }


@dataclass(frozen=True)
class MatSample:
    """A ``.mat`` back in our terms: the inverse of the conversion."""

    pose: PosePara
    landmarks_px: NDArray[np.float64]
    """(68, 2) edge-origin pixels, from ``pt3d_68``."""
    landmarks_head_m: NDArray[np.float64]
    """(68, 3) head frame, from ``pt3d_68``; off by the residual of the fit."""
    box_px: NDArray[np.float64]
    """(4,) of these landmarks"""


def read_mat_sample(data: bytes, where: str, size_px: int = IMAGE_SIZE_PX) -> MatSample:
    """Read a ``.mat`` of either format.

    Raises:
        DatasetError: no readable ``.mat``, or a key is missing; ``where`` names it.
    """
    mat = read_mat(data, where)
    for key in ("Pose_Para", "pt3d_68"):
        if key not in mat:
            raise DatasetError(f"{where}: has no {key!r}; it holds {', '.join(sorted(mat))}")
    pose = PosePara.from_vector(mat["Pose_Para"], size_px)
    x, y, z = np.asarray(mat["pt3d_68"], np.float64)
    points = np.stack([x, y], axis=1) - 0.5
    return MatSample(
        pose,
        points,
        pose.head_m(np.stack([x, size_px + 1 - y, z], axis=1)),
        np.concatenate([points.min(axis=0), points.max(axis=0)]),
    )


def listed_stems(notes: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """``files.txt``: stems, one a line, of the angles that its readers take."""
    for note in notes:
        angles = (note["yaw_deg"], note["pitch_deg"], note["roll_deg"])
        if max(map(abs, angles)) <= _LISTED_ANGLE_DEG:
            yield f"{note['stem']}\n".encode()


def fits_csv(notes: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """``fits.csv``: how well weak perspective fits each head."""
    for i, note in enumerate(notes):
        row = io.StringIO()
        writer = csv.writer(row, lineterminator="\n")
        if i == 0:
            writer.writerow(note)
        writer.writerow(v if isinstance(v, str) else f"{v:.9g}" for v in note.values())
        yield row.getvalue().encode()
