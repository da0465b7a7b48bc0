"""Cutting: the right area, a smooth line, closed loops with the piece on their left."""

from __future__ import annotations

import numpy as np
import pytest

from assets.clothing.cut import cut_mesh

N = 41


def sheet() -> tuple[np.ndarray, np.ndarray]:
    """A square of side 0.2 m about the origin: vertices (V, 3) and quads (F, 4)."""
    axis = np.linspace(-0.1, 0.1, N)
    y, x = np.meshgrid(axis, axis, indexing="ij")
    index = np.arange(N * N).reshape(N, N)
    quads = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], -1)
    points = np.stack([x.ravel(), y.ravel(), np.zeros(N * N)], 1)
    return points.astype(np.float32), quads.reshape(-1, 4).astype(np.int32)


def area(points: np.ndarray, faces: np.ndarray) -> float:
    a, b, c = (points[faces[:, k]] for k in range(3))
    d = np.where(faces[:, 3:] < 0, c, points[faces[:, 3]])
    return float(0.5 * np.cross(c - a, d - b)[:, 2].sum())


def test_a_disc_and_the_hole_that_it_leaves_make_the_sheet() -> None:
    points, faces = sheet()
    field = (0.06 - np.linalg.norm(points, axis=1)).astype(np.float32)
    disc, rest = cut_mesh(faces, field), cut_mesh(faces, -field)
    areas = [area(c.operator @ points, c.faces) for c in (disc, rest)]
    assert sum(areas) == pytest.approx(0.04, rel=1e-3)  # values are kept off the line by 0.3 mm
    assert areas[0] == pytest.approx(np.pi * 0.06**2, rel=0.01)


def test_the_cut_line_is_closed_smooth_and_has_the_piece_on_its_left() -> None:
    points, faces = sheet()
    cut = cut_mesh(faces, (0.06 - np.linalg.norm(points, axis=1)).astype(np.float32))
    (loop,) = cut.loops
    line = (cut.operator @ points)[loop]
    # Half a millimetre: less than the 5 mm stairs of the quads by far.
    np.testing.assert_allclose(np.linalg.norm(line, axis=1), 0.06, atol=5e-4)
    turned = np.cross(line[:, :2], np.roll(line, -1, 0)[:, :2])
    assert (turned > 0).all()
