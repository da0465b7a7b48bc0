"""The 68 landmarks as weighted sums of cage vertices, in a data file: subdividing the whole mesh
to find 68 of its points would be a third of the sampler's start-up.

``python -m assets.head.landmark_rows`` writes the file anew; a test holds it to the mesh.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assets.store import Store, open_store

__all__ = ["LandmarkRows", "landmark_rows", "rows_of_mesh"]

_FILE: Final = "landmark_rows.csv"
_HEADER: Final = ("landmark", "cage_vertex", "weight")


@dataclass(frozen=True)
class LandmarkRows:
    """``(68, C)`` each; weights of a row sum to 1, those of unused places are 0."""

    vertices: NDArray[np.int64]
    weights: NDArray[np.float64]


def landmark_rows() -> LandmarkRows:
    """As the data file has them."""
    text = files("assets").joinpath("data", _FILE).read_text("utf-8")
    entries = [(int(i), int(v), float(w)) for i, v, w in list(csv.reader(text.splitlines()))[1:]]
    places = np.zeros(68, np.int64)
    vertices = np.zeros((68, len(entries)), np.int64)
    weights = np.zeros((68, len(entries)))
    for landmark, vertex, weight in entries:
        vertices[landmark, places[landmark]] = vertex
        weights[landmark, places[landmark]] = weight
        places[landmark] += 1
    width = int(places.max())
    vertices, weights = vertices[:, :width].copy(), weights[:, :width].copy()
    # Unused places repeat a vertex of their row, so that no other has to be looked up.
    vertices = np.where(weights == 0, vertices[:, :1], vertices)
    return LandmarkRows(vertices, weights)


def rows_of_mesh(store: Store) -> list[tuple[int, int, float]]:
    """(landmark, cage vertex, weight) from the subdivided mesh."""
    from assets.head.surface import load_surface

    surface = load_surface(store)
    rows = surface.operator[surface.landmarks].tocsr().sorted_indices()
    out = []
    for landmark in range(68):
        span = slice(rows.indptr[landmark], rows.indptr[landmark + 1])
        vertices = surface.cage_index[rows.indices[span]]
        out += [
            (landmark, int(v), float(w)) for v, w in zip(vertices, rows.data[span], strict=True)
        ]
    return out


def _write() -> None:
    with as_file(files("assets").joinpath("data", _FILE)) as path, path.open("w") as f:
        writer = csv.writer(f, lineterminator="\n")
        writer.writerow(_HEADER)
        writer.writerows((i, v, repr(w)) for i, v, w in rows_of_mesh(open_store()))


if __name__ == "__main__":
    _write()
