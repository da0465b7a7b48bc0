"""The named dense landmarks: vertices of the head's topology and points of the eyeballs.

They stand in ``assets/data/dense_landmarks.toml``, the left half and the midline; the right half
follows from the mesh's mirror table.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.eyes import iris_plane_circle_m, pupil_centre_local_m
from assets.geometry import I32Array
from assets.head.surface import load_surface
from assets.store import Store
from spec_schema.errors import AssetError

__all__ = ["SIDES", "DenseLandmarks", "load_dense_landmarks"]

F64Array = NDArray[np.float64]

SIDES = ("right", "left")
"""Order of the eyes' points: the subject's right, then left."""


@dataclass(frozen=True)
class DenseLandmarks:
    """K points. The vertices come first, line by line, then the right and the left eye."""

    names: tuple[str, ...]
    groups: tuple[str, ...]
    vertices: I32Array
    """(K,) row of the dense label, -1 for the points of the eyes."""
    mirror: I32Array
    """(K,) the point on the other side; itself on the midline."""
    iris_points: int
    pupil_points: int

    @property
    def n_vertices(self) -> int:
        """How many of the points are vertices."""
        return int((self.vertices >= 0).sum())

    def eye_local_m(self, side: str, radius_m: float, pupil_ratio: float) -> F64Array:
        """An eye's points (iris, pupil's rim, pupil's centre) in its own frame, metres.

        Args:
            side: ``right`` or ``left`` of the subject.
            radius_m: of the ball.
            pupil_ratio: pupil radius by iris radius.
        """
        toward_temple = 1.0 if side == "left" else -1.0
        iris = iris_plane_circle_m(radius_m, 1.0, self.iris_points)
        pupil = iris_plane_circle_m(radius_m, pupil_ratio, self.pupil_points)
        centre = pupil_centre_local_m(radius_m)[None]
        return np.concatenate([iris, pupil, centre]) * [toward_temple, 1.0, 1.0]


@dataclass(frozen=True)
class _Line:
    name: str
    group: str
    sided: bool
    vertices: tuple[int, ...]


def _lines(tables: Mapping[str, Any]) -> list[_Line]:
    return [
        _Line(name, t.get("group", name), t.get("sided", False), tuple(t["vertices"]))
        for name, t in tables.items()
    ]


@lru_cache(maxsize=2)
def load_dense_landmarks(store: Store) -> DenseLandmarks:
    """Read the data file against a store's mesh.

    Raises:
        AssetError: a vertex is listed twice, or is not of the dense label.
    """
    data = tomllib.loads(files("assets").joinpath("data/dense_landmarks.toml").read_text("utf-8"))
    surface = load_surface(store)
    row_of = {int(v): row for row, v in enumerate(surface.cage_index[surface.dense])}
    mirror_vertex = np.asarray(store.array("head/mirror"))
    names: list[str] = []
    groups: list[str] = []
    vertices: list[int] = []
    for line in _lines(data["lines"]):
        on_left = [(k, v) for k, v in enumerate(line.vertices) if mirror_vertex[v] != v]
        middle = [(k, v) for k, v in enumerate(line.vertices) if mirror_vertex[v] == v]
        # From the subject's right over the midline to the left, where a line crosses it.
        right = on_left if line.sided else on_left[::-1]
        parts = [("right", right), ("", middle), ("left", on_left)]
        for side, points in parts:
            prefix = f"{side}_" if side else ""
            for k, vertex in points:
                names.append(f"{prefix}{line.name}_{k}")
                groups.append(f"{prefix if line.sided else ''}{line.group}")
                there = int(mirror_vertex[vertex]) if side == "right" else vertex
                if there not in row_of or row_of[there] in vertices:
                    raise AssetError(
                        f"dense_landmarks.toml: {names[-1]}: vertex {vertex} is listed twice or "
                        "is no vertex of the dense label"
                    )
                vertices.append(row_of[there])
    iris, pupil = data["eyes"]["iris"], data["eyes"]["pupil"]
    for side in SIDES:
        names += [f"{side}_iris_{k}" for k in range(iris)]
        names += [f"{side}_pupil_{k}" for k in range(pupil)] + [f"{side}_pupil"]
        groups += [f"{side}_iris"] * iris + [f"{side}_pupil"] * (pupil + 1)
        vertices += [-1] * (iris + pupil + 1)
    index = {name: i for i, name in enumerate(names)}
    return DenseLandmarks(
        names=tuple(names),
        groups=tuple(groups),
        vertices=np.array(vertices, np.int32),
        mirror=np.array([index[_opposite(name)] for name in names], np.int32),
        iris_points=iris,
        pupil_points=pupil,
    )


def _opposite(name: str) -> str:
    for here, there in (("left_", "right_"), ("right_", "left_")):
        if name.startswith(here):
            return there + name.removeprefix(here)
    return name
