"""Worn things in pure numpy, fitted to each head: glasses and headwear."""

from __future__ import annotations

from assets.accessories.glasses import build_glasses

__all__ = ["build_glasses"]
