"""Worn things in pure numpy, fitted to each head: all slots but clothing."""

from __future__ import annotations

from assets.accessories.build import Worn, beard_left, build_item, build_worn, hair_coverage
from assets.accessories.pressing import pressed
from assets.accessories.wearer import Wearer

__all__ = [
    "Wearer",
    "Worn",
    "beard_left",
    "build_item",
    "build_worn",
    "hair_coverage",
    "pressed",
]
