"""What the skin's shader reads: slopes and the directions that they go with, without Blender."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from assets.geometry import F32Array, Mesh, SkinMaterial
from renderer.blender.axes import blender_points
from renderer.blender.skin_parts import part_of_faces, skin_parts, soft_at_vertices, uv_gradients

N = 32
WINDOW = (0.25, 0.75, 0.25, 1.0)


def _material(height_mm: F32Array, body_height_mm: F32Array) -> SkinMaterial:
    even = np.full((N, N), 0.5, np.float32)
    return SkinMaterial(
        colour=np.full((N, N, 3), 0.4, np.float32),
        height_mm=height_mm,
        roughness=even,
        window=WINDOW,
        body_colour=np.full((N, N, 3), 0.4, np.float32),
        body_height_mm=body_height_mm,
        subsurface_scale_m=0.001,
        specular=even,
        film=0 * even,
        deep=even,
        fuzz=even,
        fuzz_strength=0.0,
    )


def _flat(corners_m: list[tuple[float, float, float]], uv: list[tuple[float, float]]) -> Mesh:
    triangle = len(corners_m) == 3
    face = [0, 1, 2, -1] if triangle else [0, 1, 2, 3]
    return Mesh(
        name="skin",
        vertices_m=np.array(corners_m, np.float32),
        faces=np.array([face], np.int32),
        face_class=np.array([1], np.uint8),
        material=_material(np.zeros((N, N), np.float32), np.zeros((N, N), np.float32)),
        uv=np.array([[*uv, (0.0, 0.0)] if triangle else uv], np.float32),
    )


# A leaning parallelogram, its UVs sheared and mirrored: u and v by two directions in its plane.
EDGE_S, EDGE_T = np.array([0.02, 0.004, 0.01]), np.array([-0.006, 0.03, 0.002])
UV_0, UV_S, UV_T = np.array([0.40, 0.55]), np.array([0.10, 0.04]), np.array([0.05, -0.12])


@pytest.mark.parametrize("corners", [3, 4])
def test_gradients_of_uv_are_those_of_the_surface(corners: int) -> None:
    places = [(0, 0), (1, 0), (1, 1), (0, 1)][:corners]
    mesh = _flat(
        [tuple(s * EDGE_S + t * EDGE_T) for s, t in places],
        [tuple(UV_0 + s * UV_S + t * UV_T) for s, t in places],
    )
    for k, gradient in enumerate(uv_gradients(mesh)):
        np.testing.assert_allclose(gradient[0] @ EDGE_S, UV_S[k], rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(gradient[0] @ EDGE_T, UV_T[k], rtol=1e-4, atol=1e-6)
        assert abs(gradient[0] @ np.cross(EDGE_S, EDGE_T)) < 1e-5 * np.linalg.norm(gradient[0])


def test_degenerate_faces_have_no_direction() -> None:
    line = [(0.0, 0.0, 0.0), (0.01, 0.0, 0.0), (0.02, 0.0, 0.0), (0.01, 0.0, 0.0)]
    mesh = _flat(line, [(0.3, 0.3), (0.4, 0.3), (0.4, 0.4), (0.3, 0.4)])
    for gradient in uv_gradients(mesh):
        np.testing.assert_array_equal(gradient, 0)


def test_slopes_are_metres_to_a_unit_of_uv() -> None:
    """Heights of 3 mm a unit of u and -2 mm a unit of v, in a window that stretches them unlike."""
    at = (np.arange(N) + 0.5) / N
    u0, u1, v0, v1 = WINDOW

    def ramp(u: F32Array, v: F32Array) -> F32Array:
        return np.asarray(3 * u[None, :] - 2 * v[:, None], np.float32)

    material = _material(ramp(u0 + at * (u1 - u0), v0 + at * (v1 - v0)), ramp(at, at))
    for part in skin_parts(material):
        inner = part.detail[3:-3, 3:-3]
        np.testing.assert_allclose(inner[..., 2], 0.003, rtol=1e-3)
        np.testing.assert_allclose(inner[..., 3], -0.002, rtol=1e-3)


def test_faces_wholly_in_the_window_are_the_heads() -> None:
    square = [(0.0, 0.0, 0.0), (0.01, 0.0, 0.0), (0.01, 0.01, 0.0), (0.0, 0.01, 0.0)]
    for corner, part in (((0.3, 0.3), 0), ((0.20, 0.5), 1), ((0.1, 0.1), 1)):
        u, v = corner
        mesh = _flat(square, [(u, v), (u + 0.1, v), (u + 0.1, v + 0.1), (u, v + 0.1)])
        assert part_of_faces(mesh, _material(*np.zeros((2, N, N), np.float32))).tolist() == [part]


def test_vertices_carry_the_window_s_slow_maps() -> None:
    """The border's mean where no face of the head is."""
    flat = np.zeros((N, N), np.float32)
    deep, fuzz = flat + 0.2, flat + 0.1
    deep[N // 2, N // 2], fuzz[N // 2, N // 2] = 0.9, 0.7
    material = dataclasses.replace(_material(flat, flat), deep=deep, fuzz=fuzz)
    middle = (0.5 * (WINDOW[0] + WINDOW[1]) + 0.001, 0.5 * (WINDOW[2] + WINDOW[3]) + 0.001)
    corners = [(0.0, 0.0, 0.0), (0.01, 0.0, 0.0), (0.01, 0.01, 0.0), (0.0, 0.01, 0.0)]
    for shift, first in ((0.0, (0.9, 0.7, 0.0)), (-0.45, (0.2, 0.1, 0.0))):
        u, v = middle[0] + shift, middle[1]
        mesh = _flat(corners, [(u, v), (u + 0.1, v), (u + 0.1, v + 0.1), (u, v + 0.1)])
        soft = soft_at_vertices(mesh, material)
        np.testing.assert_allclose(soft[0], first, rtol=1e-6)
        np.testing.assert_allclose(soft[2], (0.2, 0.1, 0.0), rtol=1e-6)


def test_blender_turns_gradients_as_it_turns_points() -> None:
    gradient = np.array([[1.0, 2.0, 3.0]], np.float32)
    step = np.array([[0.3, -0.1, 0.7]], np.float32)
    turned = (blender_points(gradient) * blender_points(step)).sum()
    assert turned == pytest.approx((gradient * step).sum())


def test_a_film_that_is_hardly_there_is_left_out_of_both_maps() -> None:
    flat = np.zeros((N, N), np.float32)
    film = np.zeros((N, N), np.float32)
    film[0], film[1], film[2] = 0.02, 0.5, 1.0
    head, _ = skin_parts(dataclasses.replace(_material(flat, flat), film=film))
    assert head.colour[0, 0, 3] == 0 == head.colour[3, 0, 3]
    assert head.colour[2, 0, 3] == pytest.approx(1)
    seen = head.colour[1, 0, 3]
    assert 0.4 < seen < 0.5
    # Nothing dulls the reflection of a film.
    assert head.detail[1, 0, 1] == pytest.approx(0.5 + 0.5 * seen)
    assert head.detail[0, 0, 1] == 0.5
