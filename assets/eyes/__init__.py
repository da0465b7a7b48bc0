"""Eyes in pure numpy: ball with a recessed iris, corneal shell, composed texture."""

from assets.eyes.build import EyePose, HasEyes, build_eyes
from assets.eyes.shape import pupil_centre_local_m

__all__ = ["EyePose", "HasEyes", "build_eyes", "pupil_centre_local_m"]
