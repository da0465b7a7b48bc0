"""Measures of heads as anthropometry takes them, for many identities at once without meshes.

``assets/data/anthropometry.toml`` says between which points, and what people measure.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array
from assets.head.facts import load_facts
from assets.head.landmark_rows import landmark_rows
from assets.head.morph import MorphTargets, macro_weights
from assets.store import Store

__all__ = ["HeadMeasures", "Published", "published_measures"]

F64Array = NDArray[np.float64]

_RIGHT_OF = {16 - k: k for k in range(9)} | {42: 39, 45: 36, 54: 48}


@dataclass(frozen=True)
class Published:
    """Mean and standard deviation of a measure among people, mm."""

    men: tuple[float, float]
    women: tuple[float, float]


def _table() -> dict[str, Any]:
    text = resources.files("assets").joinpath("data/anthropometry.toml").read_text("utf-8")
    return tomllib.loads(text)


def published_measures() -> dict[str, Published]:
    """What people measure, by the name of the measure; the source stands in the data file."""
    return {
        name: Published(tuple(m["men"]), tuple(m["women"]))
        for name, m in _table()["measures"].items()
        if "men" in m
    }


class HeadMeasures:
    """Takes the measures of identities without expression."""

    def __init__(self, store: Store) -> None:
        table, facts = _table(), load_facts()
        self._facts, self._targets = facts, MorphTargets(store, facts)
        mirror = np.asarray(store.array("head/mirror"))
        self._points: dict[str, int] = {}
        entries: list[tuple[NDArray[np.int64], F64Array]] = []

        def add(name: str, vertices: NDArray[np.int64], weights: F64Array) -> None:
            self._points[name] = len(entries)
            entries.append((vertices, weights))

        rows = landmark_rows()
        for name, point in table["points"].items():
            if "vertex" in point:
                for side, v in (("", point["vertex"]), ("'", int(mirror[point["vertex"]]))):
                    add(name + side, np.array([v]), np.ones(1))
            elif "landmark" in point:
                k = point["landmark"]
                add(name, rows.vertices[k], rows.weights[k])
                other = _RIGHT_OF.get(k, k)
                add(f"{name}'", rows.vertices[other], rows.weights[other])
            else:
                for side, eye in (("", "left"), ("'", "right")):
                    a, b = facts.eye_ranges[eye]
                    ball = np.arange(a, b + 1)
                    add(name + side, ball, np.full(len(ball), 1 / len(ball)))
        self._measures: dict[str, tuple[str, str]] = {}
        for name, m in table["measures"].items():
            first, second = m["between"] if "between" in m else (m["across"], f"{m['across']}'")
            self._measures[name] = (first, second)
        width = max(len(v) for v, _ in entries)
        vertices = np.stack([np.resize(v, width) for v, _ in entries])
        weights = np.zeros((len(entries), width))
        for row, (_, w) in zip(weights, entries, strict=True):
            row[: len(w)] = w
        self._linear = self._targets.rows(vertices, weights)

    @property
    def shape_keys(self) -> tuple[str, ...]:
        """Identity shape keys in the order of the columns of ``shape``."""
        return self._targets.shape_keys

    def take(self, macro: Mapping[str, F64Array], shape: F32Array) -> dict[str, F64Array]:
        """``(N,)`` mm each, by the name of the measure.

        Args:
            macro: :data:`~assets.head.morph.MACRO_FIELDS` as arrays ``(N,)``.
            shape: weights ``(N, len(shape_keys))``.
        """
        m = self._linear
        by_macro = macro_weights(self._targets.macro_names, macro, self._facts).astype(np.float32)

        def flat(a: F32Array) -> F32Array:
            return a.reshape(len(a), -1)

        points = m.base.reshape(1, -1) + by_macro @ flat(m.macro)
        points = points + np.maximum(shape, 0) @ flat(m.shape_positive)
        points = points + np.maximum(-shape, 0) @ flat(m.shape_negative)
        at = points.reshape(len(shape), -1, 3).astype(np.float64)
        where = self._points
        return {
            name: 1000 * np.linalg.norm(at[:, where[a]] - at[:, where[b]], axis=1)
            for name, (a, b) in self._measures.items()
        }
