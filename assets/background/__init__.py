"""Pictures of what may stand behind a person, out of focus: drawn ones, and the environment's own
through a wider lens."""

from assets.background.compose import KINDS, background
from assets.background.surroundings import SURROUNDINGS, surroundings

__all__ = ["KINDS", "SURROUNDINGS", "background", "surroundings"]
