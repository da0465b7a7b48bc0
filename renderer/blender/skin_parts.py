"""Skin as two plain parts, head and body, and what its mesh carries for the shader.

The window's maps belong to the faces that lie wholly in it, the body's to all others. So each
face reads its own two pictures and nothing is blended where light is traced. The pictures hold
the slope of the relief, not its height: a normal bent by a slope costs one reading, where
Blender's bump reads the height three times.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from assets.geometry import F32Array, Mesh, SkinMaterial
from renderer.blender.axes import blender_points

__all__ = [
    "ALONG_U_ATTRIBUTE",
    "ALONG_V_ATTRIBUTE",
    "SOFT_ATTRIBUTE",
    "SkinPart",
    "add_skin_attributes",
    "part_of_faces",
    "skin_parts",
    "soft_at_vertices",
    "uv_gradients",
]

ALONG_U_ATTRIBUTE: Final = "along_u"
"""Gradient of u on the posed surface, 1/m, by face."""
ALONG_V_ATTRIBUTE: Final = "along_v"
SOFT_ATTRIBUTE: Final = "soft"
"""What changes slowly over the skin, by vertex: share of light that spreads deep, sheen of fine
hair, 0."""

_METRES_PER_MM: Final = 0.001
_LEAST_FILM: Final = 0.03
_LEAST_AREA_M2: Final = 1e-12
"""Of a face, below which it is taken to have no direction."""
_WHOLE_SQUARE: Final = (0.0, 1.0, 0.0, 1.0)


@dataclass(frozen=True, eq=False)
class SkinPart:
    """What one shader of skin reads."""

    colour: F32Array
    """(S, S, 4) linear sRGB albedo, and the film's share of the reflection."""
    detail: F32Array
    """(S, S, 4) roughness; specular; slope of the relief by u and by v, metres to a unit of UV."""
    window: tuple[float, float, float, float]
    """u0, u1, v0, v1 of the pictures in UV space."""
    subsurface_scale_m: float
    fuzz_strength: float
    fuzz_colour: tuple[float, float, float]
    """Linear sRGB of fine hair over this skin."""
    kind: Literal["skin part"] = "skin part"


def skin_parts(material: SkinMaterial) -> tuple[SkinPart, SkinPart]:
    """The head's part and the body's, in the order of :func:`part_of_faces`."""
    # A shader whose share is exactly 0 costs nothing, and most skin has hardly a film.
    film = np.maximum(material.film - _LEAST_FILM, 0) * np.float32(1 / (1 - _LEAST_FILM))
    # Where there is one nothing dulls the reflection.
    specular = material.specular + (1 - material.specular) * film
    side = material.body_height_mm.shape
    no_film, rough, strong = (
        np.full(side, value, np.float32)
        for value in (
            0.0,
            _border(material.roughness).mean(),
            _border(material.specular).mean(),
        )
    )
    # Down is paler than the skin that it grows from, and of its hue: white is ashen on dark skin.
    r, g, b = np.sqrt(_border(material.colour).mean(0)).tolist()
    return (
        SkinPart(
            colour=_stacked(material.colour, film),
            detail=_stacked(
                material.roughness, specular, *_slopes(material.height_mm, material.window)
            ),
            window=material.window,
            subsurface_scale_m=material.subsurface_scale_m,
            fuzz_strength=material.fuzz_strength,
            fuzz_colour=(r, g, b),
        ),
        SkinPart(
            colour=_stacked(material.body_colour, no_film),
            detail=_stacked(rough, strong, *_slopes(material.body_height_mm, _WHOLE_SQUARE)),
            window=_WHOLE_SQUARE,
            subsurface_scale_m=material.subsurface_scale_m,
            fuzz_strength=material.fuzz_strength,
            fuzz_colour=(r, g, b),
        ),
    )


def _stacked(*planes: F32Array) -> F32Array:
    """(H, W, 4) of planes (H, W) or (H, W, 3); a quarter of the time of ``numpy.dstack``."""
    out = np.empty((*planes[0].shape[:2], 4), np.float32)
    at = 0
    for plane in planes:
        for k in range(1 if plane.ndim == 2 else plane.shape[2]):
            out[..., at] = plane if plane.ndim == 2 else plane[..., k]
            at += 1
    return out


def _border(a: F32Array) -> F32Array:
    return np.concatenate([a[0], a[-1], a[:, 0], a[:, -1]])


def _slopes(
    height_mm: F32Array, window: tuple[float, float, float, float]
) -> tuple[F32Array, F32Array]:
    """Slope of a map by u and by v, metres to a unit of UV."""
    u0, u1, v0, v1 = window
    rows, columns = height_mm.shape
    by_u = _slope_by_column(height_mm)
    by_v = _slope_by_column(height_mm.T).T
    by_u *= np.float32(_METRES_PER_MM * columns / (u1 - u0))
    by_v *= np.float32(_METRES_PER_MM * rows / (v1 - v0))
    return by_u, by_v


