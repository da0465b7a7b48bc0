"""Skin in pure numpy: shared fields, a continuous tone model, and one person's maps."""

from assets.skin.compose import Tint, compose
from assets.skin.fields import SkinFields
from assets.skin.tone import Tone, tone_of

__all__ = ["SkinFields", "Tint", "Tone", "compose", "tone_of"]
