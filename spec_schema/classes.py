"""The segmentation classes: those of FaceSynthetics. Left and right are the subject's."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["CLASS_COLOURS", "SegmentationClass"]


class SegmentationClass(IntEnum):
    """Value of a pixel in a class mask."""

    BACKGROUND = 0
    SKIN = 1
    NOSE = 2
    RIGHT_EYE = 3
    LEFT_EYE = 4
    RIGHT_BROW = 5
    LEFT_BROW = 6
    RIGHT_EAR = 7
    LEFT_EAR = 8
    MOUTH_INTERIOR = 9
    TOP_LIP = 10
    BOTTOM_LIP = 11
    NECK = 12
    HAIR = 13
    BEARD = 14
    CLOTHING = 15
    GLASSES = 16
    HEADWEAR = 17
    FACEWEAR = 18


CLASS_COLOURS: dict[SegmentationClass, tuple[int, int, int]] = dict(
    zip(
        SegmentationClass,
        [
            (24, 24, 28), (236, 188, 150), (250, 140, 90), (60, 120, 255), (80, 220, 255),
            (150, 90, 220), (215, 130, 240), (240, 80, 120), (255, 150, 170), (120, 10, 30),
            (220, 30, 60), (250, 90, 110), (190, 150, 110), (110, 70, 40), (160, 110, 60),
            (60, 150, 90), (250, 230, 60), (40, 190, 180), (200, 200, 210),
        ],
        strict=True,
    )
)  # fmt: skip
"""sRGB colours in which masks are shown to people (0-255); the mask itself holds class ids."""
