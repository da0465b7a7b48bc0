"""Labels that need the pixels: what covers a landmark, and the box of the face that is seen."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from spec_schema.classes import SegmentationClass as C

__all__ = ["COVERING", "REMOVABLE", "STRANDS", "add_pixel_labels", "covered_by", "visible_face_box"]

COVERING: Final = (C.HAIR, C.BEARD, C.CLOTHING, C.GLASSES, C.HEADWEAR, C.FACEWEAR)
"""Classes that can hide a point of the head."""

REMOVABLE: Final = (C.HAIR, C.BEARD, C.GLASSES, C.HEADWEAR, C.FACEWEAR)
"""Classes that ``--layers`` looks beneath."""

STRANDS: Final = (C.RIGHT_BROW, C.LEFT_BROW, C.HAIR, C.BEARD)
"""Classes that are made of strands. Lashes are too, but count as skin."""

_FACE: Final = (
    C.SKIN, C.NOSE, C.RIGHT_EYE, C.LEFT_EYE, C.RIGHT_BROW, C.LEFT_BROW,
    C.MOUTH_INTERIOR, C.TOP_LIP, C.BOTTOM_LIP,
)  # fmt: skip

_IN_FRONT_M: Final = 0.002
"""How much farther than a point something may seem to be and still cover it: a pixel is as wide
as this on a small head, and a strand that grows at the point has its depth."""


def covered_by(
    image_px: NDArray[np.float64],
    depth_m: NDArray[np.float64],
    mask: NDArray[np.uint8],
    cover_m: NDArray[np.float32],
) -> NDArray[np.uint8]:
    """Class of what covers each point, 0 where nothing does or the point is out of the frame.

    The pixel that the point falls in is looked up: it must show a class of :data:`COVERING`,
    and that must not lie behind the point.

    Args:
        image_px: (N, 2). depth_m: (N,) of the points along the optical axis.
        mask: (H, W) class of each pixel.
        cover_m: (H, W) mean depth of what covers, +inf where nothing does.
    """
    rows, columns, inside = _pixels_of(image_px, mask.shape)
    seen = mask[rows, columns]
    near = cover_m[rows, columns] < depth_m + _IN_FRONT_M
    covers = inside & np.isin(seen, COVERING) & near & (depth_m > 0)
    return np.where(covers, seen, 0).astype(np.uint8)


def _pixels_of(
    image_px: NDArray[np.float64], shape: tuple[int, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Row and column of the pixel that each point falls in, and whether it is in the frame."""
    height, width = shape
    x, y = np.nan_to_num(image_px, nan=-1.0).T
    inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    column = np.where(inside, x, 0).astype(np.int64)
    return np.where(inside, y, 0).astype(np.int64), column, inside


def visible_face_box(
    mask: NDArray[np.uint8], face_box_px: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Box (4,) x0, y0, x1, y1 of the pixels that show the face, None where none does.

    These are the pixels of skin, nose, eyes, brows, mouth and lips whose centres lie in the box
    of the 68 landmarks; what hair, beard, glasses, headwear or clothing cover is not seen.
    """
    x0, y0, x1, y1 = face_box_px
    rows, columns = (np.arange(n) + 0.5 for n in mask.shape)
    face = np.isin(mask, _FACE)
    face &= ((rows >= y0) & (rows <= y1))[:, None] & ((columns >= x0) & (columns <= x1))
    if not face.any():
        return None
    in_row, in_column = np.flatnonzero(face.any(1)), np.flatnonzero(face.any(0))
    return np.array([in_column[0], in_row[0], in_column[-1] + 1, in_row[-1] + 1], np.float64)


def add_pixel_labels(
    labels: dict[str, Any], mask: NDArray[np.uint8], cover_m: NDArray[np.float32]
) -> dict[str, Any]:
    """The label record with ``covered_by`` and ``visible_face_box_px`` added."""
    out = dict(labels)
    for key in ("landmarks", "dense_landmarks"):
        points = labels[key]
        depth = np.asarray(points["camera_m"], np.float64)[:, 2]
        image = np.asarray(points["image_px"], np.float64)
        out[key] = {**points, "covered_by": covered_by(image, depth, mask, cover_m)}
    out["visible_face_box_px"] = visible_face_box(mask, labels["face_box_px"])
    return out
