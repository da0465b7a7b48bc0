"""One sample for the page: its pictures, the marks that are drawn over them, and what is seen."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from converters.overlay_panels import depth_picture
from converters.overlay_style import load_style
from converters.passes import read_pass
from converters.picture import resized
from converters.pipeline import Done, Filtered
from converters.report.fields import Value, spec_values
from converters.source import Labels, SourceSample
from spec_schema.classes import CLASS_COLOURS, SegmentationClass
from spec_schema.frames import project

__all__ = ["MARK_POINTS", "MARK_WORDS", "SPAN", "PageTile", "TileJob", "marks"]

_WEBP_QUALITY: Final = 80
_DEPTH_QUALITY: Final = 70
_MASK_SIDE: Final = 256
_FACE: Final = tuple(c for c in SegmentationClass if 1 <= c <= SegmentationClass.BOTTOM_LIP)

MARK_POINTS: Final = 70 + 4 + 4 + 4
"""Landmarks; origin and tips of the head's axes; both eyes and the ends of their looks; corners of
the boxes of face and head."""
MARK_WORDS: Final = 2 * MARK_POINTS + 70
"""16-bit words of a sample's marks: points, then what hides each landmark."""
SPAN: Final = 3.0
"""Points from this many picture widths beyond the left edge to as many beyond the right have a
place; what lies further is drawn on that limit."""

_DARK: Final = 22.0
_BURNT: Final = 0.2
_BURNT_FROM: Final = 250
_TINY: Final = 24


@dataclass(frozen=True)
class PageTile:
    """One sample; pictures are encoded files."""

    index: int
    values: dict[str, Value]
    image: bytes
    mask: bytes
    depth: bytes
    """Empty where the dataset has none."""
    depth_range_m: tuple[float, float]
    marks: bytes
    """``(MARK_WORDS,)`` uint16, little-endian: see :func:`marks`."""


def _place(points_px: NDArray[np.float64], size_px: int) -> NDArray[np.uint16]:
    """Points (K, 2) as words: 0 is -:data:`SPAN` picture widths, 65535 one more than that."""
    unit = (np.asarray(points_px) / size_px + SPAN) / (2 * SPAN + 1)
    return np.asarray(np.rint(np.clip(unit, 0, 1) * 65535), np.uint16)


def hidden_by(labels: Labels) -> NDArray[np.uint16]:
    """(70,) 0 visible, 1 behind the head itself, 2 covered, 3 out of the frame."""
    covered = ~np.isin(labels.covered_by, (0, SegmentationClass.GLASSES))
    kind = np.where(covered, 2, 0)
    kind = np.where(labels.self_occluded, 1, kind)
    return np.where(labels.in_frame, kind, 3).astype(np.uint16)


def marks(labels: Labels) -> NDArray[np.uint16]:
    """(MARK_WORDS,) what the page draws over a picture, free of the picture's size."""
    style, size = load_style(), labels.size_px
    origin = labels.camera_from_head[:3, 3]
    tips = origin + style.axis_length_m * labels.camera_from_head[:3, :3].T
    eyes = [labels.gaze[side] for side in ("right", "left")]
    looks = [
        p
        for e in eyes
        for p in (e.origin_camera_m, e.origin_camera_m + style.gaze_length_m * e.direction_camera)
    ]
    space = np.concatenate([origin[None], tips, looks])
    space[:, 2] = np.maximum(space[:, 2], 1e-3)
    boxes = np.concatenate([labels.face_box_px, labels.head_box_px]).reshape(4, 2)
    flat = np.concatenate([labels.landmarks_px, project(space, labels.intrinsics), boxes])
    return np.concatenate([_place(flat, size).ravel(), hidden_by(labels)])


def _webp(image: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=quality, method=4)
    return buffer.getvalue()


def _mask_png(mask: Image.Image, side: int) -> bytes:
    """The mask in its display colours as a PNG with a palette; the background is clear."""
    small = mask.resize((side, side), Image.Resampling.NEAREST).convert("P")
    palette = np.full((256, 3), 255, np.uint8)
    for segmentation_class, colour in CLASS_COLOURS.items():
        palette[segmentation_class] = colour
    small.putpalette(palette.tobytes())
    buffer = io.BytesIO()
    small.save(buffer, "PNG", optimize=True, transparency=0)
    return buffer.getvalue()


def light_of_face(image: Image.Image, mask: Image.Image) -> tuple[float | None, float | None, str]:
    """Median grey value of the face, share of it that is burnt out, and a verdict.

    The face is skin, nose, eyes, brows, ears, mouth and lips of the mask. Burnt out is a pixel
    whose channels all reach 250.
    """
    there = np.isin(np.asarray(mask), _FACE)
    if there.sum() < _TINY:
        return None, None, "no face seen"
    pixels = np.asarray(image)[there]
    grey = float(np.median(pixels @ np.array([0.2126, 0.7152, 0.0722])))
    burnt = float((pixels.min(axis=1) >= _BURNT_FROM).mean())
    verdict = "dark face" if grey < _DARK else "burnt face" if burnt > _BURNT else "fine"
    return grey, burnt, verdict


@dataclass(frozen=True)
class TileJob:
    """Makes the tile of one sample; runs in a worker process."""

    size_px: int

    def __call__(self, sample: SourceSample) -> Done[PageTile] | Filtered:
        """Pictures at ``size_px``, marks, and values of all fields but those of the run."""
        labels, side = sample.labels, sample.labels.size_px
        spec = sample.record.get("spec")
        values = spec_values(spec if isinstance(spec, dict) else {})
        _, top, _, bottom = labels.face_box_px
        values["seen.landmarks"] = float(labels.visible.sum())
        values["seen.face_height"] = float(bottom - top) / side
        values["seen.verdict"] = "labels only"
        image = mask = depth = b""
        reach = (0.0, 0.0)
        if sample.rendered:
            picture, classes = sample.image(), sample.mask()
            grey, burnt, verdict = light_of_face(picture, classes)
            values |= {"seen.luminance": grey, "seen.burnt": burnt, "seen.verdict": verdict}
            image = _webp(resized(picture, self.size_px), _WEBP_QUALITY)
            mask = _mask_png(classes, min(self.size_px, _MASK_SIDE, side))
        if "_depth.exr" in sample.files:
            metres = read_pass(sample.files["_depth.exr"], side)
            coloured, reach = depth_picture(metres, load_style(), min(self.size_px, _MASK_SIDE))
            depth = _webp(coloured, _DEPTH_QUALITY)
        words = marks(labels).astype("<u2").tobytes()
        return Done(sample.row, PageTile(sample.index, values, image, mask, depth, reach, words))
