"""Fit of a weak-perspective camera to projected points: the pose *as seen*.

A head off the optical axis, seen in perspective, appears turned by the angle of its viewing
ray. Formats that assume weak perspective want that apparent rotation. It is the minimum of

    sum |s P R V + t - X|²,   P = first two rows of the identity,

over rotations R, scales s > 0 and shifts t. The frames are y-up with z toward the viewer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

__all__ = ["WeakPerspective", "fit_weak_perspective"]

Array = NDArray[np.float64]

_MAX_STEPS: Final = 60
_MAX_HALVINGS: Final = 30
_STEP_TOLERANCE: Final = 1e-13


@dataclass(frozen=True)
class WeakPerspective:
    """``X = scale * (rotation @ V)[:2] + shift``, with the residual of the fit."""

    rotation: Array
    """(3, 3) view from model; x right, y up, z toward the viewer."""
    scale: float
    """Image units by model units."""
    shift: Array
    """(2,) image units."""
    rms: float
    """Root of the mean squared distance over the points, image units."""
    worst: float
    """Largest distance, image units."""


def _turned(points: Array, rotation: Array, scale: float) -> Array:
    return np.asarray(scale * points @ rotation.T)


def _cost(points: Array, image: Array, rotation: Array, scale: float) -> float:
    return float(np.sum((_turned(points, rotation, scale)[:, :2] - image) ** 2))


def _affine_start(points: Array, image: Array) -> tuple[Array, float]:
    """Closed form: least-squares affine camera, then the nearest scaled rotation."""
    affine, *_ = np.linalg.lstsq(points, image, rcond=None)
    u, spread, vt = np.linalg.svd(affine.T, full_matrices=False)
    rows = u @ vt
    rotation = np.vstack([rows, np.cross(rows[0], rows[1])])
    return rotation, float(spread.mean())


def _best_scale(points: Array, image: Array, rotation: Array) -> float:
    flat = (points @ rotation.T)[:, :2]
    return float(np.sum(flat * image) / np.sum(flat * flat))


def _refine(points: Array, image: Array, rotation: Array, scale: float) -> tuple[Array, float]:
    """Gauss-Newton with step halving over a rotation vector (in the view frame) and the scale."""
    cost = _cost(points, image, rotation, scale)
    for _ in range(_MAX_STEPS):
        seen = _turned(points, rotation, scale)
        x, y, z = seen.T
        zero = np.zeros_like(x)
        # d(w × seen)/dw, first two rows, and d(seen)/d(log scale).
        jacobian_x = np.stack([zero, z, -y, x], axis=1)
        jacobian_y = np.stack([-z, zero, x, y], axis=1)
        jacobian = np.concatenate([jacobian_x, jacobian_y])
        residual = (seen[:, :2] - image).T.ravel()
        step, *_ = np.linalg.lstsq(jacobian, -residual, rcond=None)
        for _ in range(_MAX_HALVINGS):
            tried_rotation = Rotation.from_rotvec(step[:3]).as_matrix() @ rotation
            tried_scale = scale * float(np.exp(np.clip(step[3], -1.0, 1.0)))
            tried_cost = _cost(points, image, tried_rotation, tried_scale)
            if tried_cost <= cost:
                rotation, scale, cost = tried_rotation, tried_scale, tried_cost
                break
            step = step / 2
        else:
            break
        if float(np.abs(step).max()) < _STEP_TOLERANCE:
            break
    return rotation, scale


def fit_weak_perspective(
    model: ArrayLike, image: ArrayLike, rotation_hint: ArrayLike
) -> WeakPerspective:
    """The best weak-perspective camera for points and their images.

    Descends from two starts, the closed-form affine solution and ``rotation_hint``, and keeps
    the better minimum, so that neither a shallow nor a strongly foreshortened head misleads it.

    Args:
        model: points ``(N, 3)``, any unit, N >= 4 and not all in one line.
        image: their images ``(N, 2)``, y up.
        rotation_hint: ``(3, 3)`` roughly the answer; the plain head rotation will do.
    """
    v = np.asarray(model, np.float64)
    x = np.asarray(image, np.float64)
    v_mean, x_mean = v.mean(axis=0), x.mean(axis=0)
    v_unit = float(np.sqrt(np.mean((v - v_mean) ** 2)))
    x_unit = float(np.sqrt(np.mean((x - x_mean) ** 2)))
    points, target = (v - v_mean) / v_unit, (x - x_mean) / x_unit
    hint = np.asarray(rotation_hint, np.float64)
    starts = [
        _affine_start(points, target),
        (hint, max(_best_scale(points, target, hint), 1e-3)),
    ]
    found = [_refine(points, target, *start) for start in starts]
    rotation, scale = min(found, key=lambda f: _cost(points, target, *f))
    scale *= x_unit / v_unit
    shift = x_mean - _turned(v_mean[None], rotation, scale)[0, :2]
    distance = np.linalg.norm(_turned(v, rotation, scale)[:, :2] + shift - x, axis=1)
    return WeakPerspective(
        rotation, scale, shift, float(np.sqrt(np.mean(distance**2))), float(distance.max())
    )
