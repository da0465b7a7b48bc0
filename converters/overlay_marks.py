"""Labels drawn on one image: pose axes, boxes, gaze rays and landmarks, antialiased."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from converters.overlay_style import Colour, OverlayStyle
from converters.picture import resized, scaled_px
from converters.source import Labels
from spec_schema.classes import SegmentationClass
from spec_schema.frames import project

__all__ = ["DensePoints", "landmark_colours", "with_landmarks", "with_pose"]

Array = NDArray[np.float64]

_SUPERSAMPLING: Final = 4
# Widths were chosen on tiles of this size and grow with the tile.
_DESIGN_SIZE_PX: Final = 320
_EDGE_ALPHA: Final = 150
# Small faces get finer marks, or these would hide them.
_BOLDNESS: Final = (0.55, 1.1)
_ARROW_HEAD: Final = 0.16
_NEAR_M: Final = 1e-3
_BORDER: Final = 0.012


class DensePoints:
    """The dense landmarks of one sample, as the record has them."""

    def __init__(self, image_px: Array, in_frame: Array, self_occluded: Array) -> None:
        self.image_px = np.asarray(image_px, np.float64)
        self.in_frame = np.asarray(in_frame, bool)
        self.self_occluded = np.asarray(self_occluded, bool)


class _Pen:
    """Lines and dots with a dark edge, in tile pixels, on a supersampled transparent layer."""

    def __init__(self, labels: Labels, size_px: int) -> None:
        _, y0, _, y1 = scaled_px(labels.face_box_px, labels.size_px, size_px)
        boldness = float(np.clip(2.2 * (y1 - y0) / size_px, *_BOLDNESS))
        self._unit = _SUPERSAMPLING * boldness * size_px / _DESIGN_SIZE_PX
        side = size_px * _SUPERSAMPLING
        self._layer = Image.new("RGBA", (side, side))
        self._draw = ImageDraw.Draw(self._layer)
        self._size_px = size_px

    def _xy(self, points_px: Array) -> list[tuple[float, float]]:
        # Pillow's drawing coordinates name pixel centres by whole numbers; ours name edges.
        return [(float(x) - 0.5, float(y) - 0.5) for x, y in points_px * _SUPERSAMPLING]

    def line(
        self,
        points_px: Array,
        colour: Colour,
        width: float,
        closed: bool = False,
        alpha: int = 255,
    ) -> None:
        xy = self._xy(points_px)
        if closed:
            xy = [*xy, *xy[:2]]
        edge = min(1.2, width)
        for extra, paint in ((edge, (0, 0, 0, _EDGE_ALPHA)), (0.0, (*colour, alpha))):
            stroke = max(1, round((width + extra) * self._unit))
            self._draw.line(xy, paint, stroke, joint="curve")

    def dot(self, point_px: Array, colour: Colour, radius: float) -> None:
        ((x, y),) = self._xy(point_px[None])
        for extra, paint in ((0.6, (0, 0, 0, _EDGE_ALPHA)), (0.0, (*colour, 255))):
            r = (radius + extra) * self._unit
            self._draw.ellipse((x - r, y - r, x + r, y + r), paint)

    def arrow(self, start_px: Array, end_px: Array, colour: Colour, width: float) -> None:
        self.line(np.stack([start_px, end_px]), colour, width)
        along = end_px - start_px
        side = np.array([-along[1], along[0]])
        barbs = end_px - _ARROW_HEAD * (along + np.outer([-0.6, 0.6], side))
        self.line(np.stack([barbs[0], end_px, barbs[1]]), colour, width)

    def over(self, image: Image.Image) -> Image.Image:
        layer = self._layer.resize((self._size_px, self._size_px), Image.Resampling.BOX)
        return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def _ray(
    pen: _Pen, labels: Labels, size_px: int, ends_m: Sequence[Array], colour: Colour, width: float
) -> None:
    """An arrow between two camera-frame points, unless one is behind the camera."""
    points = np.stack(ends_m)
    if points[:, 2].min() > _NEAR_M:
        start, end = scaled_px(project(points, labels.intrinsics), labels.size_px, size_px)
        pen.arrow(start, end, colour, width)


def _seen_at(labels: Labels, point_camera_m: Array, size_px: int) -> Array:
    return scaled_px(project(point_camera_m, labels.intrinsics), labels.size_px, size_px)


def _box(pen: _Pen, labels: Labels, size_px: int, box_px: Array | None, colour: Colour) -> None:
    if box_px is None:
        return
    x0, y0, x1, y1 = scaled_px(box_px, labels.size_px, size_px)
    corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    pen.line(corners, colour, 1.1, closed=True)


def with_pose(image: Image.Image, labels: Labels, style: OverlayStyle, size_px: int) -> Image.Image:
    """The picture at ``size_px`` with head axes, boxes and gaze rays."""
    pen = _Pen(labels, size_px)
    _box(pen, labels, size_px, labels.head_box_px, style.boxes.head)
    _box(pen, labels, size_px, labels.face_box_px, style.boxes.face)
    _box(pen, labels, size_px, labels.visible_face_box_px, style.boxes.visible_face)
    for eye in labels.gaze.values():
        end = eye.origin_camera_m + style.gaze_length_m * eye.direction_camera
        # A look into the camera has no length in the picture.
        pen.dot(_seen_at(labels, eye.origin_camera_m, size_px), style.gaze, 1.6)
        _ray(pen, labels, size_px, [eye.origin_camera_m, end], style.gaze, 1.3)
    origin = labels.camera_from_head[:3, 3]
    tips = origin + style.axis_length_m * labels.camera_from_head[:3, :3].T
    for axis in np.argsort(-tips[:, 2]):
        _ray(pen, labels, size_px, [origin, tips[axis]], style.axis_colours[axis], 2.0)
    return pen.over(resized(image, size_px))


def landmark_colours(labels: Labels, style: OverlayStyle) -> list[Colour]:
    """Of the 70, by what hides each: the frame, then the head itself, then what it wears."""
    kinds = style.visibility
    covered = ~np.isin(labels.covered_by, (0, SegmentationClass.GLASSES))
    out = []
    for inside, behind, under in zip(labels.in_frame, labels.self_occluded, covered, strict=True):
        if not inside:
            out.append(kinds.out_of_frame)
        elif behind:
            out.append(kinds.self_occluded)
        else:
            out.append(kinds.covered if under else kinds.visible)
    return out


def with_landmarks(
    image: Image.Image,
    labels: Labels,
    style: OverlayStyle,
    size_px: int,
    dense: DensePoints | None = None,
) -> Image.Image:
    """The dimmed picture at ``size_px`` with landmarks; those outside sit on the border.

    With ``dense``, these are drawn instead of the 70.
    """
    pen = _Pen(labels, size_px)
    dimmed = resized(image, size_px).point(lambda v: v * style.dimming)
    kinds = style.visibility
    if dense is not None:
        points = scaled_px(dense.image_px, labels.size_px, size_px)
        for behind in (True, False):
            colour = kinds.self_occluded if behind else kinds.visible
            for i in np.flatnonzero(dense.in_frame & (dense.self_occluded == behind)):
                pen.dot(points[i], colour, 0.8)
        return pen.over(dimmed)
    points = scaled_px(labels.landmarks_px, labels.size_px, size_px)
    for contour in style.contours:
        if len(contour.points) > 1:
            pen.line(points[list(contour.points)], contour.colour, 0.7, contour.closed, 200)
    margin = _BORDER * size_px
    for point, colour in zip(points, landmark_colours(labels, style), strict=True):
        pen.dot(np.clip(point, margin, size_px - margin), colour, 1.7)
    return pen.over(dimmed)
