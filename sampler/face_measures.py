"""Faces as different as those in a street, none of them monstrous: detail shapes that take a
measure of the face too far from that of the person's sex, age and ancestry are drawn in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sampler.config_model import ConfigModel
from sampler.inputs import Landmarks
from sampler.streams import F64

__all__ = ["FaceMeasure", "PlausibleConfig", "drawn_in"]

_AXES = {"x": 0, "y": 1, "z": 2}

Landmark = Annotated[int, Field(ge=0, le=67)]


class FaceMeasure(ConfigModel):
    """How far one mean of iBUG landmarks lies from another, along an axis of the head frame."""

    start: Annotated[list[Landmark], Field(min_length=1)]
    end: Annotated[list[Landmark], Field(min_length=1)]
    axis: Literal["x", "y", "z"]
    deviation_mm: Annotated[float, Field(gt=0, le=100)]
    """Standard deviation among people of one sex."""

    def of(self, points_m: NDArray[np.float32]) -> F64:
        """``(n,)`` m of landmarks ``(n, 68, 3)``."""
        along = points_m[:, :, _AXES[self.axis]].astype(np.float64)
        return np.asarray(along[:, self.end].mean(axis=1) - along[:, self.start].mean(axis=1))


class PlausibleConfig(ConfigModel):
    """How far detail shapes may take the measures of a face."""

    deviations: Annotated[float, Field(gt=0, le=100)]
    """At most so many standard deviations from what sex, age, ancestry and weight make of it."""
    measures: dict[str, FaceMeasure]


def drawn_in(
    config: PlausibleConfig,
    landmarks: Landmarks,
    macro: Mapping[str, F64],
    shape: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Shapes ``(n, K)``, those of implausible faces times a factor below 1 that makes them
    plausible: displacements are linear in the weights, so that one pass does."""
    if not config.measures:
        return shape
    n = len(shape)
    moved = landmarks.neutral_head_m(macro, shape)
    rest = landmarks.neutral_head_m(macro, np.zeros_like(shape))
    worst = np.zeros(n)
    for measure in config.measures.values():
        away_m = np.abs(measure.of(moved) - measure.of(rest))
        np.maximum(worst, away_m / (measure.deviation_mm / 1000), out=worst)
    factor = np.minimum(1, config.deviations / np.maximum(worst, 1e-9)).astype(np.float32)
    # In memory a key's rows lie side by side, as in draw_shape.
    return np.asarray((shape.T * factor).T, np.float32)
