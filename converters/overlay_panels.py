"""The panels of one sample on a sheet: marks, mask, depth, normals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from converters.overlay_marks import DensePoints, with_landmarks, with_pose
from converters.overlay_style import Colour, OverlayStyle, load_style
from converters.passes import read_pass
from converters.pipeline import Done, Filtered
from converters.source import SourceSample
from spec_schema.classes import CLASS_COLOURS
from spec_schema.errors import DatasetError
from spec_schema.frames import CAMERA_FROM_FACING

__all__ = ["Panel", "Tile", "TileJob", "coloured_mask", "depth_picture", "normal_picture"]

_UNKNOWN_CLASS: Final[Colour] = (255, 0, 255)
# Far walls would leave one colour for the head.
_DEPTH_RANGE_M: Final = 0.6


@dataclass(frozen=True)
class Panel:
    """One picture of a sample, with its title."""

    title: str
    picture: Image.Image


@dataclass(frozen=True)
class Tile:
    """One sample of the sheet."""

    caption: str
    panels: tuple[Panel, ...]
    classes: frozenset[int]


def coloured_mask(mask: Image.Image, size_px: int) -> Image.Image:
    """The class mask in its display colours; an unknown class is magenta."""
    table = np.full((256, 3), _UNKNOWN_CLASS, np.uint8)
    for segmentation_class, colour in CLASS_COLOURS.items():
        table[segmentation_class] = colour
    return _shrunk(table[np.asarray(mask)], size_px)


def _shrunk(pixels: NDArray[np.uint8], size_px: int) -> Image.Image:
    # A box filter has no overshoot, which would add colours that no value has.
    return Image.fromarray(pixels).resize((size_px, size_px), Image.Resampling.BOX)


def depth_picture(
    depth_m: NDArray[np.float32], style: OverlayStyle, size_px: int
) -> tuple[Image.Image, tuple[float, float]]:
    """Metric depth (H, W) in colours from near to far, and the depths of both ends."""
    there = np.isfinite(depth_m) & (depth_m > 0)
    out = np.full((*depth_m.shape, 3), style.panel, np.uint8)
    if not there.any():
        return _shrunk(out, size_px), (0.0, 0.0)
    near = float(depth_m[there].min())
    far = max(near + 1e-3, min(float(depth_m[there].max()), near + _DEPTH_RANGE_M))
    stops = np.array(style.depth_stops, np.float64)
    at = np.clip((depth_m[there] - near) / (far - near), 0, 1) * (len(stops) - 1)
    channels = [np.interp(at, np.arange(len(stops)), stops[:, c]) for c in range(3)]
    out[there] = np.rint(np.stack(channels, axis=1)).astype(np.uint8)
    return _shrunk(out, size_px), (near, far)


def normal_picture(normals: NDArray[np.float32], style: OverlayStyle, size_px: int) -> Image.Image:
    """Camera-frame normals (H, W, 3); red grows to the right, green up, blue to the viewer."""
    there = np.linalg.norm(normals, axis=2) > 0.5
    out = np.full(normals.shape, style.panel, np.uint8)
    facing = normals[there] @ CAMERA_FROM_FACING
    out[there] = np.rint((facing + 1) * 127.5).clip(0, 255).astype(np.uint8)
    return _shrunk(out, size_px)


def _dense(sample: SourceSample) -> DensePoints:
    found: Any = sample.record.get("dense_landmarks")
    try:
        return DensePoints(found["image_px"], found["in_frame"], found["self_occluded"])
    except (KeyError, TypeError, ValueError) as e:
        raise DatasetError(
            f"{sample.files.get('.msgpack', sample.image_path)}: the record lacks "
            "'dense_landmarks'; was it written by another version?"
        ) from e


@dataclass(frozen=True)
class TileJob:
    """Draws one sample; runs in a worker process."""

    size_px: int
    dense: bool = False

    def __call__(self, sample: SourceSample) -> Done[Tile] | Filtered:
        """All panels that the dataset has, and the caption."""
        labels, style, size = sample.labels, load_style(), self.size_px
        side = labels.size_px
        image = sample.image() if sample.rendered else Image.new("RGB", (side, side), style.panel)
        panels = [
            Panel("pose, gaze, boxes", with_pose(image, labels, style, size)),
            Panel("landmarks", with_landmarks(image, labels, style, size)),
        ]
        if self.dense:
            dense = with_landmarks(image, labels, style, size, _dense(sample))
            panels.append(Panel("dense landmarks", dense))
        classes: frozenset[int] = frozenset()
        if sample.rendered:
            mask = sample.mask()
            classes = frozenset(int(c) for c in np.unique(np.asarray(mask)))
            panels.append(Panel("mask", coloured_mask(mask, size)))
        if "_depth.exr" in sample.files:
            depth = read_pass(sample.files["_depth.exr"], side)
            picture, (near, far) = depth_picture(depth, style, size)
            panels.append(Panel(f"depth {near:.2f} to {far:.2f} m", picture))
        if "_normal.exr" in sample.files:
            normals = read_pass(sample.files["_normal.exr"], side)
            panels.append(Panel("normals", normal_picture(normals, style, size)))
        return Done(sample.row, Tile(self._caption(sample), tuple(panels), classes))

    @staticmethod
    def _caption(sample: SourceSample) -> str:
        yaw, pitch, roll = sample.labels.angles_deg
        row = "" if sample.row == sample.index else f" (row {sample.row})"
        angles = f"yaw {yaw:+.1f}°   pitch {pitch:+.1f}°   roll {roll:+.1f}°"
        seen = int(sample.labels.visible.sum())
        distance_m = sample.labels.camera_from_head[2, 3]
        return f"#{sample.index}{row}    {angles}    {distance_m:.2f} m    {seen} of 70 seen"
