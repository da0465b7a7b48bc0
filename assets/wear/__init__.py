"""Worn things, fitted to a head in its final pose: glasses, headwear, clothing."""

from assets.wear.glasses import build_glasses
from assets.wear.head import WearHead

__all__ = ["WearHead", "build_glasses"]
