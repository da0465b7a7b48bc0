"""What one spec says of a skin, and what its seed decides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.geometry import F32Array
from assets.noise import Stream
from assets.skin.constants import SkinConstants, constants
from assets.skin.fields import NOISE_VARIANTS
from assets.skin.tone import Tone, tone_of
from spec_schema.spec import SceneSpec

__all__ = ["Draws", "Person"]


class Draws:
    """What one person's seed decides."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def blend(self, name: str) -> F32Array:
        """Weights of the noise variants, on the unit sphere."""
        weights = Stream(self._seed, f"skin/{name}").normal(NOISE_VARIANTS)
        return np.asarray(weights / np.linalg.norm(weights), np.float32)

    def offset(self, name: str) -> float:
        """A number in (0, 1)."""
        return float(Stream(self._seed, f"skin/{name}").uniform())

    def offsets(self, name: str, count: int) -> list[float]:
        """Numbers in (0, 1)."""
        return [float(x) for x in Stream(self._seed, f"skin/{name}").uniform(count)]


@dataclass(frozen=True)
class Person:
    """One spec's skin, and numbers that several of its maps need."""

    spec: SceneSpec
    tone: Tone
    draw: Draws
    age: float
    """0 up to 28 years to 1 at 80."""
    c: SkinConstants

    @staticmethod
    def of(spec: SceneSpec) -> Person:
        return Person(
            spec=spec,
            tone=tone_of(spec.skin.monk_tone, spec.skin.undertone),
            draw=Draws(spec.skin.seed),
            age=float(np.clip((spec.identity.age_years - 28) / 52, 0, 1)),
            c=constants(),
        )

    @property
    def uneven(self) -> float:
        """What foundation leaves to see of the unevenness under it, 0-1."""
        return 1 - self.c.makeup.evens * self.spec.skin.makeup

    @property
    def blood(self) -> float:
        """How far blood shows through this much melanin, 0-1."""
        return 1 - 0.62 * self.tone.darkness
