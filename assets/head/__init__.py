"""The head model: morphs, neck, subdivision, landmarks, in pure numpy.

Its parts are imported when they are first asked for: the sampler needs the landmark model alone,
and starts in half of the time without the rest.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assets.head.dense_landmarks import DenseLandmarks, load_dense_landmarks
    from assets.head.labelled import LabelledHead
    from assets.head.landmarks import LandmarkModel, load_landmark_model
    from assets.head.model import Eye, Head, HeadModel, load_head_model

__all__ = [
    "DenseLandmarks",
    "Eye",
    "Head",
    "HeadModel",
    "LabelledHead",
    "LandmarkModel",
    "load_dense_landmarks",
    "load_head_model",
    "load_landmark_model",
]

_HOME = {
    "DenseLandmarks": "dense_landmarks",
    "load_dense_landmarks": "dense_landmarks",
    "LabelledHead": "labelled",
    "LandmarkModel": "landmarks",
    "load_landmark_model": "landmarks",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"assets.head.{_HOME.get(name, 'model')}"), name)
