"""Blur of a head that turns while the shutter is open; what lies behind it stands still.

The head is one layer, with a cover that fades just outside of it; background and clothes are the
other. (Outside, so that no rim of mixed pixels and not too many loose hairs stay behind.)
Every pixel of the head has a way on the picture: that of a point at its place in space which turns
with the head, by the derivative of the projection. Neck and long hair follow the head by less.
The layer is the mean of itself along these ways, laid over the still layer, which is continued
behind the head from its surroundings. Times lie evenly about the middle of the exposure, for which
all labels hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates, minimum_filter

from spec_schema.classes import SegmentationClass as C
from spec_schema.frames import project

__all__ = ["HeadInView", "turned", "ways_px"]

Light = NDArray[np.float32]
F64Array = NDArray[np.float64]

_PIVOT_M: Final = np.array([0.0, -0.135, -0.122])
"""About which the head turns on the neck, head frame: of 24 identities the rig's joint lies within
0.03 m of it. Where it lies matters little, for the camera follows neither."""
_STILL: Final = (C.BACKGROUND, C.CLOTHING)
_TRAILING: Final = (C.HAIR, C.NECK)
_FOLLOWS_FROM_M: Final = {C.HAIR: -0.12, C.NECK: -0.10}
"""Height in the head frame above which it moves as the head does."""
_STANDS_FROM_M: Final = {C.HAIR: -0.32, C.NECK: -0.21}
"""And below which it stands still."""
_CELLS: Final = 48
"""Across the coarse picture of depth, which the head with its 4244 vertices fills."""
_RIM: Final = 0.006
"""How far beyond the mask the layer reaches, in picture widths; it fades over as much."""
_NO_COVER: Final = 0.02
_SEAM: Final = 0.02
"""In picture widths: over this the ways of neighbours are made alike."""
_LEAST_WAY_PX: Final = 0.3
_STEPS_A_PIXEL: Final = 1.0
_MOST_STEPS: Final = 65


@dataclass(frozen=True)
class HeadInView:
    """Where a head is seen: what the label record tells of it."""

    vertices_m: F64Array
    """(V, 3) dense vertices, camera frame."""
    camera_from_head: F64Array
    """(4, 4)"""
    intrinsics: F64Array
    """(3, 3) px"""

    @classmethod
    def of_labels(cls, labels: Mapping[str, Any]) -> HeadInView:
        """From a label record."""
        return cls(
            np.asarray(labels["vertices"]["camera_m"], np.float64),
            np.asarray(labels["pose"]["camera_from_head"], np.float64),
            np.asarray(labels["camera"]["intrinsics"], np.float64),
        )


def _depth_m(head: HeadInView, side: int) -> F64Array:
    """(H, H) depth of the front of the head, continued smoothly beyond it."""
    place = project(head.vertices_m, head.intrinsics)
    low, high = place.min(0), place.max(0)
    cell = max(float((high - low).max()) / _CELLS, 1e-6)
    column, row = np.clip(np.floor((place - low) / cell), 0, _CELLS - 1).astype(int).T
    near = np.full((_CELLS, _CELLS), np.inf)
    np.minimum.at(near, (row, column), head.vertices_m[:, 2])
    front = minimum_filter(near, 3, mode="nearest")
    empty = ~np.isfinite(near)
    nearest = distance_transform_edt(empty, return_distances=False, return_indices=True)
    smooth = gaussian_filter(front[tuple(nearest)], 1.0, mode="nearest")
    centres = np.arange(side) + 0.5
    rows, columns = np.meshgrid(*((centres - low[k]) / cell - 0.5 for k in (1, 0)), indexing="ij")
    return np.asarray(map_coordinates(smooth, [rows, columns], order=1, mode="nearest"))


def ways_px(head: HeadInView, sweep_deg: F64Array, side: int) -> tuple[F64Array, F64Array]:
    """How far each pixel would move if it were of the head, and its height in the head's frame.

    Args:
        head: where it is.
        sweep_deg: (3,) turn during the exposure about the head's own axes x, y, z.
        side: of the picture.

    Returns:
        (2, H, H) px right and down, from the begin of the exposure to its end; (H, H) metres.
    """
    centres = np.arange(side) + 0.5
    u, v = np.meshgrid(centres, centres)
    depth = _depth_m(head, side)
    rays = np.stack([u, v, np.ones_like(u)], axis=-1) @ np.linalg.inv(head.intrinsics).T
    points = rays * depth[..., None]
    rotation, origin = head.camera_from_head[:3, :3], head.camera_from_head[:3, 3]
    turn = rotation @ np.radians(sweep_deg)
    moved = np.cross(turn, points - (origin + rotation @ _PIVOT_M))
    focal = head.intrinsics[[0, 1], [0, 1]]
    ways = focal[:, None, None] * np.stack(
        [(moved[..., k] - rays[..., k] * moved[..., 2]) / depth for k in (0, 1)]
    )
    return ways, np.asarray((points - origin) @ rotation[:, 1])


def _share(mask: NDArray[np.uint8], height_m: F64Array) -> F64Array:
    """(H, H) how much of the head's way each pixel of the moving layer makes."""
    share = np.ones(mask.shape)
    for part in _TRAILING:
        low, high = _STANDS_FROM_M[part], _FOLLOWS_FROM_M[part]
        at = np.clip((height_m - low) / (high - low), 0, 1)
        share = np.where(mask == part, at * at * (3 - 2 * at), share)
    return share


