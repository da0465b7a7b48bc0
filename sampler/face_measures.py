"""Faces as different as those in a street, none of them monstrous: detail shapes that take a
measure of the face too far from that of the person's sex, age and ancestry are drawn in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sampler.config_model import ConfigModel
from sampler.inputs import Landmarks
from sampler.streams import F64

__all__ = ["FaceMeasure", "Plausible", "PlausibleConfig"]

_AXES = {"x": 0, "y": 1, "z": 2}

_ANYONE = {
    "sex": 0.5, "age_years": 30.0, "african": 1 / 3, "asian": 1 / 3, "european": 1 / 3,
    "weight": 0.5, "muscle": 0.5,
}  # fmt: skip

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


@dataclass(frozen=True)
class Plausible:
    """How the measures of faces answer to their detail shapes."""

    deviations: float
    answers: NDArray[np.float32]
    """``(2K, measures)`` standard deviations by a weight of 1 and, after those, of -1."""

    @staticmethod
    def of(config: PlausibleConfig, landmarks: Landmarks) -> Plausible:
        """Of a face model: landmarks are linear in the weights above 0 and in those below, and
        what they add is alike for everyone."""
        keys = len(landmarks.shape_keys)
        shapes = np.concatenate([np.zeros((1, keys)), np.eye(keys), -np.eye(keys)])
        macro = {name: np.full(len(shapes), value) for name, value in _ANYONE.items()}
        points = landmarks.neutral_head_m(macro, shapes.astype(np.float32))
        away = [(m.of(points), m.deviation_mm / 1000) for m in config.measures.values()]
        answers = [(at[1:] - at[0]) / deviation_m for at, deviation_m in away]
        table = np.array(answers, np.float32).reshape(-1, 2 * keys).T
        return Plausible(config.deviations, np.ascontiguousarray(table))

    def drawn_in(self, shape: NDArray[np.float32]) -> NDArray[np.float32]:
        """Shapes ``(n, K)``, those of implausible faces times a factor below 1 that makes them
        plausible: displacements are linear in the weights, so that one pass does."""
        if not self.answers.size:
            return shape
        keys = shape.shape[1]
        # In memory a key's rows lie side by side, as in draw_shape.
        by_key = shape.T
        away = self.answers[:keys].T @ np.maximum(by_key, 0)
        away -= self.answers[keys:].T @ np.minimum(by_key, 0)
        worst = np.abs(away).max(axis=0)
        factor = np.minimum(1, self.deviations / np.maximum(worst, 1e-9)).astype(np.float32)
        return np.asarray((by_key * factor).T, np.float32)