def _slope_by_column(height: F32Array) -> F32Array:
    """Change from column to column, by five points: what linear reading of it will blur is
    about what the fourth order of the formula keeps."""
    out = np.zeros_like(height)  # of its order of axes too
    near, far = out[:, 2:-2], height[:, 4:] - height[:, :-4]
    np.subtract(height[:, 3:-1], height[:, 1:-3], out=near)
    near *= np.float32(2 / 3)
    far *= np.float32(1 / 12)
    near -= far
    return out


def part_of_faces(mesh: Mesh, material: SkinMaterial) -> NDArray[np.int32]:
    """(F,) 0 for faces of the head's part, 1 for those of the body's."""
    u0, u1, v0, v1 = material.window
    uv = _uv(mesh)
    u, v = uv[..., 0], uv[..., 1]
    margin = 1e-5
    inside = (u >= u0 - margin) & (u <= u1 + margin) & (v >= v0 - margin) & (v <= v1 + margin)
    return np.where(inside.all(1), 0, 1).astype(np.int32)


def add_skin_attributes(data: Any, mesh: Mesh, material: SkinMaterial) -> None:
    """Put on a Blender mesh what the skin's shader reads from it."""
    for name, vectors in zip(
        (ALONG_U_ATTRIBUTE, ALONG_V_ATTRIBUTE), uv_gradients(mesh), strict=True
    ):
        attribute = data.attributes.new(name, "FLOAT_VECTOR", "FACE")
        attribute.data.foreach_set("vector", blender_points(vectors).ravel())
    attribute = data.attributes.new(SOFT_ATTRIBUTE, "FLOAT_VECTOR", "POINT")
    attribute.data.foreach_set("vector", soft_at_vertices(mesh, material).ravel())


def uv_gradients(mesh: Mesh) -> tuple[F32Array, F32Array]:
    """(F, 3) gradients of u and of v over the surface at each face's middle, 1/m; 0 where a
    face is degenerate."""
    uv, faces = _uv(mesh), _with_four(mesh)
    corner = mesh.vertices_m.take(faces, axis=0)
    # Mean edges along the two directions of a quad.
    s, t = (corner[:, 1] - corner[:, 0]), (corner[:, 3] - corner[:, 0])
    s = s + (corner[:, 2] - corner[:, 3])
    t = t + (corner[:, 2] - corner[:, 1])
    uv_s = uv[:, 1] - uv[:, 0] + uv[:, 2] - uv[:, 3]
    uv_t = uv[:, 3] - uv[:, 0] + uv[:, 2] - uv[:, 1]
    ss, st, tt = (np.einsum("ij,ij->i", a, b) for a, b in ((s, s), (s, t), (t, t)))
    area = ss * tt - st * st
    ok = area > _LEAST_AREA_M2**2
    over = np.where(ok, 1 / np.where(ok, area, 1), 0).astype(np.float32)
    # Duals of the two directions: a step along s changes a quantity q by q_s, along t by q_t.
    by_u, by_v = (
        _each(over * (tt * uv_s[:, k] - st * uv_t[:, k])) * s
        + _each(over * (ss * uv_t[:, k] - st * uv_s[:, k])) * t
        for k in range(2)
    )
    return by_u, by_v


def _each(factors: F32Array) -> F32Array:
    """(n, 3) of factors (n,): numpy is slow where it repeats along so short an axis by itself."""
    return np.repeat(factors, 3).reshape(-1, 3)


def soft_at_vertices(mesh: Mesh, material: SkinMaterial) -> F32Array:
    """(V, 3) deep, fuzz and 0, read from the window's maps at the vertices that it holds."""
    u0, u1, v0, v1 = material.window
    rows, columns = material.fuzz.shape
    faces, uv = _with_four(mesh), _uv(mesh)
    out = np.zeros((len(mesh.vertices_m), 3), np.float32)
    head = part_of_faces(mesh, material) == 0
    at = (uv[head] - np.array([u0, v0], np.float32)) / np.array([u1 - u0, v1 - v0], np.float32)
    column = np.clip((at[..., 0] * columns).astype(np.int32), 0, columns - 1)
    row = np.clip((at[..., 1] * rows).astype(np.int32), 0, rows - 1)
    for k, values in enumerate((material.deep, material.fuzz)):
        out[:, k] = _border(values).mean()
        out[faces[head], k] = values[row, column]
    return out


def _with_four(mesh: Mesh) -> NDArray[np.int32]:
    """(F, 4) vertices; a triangle repeats its third."""
    faces = mesh.faces.copy()
    faces[:, 3] = np.where(faces[:, 3] < 0, faces[:, 2], faces[:, 3])
    return faces


def _uv(mesh: Mesh) -> F32Array:
    """(F, 4, 2); a triangle repeats its third corner."""
    if mesh.uv is None:
        raise ValueError(f"mesh {mesh.name!r}: its material has maps, but the mesh no uv")
    uv = np.array(mesh.uv, np.float32)
    triangle = mesh.faces[:, 3] < 0
    uv[triangle, 3] = uv[triangle, 2]
    return uv
