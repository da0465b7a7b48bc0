"""Eyes in pure numpy: ball with a recessed iris, corneal shell, composed texture."""

from assets.eyes.build import EyePose, HasEyes, build_eyes
from assets.eyes.shape import (
    OpaqueBall,
    iris_plane_circle_m,
    opaque_ball,
    pupil_centre_local_m,
)

__all__ = [
    "EyePose",
    "HasEyes",
    "OpaqueBall",
    "build_eyes",
    "iris_plane_circle_m",
    "opaque_ball",
    "pupil_centre_local_m",
]
