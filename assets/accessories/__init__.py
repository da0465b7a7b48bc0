"""Worn things in pure numpy, fitted to each head: glasses and headwear."""

from __future__ import annotations

from assets.accessories.glasses import build_glasses
from assets.accessories.headwear import build_headwear, headwear_coverage

__all__ = ["build_glasses", "build_headwear", "headwear_coverage"]
