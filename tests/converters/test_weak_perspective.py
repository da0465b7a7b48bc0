from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from converters.weak_perspective import fit_weak_perspective
from tests.factories import head_shape

HEAD = head_shape()
FACE = HEAD.vertices_m[HEAD.face_vertices]

angle = st.floats(-1.4, 1.4)


@given(angle, angle, angle, st.floats(50, 5000), st.floats(-300, 300))
def test_a_true_weak_perspective_camera_is_found_exactly(
    x: float, y: float, z: float, scale: float, shift: float
) -> None:
    rotation = Rotation.from_euler("XYZ", [x, y, z]).as_matrix()
    image = scale * (FACE @ rotation.T)[:, :2] + [shift, 2 * shift]
    fit = fit_weak_perspective(FACE, image, np.eye(3))
    assert fit.rms < 1e-8 * scale
    np.testing.assert_allclose(fit.rotation, rotation, atol=1e-7)
    assert fit.scale == pytest.approx(scale, rel=1e-8)
    np.testing.assert_allclose(fit.shift, [shift, 2 * shift], atol=1e-6 * scale)


@pytest.mark.parametrize("turn", [(0.3, 0.9, -0.2), (-0.5, -1.3, 0.6), (0.05, 0.02, -1.0)])
@pytest.mark.parametrize("hint_error", [0.0, 0.6])
def test_under_perspective_no_general_solver_finds_better(
    turn: tuple[float, float, float], hint_error: float
) -> None:
    rotation = Rotation.from_euler("XYZ", turn)
    seen = rotation.apply(FACE) + np.array([0.07, -0.05, 0.0])
    image = 700 * seen[:, :2] / (0.5 - seen[:, 2:])
    hint = Rotation.from_rotvec([hint_error, -hint_error, hint_error]) * rotation
    fit = fit_weak_perspective(FACE, image, hint.as_matrix())

    def residual(p: np.ndarray) -> np.ndarray:
        turned = Rotation.from_rotvec(p[:3]) * Rotation.from_matrix(fit.rotation)
        flat = fit.scale * np.exp(p[3]) * turned.apply(FACE)[:, :2] + fit.shift + p[4:]
        return (flat - image).ravel()

    again = least_squares(residual, np.zeros(6), xtol=1e-15, ftol=1e-15, gtol=1e-15)
    assert fit.rms > 0.5, "the case must not be a weak-perspective one"
    assert np.abs(again.x[:4]).max() < 1e-5
    assert fit.rms**2 * len(FACE) <= 2 * again.cost * (1 + 1e-9)


def test_the_residual_is_the_distance_of_the_points() -> None:
    image = 1000 * FACE[:, :2]
    image[0] += [30.0, 40.0]
    fit = fit_weak_perspective(FACE, image, np.eye(3))
    misses = np.linalg.norm(fit.scale * (FACE @ fit.rotation.T)[:, :2] + fit.shift - image, axis=1)
    assert fit.worst == pytest.approx(misses.max())
    assert misses.argmax() == 0
    assert fit.rms == pytest.approx(np.sqrt((misses**2).mean()))
