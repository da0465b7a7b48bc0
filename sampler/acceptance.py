"""Rules that no scene of a manifest breaks, and the record of how often a draw was refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sampler.config_model import ConfigModel

__all__ = ["GIVE_UP_AFTER", "MAX_ATTEMPTS", "MOST_BENT", "AcceptConfig", "Tally"]

MAX_ATTEMPTS: Final = 256
"""Poses that a row may draw to keep the rules; a config under which that fails is refused."""
GIVE_UP_AFTER: Final = 32
"""Attempts after which a quarter of the rows must have succeeded, or the config is refused."""

MOST_BENT: Final = 0.5
"""Share of the rows whose framing may be bent to the rules, or the config is refused."""

Turn = Annotated[float, Field(gt=0, le=180)]


class AcceptConfig(ConfigModel):
    """What is drawn again until it holds. Each limit is on the label of the row itself."""

    max_yaw_deg: Turn
    max_pitch_deg: Turn
    max_roll_deg: Turn
    min_face: Annotated[float, Field(ge=0, lt=1)]
    """Longer side of the box of the 68 landmarks, in picture widths; 0.05 is 32 px at 640."""

    def poses(
        self, yaw_deg: NDArray[np.float64], pitch_deg: NDArray[np.float64],
        roll_deg: NDArray[np.float64],
    ) -> NDArray[np.bool_]:  # fmt: skip
        """Which of the poses ``(n,)`` keep the limits."""
        return np.asarray(
            (np.abs(yaw_deg) <= self.max_yaw_deg)
            & (np.abs(pitch_deg) <= self.max_pitch_deg)
            & (np.abs(roll_deg) <= self.max_roll_deg)
        )


@dataclass(frozen=True)
class Tally:
    """Of some rows: candidates drawn for them, and rows that no candidate suited."""

    rows: int = 0
    candidates: int = 0
    """Poses and framings drawn until one kept the rules; at least one a row."""
    bent: int = 0
    """Rows whose framing was moved to the nearest one that keeps the rules."""

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.rows + other.rows, self.candidates + other.candidates, self.bent + other.bent
        )

    @property
    def rate(self) -> float:
        """Share of the candidates that were accepted as drawn."""
        return (self.rows - self.bent) / self.candidates if self.candidates else 1.0

    def __str__(self) -> str:
        text = f"{self.rate:.2%} of the candidates accepted"
        noun = "framing" if self.bent == 1 else "framings"
        return text + (f", {self.bent:,} {noun} bent to the rules" if self.bent else "")