def _cover(moving: NDArray[np.bool_], rim_px: float) -> Light:
    """(H, W) 1 on the layer and its rim, then fading to 0."""
    away = distance_transform_edt(~moving)
    return np.asarray(np.clip(2 - away / rim_px, 0, 1), np.float32)


def _continued(values: Light, known: NDArray[np.bool_], smooth_px: float) -> Light:
    """Channels (..., H, W) of the known pixels, and beyond them those of the nearest, smoothed."""
    place = distance_transform_edt(~known, return_distances=False, return_indices=True)
    filled = values[(..., *place)]
    sigma = (0,) * (values.ndim - 2) + (smooth_px, smooth_px)
    return np.where(known, values, gaussian_filter(filled, sigma, mode="nearest"))


def turned(
    light: Light, mask: NDArray[np.uint8], head: HeadInView, sweep_deg: tuple[float, float, float]
) -> Light:
    """The picture of a head that turned by so much while it was taken.

    Args:
        light: (H, H, 3) linear.
        mask: (H, H) class of each pixel.
        head: where it is in the middle of the exposure.
        sweep_deg: turn about the head's own x, y and z; the labels' pose is in its middle.
    """
    side = len(light)
    moving = ~np.isin(mask, _STILL)
    if not any(sweep_deg) or not moving.any():
        return light
    whole, height = ways_px(head, np.asarray(sweep_deg, np.float64), side)
    ways = (whole * _share(mask, height)).astype(np.float32)
    reach = float(np.hypot(*ways)[moving].max())
    if reach < _LEAST_WAY_PX:
        return light
    # Shares differ between the head and what trails: without a soft seam it would tear there.
    seam = max(1.0, _SEAM * side)
    ways = _continued(ways, moving, seam)
    ways = gaussian_filter(ways, (0, seam / 2, seam / 2), mode="nearest")

    planes = np.moveaxis(light, -1, 0)
    cover = _cover(moving, max(1.0, _RIM * side))
    behind = _continued(planes, cover < _NO_COVER, max(1.0, _RIM * side))
    layer = np.concatenate([planes * cover, cover[None]])
    mean = _mean_along(layer, ways, reach)
    # Where nothing moves both differences are 0, and the picture stays as it was.
    change = (mean[:3] - layer[:3]) - (mean[3] - cover) * behind
    return np.asarray(light + np.moveaxis(change, 0, -1), np.float32)


def _mean_along(layer: Light, ways: Light, reach: float) -> Light:
    """(K, H, W) mean of the channels along each pixel's way, about where it is."""
    steps = min(2 * int(np.ceil(reach * _STEPS_A_PIXEL / 2)) + 1, _MOST_STEPS)
    shape = layer.shape[1:]
    rows, columns = np.meshgrid(*(np.arange(n, dtype=np.float32) for n in shape), indexing="ij")
    total = np.zeros_like(layer)
    # Steps are the middles of equal parts of the exposure.
    for time in (np.arange(steps, dtype=np.float32) + 0.5) / steps - 0.5:
        place = [rows - time * ways[1], columns - time * ways[0]]
        for k, channel in enumerate(layer):
            total[k] += map_coordinates(channel, place, order=1, mode="nearest")
    return total / np.float32(steps)
