"""The shipped reference head, on which things are placed by hand, and frames at landmarks."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib import resources
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assets.accessories.fit import F64Array, Skin
from assets.geometry import F32Array
from assets.head import Head, load_head_model
from assets.head.surface import HeadSurface, vertex_normals
from assets.store import Store
from spec_schema.errors import AssetError, nearest
from spec_schema.spec import IdentitySpec

__all__ = ["FRAMES", "SCALES", "Fitted", "facts", "fitted", "reference"]


@cache
def facts() -> Mapping[str, Any]:
    """``reference_head.toml``."""
    text = resources.files("assets").joinpath("data/reference_head.toml").read_text("utf-8")
    return tomllib.loads(text)


@dataclass(frozen=True, eq=False)
class Fitted:
    """A head to fit things to: all rendered vertices, and the 68 landmarks.

    In the upright frame of the skull (metres, x subject's left, y up, z forward), or with the
    body in the world's.
    """

    points_m: F64Array
    """(V, 3)"""
    normals: F64Array
    """(V, 3)"""
    landmarks_m: F64Array
    """(68, 3)"""
    surface: HeadSurface

    @cached_property
    def skin(self) -> Skin:
        """All outer skin."""
        index = outer_skin(self.surface)
        return Skin(self.points_m[index], self.normals[index])

    @cached_property
    def _named(self) -> dict[str, int]:
        return _extremes(self.surface)

    def at(self, frame: str) -> F64Array:
        """(3,) origin of a frame.

        Raises:
            AssetError: there is no such frame.
        """
        if frame not in FRAMES:
            raise AssetError(f"attachment.frame is {frame!r}; {nearest(frame, FRAMES)}")
        named = FRAMES[frame]
        if isinstance(named, tuple):
            return np.asarray(self.landmarks_m[list(named)].mean(0))
        return np.asarray(self.points_m[self._named[named]])

    def measure(self, name: str) -> float:
        """One of :data:`SCALES`, metres; 1 for ``none``.

        Raises:
            AssetError: there is no such measure.
        """
        if name not in SCALES:
            raise AssetError(f"attachment.scale_with is {name!r}; {nearest(name, SCALES)}")
        pair = SCALES[name]
        if pair is None:
            return 1.0
        a, b = self.landmarks_m[pair[0]], self.landmarks_m[pair[1]]
        return float(np.linalg.norm(a - b))


FRAMES: Final[Mapping[str, tuple[int, ...] | str]] = {
    "eyes": (36, 39, 42, 45),
    "brows": (19, 24),
    "nose_bridge": (27,),
    "nose_tip": (30,),
    "mouth": (48, 54),
    "chin": (8,),
    "crown": "crown",
    "left_ear": "left_ear",
    "right_ear": "right_ear",
    "left_earlobe": "left_earlobe",
    "right_earlobe": "right_earlobe",
}
"""iBUG landmarks whose mean it is, or a named vertex. Axes are the skull's."""

SCALES: Final[Mapping[str, tuple[int, int] | None]] = {
    "none": None,
    "eye_distance": (36, 45),
    "face_width": (0, 16),
    "face_height": (27, 8),
}


def outer_skin(surface: HeadSurface) -> NDArray[np.int64]:
    """Rendered vertices of skin that can be touched."""
    return np.flatnonzero(surface.masks["inside-mouth"] < 0.1)


def _extremes(surface: HeadSurface) -> dict[str, int]:
    rest, ears = surface.rest_m, surface.masks["ears"] > 0.5
    middle = np.flatnonzero(np.abs(rest[:, 0]) < 0.004)
    named = {"crown": int(middle[rest[middle, 1].argmax()])}
    for side, sign in (("left", 1), ("right", -1)):
        own = np.flatnonzero(ears & (rest[:, 0] * sign > 0))
        outermost = own[np.argsort(rest[own, 0] * sign)[len(own) // 2 :]]
        named[f"{side}_ear"] = int(
            own[np.linalg.norm(rest[own] - rest[own].mean(0), axis=1).argmin()]
        )
        named[f"{side}_earlobe"] = int(outermost[rest[outermost, 1].argmin()])
    return named


@lru_cache(maxsize=2)
def reference(store: Store) -> Fitted:
    """The reference head, upright and at rest."""
    model = load_head_model(store)
    cage = model.targets.neutral(IdentitySpec.model_validate(facts()["identity"]))
    landmarks = model.landmark_positions(cage)
    for arm in model.arms:
        cage = arm.lower(cage)
    points = model.refine(cage)
    return Fitted(
        points_m=points.astype(np.float64),
        normals=vertex_normals(points, model.surface.faces).astype(np.float64),
        landmarks_m=landmarks,
        surface=model.surface,
    )


def reference_cage(store: Store) -> F32Array:
    """(19158, 3) the reference head before subdivision, helpers too."""
    model = load_head_model(store)
    return model.targets.neutral(IdentitySpec.model_validate(facts()["identity"]))


def fitted(head: Head, store: Store, with_body: bool) -> Fitted:
    """A posed head: in the world where a thing moves with the body, else in its skull's frame."""
    surface = load_head_model(store).surface
    points, normals = head.vertices_m.astype(np.float64), head.normals.astype(np.float64)
    landmarks = np.asarray(head.landmarks_m, np.float64)
    if not with_body:
        turn, shift = head.world_from_skull[:3, :3], head.world_from_skull[:3, 3]
        points, landmarks = (points - shift) @ turn, (landmarks - shift) @ turn
        normals = normals @ turn
    return Fitted(points, normals, landmarks, surface)
