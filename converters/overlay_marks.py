"""Labels drawn on one image: landmarks, pose axes, face box and gaze rays, antialiased."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from converters.overlay_style import Colour, OverlayStyle
from converters.picture import resized, scaled_px
from converters.source import Labels
from spec_schema.classes import CLASS_COLOURS
from spec_schema.frames import project

__all__ = ["coloured_mask", "with_marks"]

Array = NDArray[np.float64]

_SUPERSAMPLING: Final = 4
# Widths were chosen on tiles of this size and grow with the tile.
_DESIGN_SIZE_PX: Final = 320
_EDGE_ALPHA: Final = 150
# Small faces get finer marks, or these would hide them.
_BOLDNESS: Final = (0.55, 1.1)
_UNKNOWN_CLASS: Final[Colour] = (255, 0, 255)
_ARROW_HEAD: Final = 0.16
_NEAR_M: Final = 1e-3


class _Pen:
    """Lines and dots with a dark edge, in tile pixels, on a supersampled transparent layer."""

    def __init__(self, size_px: int, boldness: float) -> None:
        self._unit = _SUPERSAMPLING * boldness * size_px / _DESIGN_SIZE_PX
        side = size_px * _SUPERSAMPLING
        self._layer = Image.new("RGBA", (side, side))
        self._draw = ImageDraw.Draw(self._layer)
        self._size_px = size_px

    def _xy(self, points_px: Array) -> list[tuple[float, float]]:
        # Pillow's drawing coordinates name pixel centres by whole numbers; ours name edges.
        return [(float(x) - 0.5, float(y) - 0.5) for x, y in points_px * _SUPERSAMPLING]

    def line(self, points_px: Array, colour: Colour, width: float, closed: bool = False) -> None:
        xy = self._xy(points_px)
        if closed:
            xy = [*xy, *xy[:2]]
        for extra, paint in ((1.3, (0, 0, 0, _EDGE_ALPHA)), (0.0, (*colour, 255))):
            stroke = max(1, round((width + extra) * self._unit))
            self._draw.line(xy, paint, stroke, joint="curve")

    def dots(self, points_px: Array, colour: Colour, radius: float) -> None:
        for extra, paint in ((0.6, (0, 0, 0, _EDGE_ALPHA)), (0.0, (*colour, 255))):
            r = (radius + extra) * self._unit
            for x, y in self._xy(points_px):
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


def with_marks(
    image: Image.Image, labels: Labels, style: OverlayStyle, size_px: int
) -> Image.Image:
    """The picture at ``size_px`` with its labels drawn on it."""
    x0, y0, x1, y1 = scaled_px(labels.face_box_px, labels.size_px, size_px)
    pen = _Pen(size_px, float(np.clip(2.2 * (y1 - y0) / size_px, *_BOLDNESS)))
    corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    pen.line(corners, style.face_box, 0.9, closed=True)
    landmarks = scaled_px(labels.landmarks_px, labels.size_px, size_px)
    for contour in style.contours:
        points = landmarks[list(contour.points)]
        if len(points) > 1:
            pen.line(points, contour.colour, 1.0, contour.closed)
        pen.dots(points, contour.colour, 1.3)
    for eye in labels.gaze.values():
        end = eye.origin_camera_m + style.gaze_length_m * eye.direction_camera
        _ray(pen, labels, size_px, [eye.origin_camera_m, end], style.gaze, 1.3)
    origin = labels.camera_from_head[:3, 3]
    tips = origin + style.axis_length_m * labels.camera_from_head[:3, :3].T
    for axis in np.argsort(-tips[:, 2]):
        _ray(pen, labels, size_px, [origin, tips[axis]], style.axis_colours[axis], 2.0)
    return pen.over(resized(image, size_px))


def coloured_mask(mask: Image.Image, size_px: int) -> Image.Image:
    """The class mask in its display colours; an unknown class is magenta."""
    table = np.full((256, 3), _UNKNOWN_CLASS, np.uint8)
    for segmentation_class, colour in CLASS_COLOURS.items():
        table[segmentation_class] = colour
    painted = Image.fromarray(table[np.asarray(mask)])
    # A box filter has no overshoot, which would add colours that no class has.
    return painted.resize((size_px, size_px), Image.Resampling.BOX)
