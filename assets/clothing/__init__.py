"""Clothing: garments cut from the body's own surface, and refitted garments of the pack."""

from __future__ import annotations

from assets.clothing.build import Clothing, build_clothing

__all__ = ["Clothing", "build_clothing"]
