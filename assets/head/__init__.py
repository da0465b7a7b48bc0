"""The head model: morphs, neck, subdivision, landmarks, in pure numpy."""

from assets.head.landmarks import LandmarkModel, load_landmark_model
from assets.head.model import Eye, Head, HeadModel, load_head_model

__all__ = [
    "Eye",
    "Head",
    "HeadModel",
    "LandmarkModel",
    "load_head_model",
    "load_landmark_model",
]
