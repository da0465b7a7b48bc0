"""What happens to the light before the sensor: colour fringes, shake, fewer pixels."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["magnified", "scaled_down", "shaken"]

Light = NDArray[np.float32]
_CORNER: Final = 0.5 * np.sqrt(2.0)
"""From the centre to a corner, in picture widths."""
_STEPS_A_PIXEL: Final = 2
_STILL_PX: Final = 0.1
_NEGLIGIBLE: Final = 1e-6


def magnified(plane: NDArray[np.float32], corner_shift: float) -> NDArray[np.float32]:
    """A square plane drawn larger about its centre, so that corners move outward by so many
    picture widths; linear between pixels, the edge repeated."""
    side = len(plane)
    centre = (side - 1) / 2
    source = centre + (np.arange(side) - centre) / (1 + corner_shift / _CORNER)
    source = np.clip(source, 0, side - 1)
    low = np.minimum(source.astype(np.intp), side - 2)
    part = (source - low).astype(np.float32)
    rows = plane[low] * (1 - part)[:, None] + plane[low + 1] * part[:, None]
    return np.asarray(rows[:, low] * (1 - part) + rows[:, low + 1] * part)


def _way_weights(way_px: float, direction_deg: float) -> dict[tuple[int, int], float]:
    """Share of each whole-pixel step (right, down) in a straight way about the origin."""
    turn = np.radians(direction_deg)
    count = int(np.ceil(way_px * _STEPS_A_PIXEL)) + 1
    weights: dict[tuple[int, int], float] = {}
    for at in np.linspace(-0.5, 0.5, count) * way_px:
        x, y = float(at * np.cos(turn)), float(at * np.sin(turn))
        left, top = int(np.floor(x)), int(np.floor(y))
        for right, part_x in ((left, left + 1 - x), (left + 1, x - left)):
            for down, part_y in ((top, top + 1 - y), (top + 1, y - top)):
                if part_x * part_y > _NEGLIGIBLE:
                    old = weights.get((right, down), 0.0)
                    weights[right, down] = old + part_x * part_y / count
    return weights


def shaken(light: Light, way: float, direction_deg: float) -> Light:
    """The mean of the picture along a straight way of so many picture widths, about where it is;
    the edge is repeated."""
    side = len(light)
    if way * side < _STILL_PX:
        return light
    weights = _way_weights(way * side, direction_deg)
    reach = max(max(map(abs, step)) for step in weights)
    wide = np.pad(light, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    total = np.zeros_like(light)
    for (right, down), weight in weights.items():
        top, left = reach - down, reach - right
        total += np.float32(weight) * wide[top : top + side, left : left + side]
    return total


def scaled_down(light: Light, side: int) -> Light:
    """The picture with fewer pixels, each the mean of what it covers."""
    planes = [
        np.asarray(Image.fromarray(light[..., c]).resize((side, side), Image.Resampling.BOX))
        for c in range(3)
    ]
    return np.stack(planes, axis=-1)
