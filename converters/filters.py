"""Which samples are left out on purpose: too small, turned too far, too dark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from spec_schema.frames import CAMERA_FROM_FACING

__all__ = ["Filters", "full_turn_yaw_deg"]

# An image is dark when nearly all of it is: a bright face on a black ground must pass.
_BRIGHT_PERCENTILE: Final = 98


def full_turn_yaw_deg(camera_from_head: ArrayLike) -> float:
    """Yaw in (-180°, 180°], past 90° for a head seen from behind; rotation ``(3, 3)``.

    The yaw of ``Pose_Para`` folds at 90°.
    """
    r = CAMERA_FROM_FACING @ np.asarray(camera_from_head, np.float64)
    folded = float(np.degrees(np.arcsin(np.clip(-r[0, 2], -1.0, 1.0))))
    if r[2, 2] >= 0:
        return folded
    return float(np.copysign(180.0, folded)) - folded


@dataclass(frozen=True)
class Filters:
    """Limits for a sample to be exported. Zero, or 180 degrees, lets everything pass."""

    min_box_px: float = 32.0
    """Shorter side of the face box in the exported image."""
    max_yaw_deg: float = 90.0
    min_brightness: float = 20.0
    """8-bit grey value that the brightest 2 % of the image must reach."""

    def reason(
        self, image: Image.Image, face_box_px: NDArray[np.float64], yaw_deg: float
    ) -> str | None:
        """Why to leave a sample out, in a few words to count by; ``None`` to keep it."""
        width, height = face_box_px[2:] - face_box_px[:2]
        if min(width, height) < self.min_box_px:
            return f"face box under {self.min_box_px:g} px"
        if abs(yaw_deg) > self.max_yaw_deg:
            return f"yaw over {self.max_yaw_deg:g} degrees"
        grey = np.asarray(image.convert("L"))
        if float(np.percentile(grey, _BRIGHT_PERCENTILE)) < self.min_brightness:
            return f"darker than {self.min_brightness:g}"
        return None
