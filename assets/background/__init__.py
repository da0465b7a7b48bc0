"""Procedural backgrounds: pictures of what may stand behind a person, out of focus."""

from assets.background.compose import KINDS, background

__all__ = ["KINDS", "background"]
