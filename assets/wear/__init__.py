"""Worn things, fitted to a head in its final pose: glasses, headwear, clothing."""

from assets.wear.clothing import Clothing, build_clothing
from assets.wear.glasses import build_glasses
from assets.wear.head import WearHead
from assets.wear.headwear import build_headwear, headwear_coverage

__all__ = [
    "Clothing",
    "WearHead",
    "build_clothing",
    "build_glasses",
    "build_headwear",
    "headwear_coverage",
]
