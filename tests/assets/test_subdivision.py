"""Catmull–Clark: the published rules, checked on meshes small enough to know the answer."""

import numpy as np
import pytest

from assets.subdivision import catmull_clark, face_parents, subdivide_corners

CUBE = np.array(
    [[0, 3, 2, 1], [4, 5, 6, 7], [0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7]], np.int32
)
CUBE_POINTS = np.array(
    [[x, y, z] for z in (-1, 1) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))], np.float64
)


def _grid(n: int) -> tuple[np.ndarray, np.ndarray]:
    index = np.arange(n * n).reshape(n, n)
    faces = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], -1).reshape(
        -1, 4
    )
    y, x = np.mgrid[:n, :n].astype(np.float64)
    return faces.astype(np.int32), np.stack([x, y, 0 * x], -1).reshape(-1, 3)


def test_cube_follows_the_published_weights() -> None:
    operator, quads = catmull_clark(CUBE, 8)
    refined = operator @ CUBE_POINTS
    assert quads.shape == (24, 4)
    assert refined.shape == (8 + 12 + 6, 3)
    # A cube's corner: (face mean 1/3 + 2 × edge mean 2/3 + 0) / 3 on each axis.
    np.testing.assert_allclose(refined[:8], CUBE_POINTS * 5 / 9)
    np.testing.assert_allclose(np.sort(np.abs(refined[8:20]), 1)[:, 1:], 0.75)
    np.testing.assert_allclose(np.abs(refined[20:]).sum(1), 1.0)


def test_rows_are_weights_that_sum_to_one_and_quads_keep_their_side() -> None:
    operator, quads = catmull_clark(CUBE, 8)
    np.testing.assert_allclose(np.asarray(operator.sum(1)).ravel(), 1.0)
    points = operator @ CUBE_POINTS
    a, b, c = points[quads[:, 0]], points[quads[:, 1]], points[quads[:, 2]]
    outward = np.einsum("ij,ij->i", np.cross(b - a, c - b), a + b + c)
    old = CUBE_POINTS[CUBE]
    old_normal = np.cross(old[:, 1] - old[:, 0], old[:, 2] - old[:, 1])
    old_sign = np.sign(np.einsum("ij,ij->i", old_normal, old.sum(1)))
    np.testing.assert_array_equal(np.sign(outward), old_sign[face_parents(CUBE)])


def test_flat_grid_stays_flat_keeps_its_corners_and_boundary_lines() -> None:
    faces, points = _grid(4)
    operator, quads = catmull_clark(faces, 16)
    refined = operator @ points
    np.testing.assert_allclose(refined[[0, 3, 12, 15], 2], 0.0)
    assert refined[:, 0].min() > -1e-9
    # On the boundary between corners the B-spline curve rule keeps a straight line in place.
    np.testing.assert_allclose(refined[1], points[1])
    np.testing.assert_allclose(refined[5], points[5])
    assert len(np.unique(quads)) == len(refined)


def test_boundary_depends_on_the_boundary_alone() -> None:
    faces, points = _grid(4)
    operator, _ = catmull_clark(faces, 16)
    bent = points.copy()
    bent[[5, 6, 9, 10], 2] = 7.0
    refined = operator @ bent
    rim = np.array([0, 1, 2, 3, 4, 7, 8, 11, 12, 13, 14, 15])
    np.testing.assert_allclose(refined[rim, 2], 0.0)
    assert refined[5, 2] > 1.0


def test_triangles_become_three_quads() -> None:
    faces = np.array([[0, 1, 2, -1], [0, 2, 3, -1], [0, 3, 1, -1], [1, 3, 2, -1]], np.int32)
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float64)
    operator, quads = catmull_clark(faces, 4)
    assert quads.shape == (12, 4)
    np.testing.assert_array_equal(face_parents(faces), np.repeat(np.arange(4), 3))
    np.testing.assert_allclose((operator @ points)[-4:], [points[f[:3]].mean(0) for f in faces])
    corners = np.repeat(points[None, :, :2], 4, 0)[np.arange(4)[:, None], np.maximum(faces, 0)]
    uv = subdivide_corners(faces, corners.astype(np.float32))
    np.testing.assert_allclose(uv[:, 0], points[faces[faces >= 0], :2])
    np.testing.assert_allclose(uv[3:6, 2], np.repeat(corners[1:2, :3].mean(1), 3, 0), rtol=1e-6)


def test_loose_vertex_and_non_manifold_edge_are_kept() -> None:
    faces = np.array([[0, 1, 2, 3], [0, 1, 4, 5], [0, 1, 6, 7]], np.int32)
    operator, quads = catmull_clark(faces, 9)
    points = np.arange(27, dtype=np.float64).reshape(9, 3) ** 1.5
    refined = operator @ points
    np.testing.assert_allclose(refined[8], points[8])
    middle = quads[0, 1]
    np.testing.assert_allclose(refined[middle], points[:2].mean(0))


def test_corner_values_are_bilinear_and_seams_stay() -> None:
    faces, points = _grid(3)
    values = points[faces][..., :2].astype(np.float32)
    values[0] += 10.0  # a face of its own island
    refined = subdivide_corners(faces, values)
    assert refined.shape == (16, 4, 2)
    np.testing.assert_allclose(
        refined.reshape(4, 4, 4, 2)[:, :, 2], values.mean(1)[:, None].repeat(4, 1)
    )
    assert refined[:4].min() >= 10.0
    assert refined[4:].max() <= 2.0


@pytest.mark.parametrize("levels", [1, 2])
def test_levels_compose(levels: int) -> None:
    faces, n = CUBE, 8
    points = CUBE_POINTS
    for _ in range(levels):
        operator, faces = catmull_clark(faces, n)
        n = operator.shape[0]
        points = operator @ points
    assert len(faces) == 6 * 4**levels
    # Euler: a closed surface of genus 0.
    sides = np.sort(np.stack([faces, np.roll(faces, -1, 1)], -1).reshape(-1, 2), 1)
    assert n - len(np.unique(sides, axis=0)) + len(faces) == 2
